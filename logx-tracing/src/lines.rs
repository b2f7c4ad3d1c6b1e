//! logx's events as logx's lines again: the subscriber behind [`TracingWriter::from_conf`](crate::TracingWriter::from_conf).

use std::cell::Cell;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use logx::bridge::{self, Flat, PlainLine};
use logx::sink::Sink;
use logx::{Encoding, Kind, Value, WriteError};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Interest, LevelFilter, Metadata, Subscriber};

use crate::callsite::kind_of;
use crate::fields::{Json, printing};

/// Makes one line of each event that comes from logx and gives it to the sink of its kind. It knows no other events, so
/// that it costs the libraries of the process nothing.
pub(crate) struct Lines {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) encoding: Encoding,
}

thread_local! {
    /// What became of the line: tracing's own way back holds nothing.
    static OUTCOME: Cell<Option<WriteError>> = const { Cell::new(None) };
}

/// The error of the line that was written last on this thread, which is forgotten.
pub(crate) fn take_outcome() -> Result<(), WriteError> {
    OUTCOME.try_with(Cell::take).ok().flatten().map_or(Ok(()), Err)
}

impl Lines {
    fn write(&self, kind: Kind, event: &Event<'_>) -> Result<(), WriteError> {
        bridge::with_buffer(|line| {
            match self.encoding {
                Encoding::Json => {
                    event.record(&mut JsonLine { out: line });
                    if let Some(first) = line.first_mut() {
                        *first = b'{';
                    }
                    line.extend_from_slice(b"}\n");
                }
                Encoding::Plain => {
                    let mut plain = Plain(PlainLine::new(line, kind, self.sink.is_terminal()));
                    event.record(&mut plain);
                    plain.0.end();
                }
            }
            bridge::write_line(&*self.sink, kind, line)
        })
    }
}

impl Subscriber for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if kind_of(metadata).is_some() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        kind_of(metadata).is_some()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(kind) = kind_of(event.metadata())
            && let Err(error) = self.write(kind, event)
        {
            let _ = OUTCOME.try_with(|outcome| outcome.set(Some(error)));
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Appends `,"key":value` for each value.
pub(crate) struct JsonLine<'a> {
    pub(crate) out: &'a mut Vec<u8>,
}

impl JsonLine<'_> {
    #[inline]
    fn push(&mut self, field: &Field, value: Value<'_>) {
        bridge::push_key(self.out, field.name());
        bridge::push_value(self.out, value);
    }
}

impl Visit for JsonLine<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::F64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::U64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Value::Str(value));
    }

    /// Only nested values come this way.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let start = self.out.len();
        bridge::push_key(self.out, field.name());
        let from = self.out.len();
        let (_, kind) = printing(|| write!(self.out, "{value:?}"));
        if kind == Json::Splice {
            // The object's own keys take the place of the field.
            self.out.drain(start..=from);
            self.out.insert(start, b',');
            self.out.pop();
        }
    }
}

struct Plain<'a>(PlainLine<'a>);

impl Visit for Plain<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.item(field.name(), Flat::F64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.item(field.name(), Flat::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.item(field.name(), Flat::U64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.item(field.name(), Flat::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.item(field.name(), Flat::Str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.item(field.name(), Flat::Json(&format!("{value:?}")));
    }
}
