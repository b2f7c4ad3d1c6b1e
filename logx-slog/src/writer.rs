//! logx -> slog.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use logx::bridge::{Flat, Rendered};
use logx::sink::{self, Sink};
use logx::{CLOSE_DEADLINE, Caller, Encoding, LogConf, Record, SetUpError, WriteError, Writer};
use slog::{BorrowedKV, KV, Logger, OwnedKVList, RecordLocation, RecordStatic, o};

use crate::kv::{Fields, WholeLine, level_of};
use crate::lines::Lines;
use crate::queue::{Overflow, Queue};

/// A logx writer whose lines go through slog.
pub struct SlogWriter {
    end: End,
    no_values: OwnedKVList,
    closed: AtomicBool,
    /// Whatever has to be dropped at the end, for example slog-async's guard.
    guard: Mutex<Option<Box<dyn Any + Send>>>,
}

enum End {
    /// slog-json on the calling thread.
    Lines(Lines),
    /// slog-json behind slog-async.
    Queue(Box<Queue>),
    /// Somebody's own logger.
    Logger(Logger),
}

impl SlogWriter {
    /// The writer that a configuration describes: lines by slog-json (plain ones by our own drain) to logx's sinks.
    ///
    /// # Errors
    /// A directory or file that cannot be opened, or a key that is missing.
    pub fn from_conf(conf: &LogConf) -> Result<Self, SetUpError> {
        Ok(Self::with_sink(sink::open(conf)?, conf.encoding))
    }

    /// Lines of an encoding to a sink of logx's.
    #[must_use]
    pub fn with_sink(sink: Arc<dyn Sink>, encoding: Encoding) -> Self {
        Self::of(End::Lines(Lines { sink, encoding }))
    }

    /// JSON lines of all kinds by slog-json to `out`: one `write` a line, whatever slog-json does.
    pub fn json(out: impl io::Write + Send + 'static) -> Self {
        Self::with_sink(sink::stream(out), Encoding::Json)
    }

    /// JSON lines of all kinds to `out` on slog-async's thread. At most `capacity` lines are on their way (at least 1).
    ///
    /// The timestamp is the call's; the values are rendered on the calling thread. Lost lines are counted exactly, in
    /// [`logx::Health::dropped`]. [`logx::close`] writes what is queued.
    ///
    /// # Panics
    /// When no thread can be started.
    pub fn async_json(out: impl io::Write + Send + 'static, capacity: usize, overflow: Overflow) -> Self {
        let lines = Lines { sink: sink::stream(out), encoding: Encoding::Json };
        Self::of(End::Queue(Box::new(Queue::start(lines, capacity, overflow))))
    }

    /// Lines to a logger of one's own: every field under its own key with its type, the content as the message, the
    /// logx level word under `level`, and of severe lines and stacks what follows the first line under `stack`.
    #[must_use]
    pub fn new(logger: Logger) -> Self {
        Self::of(End::Logger(logger))
    }

    /// The same, with something that is dropped when the writer is closed: slog-async's guard, which then writes what
    /// is queued.
    #[must_use]
    pub fn with_guard(self, guard: impl Send + 'static) -> Self {
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(guard));
        self
    }

    fn of(end: End) -> Self {
        let no_values = OwnedKVList::from(o!());
        Self { end, no_values, closed: AtomicBool::new(false), guard: Mutex::new(None) }
    }
}

impl fmt::Debug for SlogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlogWriter")
    }
}

impl Writer for SlogWriter {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(WriteError::Closed);
        }
        Rendered::with(record, |line| match &self.end {
            End::Lines(lines) => with_slog_record(record, line, &format_args!(""), &WholeLine(line), |r| {
                lines.write(record.kind(), r, &self.no_values)
            }),
            End::Queue(queue) => {
                with_slog_record(record, line, &format_args!(""), &WholeLine(line), |r| queue.log(r, &self.no_values))
            }
            End::Logger(logger) => {
                write_fields(logger, record, line);
                Ok(())
            }
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        match &self.end {
            End::Lines(lines) => Ok(lines.sink.flush()?),
            End::Queue(queue) => queue.flush(Instant::now() + CLOSE_DEADLINE),
            End::Logger(_) => Ok(()),
        }
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        let end = Instant::now() + deadline;
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        drop(self.guard.lock().unwrap_or_else(PoisonError::into_inner).take());
        match &self.end {
            End::Lines(lines) => Ok(lines.sink.close(deadline)?),
            End::Queue(queue) => queue.close(end),
            End::Logger(_) => Ok(()),
        }
    }
}

fn write_fields(logger: &Logger, record: &Record<'_>, line: &Rendered<'_>) {
    let fields = |is_text, stack| Fields { line, is_text, stack };
    let text = match line.content().value {
        Flat::Str(text) => text,
        Flat::Json(json) => return write_message(logger, record, json, &fields(false, None)),
        Flat::Null => return write_message(logger, record, "null", &fields(false, None)),
        other => {
            let text = format!("{:?}", logx::Value::from(other));
            return write_message(logger, record, &text, &fields(false, None));
        }
    };
    if matches!(record.kind(), logx::Kind::Severe | logx::Kind::Stack)
        && let Some((first, stack)) = text.split_once('\n')
    {
        return write_message(logger, record, first, &fields(true, Some(stack)));
    }
    write_message(logger, record, text, &fields(true, None));
}

#[inline]
fn write_message(logger: &Logger, record: &Record<'_>, message: &str, fields: &Fields<'_>) {
    with_slog_record(record, fields.line, &format_args!("{}", Text(message)), fields, |r| logger.log(r));
}

/// Text that knows neither width nor precision, which a `str` looks for.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Makes a slog record and runs `use_it` with it. `Logger::log` and `Drain::log` are not filtered at compile time, as
/// slog's macros are.
#[inline]
fn with_slog_record<R>(
    record: &Record<'_>,
    line: &Rendered<'_>,
    message: &fmt::Arguments<'_>,
    values: &dyn KV,
    use_it: impl FnOnce(&slog::Record<'_>) -> R,
) -> R {
    let location = match line.site() {
        // A macro's place is a static already.
        Some(site) => location(site.file(), site.line(), site.target()),
        None => location_of(record),
    };
    let meta = RecordStatic { location: &location, tag: tag_of(record.kind()), level: level_of(record.kind()) };
    use_it(&slog::Record::new(&meta, message, BorrowedKV(values)))
}

const fn location(file: &'static str, line: u32, module: &'static str) -> RecordLocation {
    RecordLocation { file, line, column: 0, function: "", module }
}

/// Where a line comes from that has no call-site of its own.
fn location_of(record: &Record<'_>) -> RecordLocation {
    let (file, line) = match record.caller() {
        Caller::Place { file, line, .. } => (file, line),
        _ => ("", 0),
    };
    location(intern(file), line, intern(record.target()))
}

fn intern(text: &str) -> &'static str {
    logx::bridge::intern(logx::Key::Dyn(text)).unwrap_or_default()
}

/// [`TAG_PREFIX`](crate::TAG_PREFIX) and the kind's name.
const fn tag_of(kind: logx::Kind) -> &'static str {
    match kind {
        logx::Kind::Debug => "logx:debug",
        logx::Kind::Info => "logx:info",
        logx::Kind::Warn => "logx:warn",
        logx::Kind::Error => "logx:error",
        logx::Kind::Slow => "logx:slow",
        logx::Kind::Stat => "logx:stat",
        logx::Kind::Severe => "logx:severe",
        logx::Kind::Alert => "logx:alert",
        logx::Kind::Stack => "logx:stack",
    }
}
