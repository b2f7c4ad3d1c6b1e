//! The drain at the end of our own pipelines: slog-json into a buffer, the whole line to a logx sink.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use logx::bridge::{self, Flat, PlainLine};
use logx::sink::Sink;
use logx::{Encoding, Kind, WriteError};
use slog::{Drain, KV, Key, OwnedKVList, Serializer};

use crate::TAG_PREFIX;

/// Makes one line of each record and gives it to the sink of its kind.
pub(crate) struct Lines {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) encoding: Encoding,
}

// A sink that panicked in the middle of a line ends that line before the next one.
impl UnwindSafe for Lines {}
impl RefUnwindSafe for Lines {}

impl Drain for Lines {
    type Ok = ();
    type Err = WriteError;

    fn log(&self, record: &slog::Record<'_>, values: &OwnedKVList) -> Result<(), WriteError> {
        self.write(kind_of(record), record, values)
    }
}

impl Lines {
    /// Makes a line of a record whose kind is known.
    pub(crate) fn write(&self, kind: Kind, record: &slog::Record<'_>, values: &OwnedKVList) -> Result<(), WriteError> {
        bridge::with_buffer(|line| {
            match self.encoding {
                Encoding::Json => slog_json::Json::new(&mut *line).build().log(record, values)?,
                Encoding::Plain => self.push_plain(line, kind, record)?,
            }
            bridge::write_line(&*self.sink, kind, line)
        })
    }

    fn push_plain(&self, line: &mut Vec<u8>, kind: Kind, record: &slog::Record<'_>) -> Result<(), WriteError> {
        let mut plain = Plain(PlainLine::new(line, kind, self.sink.is_terminal()));
        record.kv().serialize(record, &mut plain).map_err(|e| WriteError::other(e.to_string()))?;
        plain.0.end();
        Ok(())
    }
}

/// The kind travels in the tag, also through slog-async.
fn kind_of(record: &slog::Record<'_>) -> Kind {
    let name = record.tag().strip_prefix(TAG_PREFIX).unwrap_or_default();
    Kind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(Kind::Info)
}

struct Plain<'a>(PlainLine<'a>);

impl Serializer for Plain<'_> {
    fn emit_arguments(&mut self, key: Key, val: &std::fmt::Arguments<'_>) -> slog::Result {
        self.0.item(key, Flat::Str(&val.to_string()));
        Ok(())
    }

    fn emit_str(&mut self, key: Key, val: &str) -> slog::Result {
        self.0.item(key, Flat::Str(val));
        Ok(())
    }

    fn emit_i64(&mut self, key: Key, val: i64) -> slog::Result {
        self.0.item(key, Flat::I64(val));
        Ok(())
    }

    fn emit_u64(&mut self, key: Key, val: u64) -> slog::Result {
        self.0.item(key, Flat::U64(val));
        Ok(())
    }

    fn emit_f64(&mut self, key: Key, val: f64) -> slog::Result {
        self.0.item(key, Flat::F64(val));
        Ok(())
    }

    fn emit_bool(&mut self, key: Key, val: bool) -> slog::Result {
        self.0.item(key, Flat::Bool(val));
        Ok(())
    }

    fn emit_none(&mut self, key: Key) -> slog::Result {
        self.0.item(key, Flat::Null);
        Ok(())
    }

    fn emit_serde(&mut self, key: Key, value: &dyn slog::SerdeValue) -> slog::Result {
        let json = serde_json::to_string(value.as_serde()).map_err(io::Error::other)?;
        self.0.item(key, Flat::Json(&json));
        Ok(())
    }
}
