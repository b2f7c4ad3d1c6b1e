//! A record in go-zero's plain encoding: tabs between timestamp, level, content and `key=value` items.
//!
//! A record is always exactly one line: control characters of any text are escaped, so nobody can forge a line.

use std::fmt::{self, Write};

use super::{guard, json, number, text, time};
use crate::color::{RESET, code_len};
use crate::level::Kind;
use crate::record::Record;
use crate::sensitive::MASK;
use crate::value::Value;

/// go-zero's colours: bold, by kind.
const fn color(kind: Kind) -> &'static str {
    match kind {
        Kind::Alert | Kind::Error | Kind::Severe | Kind::Stack => "\u{1b}[1;31m",
        Kind::Info => "\u{1b}[1;34m",
        Kind::Debug | Kind::Slow | Kind::Warn => "\u{1b}[1;33m",
        Kind::Stat => "\u{1b}[1;32m",
    }
}

/// Appends the line with its newline.
pub(crate) fn push_plain(out: &mut Vec<u8>, record: &Record<'_>, colored: bool) {
    time::push_timestamp(out, record.time, &record.format.time);
    push_level(out, record.call.kind, colored);
    let cut = record.with_content(|content, cut| {
        match content {
            Value::Str(text) if colored => escape_around_colors(out, text),
            other => push_plain_value(out, other, record),
        }
        cut
    });
    let names = record.keys();
    if record.call.kind.has_caller() {
        push_item(out, &names.caller, |out| escape(out, &record.caller().to_text()));
    }
    for entry in record.entries() {
        let value = if entry.masked { Value::Str(MASK) } else { entry.value };
        push_item(out, &entry.name(), |out| push_plain_value(out, value, record));
    }
    if let Some(ns) = record.duration() {
        push_item(out, &names.duration, |out| number::push_millis(out, ns));
    }
    for (key, id) in [(&names.trace, record.trace()), (&names.span, record.span())] {
        if let Some(id) = id {
            push_item(out, key, |out| escape(out, id));
        }
    }
    if cut {
        push_item(out, &names.truncated, |out| out.extend_from_slice(b"true"));
    }
    out.push(b'\n');
}

/// The level's word between tabs.
pub(crate) fn push_level(out: &mut Vec<u8>, kind: Kind, colored: bool) {
    out.push(b'\t');
    if colored {
        out.extend_from_slice(color(kind).as_bytes());
    }
    out.push(b' ');
    out.extend_from_slice(kind.word().as_bytes());
    out.push(b' ');
    if colored {
        out.extend_from_slice(RESET.as_bytes());
    }
    out.push(b'\t');
}

fn push_item(out: &mut Vec<u8>, key: &str, value: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'\t');
    escape(out, key);
    out.push(b'=');
    value(out);
}

/// Text as it is, anything else as its JSON.
fn push_plain_value(out: &mut Vec<u8>, value: Value<'_>, record: &Record<'_>) {
    match value {
        Value::Str(s) => escape(out, s),
        Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_) => {
            let start = out.len();
            if let Err(mark) = guard::run(|| text::write_text(&mut PlainText(out), value)) {
                out.truncate(start);
                escape(out, &mark);
            }
        }
        Value::Duration(ns) => number::push_go_duration(out, ns),
        Value::Time(t) => time::push_rfc3339(out, t),
        other => {
            let start = out.len();
            json::push_value(out, other, &record.format.masks);
            make_plain(out, start);
        }
    }
}

/// Makes plain text of the JSON from `start` on: text loses its quotes, and control characters that JSON lets stand
/// are escaped.
pub(crate) fn make_plain(out: &mut Vec<u8>, start: usize) {
    let text = text::of_json(&out[start..]);
    if let Some(text) = text.or_else(|| with_controls(&out[start..])) {
        out.truncate(start);
        escape(out, &text);
    }
}

/// The JSON text, if it holds a control character.
fn with_controls(json: &[u8]) -> Option<String> {
    // DEL, and the first byte of those from U+0080 on.
    let suspect = json.iter().any(|b| matches!(b, 0x7f | 0xc2));
    let text = std::str::from_utf8(json).ok().filter(|_| suspect)?;
    text.contains(char::is_control).then(|| text.to_owned())
}

struct PlainText<'a>(&'a mut Vec<u8>);

impl Write for PlainText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// The same, but colours that the program itself gave to its text stay.
pub(crate) fn escape_around_colors(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    let mut painted = false;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, code) = rest.split_at(at);
        escape(out, before);
        let len = code_len(code);
        painted |= len.is_some();
        let (code, after) = code.split_at(len.unwrap_or(1));
        match len {
            Some(_) => out.extend_from_slice(code.as_bytes()),
            None => escape(out, code),
        }
        rest = after;
    }
    escape(out, rest);
    if painted {
        // Text that was cut has lost its own end of the colour.
        out.extend_from_slice(RESET.as_bytes());
    }
}

/// Appends text with its control characters escaped.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        match c {
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
