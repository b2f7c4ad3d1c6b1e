//! A line's keys and values as slog takes them.

use logx::Key;
use logx::bridge::{self, Flat, Item, Lent, Rendered};
use serde_json::value::RawValue;
use slog::{KV, Record, Serde, Serializer, Value};

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
    fn serialize(&self, record: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let line = self.0;
        if let Some(lent) = line.whole() {
            return emit_lent::<AS_TEXT>(record, serializer, line, &lent);
        }
        let mut emit = Emit::<AS_TEXT>::new(record, serializer, line);
        emit.item(line.timestamp())?;
        emit.item(line.level())?;
        if let Some(caller) = line.caller() {
            emit.item(caller)?;
        }
        emit.item(line.content())?;
        emit.tail()?;
        emit.end()
    }
}

/// A line for a logger of the user's: every field under its own key with its type. The content is the message; content
/// that is no text comes as a field as well.
pub(crate) struct Fields<'a> {
    pub(crate) line: &'a Rendered<'a>,
    /// The content is text.
    pub(crate) is_text: bool,
    pub(crate) stack: Option<&'a str>,
}

impl KV for Fields<'_> {
    fn serialize(&self, record: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        let line = self.line;
        if self.stack.is_none()
            && let Some(lent) = line.whole()
        {
            return emit_lent::<AS_VALUES>(record, serializer, line, &lent);
        }
        let mut emit = Emit::<AS_VALUES>::new(record, serializer, line);
        emit.item(line.timestamp())?;
        emit.item(line.level())?;
        if let Some(caller) = line.caller() {
            emit.item(caller)?;
        }
        if !self.is_text {
            emit.item(line.content())?;
        }
        match self.stack {
            None => emit.tail()?,
            Some(stack) => emit.tail_beside_stack(stack)?,
        }
        emit.end()
    }
}

/// Nested values and numbers come as logx prints them.
const AS_TEXT: bool = true;
/// They come as values of their own types.
const AS_VALUES: bool = false;

/// Hands over a line of which nothing had to be rendered, as most lines are. To a logger of the user's the content goes as the message.
#[inline(always)]
fn emit_lent<const TEXT: bool>(
    record: &Record<'_>,
    serializer: &mut dyn Serializer,
    line: &Rendered<'_>,
    lent: &Lent<'_>,
) -> slog::Result {
    for (key, text) in [lent.timestamp, lent.level] {
        serializer.emit_str(key, text)?;
    }
    if let Some((key, text)) = lent.caller {
        serializer.emit_str(key, text)?;
    }
    if TEXT {
        serializer.emit_str(lent.content.0, lent.content.1)?;
    }
    for (key, value) in line.lent() {
        match *value {
            logx::Value::Str(v) => serializer.emit_str(key, v)?,
            logx::Value::I64(v) => serializer.emit_i64(key, v)?,
            logx::Value::F64(v) if !TEXT || has_common_digits(v) => serializer.emit_f64(key, v)?,
            logx::Value::Bool(v) => serializer.emit_bool(key, v)?,
            logx::Value::U64(v) => serializer.emit_u64(key, v)?,
            _ => Emit::<TEXT>::new(record, serializer, line).put(key, Flat::of(value))?,
        }
    }
    Ok(())
}

/// Hands one line to a serializer.
struct Emit<'a, const TEXT: bool> {
    record: &'a Record<'a>,
    serializer: &'a mut dyn Serializer,
    line: &'a Rendered<'a>,
    /// There are no [`Extra`] keys.
    is_interned: bool,
    extra: Extra,
}

impl<'a, const TEXT: bool> Emit<'a, TEXT> {
    #[inline]
    fn new(record: &'a Record<'a>, serializer: &'a mut dyn Serializer, line: &'a Rendered<'a>) -> Self {
        Self { record, serializer, line, is_interned: line.is_interned(), extra: Extra::default() }
    }

    #[inline]
    fn item(&mut self, item: Item<'_>) -> slog::Result {
        match item.key {
            Key::Static(key) => self.put(key, item.value),
            Key::Dyn(key) => {
                self.extra.add(key, item.value);
                Ok(())
            }
        }
    }

