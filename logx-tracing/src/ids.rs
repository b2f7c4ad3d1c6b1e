//! The trace and span ids that tracing-opentelemetry keeps with a span.

use std::fmt;
use std::sync::OnceLock;

use tracing_core::dispatcher::WeakDispatch;
use tracing_core::{Dispatch, span::Id};

/// The way to the spans of the subscriber that a layer is part of.
#[derive(Default)]
pub(crate) struct Ids(OnceLock<WeakDispatch>);

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// The layer has become part of a subscriber; the first one counts.
    pub(crate) fn register(&self, dispatch: &Dispatch) {
        let _ = self.0.set(dispatch.downgrade());
    }

    /// A context with the span's ids. None of the span's extensions may be borrowed meanwhile.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn of_span(&self, span: &Id) -> Option<logx::Context> {
        use opentelemetry::trace::TraceContextExt as _;

        let dispatch = self.0.get()?.upgrade()?;
        let context = tracing_opentelemetry::get_otel_context(span, &dispatch)?;
        let ids = context.span().span_context().clone();
        ids.is_valid()
            .then(|| logx::Context::new().with_trace(ids.trace_id().to_string()).with_span(ids.span_id().to_string()))
    }

    /// Without the feature there are none.
    #[cfg(not(feature = "opentelemetry"))]
    pub(crate) fn of_span(&self, _span: &Id) -> Option<logx::Context> {
        None
    }
}
