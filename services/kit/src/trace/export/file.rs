//! One JSON object a span and line, with the member names of Go's stdout exporter.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use opentelemetry::trace::{SpanContext, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;

use super::{failure, jaeger, micros};
use crate::conf::TelemetryConf;

#[derive(Debug)]
pub(super) struct File {
    service: String,
    file: Mutex<std::fs::File>,
}

impl File {
    pub(super) fn open(conf: &TelemetryConf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&conf.endpoint)?;
        Ok(Self { service: conf.name.clone(), file: Mutex::new(file) })
    }

    pub(super) fn export(&self, spans: &[SpanData]) -> OTelSdkResult {
        let mut lines = String::new();
        for s in spans {
            lines.push_str(&span(&self.service, s).to_string());
            lines.push('\n');
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes()).map_err(failure)
    }
}

fn span(service: &str, span: &SpanData) -> serde_json::Value {
    let (code, description) = match &span.status {
        Status::Unset => ("Unset", ""),
        Status::Ok => ("Ok", ""),
        Status::Error { description } => ("Error", description.as_ref()),
    };
    let kind = match span.span_kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    };
    let events: Vec<_> = span
        .events
        .iter()
        .map(|e| {
            json!({
                "Name": e.name,
                "Time": micros(e.timestamp),
                "Attributes": attributes(&e.attributes),
            })
        })
        .collect();
    json!({
        "Name": span.name,
        "SpanContext": context(&span.span_context),
        "Parent": {
            "TraceID": span.span_context.trace_id().to_string(),
            "SpanID": span.parent_span_id.to_string(),
            "Remote": span.parent_span_is_remote,
        },
        "SpanKind": kind,
        "StartTimeMicros": micros(span.start_time),
        "EndTimeMicros": micros(span.end_time),
        "Attributes": attributes(&span.attributes),
        "Events": events,
        "Status": {"Code": code, "Description": description},
        "Resource": attributes(&[KeyValue::new("service.name", service.to_owned())]),
        "InstrumentationScope": {"Name": span.instrumentation_scope.name()},
    })
}

fn context(span: &SpanContext) -> serde_json::Value {
    json!({
        "TraceID": span.trace_id().to_string(),
        "SpanID": span.span_id().to_string(),
        "TraceFlags": format!("{:02x}", span.trace_flags().to_u8()),
        "TraceState": span.trace_state().header(),
        "Remote": span.is_remote(),
    })
}

fn attributes(list: &[KeyValue]) -> Vec<serde_json::Value> {
    list.iter()
        .map(|kv| {
            let (kind, value) = match &kv.value {
                Value::Bool(b) => ("BOOL", json!(b)),
                Value::I64(i) => ("INT64", json!(i)),
                Value::F64(x) => ("FLOAT64", json!(x)),
                Value::Array(list) => ("STRING", json!(jaeger::array(list))),
                other => ("STRING", json!(other.as_str())),
            };
            json!({"Key": kv.key.as_str(), "Value": {"Type": kind, "Value": value}})
        })
        .collect()
}
