//! A record as one JSON object on one line.

use std::fmt::Write as _;

use super::json::{push_piece_and_value, push_value};
use super::string::{Escaping, push_quoted};
use super::{fast, guard, number, text};
use crate::format::{Format, MaskKeys};
use crate::owned::OwnedValue;
use crate::record::Record;
use crate::sensitive::MASK;
use crate::site::{Shape, push_head, push_key};
use crate::value::Value;

/// Appends the line with its newline: timestamp, level, caller, content, fields, duration, trace, span.
#[inline]
pub(crate) fn push_json(out: &mut Vec<u8>, record: &Record<'_>) {
    let format = record.format;
    format.open.push(out);
    record.push_timestamp(out);
    let shape = record.call.site.map(|site| site.shape(format));
    let cut = push_head_and_content(out, record, shape);
    if record.has_own_values_only() && shape.is_none_or(|shape| shape.simple) {
        // Most lines have no fields but the macro's own, and neither duration nor trace.
        if let Some(shape) = shape {
            push_values(out, shape, record.call.values, &format.masks);
        }
        if cut {
            push_cut(out, format);
        }
    } else {
        push_rest(out, record, cut);
    }
    fast::push_bytes(out, b"}\n");
}

/// From the timestamp's end to the content's; whether the content was cut.
#[inline]
fn push_head_and_content(out: &mut Vec<u8>, record: &Record<'_>, shape: Option<&Shape>) -> bool {
    let format = record.format;
    match shape {
        Some(shape) if shape.kind == record.call.kind => {
            if let Some(message) = record.call.literal.filter(|message| message.len() <= format.max_content)
                && let Some(bytes) = shape.head_with(message)
            {
                out.extend_from_slice(bytes);
                return false;
            }
            out.extend_from_slice(&shape.head);
        }
        _ => push_head(out, format, record.call.kind, record.caller()),
    }
    push_content(out, record.call.content, format)
}

/// The call-site's own fields.
#[inline(always)]
fn push_values(out: &mut Vec<u8>, shape: &Shape, values: &[Value<'_>], masks: &MaskKeys) {
    if shape.masked.is_empty() {
        for (key, value) in shape.keys.iter().zip(values) {
            push_piece_and_value(out, key, value, masks);
        }
    } else {
        for ((key, value), masked) in shape.keys.iter().zip(values).zip(&shape.masked) {
            push_piece_and_value(out, key, if *masked { &Value::Str(MASK) } else { value }, masks);
        }
    }
}

/// All that may stand behind the content.
#[inline(never)]
fn push_rest(out: &mut Vec<u8>, record: &Record<'_>, cut: bool) {
    if record.is_simple() {
        push_sources(out, record);
    } else {
        push_entries(out, record);
    }
    push_tail(out, record, cut);
}

/// Every source's fields one after another: no key comes twice.
#[inline]
fn push_sources(out: &mut Vec<u8>, record: &Record<'_>) {
    let format = record.format;
    if record.call.kind.has_caller() && !record.globals.is_empty() {
        out.extend_from_slice(&record.globals.encoded(format).bytes);
    }
    if let Some(log) = record.call.log.filter(|log| !log.fields.is_empty()) {
        out.extend_from_slice(&log.fields.encoded(format).bytes);
    }
    if let Some(site) = record.call.site.filter(|_| !record.call.values.is_empty()) {
        push_values(out, site.shape(format), record.call.values, &format.masks);
    }
    for field in record.call.fields {
        let key = field.key.as_str();
        push_key(out, key);
        push_value(out, if format.masks.covers(key) { Value::Str(MASK) } else { field.value }, &format.masks);
    }
    if let Some(context) = record.context.filter(|c| !c.fields().is_empty()) {
        out.extend_from_slice(&context.fields().encoded(format).bytes);
    }
}

/// The fields after precedence and renaming.
#[cold]
fn push_entries(out: &mut Vec<u8>, record: &Record<'_>) {
    for entry in record.entries() {
        push_key(out, &entry.name());
        push_value(out, if entry.masked { Value::Str(MASK) } else { entry.value }, &record.format.masks);
    }
}

#[inline]
fn push_tail(out: &mut Vec<u8>, record: &Record<'_>, cut: bool) {
    let format = record.format;
    if let Some(ns) = record.duration() {
        push_key(out, &format.keys.duration);
        out.push(b'"');
        number::push_millis(out, ns);
        out.push(b'"');
    }
    if let Some(trace) = record.trace() {
        push_key(out, &format.keys.trace);
        push_quoted(out, trace);
    }
    if let Some(span) = record.span() {
        push_key(out, &format.keys.span);
        push_quoted(out, span);
    }
    if cut {
        push_cut(out, format);
    }
}

/// Says that the content was cut.
#[cold]
fn push_cut(out: &mut Vec<u8>, format: &Format) {
    push_key(out, &format.keys.truncated);
    out.extend_from_slice(b"true");
}

/// The content, masked and cut; whether it was cut.
#[inline]
fn push_content(out: &mut Vec<u8>, content: Value<'_>, format: &Format) -> bool {
    match content {
        Value::Str(text) if text.len() <= format.max_content => {
            push_quoted(out, text);
            false
        }
        Value::Str(text) => {
            push_quoted(out, &text[..text.floor_char_boundary(format.max_content)]);
            true
        }
        Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_) => push_text(out, content, format),
        other => push_other(out, other, format),
    }
}

fn push_text(out: &mut Vec<u8>, content: Value<'_>, format: &Format) -> bool {
    let start = out.len();
    out.push(b'"');
    let mut cut = false;
    let done = guard::run(|| {
        let mut text = Escaping { out, left: format.max_content, cut: false };
        let written = match content {
            Value::Fmt(args) => text.write_fmt(args),
            other => text::write_text(&mut text, other),
        };
        cut = text.cut;
        // The text stops with an error where it is cut; that is no failure.
        if cut { Ok(()) } else { written }
    });
    match done {
        Ok(()) => out.push(b'"'),
        Err(mark) => {
            out.truncate(start);
            push_quoted(out, &mark);
        }
    }
    cut
}

#[cold]
fn push_other(out: &mut Vec<u8>, content: Value<'_>, format: &Format) -> bool {
    let start = out.len();
    match content {
        // go-zero marshals a duration that is the content as its nanoseconds.
        Value::Duration(ns) => number::push_int(out, ns),
        Value::Masked(v) => match guard::mask_of(v) {
            OwnedValue::Duration(ns) => number::push_int(out, ns),
            mask => push_value(out, mask.as_value(), &format.masks),
        },
        Value::Encode(_) => {
            push_value(out, content, &format.masks);
            return cut_text(out, start, format.max_content);
        }
        Value::Cut(text, cut) => {
            push_quoted(out, text);
            return cut;
        }
        other => push_value(out, other, &format.masks),
    }
    false
}

/// Cuts JSON text from `start` on, if it is text; other values are never cut.
fn cut_text(out: &mut Vec<u8>, start: usize, max: usize) -> bool {
    let Some(json) = out.get(start..).filter(|json| json.len().saturating_sub(2) > max) else { return false };
    let Some(text) = text::of_json(json).filter(|text| text.len() > max) else { return false };
    out.truncate(start);
    push_quoted(out, &text[..text.floor_char_boundary(max)]);
    true
}
