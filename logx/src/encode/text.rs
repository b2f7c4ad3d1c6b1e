//! Values as text: contents of backends that want text, and values of plain lines before escaping.

use std::fmt::{self, Write};

use super::{guard, json};
use crate::value::Value;

/// Writes what a value prints as plain text, without JSON quotes; nested values are JSON.
///
/// # Errors
/// Only what `out` reports, or a foreign `Display` that fails.
pub(crate) fn write_text(out: &mut dyn Write, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Str(s) | Value::Cut(s, _) => out.write_str(s),
        Value::Fmt(args) => out.write_fmt(args),
        Value::Display(v) => write!(out, "{v}"),
        Value::Debug(v) => write!(out, "{v:?}"),
        Value::Error(e) => write_error(out, e),
        other => {
            let json = json::to_string(other);
            match of_json(json.as_bytes()) {
                Some(text) => out.write_str(&text),
                None => out.write_str(&json),
            }
        }
    }
}

/// An error's text and that of its causes, each one that the text so far does not hold already.
pub(crate) fn write_error(out: &mut dyn Write, error: &(dyn std::error::Error + '_)) -> fmt::Result {
    let Some(mut cause) = error.source() else {
        return write!(out, "{error}");
    };
    // Only an error with causes needs its text in hand.
    let mut text = String::new();
    write!(text, "{error}")?;
    for _ in 0..MAX_CAUSES {
        let mut next = String::new();
        write!(next, "{cause}")?;
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => break,
        }
    }
    out.write_str(&text)
}

/// A chain of causes that is longer, or runs in a circle, is cut here.
const MAX_CAUSES: usize = 16;

/// The text that a JSON string holds; `None` for any other JSON.
pub(crate) fn of_json(json: &[u8]) -> Option<String> {
    json.first().filter(|b| **b == b'"').and_then(|_| serde_json::from_slice(json).ok())
}

/// The value as text; a value whose code panics or fails gives its mark.
pub(crate) fn to_string(value: Value<'_>) -> String {
    let mut text = String::new();
    match guard::run(|| write_text(&mut text, value)) {
        Ok(()) => text,
        Err(mark) => mark,
    }
}
