//! The last resort: a line that no writer took is shown on stderr.

use std::io::Write;

use crate::error::WriteError;
use crate::limit::{Limiter, Verdict, process_ms};
use crate::record::Record;

/// Why a writer did not take the line.
const WRITE_ERROR: &str = "logx.write_error";
/// How many such lines were not shown since the last one.
const NOT_SHOWN: &str = "logx.not_shown";
/// At most one report of a failing writer in so many milliseconds.
const REPORT_WINDOW_MS: i64 = 1_000;

/// Writes the line as it is.
pub(crate) fn line(record: &Record<'_>) {
    let mut line = Vec::with_capacity(256);
    record.push_json(&mut line);
    write(&line);
}

/// Writes a line that a writer failed to take, with the reason; lines in between are only counted.
pub(crate) fn failed_line(record: &Record<'_>, error: &WriteError) {
    static LIMITER: Limiter = Limiter::new();
    if let Verdict::Go { stopped } = LIMITER.decide(process_ms(), REPORT_WINDOW_MS) {
        let mut line = Vec::with_capacity(256);
        record.push_json(&mut line);
        // Two more keys before the closing brace, unless the line has a key of that name.
        line.truncate(line.len().saturating_sub(2));
        let mut taken = Vec::new();
        record.for_each_field(&mut |key, _| taken.push(key.to_owned()));
        for (key, value) in [(WRITE_ERROR, error.to_string()), (NOT_SHOWN, stopped.to_string())] {
            if !taken.iter().any(|t| t == key) && !record.format.is_builtin(key) {
                crate::site::push_key(&mut line, key);
                crate::encode::string::push_quoted(&mut line, &value);
            }
        }
        line.extend_from_slice(b"}\n");
        write(&line);
    }
}

/// Says that an output of the background writer fails; its lines are kept and tried again.
pub(crate) fn failed_output(error: &std::io::Error) {
    static LIMITER: Limiter = Limiter::new();
    crate::health::count_write_error();
    if let Verdict::Go { .. } = LIMITER.decide(process_ms(), REPORT_WINDOW_MS) {
        let text = format!("log output fails, its lines are kept and tried again: {error}");
        let state = crate::global::load();
        let format = &state.format;
        let mut line = Vec::new();
        format.open.push(&mut line);
        crate::encode::time::push_timestamp(&mut line, std::time::SystemTime::now(), &format.time);
        crate::site::push_head(&mut line, format, crate::Kind::Alert, crate::Caller::UNKNOWN);
        crate::encode::string::push_quoted(&mut line, &text);
        line.extend_from_slice(b"}\n");
        write(&line);
    }
}

fn write(line: &[u8]) {
    // There is nowhere left to report a failure of stderr.
    let _ = std::io::stderr().lock().write_all(line);
}
