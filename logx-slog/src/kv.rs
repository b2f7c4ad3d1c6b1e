//! A line's keys and values as slog takes them.

use logx::bridge::{self, Flat, Rendered};
use serde_json::value::RawValue;
use slog::{KV, Key, Serde, Serializer, Value};

use crate::{EXTRA_KEY, STACK_KEY};

/// A user's field of that name beside the stack, renamed as logx renames keys that collide with its own.
const RENAMED_STACK: &str = "fields.stack";

/// slog's level for a kind.
pub(crate) fn level_of(kind: logx::Kind) -> slog::Level {
    match kind {
        logx::Kind::Severe => slog::Level::Critical,
        logx::Kind::Alert | logx::Kind::Error | logx::Kind::Stack => slog::Level::Error,
        logx::Kind::Slow | logx::Kind::Warn => slog::Level::Warning,
        logx::Kind::Stat | logx::Kind::Info => slog::Level::Info,
        logx::Kind::Debug => slog::Level::Debug,
    }
}

/// Everything that a line prints, in its order, for slog-json in our own drain: the values are rendered one by one,
/// with no lock held.
pub(crate) struct WholeLine<'a, 'r>(pub(crate) &'a logx::Record<'r>);

impl WholeLine<'_, '_> {
    /// Whether the line has [`Extra`] keys.
    #[cold]
    fn overflows(&self) -> bool {
        let mut found = self.0.keys().all().iter().any(|key| bridge::intern(logx::Key::Dyn(key)).is_none());
        self.0.for_each_field_key(&mut |key, _| found |= bridge::intern(key).is_none());
        found
    }
}

impl KV for WholeLine<'_, '_> {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let mut result = Ok(());
        let mut extra = Extra::default();
        self.0.for_each_flat(&mut |key, value| {
            if result.is_err() {
                return;
            }
            match bridge::intern(key) {
                Some(name) if name != EXTRA_KEY || !self.overflows() => {
                    result = emit_exactly(record, serializer, name, value);
                }
                _ => extra.add(key.as_str(), value),
            }
        });
        result?;
        extra.emit(record, serializer)
    }
}

/// A value in the digits in which logx prints it.
#[inline]
fn emit_exactly(
    record: &slog::Record<'_>,
    ser: &mut dyn Serializer,
    key: &'static str,
    value: Flat<'_>,
) -> slog::Result {
    match value {
        Flat::Str(v) => ser.emit_str(key, v),
        // slog-json would print `100.0` and `1e21`, where logx prints `100` and `1e+21`.
        Flat::F64(v) if v.fract() == 0.0 || v.abs() < 1e-5 || v.abs() >= 1e15 => {
            let mut digits = Vec::with_capacity(24);
            bridge::push_value(&mut digits, logx::Value::F64(v));
            emit_json(record, ser, key, std::str::from_utf8(&digits).unwrap_or("null"))
        }
        Flat::Json(json) => emit_json(record, ser, key, json),
        scalar => emit_scalar(ser, key, scalar),
    }
}

fn emit_scalar(ser: &mut dyn Serializer, key: &'static str, value: Flat<'_>) -> slog::Result {
    match value {
        Flat::Str(v) => ser.emit_str(key, v),
        Flat::I64(v) => ser.emit_i64(key, v),
        Flat::U64(v) => ser.emit_u64(key, v),
        Flat::F64(v) => ser.emit_f64(key, v),
        Flat::Bool(v) => ser.emit_bool(key, v),
        _ => ser.emit_none(key),
    }
}

/// JSON text as it is.
fn emit_json(record: &slog::Record<'_>, ser: &mut dyn Serializer, key: &'static str, json: &str) -> slog::Result {
    match RawValue::from_string(json.to_owned()) {
        Ok(raw) => Serde(raw).serialize(record, key, ser),
        Err(_) => ser.emit_str(key, json),
    }
}

/// A line that is rendered already, for a logger of the user's: every field under its own key with its type. The
/// content is the message; content that is no text comes as a field as well.
pub(crate) struct Fields<'a> {
    pub(crate) line: &'a Rendered,
    pub(crate) stack: Option<&'a str>,
}

impl KV for Fields<'_> {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let mut extra = Extra::default();
        let overflows = || self.line.items().any(|item| item.interned.is_none());
        for (i, item) in self.line.items().enumerate() {
            if i == self.line.content_index() && matches!(item.value, Flat::Str(_)) {
                continue;
            }
            let taken = item.key == STACK_KEY && self.stack.is_some();
            match item.interned {
                Some(_) if taken => emit_typed(record, serializer, RENAMED_STACK, item.value)?,
                Some(key) if key != EXTRA_KEY || !overflows() => emit_typed(record, serializer, key, item.value)?,
                _ => extra.add(item.key, item.value),
            }
        }
        if let Some(stack) = self.stack {
            serializer.emit_str(STACK_KEY, stack)?;
        }
        extra.emit(record, serializer)
    }
}

fn emit_typed(record: &slog::Record<'_>, ser: &mut dyn Serializer, key: Key, value: Flat<'_>) -> slog::Result {
    match value {
        Flat::Json(json) => match serde_json::from_str::<serde_json::Value>(json) {
            Ok(tree) => Serde(tree).serialize(record, key, ser),
            Err(_) => ser.emit_str(key, json),
        },
        scalar => emit_scalar(ser, key, scalar),
    }
}

/// Fields whose keys could not be interned: one object under one key. A user's field of that name stands in it as well.
#[derive(Default)]
struct Extra(Option<Vec<u8>>);

impl Extra {
    #[cold]
    fn add(&mut self, key: &str, value: Flat<'_>) {
        let out = self.0.get_or_insert_default();
        bridge::push_key(out, key);
        bridge::push_value(out, value.into());
    }

    fn emit(self, record: &slog::Record<'_>, ser: &mut dyn Serializer) -> slog::Result {
        let Some(mut json) = self.0 else {
            return Ok(());
        };
        // The comma in front of the first key.
        json[0] = b'{';
        json.push(b'}');
        emit_json(record, ser, EXTRA_KEY, &String::from_utf8_lossy(&json))
    }
}
