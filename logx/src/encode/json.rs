//! One value as JSON, by go-zero's rules for fields.

use std::fmt::Write as _;

use super::fast::{Pair, Piece};
use super::string::{Escaping, push_base64, push_quoted};
use super::{Encoder, fast, guard, number, text, time};
use crate::field::Field;
use crate::format::{Format, MaskKeys};
use crate::owned::OwnedValue;
use crate::sensitive::MASK;
use crate::value::Value;

/// Lists and objects deeper than this print a mark instead; a line must stay readable by parsers with a limit.
pub(crate) const MAX_DEPTH: u32 = 100;

/// Appends a value.
#[inline(always)]
pub(crate) fn push_value(out: &mut Vec<u8>, value: Value<'_>, masks: &MaskKeys) {
    push_at(out, value, masks, 1);
}

/// Appends a piece and the value behind it.
#[inline(always)]
pub(crate) fn push_piece_and_value(out: &mut Vec<u8>, piece: &Piece, value: &Value<'_>, masks: &MaskKeys) {
    if !fast::push_piece_and_scalar(out, piece, value) {
        push_behind(out, value, masks, 1);
    }
}

/// A value that is none of the frequent ones.
#[inline(always)]
fn push_behind(out: &mut Vec<u8>, value: &Value<'_>, masks: &MaskKeys, depth: u32) {
    match *value {
        Value::F64(n) => push_f64(out, n),
        Value::Object(fields) if depth <= MAX_DEPTH => push_fields(out, fields, masks, depth),
        ref other => push_rare(out, other, masks, depth),
    }
}

/// The value as JSON text under the present format's masks.
pub(crate) fn to_string(value: Value<'_>) -> String {
    let mut out = Vec::new();
    crate::global::with_format(|format: &Format| push_value(&mut out, value, &format.masks));
    String::from_utf8(out).unwrap_or_default()
}

/// The frequent values in line, the others behind a call.
#[inline(always)]
pub(crate) fn push_at(out: &mut Vec<u8>, value: Value<'_>, masks: &MaskKeys, depth: u32) {
    match value {
        Value::Str(s) => push_quoted(out, s),
        Value::I64(n) => fast::push_i64(out, n),
        Value::U64(n) => fast::push_u64(out, n),
        Value::F64(n) => push_f64(out, n),
        Value::Bool(b) => fast::push_bytes(out, if b { b"true" } else { b"false" }),
        Value::Null => out.extend_from_slice(b"null"),
        _ => push_rare(out, &value, masks, depth),
    }
}

#[inline(never)]
fn push_rare(out: &mut Vec<u8>, value: &Value<'_>, masks: &MaskKeys, depth: u32) {
    match *value {
        Value::F32(n) if n.is_finite() => number::push_f32(out, n),
        Value::F32(n) => push_f64(out, f64::from(n)),
        Value::Bytes(bytes) => {
            out.push(b'"');
            push_base64(out, bytes);
            out.push(b'"');
        }
        Value::Duration(ns) => {
            out.push(b'"');
            number::push_go_duration(out, ns);
            out.push(b'"');
        }
        Value::Time(t) => {
            out.push(b'"');
            time::push_rfc3339(out, t);
            out.push(b'"');
        }
        Value::Cut(text, _) => push_quoted(out, text),
        Value::Json(json) => push_json_text(out, json, masks, depth),
        Value::Fmt(_) | Value::Error(_) | Value::Display(_) | Value::Debug(_) => push_text(out, *value),
        Value::Encode(v) => push_encoded(out, v, masks, depth),
        Value::Masked(v) => push_at(out, guard::mask_of(v).as_value(), masks, depth),
        Value::List(_) | Value::Object(_) | Value::OwnedList(_) | Value::OwnedObject(_) if depth > MAX_DEPTH => {
            push_quoted(out, &guard::unprintable("nested too deeply"));
        }
        Value::List(items) => push_list(out, items, |v| *v, masks, depth),
        Value::OwnedList(items) => push_list(out, items, OwnedValue::as_value, masks, depth),
        Value::Object(fields) => push_fields(out, fields, masks, depth),
        Value::OwnedObject(fields) => {
            push_object(out, fields, |f| (&*f.key, f.value.as_value()), masks, depth);
        }
        // Text that is long or has something to escape.
        Value::Str(text) => push_quoted(out, text),
        Value::I64(_) | Value::U64(_) | Value::F64(_) | Value::Bool(_) | Value::Null => {
            push_at(out, *value, masks, depth);
        }
    }
}

