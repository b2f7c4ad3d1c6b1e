//! Spans of sagas: one for each transaction, and below it one for each call of a branch, compensations included.
//!
//! *What it promises*: the spans belong to the trace in which the saga was submitted, and a call hands its own span on to the branch; a
//! transaction that waits between two calls stays one span. Without a tracer nothing is recorded, and the submitter's context goes on as it
//! came. *Its limit*: a transaction that another process takes over goes on in a span of its own, marked `dtm.resumed`.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status as SpanStatus, TraceContextExt as _, TraceFlags,
    TraceId, TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use super::branch::BranchCall;
use super::machine::{Answer, State};
use super::plan::Plan;
use crate::protocol::{SAGA, Status, metadata};

/// Waiting transactions whose spans are kept open; beyond it all are ended, and go on as resumed.
const MAX_OPEN: usize = 10_000;

/// Names of spans and of their attributes.
mod names {
    pub(super) const TRANSACTION: &str = "dtm saga";
    pub(super) const GID: &str = "dtm.gid";
    pub(super) const TRANS_TYPE: &str = "dtm.trans_type";
    pub(super) const STEPS: &str = "dtm.steps";
    pub(super) const STATUS: &str = "dtm.status";
    pub(super) const RESUMED: &str = "dtm.resumed";
    pub(super) const BRANCH: &str = "dtm.branch_id";
    pub(super) const OP: &str = "dtm.op";
    pub(super) const ATTEMPT: &str = "dtm.attempt";
    pub(super) const RESULT: &str = "dtm.result";
    pub(super) const GRPC_STATUS: &str = "rpc.grpc.status_code";
    pub(super) const HTTP_STATUS: &str = "http.status_code";
}

/// Makes the spans; see the module.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    tracer: Option<BoxedTracer>,
    open: Mutex<HashMap<String, Context>>,
}

impl Spans {
    /// Spans of this tracer.
    pub(crate) fn new(tracer: Option<BoxedTracer>) -> Self {
        Self { tracer, open: Mutex::default() }
    }

    /// Runs a future within the transaction's span, which its lines name.
    pub(crate) async fn within<F: Future>(&self, plan: &Plan, resumed: bool, future: F) -> F::Output {
        let cx = self.transaction(plan, resumed);
        let span = cx.span().span_context().clone();
        if !span.is_valid() {
            return future.await;
        }
        let lines = logx::Context::current().with_trace(span.trace_id().to_string());
        logx::instrument(lines.with_span(span.span_id().to_string()), future.with_context(cx)).await
    }

    fn transaction(&self, plan: &Plan, resumed: bool) -> Context {
        if let Some(open) = self.lock().remove(&plan.gid) {
            return open;
        }
        let parent = submitter(&plan.options.branch_headers);
        let Some(tracer) = &self.tracer else { return parent };
        let mut attributes = vec![
            KeyValue::new(names::GID, plan.gid.clone()),
            KeyValue::new(names::TRANS_TYPE, SAGA),
            KeyValue::new(names::STEPS, i64::try_from(plan.steps.len()).unwrap_or(i64::MAX)),
        ];
        if resumed {
            attributes.push(KeyValue::new(names::RESUMED, true));
        }
        let builder =
            SpanBuilder::from_name(names::TRANSACTION).with_kind(SpanKind::Server).with_attributes(attributes);
        let span = tracer.build_with_context(builder, &parent);
        parent.with_span(span)
    }

    /// The transaction in whose span this runs waits for its time.
    pub(crate) fn waits(&self, gid: &str) {
        if self.tracer.is_none() {
            return;
        }
        let mut open = self.lock();
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        open.insert(gid.to_owned(), Context::current());
    }

    /// The transaction in whose span this runs has ended.
    pub(crate) fn ended(&self, state: &State) {
        if self.tracer.is_none() {
            return;
        }
        let cx = Context::current();
        cx.span().set_attribute(KeyValue::new(names::STATUS, state.status.as_str()));
        if state.status == Status::Failed {
            cx.span().set_status(SpanStatus::error(state.reason.clone()));
        }
        cx.span().end();
    }

