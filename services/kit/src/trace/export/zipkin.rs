//! Zipkin's JSON, version 2.

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, json};

use super::post::Poster;
use super::{duration_micros, failure, jaeger, micros, parent};
use crate::conf::TelemetryConf;

const CONTENT_TYPE: &str = "application/json";

#[derive(Debug)]
pub(super) struct Zipkin {
    endpoint: String,
    service: String,
    poster: Poster,
}

impl Zipkin {
    pub(super) fn new(conf: &TelemetryConf, poster: Poster) -> Self {
        Self { endpoint: conf.endpoint.clone(), service: conf.name.clone(), poster }
    }

    pub(super) async fn export(&self, spans: &[SpanData]) -> OTelSdkResult {
        let list: Vec<_> = spans.iter().map(|s| span(&self.service, s)).collect();
        let body = serde_json::to_vec(&list).map_err(failure)?;
        self.poster.post(&self.endpoint, CONTENT_TYPE, body).await.map_err(failure)
    }
}

fn span(service: &str, span: &SpanData) -> serde_json::Value {
    let mut tags = Map::new();
    for kv in &span.attributes {
        let text = match &kv.value {
            Value::Array(list) => jaeger::array(list),
            other => other.as_str().into_owned(),
        };
        tags.insert(kv.key.to_string(), text.into());
    }
    if let Status::Error { description } = &span.status {
        tags.insert("otel.status_code".into(), "ERROR".into());
        // Zipkin shows a span as failed when the tag is there, whatever it holds.
        tags.insert("error".into(), description.to_string().into());
    }
    let annotations: Vec<_> =
        span.events.iter().map(|e| json!({"timestamp": micros(e.timestamp), "value": e.name})).collect();
    let mut out = json!({
        "traceId": span.span_context.trace_id().to_string(),
        "id": span.span_context.span_id().to_string(),
        "name": span.name,
        "timestamp": micros(span.start_time),
        "duration": duration_micros(span),
        "localEndpoint": {"serviceName": service},
        "annotations": annotations,
        "tags": tags,
    });
    if let Some(parent) = parent(span) {
        out["parentId"] = format!("{parent:016x}").into();
    }
    let kind = match span.span_kind {
        SpanKind::Client => "CLIENT",
        SpanKind::Server => "SERVER",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
        SpanKind::Internal => return out,
    };
    out["kind"] = kind.into();
    out
}
