//! slog -> logx.

use std::fmt;

use logx::{Caller, Event, Field, Kind, OwnedField, OwnedValue, Value};
use slog::{Drain, KV, Key, Level, OwnedKVList, Serializer};

use crate::TAG_PREFIX;

/// A slog drain whose records become logx's: for third-party code that logs through slog.
///
/// Records at warning and above pass; [`with_level`](Self::with_level) says otherwise, and logx's own levels of targets
/// hold as well. A record's own values win over its logger's, a child logger's over its parent's. Records that come
/// from logx itself are ignored, so that lines cannot go round in a circle.
#[derive(Clone, Debug)]
pub struct LogxDrain {
    threshold: Level,
    targets: Vec<(Box<str>, Level)>,
}

impl Default for LogxDrain {
    fn default() -> Self {
        Self::new()
    }
}

impl LogxDrain {
    /// A drain for records at warning and above.
    #[must_use]
    pub fn new() -> Self {
        Self { threshold: Level::Warning, targets: Vec::new() }
    }

    /// The same, for records at `level` and above.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.threshold = level;
        self
    }

    /// The same, with a level for the records of a module and the modules below it; the longest match holds.
    #[must_use]
    pub fn with_target_level(mut self, target: &str, level: Level) -> Self {
        self.targets.retain(|(name, _)| &**name != target);
        self.targets.push((target.into(), level));
        self.targets.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        self
    }

    fn passes(&self, level: Level, target: &str) -> bool {
        let covers =
            |name: &str| target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let own = self.targets.iter().find(|(name, _)| covers(name));
        level.is_at_least(own.map_or(self.threshold, |(_, level)| *level))
    }
}

impl Drain for LogxDrain {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record<'_>, values: &OwnedKVList) -> Result<(), slog::Never> {
        if record.tag().starts_with(TAG_PREFIX) {
            logx::bridge::cut_off();
            return Ok(());
        }
        let kind = kind_of(record.level());
        if !self.passes(record.level(), record.module()) || !logx::enabled(kind, record.module()) {
            return Ok(());
        }
        let mut own = Collector::default();
        let mut inherited = Collector::default();
        own.collect(record, &record.kv());
        inherited.collect(record, values);
        // slog gives the newest pair first; logx prints the last of equal keys.
        let all: Vec<&OwnedField> = inherited.fields.iter().rev().chain(own.fields.iter().rev()).collect();
        let fields: Vec<Field<'_>> = all.into_iter().map(OwnedField::as_field).collect();
        let message = logx::bridge::text(Value::Fmt(*record.msg()));
        Event::new(kind, Value::Str(&message))
            .fields(&fields)
            .caller(Caller::Place { file: record.file(), line: record.line(), package: "" })
            .target(record.module())
            .log();
        Ok(())
    }

    fn is_enabled(&self, level: Level) -> bool {
        let lowest = self.targets.iter().map(|(_, level)| *level).chain([self.threshold]);
        lowest.into_iter().any(|threshold| level.is_at_least(threshold))
    }
}

/// logx's kind for slog's level.
fn kind_of(level: Level) -> Kind {
    match level {
        Level::Critical | Level::Error => Kind::Error,
        Level::Warning => Kind::Warn,
        Level::Info => Kind::Info,
        Level::Debug | Level::Trace => Kind::Debug,
    }
}

/// The pairs of one source, newest first.
#[derive(Default)]
struct Collector {
    fields: Vec<OwnedField>,
}

impl Collector {
    /// A value that panics or fails becomes a field of its own that says so; the others stay.
    fn collect(&mut self, record: &slog::Record<'_>, values: &dyn KV) {
        if let Err(mark) = logx::bridge::guarded(|| values.serialize(record, self)) {
            self.fields.push(OwnedField::new("slog", OwnedValue::text(mark)));
        }
    }

    fn push(&mut self, key: Key, value: OwnedValue) -> slog::Result {
        self.fields.push(OwnedField::new(key, value));
        Ok(())
    }
}

macro_rules! scalars {
    ($($method:ident: $t:ty),*) => { $(
        fn $method(&mut self, key: Key, val: $t) -> slog::Result {
            self.push(key, OwnedValue::from(val))
        }
    )* };
}

impl Serializer for Collector {
    scalars!(emit_bool: bool, emit_u8: u8, emit_i8: i8, emit_u16: u16, emit_i16: i16, emit_u32: u32, emit_i32: i32,
        emit_f32: f32, emit_u64: u64, emit_i64: i64, emit_f64: f64, emit_usize: usize, emit_isize: isize);

    fn emit_unit(&mut self, key: Key) -> slog::Result {
        self.push(key, OwnedValue::Null)
    }

    fn emit_none(&mut self, key: Key) -> slog::Result {
        self.push(key, OwnedValue::Null)
    }

    fn emit_str(&mut self, key: Key, val: &str) -> slog::Result {
        self.push(key, OwnedValue::text(val))
    }

    fn emit_u128(&mut self, key: Key, val: u128) -> slog::Result {
        self.push(key, OwnedValue::serde(&val))
    }

    fn emit_i128(&mut self, key: Key, val: i128) -> slog::Result {
        self.push(key, OwnedValue::serde(&val))
    }

    fn emit_arguments(&mut self, key: Key, val: &fmt::Arguments<'_>) -> slog::Result {
        self.push(key, OwnedValue::from_value(Value::Fmt(*val)))
    }

    fn emit_error(&mut self, key: Key, error: &(dyn std::error::Error + 'static)) -> slog::Result {
        self.push(key, OwnedValue::from_value(Value::Error(error)))
    }

    fn emit_serde(&mut self, key: Key, value: &dyn slog::SerdeValue) -> slog::Result {
        self.push(key, OwnedValue::serde(&value.as_serde()))
    }
}
