//! Spans through the OpenTelemetry API, one provider a service.

mod export;
mod propagate;

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

use prometheus::IntCounter;

use crate::conf::TelemetryConf;
use crate::logging::LogIds;

use export::Exporter;

pub use export::ExporterError;
pub use propagate::{extract, headers_of, inject, traceparent};

/// The scope that every span names, go-zero's.
const SCOPE: &str = "go-zero";

/// The tracer of one service.
#[derive(Clone, Debug)]
pub struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Tracing {
    /// Builds the provider. Without a configuration ids are made and nothing is recorded, as in go-zero.
    ///
    /// # Errors
    /// The endpoint cannot be used. That nothing listens there is none: spans are lost then, counted in `failures`.
    pub fn new(conf: Option<&TelemetryConf>, failures: IntCounter, ids: LogIds) -> Result<Self, ExporterError> {
        let ratio = conf.map_or(0.0, |c| if c.disabled { 0.0 } else { c.sampler });
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
        let name = conf.map_or("", |c| c.name.as_str()).to_owned();
        let resource = Resource::builder().with_service_name(name).build();
        let mut builder = SdkTracerProvider::builder().with_sampler(sampler).with_resource(resource);
        if let Some(conf) = conf.filter(|c| c.exports()) {
            builder = builder.with_batch_exporter(Exporter::new(conf, failures, ids)?);
        }
        let provider = builder.build();
        let tracer = provider.tracer(SCOPE);
        Ok(Self { provider, tracer })
    }

    /// The tracer.
    pub fn tracer(&self) -> &SdkTracer {
        &self.tracer
    }

    /// Sends what is left and ends the exporter's thread; waits up to `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        let provider = self.provider.clone();
        // Blocks its thread until the exporter has answered.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(limit)).await;
        if let Ok(Err(e)) = ended {
            logx::warn!("spans were not all sent: {e}");
        }
    }
}

/// The span in which this code runs, if there is one.
pub fn current() -> Option<SpanContext> {
    Context::map_current(|cx| {
        let span = cx.span().span_context().clone();
        span.is_valid().then_some(span)
    })
}
