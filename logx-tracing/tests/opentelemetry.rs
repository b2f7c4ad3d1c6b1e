//! The ids of tracing-opentelemetry's spans on logx's lines.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use logx::Kind;
use logx_tracing::LogxLayer;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;

#[test]
fn a_line_has_trace_and_span_of_the_span_it_is_in() {
    let logs = logx::testing::collect();
    let provider = SdkTracerProvider::builder().build();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(LogxLayer::new());
    let dispatch = tracing::Dispatch::new(subscriber);
    let ids = tracing::dispatcher::with_default(&dispatch, || {
        tracing::warn!("outside");
        let outer = tracing::info_span!("outer");
        let _outer = outer.enter();
        let inner = tracing::info_span!("inner");
        inner.in_scope(|| tracing::warn!("inside"));
        let context = tracing_opentelemetry::get_otel_context(&inner.id().unwrap(), &dispatch).unwrap();
        let ids = context.span().span_context().clone();
        (ids.trace_id().to_string(), ids.span_id().to_string())
    });
    let inside = logs.one(Kind::Warn, "inside");
    assert_eq!((inside.trace.as_deref(), inside.span.as_deref()), (Some(&*ids.0), Some(&*ids.1)));
    let outside = logs.one(Kind::Warn, "outside");
    assert_eq!((outside.trace, outside.span), (None, None));
}