#[inline]
pub(crate) fn push_f64(out: &mut Vec<u8>, n: f64) {
    if n.is_finite() {
        number::push_f64(out, n);
    } else {
        let name = if n.is_nan() {
            "NaN"
        } else if n > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        push_quoted(out, &guard::unprintable(name));
    }
}

/// Text that foreign code formats, in quotes.
fn push_text(out: &mut Vec<u8>, value: Value<'_>) {
    let start = out.len();
    out.push(b'"');
    let done = guard::run(|| match value {
        // Straight into the escaping buffer.
        Value::Fmt(args) => Escaping::new(out).write_fmt(args),
        other => text::write_text(&mut Escaping::new(out), other),
    });
    match done {
        Ok(()) => out.push(b'"'),
        Err(mark) => {
            out.truncate(start);
            push_quoted(out, &mark);
        }
    }
}

/// JSON text that anybody may have made.
fn push_json_text(out: &mut Vec<u8>, json: &str, masks: &MaskKeys, depth: u32) {
    let start = out.len();
    if let Err(why) = super::verbatim::push(out, json, masks, depth) {
        out.truncate(start);
        push_quoted(out, &guard::unprintable(why));
    }
}

fn push_encoded(out: &mut Vec<u8>, value: &dyn super::Encode, masks: &MaskKeys, depth: u32) {
    let start = out.len();
    if let Err(mark) = guard::run(|| Encoder::write(out, masks, depth, value)) {
        out.truncate(start);
        push_quoted(out, &mark);
    }
}

fn push_list<'v, T>(out: &mut Vec<u8>, items: &'v [T], of: impl Fn(&'v T) -> Value<'v>, masks: &MaskKeys, depth: u32) {
    let mut before = b'[';
    for item in items {
        let value = of(item);
        if !fast::push_scalar(out, before, &value) {
            match value {
                // A list of times prints Go's default text.
                Value::Time(t) => {
                    out.push(b'"');
                    time::push_go_text(out, t);
                    out.push(b'"');
                }
                other => push_behind(out, &other, masks, depth + 1),
            }
        }
        before = b',';
    }
    fast::push_bytes(out, if items.is_empty() { b"[]" } else { b"]" });
}

#[inline(never)]
fn push_fields(out: &mut Vec<u8>, fields: &[Field<'_>], masks: &MaskKeys, depth: u32) {
    push_object(out, fields, |f| (f.key.as_str(), f.value), masks, depth);
}

/// Whether two keys may be equal: two of one length and one first byte.
#[inline(always)]
fn may_repeat<'v>(keys: impl Iterator<Item = &'v str>) -> bool {
    let mut seen = 0_u64;
    let mut twice = false;
    for key in keys {
        let bit = 1 << ((key.len() * 11 + usize::from(key.as_bytes().first().copied().unwrap_or_default())) % 64);
        twice |= seen & bit != 0;
        seen |= bit;
    }
    twice
}

/// Nested fields; of equal keys the last one stays.
#[inline(always)]
fn push_object<'v, F>(
    out: &mut Vec<u8>,
    fields: &'v [F],
    of: impl Fn(&'v F) -> (&'v str, Value<'v>),
    masks: &MaskKeys,
    depth: u32,
) {
    let mut before = b'{';
    let may_repeat = may_repeat(fields.iter().map(|f| of(f).0));
    for (i, field) in fields.iter().enumerate() {
        let (key, value) = of(field);
        if may_repeat && fields[i + 1..].iter().any(|later| of(later).0 == key) {
            continue;
        }
        let value = if masks.covers(key) { Value::Str(MASK) } else { value };
        match fast::push_pair(out, before, key, &value) {
            Pair::Both => {}
            Pair::Key => push_behind(out, &value, masks, depth + 1),
            Pair::Nothing => {
                out.push(before);
                push_quoted(out, key);
                out.push(b':');
                push_at(out, value, masks, depth + 1);
            }
        }
        before = b',';
    }
    fast::push_bytes(out, if before == b'{' { b"{}" } else { b"}" });
}
