//! A line's keys and values as slog takes them.

use logx::Key;
use logx::bridge::{self, Flat, Item, Rendered};
use serde_json::value::RawValue;
use slog::{KV, Serde, Serializer, Value};

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

/// Everything that a line prints, in its order, for slog-json in our own drain.
pub(crate) struct WholeLine<'a>(pub(crate) &'a Rendered<'a>);

impl KV for WholeLine<'_> {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let mut extra = Extra::default();
        self.0.for_each(|Item { key, value }| match key {
            Key::Static(key) if key != EXTRA_KEY || !overflows(self.0) => emit_exactly(record, serializer, key, value),
            key => {
                extra.add(key.as_str(), value);
                Ok(())
            }
        })?;
        extra.emit(record, serializer)
    }
}

/// Whether the line has [`Extra`] keys.
#[cold]
fn overflows(line: &Rendered<'_>) -> bool {
    line.for_each(|item| if matches!(item.key, Key::Static(_)) { Ok(()) } else { Err(()) }).is_err()
}

/// Whole numbers below this have the same digits as an integer and as a double, in logx and in slog-json.
const EXACT: f64 = 1e15;

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
        Flat::F64(v) if v.fract() == 0.0 && v.abs() < EXACT && (v != 0.0 || v.is_sign_positive()) => {
            ser.emit_i64(key, v as i64)
        }
        Flat::F64(v) if v.fract() == 0.0 || v.abs() < 1e-5 || v.abs() >= EXACT => {
            let mut digits = Vec::with_capacity(24);
            bridge::push_value(&mut digits, logx::Value::F64(v));
            emit_json(record, ser, key, std::str::from_utf8(&digits).unwrap_or("null"))
        }
        Flat::Json(json) => emit_json(record, ser, key, json),
        scalar => emit_scalar(ser, key, scalar),
    }
}

#[inline]
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

/// A line for a logger of the user's: every field under its own key with its type. The content is the message; content
/// that is no text comes as a field as well.
pub(crate) struct Fields<'a> {
    pub(crate) line: &'a Rendered<'a>,
    pub(crate) stack: Option<&'a str>,
}

impl KV for Fields<'_> {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let Self { line, stack } = self;
        let mut extra = Extra::default();
        let mut emit = |Item { key, value }: Item<'_>| match key {
            Key::Static(key) if key != EXTRA_KEY || !overflows(line) => emit_typed(record, serializer, key, value),
            key => {
                extra.add(key.as_str(), value);
                Ok(())
            }
        };
        line.for_each_of_head(&mut emit)?;
        match line.content() {
            Item { value: Flat::Str(_), .. } => {}
            content => emit(content)?,
        }
        match stack {
            None => line.for_each_of_tail(&mut emit)?,
            Some(stack) => {
                for_each_beside_stack(line, &mut emit)?;
                emit(Item { key: Key::Static(STACK_KEY), value: Flat::Str(stack) })?;
            }
        }
        extra.emit(record, serializer)
    }
}

/// The fields of a line with a stack, to which a user's field of that name gives way as to one of logx's own keys.
///
/// A user's field may be called what another one is renamed to: the last one wins, as it does where logx renames.
fn for_each_beside_stack(line: &Rendered<'_>, emit: &mut dyn FnMut(Item<'_>) -> slog::Result) -> slog::Result {
    let renamed = |key: Key<'_>| matches!(key.as_str(), STACK_KEY | RENAMED_STACK);
    let mut count = 0;
    line.for_each_of_tail(|item| {
        count += usize::from(renamed(item.key));
        Ok::<_, slog::Error>(())
    })?;
    line.for_each_of_tail(|Item { key, value }| {
        if !renamed(key) {
            return emit(Item { key, value });
        }
        count -= 1;
        if count == 0 { emit(Item { key: Key::Static(RENAMED_STACK), value }) } else { Ok(()) }
    })
}

#[inline]
fn emit_typed(record: &slog::Record<'_>, ser: &mut dyn Serializer, key: &'static str, value: Flat<'_>) -> slog::Result {
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
