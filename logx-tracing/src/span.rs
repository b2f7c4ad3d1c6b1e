//! A span's fields, rendered when they are recorded and merged with those of the spans around it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use logx::{Log, OwnedField, OwnedValue, Value};
use tracing_core::Field;
use tracing_core::field::Visit;
use tracing_core::span::{Attributes, Record};

/// What our layers know of a span.
#[derive(Debug)]
pub(crate) struct SpanFields {
    own: Mutex<Own>,
    /// Grows with every record.
    version: AtomicU64,
    parent: Option<Arc<SpanFields>>,
}

#[derive(Debug)]
struct Own {
    fields: Vec<OwnedField>,
    /// This span's fields and those around it, and the sum of the versions they were made of.
    merged: Option<(u64, Arc<Log>)>,
}

impl SpanFields {
    pub(crate) fn new(attributes: &Attributes<'_>, parent: Option<Arc<Self>>) -> Self {
        let mut fields = Vec::new();
        attributes.record(&mut Owned(&mut fields));
        Self { own: Mutex::new(Own { fields, merged: None }), version: AtomicU64::new(0), parent }
    }

    /// Later values of a span win over earlier ones.
    pub(crate) fn record(&self, values: &Record<'_>) {
        // Rendered outside of the lock: a value may log.
        let mut fields = Vec::new();
        values.record(&mut Owned(&mut fields));
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.fields.extend(fields);
        own.merged = None;
        self.version.fetch_add(1, Ordering::Release);
    }

    /// A logger with the fields of this span and those around it, encoded once for as long as nothing is recorded.
    pub(crate) fn merged(&self) -> Arc<Log> {
        let version = self.versions();
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_of, log)) = &own.merged
            && *made_of == version
        {
            return Arc::clone(log);
        }
        let around = self.parent.as_ref().map(|parent| parent.merged());
        let log = around.as_deref().cloned().unwrap_or_else(logx::logger).with_fields(own.fields.iter().cloned());
        let log = Arc::new(log);
        own.merged = Some((version, Arc::clone(&log)));
        log
    }

    fn versions(&self) -> u64 {
        let own = self.version.load(Ordering::Acquire);
        own + self.parent.as_ref().map_or(0, |parent| parent.versions())
    }
}

/// Renders values as logx prints them.
struct Owned<'a>(&'a mut Vec<OwnedField>);

impl Owned<'_> {
    fn push(&mut self, field: &Field, value: Value<'_>) {
        self.0.push(OwnedField::new(field.name(), OwnedValue::from_value(value)));
    }
}

impl Visit for Owned<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::F64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::U64(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.push(field, Value::serde(&value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.push(field, Value::serde(&value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Value::Str(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.push(field, Value::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.push(field, Value::Error(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, Value::Debug(value));
    }
}
