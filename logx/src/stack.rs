//! Stacks: of severe and stack lines, and for `with_caller_skip`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};

use backtrace::Backtrace;

use crate::caller::Caller;
use crate::encode::text;
use crate::level::Kind;
use crate::limit::{Limiter, Verdict, process_ms};
use crate::value::Value;

static COOLDOWN_MS: AtomicI64 = AtomicI64::new(0);
static LIMITER: Limiter = Limiter::new();

/// At most one stack line in so many milliseconds; 0 lets all through.
pub(crate) fn set_cooldown(ms: i64) {
    COOLDOWN_MS.store(ms, Ordering::Relaxed);
}

/// Says how many stack lines were left out since the last one, if any: no later one may come.
pub(crate) fn report_left() {
    crate::limit::report_stopped(LIMITER.take_stopped());
}

/// Calls `log` with the content, for severe and stack with the stack behind it (go-zero: text, newline, stack).
///
/// A stack line inside the cool-down is not logged, only counted.
#[inline]
#[track_caller]
pub(crate) fn with_stack(kind: Kind, content: Value<'_>, log: impl FnOnce(Value<'_>)) {
    match kind {
        Kind::Severe => {
            if let Some(text) = join(content) {
                log(Value::Cut(&text.0, text.1));
            }
        }
        Kind::Stack => {
            if let Verdict::Go { stopped } = LIMITER.decide(process_ms(), COOLDOWN_MS.load(Ordering::Relaxed)) {
                crate::limit::report_stopped(stopped);
                if let Some(text) = join(content) {
                    log(Value::Cut(&text.0, text.1));
                }
            }
        }
        _ => log(content),
    }
}

/// The text, cut to its limit, and the stack; and whether it was cut. `None`, counted, for a text that logs itself with its stack, again and again.
#[cold]
fn join(content: Value<'_>) -> Option<(String, bool)> {
    let mut out = crate::dispatch::inside_a_line(|| text::to_string(content))?;
    let kept = crate::global::with_format(|format| out.floor_char_boundary(format.max_content));
    let cut = kept < out.len();
    out.truncate(kept);
    out.push('\n');
    out.push_str(&dump());
    Some((out, cut))
}

/// Frames of the logging machinery and of the runtime below main, which tell nothing.
fn is_ours(name: &str, file: &str) -> bool {
    let own_sources = file!().trim_end_matches("stack.rs");
    file.contains(own_sources)
        || file.starts_with("/rustc/")
        || [
            "backtrace::",
            "core::ops::function",
            "std::rt::",
            "std::panic",
            "std::sys",
            "__rust_begin_short_backtrace",
            "__libc_start",
            "_start",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// The present stack, innermost frame first, without logx's own frames: function, then file and line, in two lines.
fn dump() -> String {
    let mut out = String::new();
    for frame in Backtrace::new().frames() {
        for symbol in frame.symbols() {
            let Some(name) = symbol.name() else { continue };
            let name = format!("{name:#}");
            let file = symbol.filename().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
            if is_ours(&name, &file) {
                continue;
            }
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{name}");
            if let Some(line) = symbol.lineno() {
                let _ = writeln!(out, "\t{file}:{line}");
            }
        }
    }
    out
}

/// The place `skip` frames above `caller`; `None` where the stack does not show it.
pub(crate) fn caller_above(caller: Caller<'_>, skip: usize) -> Option<String> {
    let Caller::Place { file, line, .. } = caller else {
        return None;
    };
    let stack = Backtrace::new();
    let mut places = stack
        .frames()
        .iter()
        .flat_map(backtrace::BacktraceFrame::symbols)
        .filter_map(|s| Some((s.filename()?, s.lineno()?)));
    places.by_ref().find(|(path, at)| *at == line && path.to_string_lossy().ends_with(file))?;
    let (path, line) = places.nth(skip.checked_sub(1)?)?;
    Some(Caller::Place { file: &path.to_string_lossy(), line, package: "" }.to_text())
}
