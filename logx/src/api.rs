//! Setting logging up, changing it at run time, and ending it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::caller::Caller;
use crate::conf::LogConf;
use crate::dispatch::{Call, dispatch};
use crate::encode::layout::TimeLayout;
use crate::error::{SetUpError, WriteError};
use crate::format::{Format, MaskKeys};
use crate::global::{self, Slot};
use crate::level::{Kind, Level};
use crate::owned::OwnedField;
use crate::value::Value;
use crate::writer::{NativeWriter, Writer};

/// How long [`close`] and [`must`] wait for lines on their way.
pub const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// Sets logging up with the native writer: levels, key names, limits and the writer that the configuration describes.
///
/// Once a process; go-zero ignores later calls, even after one that failed. Here a failed one may be repeated.
///
/// # Errors
/// A value that is not allowed, a file that cannot be opened, or a set-up that was successful before.
pub fn set_up(conf: &LogConf) -> Result<(), SetUpError> {
    set_up_with(conf, NativeWriter::from_conf)
}

/// Whether a set-up was successful.
static DONE: Mutex<bool> = Mutex::new(false);

/// As [`set_up`], with the writer that `make` makes of the configuration: for other backends.
///
/// # Errors
/// As [`set_up`], and what `make` reports.
pub fn set_up_with<W: Writer + 'static>(
    conf: &LogConf,
    make: impl FnOnce(&LogConf) -> Result<W, SetUpError>,
) -> Result<(), SetUpError> {
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if *done {
        return Err(SetUpError::AlreadySetUp);
    }
    conf.validate()?;
    let writer = make(conf)?;
    apply(conf);
    set_writer(writer);
    *done = true;
    Ok(())
}

/// Applies all of a configuration but the writer at run time: levels, key names, time layout, limits, masks.
///
/// Each line sees either the old settings or the new ones.
///
/// # Errors
/// A value that is not allowed; then nothing changes.
pub fn reconfigure(conf: &LogConf) -> Result<(), SetUpError> {
    conf.validate()?;
    apply(conf);
    Ok(())
}

/// Everything of a configuration but the writer.
fn apply(conf: &LogConf) {
    let max_content = match conf.max_content_length {
        0 => usize::MAX,
        n => n as usize,
    };
    global::set_format(Format::intern(
        conf.field_keys.clone().or_default(),
        TimeLayout::parse(&conf.time_format),
        max_content,
        MaskKeys::new(conf.mask_keys.iter().map(String::as_str)),
    ));
    global::set_stat(conf.stat);
    crate::color::configure(conf);
    crate::stack::set_cooldown(i64::from(conf.stack_cooldown_millis));
    for (target, level) in &conf.levels {
        global::set_target_level(target, Some(*level));
    }
    global::set_level(conf.level);
}

/// Puts a writer in the place of the present one, which is neither flushed nor closed. Lines under way finish where they began.
pub fn set_writer(writer: impl Writer + 'static) {
    global::replace_writer(Slot::Set(Arc::new(writer)));
}

/// Adds a writer: from now on every line goes to it as well.
pub fn add_writer(writer: impl Writer + 'static) {
    global::add_writer(Arc::new(writer));
}

/// Takes the writer out and gives it back, still open. The next line makes a console writer, as in go-zero.
pub fn reset() -> Option<Arc<dyn Writer>> {
    global::replace_writer(Slot::Unset)
}

/// Everything as at the start of the process, for tests; gives the writer back, still open.
pub(crate) fn reset_all() -> Option<Arc<dyn Writer>> {
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    *done = false;
    crate::color::reset();
    crate::stack::set_cooldown(0);
    set_exit_on_fatal(true);
    global::reset_all()
}

/// Flushes and closes the writer, waiting at most [`CLOSE_DEADLINE`]; later lines go to stderr and are counted.
///
/// # Errors
/// What was not written.
pub fn close() -> Result<(), WriteError> {
    close_within(CLOSE_DEADLINE)
}