    /// Makes one call of a branch in a span of its own, which goes on to the branch; `attempt` counts from 1.
    pub(crate) async fn attempt<F: Future<Output = Answer>>(
        &self,
        call: BranchCall<'_>,
        attempt: u32,
        make: impl FnOnce(BTreeMap<String, String>) -> F,
    ) -> Answer {
        let mut headers = call.headers.clone();
        let Some(tracer) = &self.tracer else { return make(headers).await };
        let parent = Context::current();
        let mut attributes = vec![
            KeyValue::new(names::GID, call.gid.to_owned()),
            KeyValue::new(names::BRANCH, call.branch_id.to_owned()),
            KeyValue::new(names::OP, call.op.to_owned()),
            KeyValue::new(names::ATTEMPT, i64::from(attempt)),
        ];
        let name = name_and_protocol(call.url, &mut attributes);
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Client).with_attributes(attributes);
        let cx = parent.with_span(tracer.build_with_context(builder, &parent));
        if cx.span().span_context().is_valid() {
            headers.retain(|name, _| !name.eq_ignore_ascii_case(metadata::TRACEPARENT));
            headers.insert(metadata::TRACEPARENT.to_owned(), traceparent(cx.span().span_context()));
        }
        let answer = make(headers).with_context(cx.clone()).await;
        let span = cx.span();
        span.set_attribute(KeyValue::new(names::RESULT, answer.word()));
        if let Answer::Refused(reason) | Answer::Unknown(reason) = &answer {
            span.set_status(SpanStatus::error(reason.clone()));
        }
        span.end();
        answer
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Context>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a gRPC status on the span of the call that runs here.
pub(super) fn grpc_status(code: i32) {
    Context::map_current(|cx| cx.span().set_attribute(KeyValue::new(names::GRPC_STATUS, i64::from(code))));
}

/// Notes an HTTP status on the span of the call that runs here.
pub(super) fn http_status(status: u16) {
    Context::map_current(|cx| cx.span().set_attribute(KeyValue::new(names::HTTP_STATUS, i64::from(status))));
}

/// The span's name, as go-zero names a client's: `pkg.Service/Method`, or the path of an HTTP branch.
fn name_and_protocol(url: &str, attributes: &mut Vec<KeyValue>) -> String {
    if super::branch::is_http(url) {
        let path = url.parse::<http::Uri>().map_or_else(|_| url.to_owned(), |uri| uri.path().to_owned());
        attributes.push(KeyValue::new("http.target", path.clone()));
        return path;
    }
    let Ok((_, method)) = discovery::split_method(url) else { return discovery::without_password(url).into_owned() };
    let name = method.trim_start_matches('/').to_owned();
    let (service, short) = name.rsplit_once('/').unwrap_or(("", &name));
    attributes.extend([
        KeyValue::new("rpc.system", "grpc"),
        KeyValue::new("rpc.service", service.to_owned()),
        KeyValue::new("rpc.method", short.to_owned()),
    ]);
    name
}

/// The context in which the saga was submitted: its W3C header, or none. A malformed one counts as none.
fn submitter(headers: &BTreeMap<String, String>) -> Context {
    let header = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, v)| v);
    let state = || header("tracestate").and_then(|text| text.parse().ok()).unwrap_or(TraceState::NONE);
    match header(metadata::TRACEPARENT).and_then(|text| parse(text, state)) {
        Some(span) => Context::new().with_remote_span_context(span),
        None => Context::new(),
    }
}

/// Reads `version-trace-span-flags`.
fn parse(text: &str, state: impl FnOnce() -> TraceState) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let sized = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    if !sized || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let span = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, state());
    span.is_valid().then_some(span)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn traceparent(span: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn span(text: &str) -> SpanContext {
        let headers = BTreeMap::from([("Traceparent".to_owned(), text.to_owned())]);
        submitter(&headers).span().span_context().clone()
    }

    #[test]
    fn a_submitters_context_survives_and_a_malformed_one_counts_as_none() {
        assert_eq!(traceparent(&span(GOOD)), GOOD);
        assert!(span(GOOD).is_remote());
        for text in [
            "",
            "00-0-0-00",
            "00-00000000000000000000000000000000-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            assert!(!span(text).is_valid(), "{text}");
        }
    }
}
