//! Log lines about a saga carry the trace that it was submitted in.

use std::future::Future;

use super::plan::Plan;
use crate::protocol::metadata;

/// Runs a future in the log context of the saga's W3C trace context, if it has one.
pub(crate) async fn in_context<F: Future>(plan: &Plan, future: F) -> F::Output {
    let Some((trace, span)) = plan.options.branch_headers.get(metadata::TRACEPARENT).and_then(|value| ids(value))
    else {
        return future.await;
    };
    logx::instrument(logx::Context::current().with_trace(trace).with_span(span), future).await
}

/// The trace and span id of `version-trace-span-flags`.
fn ids(traceparent: &str) -> Option<(&str, &str)> {
    let mut parts = traceparent.split('-').skip(1);
    let (trace, span) = (parts.next()?, parts.next()?);
    (is_hex(trace, 32) && is_hex(span, 16)).then_some((trace, span))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
