use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use crate::conf::ServiceConf;
use crate::logging::{self, LogIds};
use crate::metrics::Metrics;
use crate::stat::RequestStat;
use crate::trace::{ExporterError, Tracing};

/// A statement that takes longer gets a `slow` line.
const SLOW_STATEMENT: Duration = Duration::from_millis(500);

/// What one service measures, traces and puts on its lines. Cheap to clone; nothing in it belongs to the process.
#[derive(Clone, Debug)]
pub struct Telemetry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    metrics: Metrics,
    tracing: Tracing,
    service: Option<String>,
    statements: bool,
    stat: RequestStat,
}

impl Telemetry {
    /// Starts a service's telemetry. `shared` says that one process holds several services: then each line carries `service`.
    ///
    /// # Errors
    /// The `Telemetry` block's endpoint cannot be used.
    pub fn start(conf: &ServiceConf, shared: bool) -> Result<Self, ExporterError> {
        let counted = conf.prometheus.as_ref().is_some_and(|p| !p.host.is_empty())
            || conf.dev_server.as_ref().is_some_and(|d| d.enable_metrics);
        let metrics = Metrics::new(counted);
        let service = shared.then(|| conf.name.clone());
        let ids = LogIds { service: service.clone(), ..LogIds::default() };
        let tracing = Tracing::new(conf.telemetry.as_ref(), metrics.export_failures(), ids)?;
        Ok(Self(Arc::new(Inner {
            tracing,
            metrics,
            service,
            statements: conf.log.statements,
            stat: RequestStat::new(&conf.name),
            name: conf.name.clone(),
        })))
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The service's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The service's tracer.
    pub fn tracing(&self) -> &Tracing {
        &self.0.tracing
    }

    /// The figures of the minute.
    pub(crate) fn stat(&self) -> &RequestStat {
        &self.0.stat
    }

    /// What a line carries within this span; an invalid one adds no ids.
    pub fn log_ids(&self, span: &SpanContext) -> LogIds {
        let mut ids = LogIds { service: self.0.service.clone(), ..LogIds::default() };
        if span.is_valid() {
            ids.trace = span.trace_id().to_string();
            ids.span = span.span_id().to_string();
        }
        ids
    }

    /// Starts a span below `parent` and returns the context that holds it.
    pub fn span(&self, builder: SpanBuilder, parent: &Context) -> Context {
        let span = self.0.tracing.tracer().build_with_context(builder, parent);
        parent.with_span(span)
    }

    /// Runs a future within a context: its spans are children, its lines carry the ids.
    pub fn within<F: Future>(&self, cx: Context, work: F) -> impl Future<Output = F::Output> {
        let ids = self.log_ids(cx.span().span_context());
        ids.instrument(work.with_context(cx))
    }

    /// Runs a future in a span of its own below the present one. An error marks the span.
    ///
    /// # Errors
    /// Those of the future.
    pub async fn traced<T, E: Display>(
        &self,
        builder: SpanBuilder,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let cx = self.span(builder, &Context::current());
        let result = self.within(cx.clone(), work).await;
        if let Err(e) = &result {
            cx.span().set_status(Status::error(e.to_string()));
        }
        cx.span().end();
        result
    }

    /// Runs one SQL statement: span, metrics and go-zero's line. `command` is `exec` or `query`; the statement is printed without its
    /// arguments, which may be personal data.
    ///
    /// # Errors
    /// Those of the future.
    pub async fn sql<T, E: Display>(
        &self,
        command: &'static str,
        statement: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let method = if command == "exec" { "Exec" } else { "QueryRow" };
        let builder = SpanBuilder::from_name("sql")
            .with_kind(SpanKind::Client)
            .with_attributes([KeyValue::new("sql.method", method)]);
        let started = Instant::now();
        let result = self.traced(builder, work).await;
        let took = started.elapsed();
        let slow = took > SLOW_STATEMENT;
        let failed = result.as_ref().err();
        self.0.metrics.sql(command, took, slow, failed.map(|_| "failed"));
        if let Some(e) = failed {
            logging::error(took, &format!("stmt: {statement}, error: {e}"));
        } else if slow {
            logging::slow(took, &format!("[SQL] {command}: slowcall - {statement}"));
        } else if self.0.statements {
            logging::info(took, &format!("sql {command}: {statement}"));
        }
        result
    }
}
