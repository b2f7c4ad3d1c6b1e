//! An event's values, copied out of tracing's visit, which lends each of them for one call only.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::ops::Range;

use logx::{Context, Field as LineField, Key, Value, bridge};
use tracing_core::field::Visit;
use tracing_core::{Event, Field};

use crate::fields::{Json, printing};
use crate::{MESSAGE_KEY, STACK_KEY};

/// The message and the fields of one event.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    text: String,
    slots: Vec<(&'static str, Form)>,
    message: Range<usize>,
    caller: Option<Range<usize>>,
    trace: Option<Range<usize>>,
    span: Option<Range<usize>>,
    /// A JSON object of further fields.
    object: Option<Range<usize>>,
    /// The event comes from logx: some of its fields are logx's own keys.
    is_own: bool,
}

#[derive(Debug)]
enum Form {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(Range<usize>),
    Json(Range<usize>),
}

thread_local! {
    static SPARE: Cell<Option<Collected>> = const { Cell::new(None) };
}

/// What is kept for the thread's next event.
const KEEP_BYTES: usize = 16 * 1024;
/// So many fields need no memory of their own.
const FEW: usize = 16;

impl Collected {
    /// Takes the event's values and runs `use_it` with them.
    /// `is_own` says that the event comes from logx.
    pub(crate) fn with<R>(event: &Event<'_>, is_own: bool, use_it: impl FnOnce(&Self) -> R) -> R {
        let mut collected = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        collected.text.clear();
        collected.slots.clear();
        collected.message = 0..0;
        (collected.caller, collected.trace, collected.span, collected.object) = (None, None, None, None);
        collected.is_own = is_own;
        event.record(&mut collected);
        let result = use_it(&collected);
        if collected.text.capacity() <= KEEP_BYTES {
            let _ = SPARE.try_with(|spare| spare.set(Some(collected)));
        }
        result
    }

    pub(crate) fn message(&self) -> &str {
        &self.text[self.message.clone()]
    }

    /// The place that a line of logx's own names.
    pub(crate) fn caller(&self) -> Option<&str> {
        self.caller.clone().map(|range| &self.text[range])
    }

    /// The JSON object of further fields that a line of logx's own brings along.
    pub(crate) fn object(&self) -> Option<&str> {
        self.object.clone().map(|range| &self.text[range])
    }

    /// The ids that a line of logx's own brings along.
    pub(crate) fn context(&self) -> Option<Context> {
        let trace = self.trace.clone().map(|range| &self.text[range])?;
        let context = Context::new().with_trace(trace);
        Some(match self.span.clone().map(|range| &self.text[range]) {
            Some(span) => context.with_span(span),
            None => context,
        })
    }

    /// Whether there is one field for each of the keys, in their order.
    #[inline]
    pub(crate) fn has_all_of(&self, keys: &[&'static str]) -> bool {
        self.slots.len() == keys.len() && self.slots.iter().zip(keys).all(|((name, _), key)| std::ptr::eq(*name, *key))
    }

    /// Runs `use_it` with the values of the fields but the message.
    #[inline]
    pub(crate) fn with_values<R>(&self, use_it: impl FnOnce(&[Value<'_>]) -> R) -> R {
        let values = self.slots.iter().map(|(_, form)| self.value(form));
        let mut few = [Value::Null; FEW];
        match few.get_mut(..self.slots.len()) {
            Some(room) => {
                room.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
                use_it(room)
            }
            None => use_it(&values.collect::<Vec<_>>()),
        }
    }

    /// Runs `use_it` with the fields but the message.
    pub(crate) fn with_fields<R>(&self, use_it: impl FnOnce(&[LineField<'_>]) -> R) -> R {
        let fields = self.slots.iter().map(|(key, form)| LineField { key: Key::Static(key), value: self.value(form) });
        let mut few = [LineField { key: Key::Static(""), value: Value::Null }; FEW];
        match few.get_mut(..self.slots.len()) {
            Some(room) => {
                room.iter_mut().zip(fields).for_each(|(slot, field)| *slot = field);
                use_it(room)
            }
            None => use_it(&fields.collect::<Vec<_>>()),
        }
    }

    #[inline]
    fn value<'a>(&'a self, form: &Form) -> Value<'a> {
        match form {
            Form::Bool(v) => Value::Bool(*v),
            Form::I64(v) => Value::I64(*v),
            Form::U64(v) => Value::U64(*v),
            Form::F64(v) => Value::F64(*v),
            Form::Str(range) => Value::Str(&self.text[range.clone()]),
            Form::Json(range) => Value::Json(&self.text[range.clone()]),
        }
    }

    fn push_str(&mut self, field: &Field, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.put_text(field, start..self.text.len());
    }

    fn put_text(&mut self, field: &Field, range: Range<usize>) {
        match field.name() {
            MESSAGE_KEY => self.message = range,
            // logx's own level and place are said otherwise here.
            "level" if self.is_own => {}
            "caller" if self.is_own => self.caller = Some(range),
            "trace" if self.is_own => self.trace = Some(range),
            "span" if self.is_own => self.span = Some(range),
            STACK_KEY if self.is_own && !self.message.is_empty() && self.message.end == range.start => {
                // The message and its stack are one text again.
                self.text.insert(range.start, '\n');
                self.message.end = range.end + 1;
            }
            name => self.slots.push((name, Form::Str(range))),
        }
    }

    fn push_value(&mut self, field: &Field, value: Value<'_>) {
        let text = bridge::text(value);
        self.push_str(field, &text);
    }
}

impl Visit for Collected {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.slots.push((field.name(), Form::F64(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.slots.push((field.name(), Form::I64(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.slots.push((field.name(), Form::U64(value)));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        let start = self.text.len();
        let _ = write!(self.text, "{value}");
        self.slots.push((field.name(), Form::Json(start..self.text.len())));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        let start = self.text.len();
        let _ = write!(self.text, "{value}");
        self.slots.push((field.name(), Form::Json(start..self.text.len())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.slots.push((field.name(), Form::Bool(value)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_str(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.push_value(field, Value::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.push_value(field, Value::Error(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let start = self.text.len();
        let (done, kind) = printing(|| bridge::guarded(|| write!(self.text, "{value:?}")));
        if let Err(mark) = done {
            self.text.truncate(start);
            self.text.push_str(&mark);
        }
        let range = start..self.text.len();
        match kind {
            Json::No => self.put_text(field, range),
            _ if field.name() == MESSAGE_KEY => self.message = range,
            Json::Splice => self.object = Some(range),
            Json::Value => self.slots.push((field.name(), Form::Json(range))),
        }
    }
}