/// As [`close`], waiting at most `deadline`. A second close does nothing.
///
/// # Errors
/// What was not written.
pub fn close_within(deadline: Duration) -> Result<(), WriteError> {
    crate::stack::report_left();
    match global::replace_writer(Slot::Closed) {
        Some(writer) => guarded(|| writer.close(deadline)),
        None => Ok(()),
    }
}

/// Waits until every line taken before the call is where it belongs.
///
/// # Errors
/// What was not written.
pub fn flush() -> Result<(), WriteError> {
    match &global::load().writer {
        Slot::Set(writer) => guarded(|| writer.flush()),
        Slot::Unset | Slot::Closed => Ok(()),
    }
}

fn guarded(call: impl FnOnce() -> Result<(), WriteError>) -> Result<(), WriteError> {
    crate::encode::guard::writer(call)
        .unwrap_or_else(|panic| Err(WriteError::other(format!("the writer panicked: {panic}"))))
}

/// Changes the threshold; also ends [`disable`].
pub fn set_level(level: Level) {
    global::set_level(level);
}

/// The threshold.
#[must_use]
pub fn level() -> Level {
    global::level()
}

/// Gives a target and the modules below it a threshold of its own; `None` takes it back.
pub fn set_target_level(target: &str, level: impl Into<Option<Level>>) {
    global::set_target_level(target, level.into());
}

/// Whether a line of this kind and target would pass now.
#[must_use]
pub fn enabled(kind: Kind, target: &str) -> bool {
    global::enabled(kind, target)
}

/// Stops all output, alerts included, until [`set_level`]. Writers may be set meanwhile and stay.
pub fn disable() {
    global::set_level(Level::Off);
}

/// Switches stat lines off.
pub fn disable_stat() {
    global::set_stat(false);
}

/// Switches stat lines on again.
pub fn enable_stat() {
    global::set_stat(true);
}

/// Adds fields to all later lines of the kinds that carry a caller. A field of a logger or a call wins over them.
pub fn add_global_fields(fields: impl IntoIterator<Item = impl Into<OwnedField>>) {
    global::add_globals(fields.into_iter().map(Into::into).collect());
}

static EXIT_ON_FATAL: AtomicBool = AtomicBool::new(true);

/// Whether [`must`] exits with status 1 (the default) or panics with the error's text (for tests).
pub fn set_exit_on_fatal(exit: bool) {
    EXIT_ON_FATAL.store(exit, Ordering::Relaxed);
}

/// The value, or the end: logs the error as severe with the stack, flushes, and exits with status 1.
///
/// The line is on its way to disk before the process ends (go-zero loses it in file mode).
///
/// # Panics
/// With the error's text instead of the exit, after [`set_exit_on_fatal`]`(false)`.
#[track_caller]
pub fn must<T, E: Display>(result: Result<T, E>) -> T {
    let error = match result {
        Ok(value) => return value,
        Err(error) => crate::encode::text::to_string(Value::Display(&error)),
    };
    let caller = Caller::from(std::panic::Location::caller());
    crate::stack::with_stack(Kind::Severe, Value::Str(&error), |content| {
        let call = Call {
            kind: Kind::Severe,
            content,
            literal: None,
            site: None,
            values: &[],
            fields: &[],
            log: None,
            caller: Some(caller),
            target: None,
            time: None,
            context: None,
        };
        if global::enabled(Kind::Severe, "") {
            dispatch(&call);
        }
    });
    if EXIT_ON_FATAL.load(Ordering::Relaxed) {
        // What is lost now is counted and was shown on stderr; the process ends either way.
        let _ = close();
        end_process()
    }
    let _ = flush();
    fail(&error)
}

#[expect(clippy::exit, reason = "must is go-zero's way to end a program that cannot start")]
fn end_process() -> ! {
    std::process::exit(1)
}

#[track_caller]
fn fail(error: &str) -> ! {
    panic!("{error}")
}