    fn put(&mut self, key: &'static str, value: Flat<'_>) -> slog::Result {
        if !self.is_interned && key == EXTRA_KEY {
            self.extra.add(key, value);
            return Ok(());
        }
        match value {
            Flat::Str(v) => self.serializer.emit_str(key, v),
            Flat::I64(v) => self.serializer.emit_i64(key, v),
            Flat::U64(v) => self.serializer.emit_u64(key, v),
            Flat::F64(v) if TEXT && !has_common_digits(v) => self.digits(key, v),
            Flat::F64(v) => self.serializer.emit_f64(key, v),
            Flat::Bool(v) => self.serializer.emit_bool(key, v),
            Flat::Json(json) => self.json(key, json),
            _ => self.serializer.emit_none(key),
        }
    }

    /// Everything behind the content.
    #[inline]
    fn tail(&mut self) -> slog::Result {
        let line = self.line;
        line.before_lent().try_for_each(|item| self.item(item))?;
        line.lent().try_for_each(|(key, value)| self.put(key, Flat::of(value)))?;
        line.behind_lent().try_for_each(|item| self.item(item))
    }

    /// The same with the stack, to which a user's field of that name gives way as to one of logx's own keys.
    ///
    /// A user's field may be called what another one is renamed to: the last one wins, as it does where logx renames.
    #[cold]
    fn tail_beside_stack(&mut self, stack: &str) -> slog::Result {
        let is_renamed = |item: &Item<'_>| matches!(item.key.as_str(), STACK_KEY | RENAMED_STACK);
        let line = self.line;
        let mut left = line.tail().filter(is_renamed).count();
        for item in line.tail() {
            if !is_renamed(&item) {
                self.item(item)?;
                continue;
            }
            left -= 1;
            if left == 0 {
                self.put(RENAMED_STACK, item.value)?;
            }
        }
        self.put(STACK_KEY, Flat::Str(stack))
    }

    /// A number in the digits in which logx prints it.
    #[cold]
    fn digits(&mut self, key: &'static str, v: f64) -> slog::Result {
        if v.fract() == 0.0 && v.abs() < BIG && (v != 0.0 || v.is_sign_positive()) {
            return self.serializer.emit_i64(key, v as i64);
        }
        let mut digits = Vec::with_capacity(24);
        bridge::push_value(&mut digits, logx::Value::F64(v));
        self.json(key, std::str::from_utf8(&digits).unwrap_or("null"))
    }

    #[inline(never)]
    fn json(&mut self, key: &'static str, json: &str) -> slog::Result {
        if TEXT {
            return emit_json(self.record, self.serializer, key, json);
        }
        match serde_json::from_str::<serde_json::Value>(json) {
            Ok(tree) => Serde(tree).serialize(self.record, key, self.serializer),
            Err(_) => self.serializer.emit_str(key, json),
        }
    }

    #[inline]
    fn end(self) -> slog::Result {
        self.extra.emit(self.record, self.serializer)
    }
}

/// Numbers closer to zero have an exponent in one of logx and slog-json.
const SMALL: f64 = 1e-5;
/// Whole numbers below this have the same digits as an integer and as a double, in both.
const BIG: f64 = 1e15;

/// Whether logx prints a number as slog-json does, which writes `100.0` and `1e21` for logx's `100` and `1e+21`.
#[inline]
fn has_common_digits(v: f64) -> bool {
    v.fract() != 0.0 && v.abs() >= SMALL && v.abs() < BIG
}

/// JSON text as it is.
fn emit_json(record: &Record<'_>, ser: &mut dyn Serializer, key: &'static str, json: &str) -> slog::Result {
    match RawValue::from_string(json.to_owned()) {
        Ok(raw) => Serde(raw).serialize(record, key, ser),
        Err(_) => ser.emit_str(key, json),
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

    #[inline]
    fn emit(self, record: &Record<'_>, ser: &mut dyn Serializer) -> slog::Result {
        let Some(mut json) = self.0 else {
            return Ok(());
        };
        // The comma in front of the first key.
        json[0] = b'{';
        json.push(b'}');
        emit_json(record, ser, EXTRA_KEY, &String::from_utf8_lossy(&json))
    }
}
