//! Where spans go. A collector that is down costs spans, a counter and a line a minute, never a request.

mod file;
mod jaeger;
mod post;
mod thrift;
mod zipkin;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use logx::LessLogger;
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus::IntCounter;
use tonic::metadata::MetadataMap;

use crate::conf::{Batcher, TelemetryConf};
use crate::logging::LogIds;
use post::Poster;

/// Longest time for one batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// At most one line about failures in this time.
const QUIET: Duration = Duration::from_secs(60);

/// A collector that cannot be used; one line.
#[derive(Debug, thiserror::Error)]
#[error("Telemetry.Endpoint {endpoint}: {reason}")]
pub struct ExporterError {
    endpoint: String,
    reason: String,
}

/// Sends spans in the configured form, and counts and tells what does not arrive.
#[derive(Debug)]
pub(super) struct Exporter {
    kind: Kind,
    failures: IntCounter,
    less: LessLogger,
    ids: LogIds,
}

#[derive(Debug)]
enum Kind {
    Otlp(Box<opentelemetry_otlp::SpanExporter>),
    Jaeger(jaeger::Jaeger),
    Zipkin(zipkin::Zipkin),
    File(file::File),
}

impl Exporter {
    /// An exporter for a configuration with an endpoint. Needs a tokio runtime, which the connections live on.
    pub(super) fn new(conf: &TelemetryConf, failures: IntCounter, ids: LogIds) -> Result<Self, ExporterError> {
        let failed = |reason: String| ExporterError { endpoint: conf.endpoint.clone(), reason };
        let kind = match conf.batcher {
            Batcher::OtlpGrpc => Kind::Otlp(Box::new(otlp_grpc(conf).map_err(|e| failed(e.to_string()))?)),
            Batcher::OtlpHttp => Kind::Otlp(Box::new(otlp_http(conf).map_err(|e| failed(e.to_string()))?)),
            Batcher::Jaeger => Kind::Jaeger(jaeger::Jaeger::new(conf, Poster::new(TIMEOUT))),
            Batcher::Zipkin => Kind::Zipkin(zipkin::Zipkin::new(conf, Poster::new(TIMEOUT))),
            Batcher::File => Kind::File(file::File::open(conf).map_err(|e| failed(e.to_string()))?),
        };
        Ok(Self { kind, failures, less: LessLogger::new(QUIET), ids })
    }
}

type Built = Result<opentelemetry_otlp::SpanExporter, Box<dyn std::error::Error>>;

fn otlp_grpc(conf: &TelemetryConf) -> Built {
    let mut headers = HeaderMap::new();
    for (name, value) in &conf.otlp_headers {
        headers.insert(name.parse::<http::HeaderName>()?, value.parse()?);
    }
    Ok(opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(with_scheme(&conf.endpoint))
        .with_metadata(MetadataMap::from_headers(headers))
        .with_timeout(TIMEOUT)
        .build()?)
}

fn otlp_http(conf: &TelemetryConf) -> Built {
    let headers: HashMap<_, _> = conf.otlp_headers.iter().cloned().collect();
    let base = with_scheme(&conf.endpoint);
    Ok(opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Poster::new(TIMEOUT))
        .with_endpoint(format!("{base}{}", conf.otlp_http_path))
        .with_headers(headers)
        .with_timeout(TIMEOUT)
        .build()?)
}

fn with_scheme(endpoint: &str) -> String {
    if endpoint.starts_with("http://") { endpoint.to_owned() } else { format!("http://{endpoint}") }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = match &self.kind {
            Kind::Otlp(otlp) => otlp.export(batch).await,
            Kind::Jaeger(jaeger) => jaeger.export(&batch).await,
            Kind::Zipkin(zipkin) => zipkin.export(&batch).await,
            Kind::File(file) => file.export(&batch),
        };
        if let Err(e) = &result {
            self.failures.inc();
            self.ids.scope(|| self.less.error(format_args!("[otel] error: {e}")));
        }
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Kind::Otlp(otlp) = &mut self.kind {
            otlp.set_resource(resource);
        }
    }
}

fn failure(reason: impl std::fmt::Display) -> OTelSdkError {
    OTelSdkError::InternalFailure(reason.to_string())
}

/// Microseconds since 1970, the unit of Jaeger and Zipkin.
fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// At least 1: a duration of 0 reads as unknown.
fn duration_micros(span: &SpanData) -> i64 {
    (micros(span.end_time) - micros(span.start_time)).max(1)
}

/// The id of the parent, if there is one.
fn parent(span: &SpanData) -> Option<u64> {
    match u64::from_be_bytes(span.parent_span_id.to_bytes()) {
        0 => None,
        id => Some(id),
    }
}
