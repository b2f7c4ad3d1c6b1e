//! Jaeger's own form: a Thrift batch over HTTP, which every Jaeger understands, 1.20 and 2 alike.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;

use super::post::Poster;
use super::thrift::Struct;
use super::{duration_micros, failure, micros, parent};
use crate::conf::TelemetryConf;

const CONTENT_TYPE: &str = "application/x-thrift";
/// Collectors refuse larger bodies; a batch that is larger is sent in parts.
const MAX_SPANS: usize = 128;
const FOLLOWS_FROM: i32 = 1;

#[derive(Debug)]
pub(super) struct Jaeger {
    endpoint: String,
    service: String,
    poster: Poster,
}

impl Jaeger {
    pub(super) fn new(conf: &TelemetryConf, poster: Poster) -> Self {
        Self { endpoint: conf.endpoint.clone(), service: conf.name.clone(), poster }
    }

    pub(super) async fn export(&self, spans: &[SpanData]) -> OTelSdkResult {
        for part in spans.chunks(MAX_SPANS) {
            let body = batch(&self.service, part);
            self.poster.post(&self.endpoint, CONTENT_TYPE, body).await.map_err(failure)?;
        }
        Ok(())
    }
}

/// The bytes of a `Batch`.
fn batch(service: &str, spans: &[SpanData]) -> Vec<u8> {
    let process = Struct::default().string(1, service);
    Struct::default().structure(1, process).list(2, spans.iter().map(span).collect()).close()
}

fn span(span: &SpanData) -> Struct {
    let (low, high) = halves(span.span_context.trace_id().to_bytes());
    let links = span.links.iter().map(|link| {
        let (low, high) = halves(link.span_context.trace_id().to_bytes());
        Struct::default()
            .i32(1, FOLLOWS_FROM)
            .i64(2, low)
            .i64(3, high)
            .i64(4, i64::from_be_bytes(link.span_context.span_id().to_bytes()))
    });
    let events = span.events.iter().map(|event| {
        let name = tag(&KeyValue::new("event", event.name.to_string()));
        let fields = std::iter::once(name).chain(event.attributes.iter().map(tag));
        Struct::default().i64(1, micros(event.timestamp)).list(2, fields.collect())
    });
    Struct::default()
        .i64(1, low)
        .i64(2, high)
        .i64(3, i64::from_be_bytes(span.span_context.span_id().to_bytes()))
        .i64(4, parent(span).unwrap_or(0) as i64)
        .string(5, &span.name)
        .list(6, links.collect())
        .i32(7, i32::from(span.span_context.trace_flags().to_u8()))
        .i64(8, micros(span.start_time))
        .i64(9, duration_micros(span))
        .list(10, tags(span))
        .list(11, events.collect())
}

fn tags(span: &SpanData) -> Vec<Struct> {
    let mut all: Vec<Struct> = span.attributes.iter().map(tag).collect();
    let mut add = |key: &'static str, value: Value| all.push(tag(&KeyValue::new(key, value)));
    let scope = span.instrumentation_scope.name().to_owned();
    add("otel.library.name", scope.into());
    let kind = match span.span_kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "",
    };
    if !kind.is_empty() {
        add("span.kind", kind.into());
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => add("otel.status_code", "OK".into()),
        Status::Error { description } => {
            add("otel.status_code", "ERROR".into());
            add("error", true.into());
            if !description.is_empty() {
                add("otel.status_description", description.to_string().into());
            }
        }
    }
    all
}

/// A typed tag: text 0, double 1, bool 2, long 3. Lists are text, JSON as Go's exporter writes them.
fn tag(kv: &KeyValue) -> Struct {
    let tag = Struct::default().string(1, kv.key.as_str());
    match &kv.value {
        Value::Bool(b) => tag.i32(2, 2).bool(5, *b),
        Value::I64(i) => tag.i32(2, 3).i64(6, *i),
        Value::F64(x) => tag.i32(2, 1).double(4, *x),
        Value::Array(list) => tag.i32(2, 0).string(3, &array(list)),
        other => tag.i32(2, 0).string(3, &other.as_str()),
    }
}

/// A list as JSON.
pub(super) fn array(list: &Array) -> String {
    let json = match list {
        Array::Bool(items) => serde_json::json!(items),
        Array::I64(items) => serde_json::json!(items),
        Array::F64(items) => serde_json::json!(items),
        Array::String(items) => {
            serde_json::json!(items.iter().map(opentelemetry::StringValue::as_str).collect::<Vec<_>>())
        }
        other => serde_json::json!(other.to_string()),
    };
    json.to_string()
}

/// The low and the high half of a trace id.
fn halves(id: [u8; 16]) -> (i64, i64) {
    let id = u128::from_be_bytes(id);
    (id as u64 as i64, (id >> 64) as u64 as i64)
}
