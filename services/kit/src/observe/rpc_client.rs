use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, request, response};
use opentelemetry::Context;
use opentelemetry::trace::SpanKind;
use tonic::Code;

use super::payload::Payload;
use super::rpc_server::{end_span, span};
use super::{Call, Protocol};
use crate::logging;
use crate::telemetry::Telemetry;
use crate::trace;

/// gRPC calls that are made.
#[derive(Clone, Debug)]
pub struct RpcClient {
    telemetry: Telemetry,
    target: Arc<str>,
    slow: Duration,
}

impl RpcClient {
    /// Calls to `target`; one that takes longer than `slow` gets a line.
    pub fn new(telemetry: Telemetry, target: &str, slow: Duration) -> Self {
        // go-zero joins target and method as a path, so that its slashes collapse.
        // What follows a question mark is an account.
        let target = target.split('?').next().unwrap_or_default();
        let mut shown = String::with_capacity(target.len());
        for c in target.chars() {
            if c != '/' || !shown.ends_with('/') {
                shown.push(c);
            }
        }
        Self { telemetry, target: shown.into(), slow }
    }
}

impl Protocol for RpcClient {
    type Call = RpcClientCall;

    fn begin(&self, parts: &mut request::Parts) -> RpcClientCall {
        let method = parts.uri.path().to_owned();
        let builder = span(&method, SpanKind::Client, None);
        let cx = self.telemetry.span(builder, &Context::current());
        trace::inject(&cx, &mut parts.headers);
        RpcClientCall {
            client: self.clone(),
            cx,
            started: Instant::now(),
            method,
            payload: parts.extensions.get::<Payload>().cloned(),
            code: Code::Cancelled,
            message: "the caller stopped waiting".into(),
        }
    }
}

/// One gRPC call.
#[derive(Debug)]
pub struct RpcClientCall {
    client: RpcClient,
    cx: Context,
    started: Instant,
    method: String,
    payload: Option<Payload>,
    code: Code,
    message: String,
}

impl Call for RpcClientCall {
    fn scope(&self) -> (&Telemetry, &Context) {
        (&self.client.telemetry, &self.cx)
    }

    fn head(&mut self, parts: &mut response::Parts) -> bool {
        let status = tonic::Status::from_header_map(&parts.headers);
        let ended = status.is_some();
        if let Some(status) = status {
            (self.code, self.message) = (status.code(), status.message().to_owned());
        }
        ended
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(status) = tonic::Status::from_header_map(trailers) {
            (self.code, self.message) = (status.code(), status.message().to_owned());
        }
    }

    fn failed(&mut self, error: &dyn Display) {
        (self.code, self.message) = (Code::Unavailable, error.to_string());
    }

    fn finish(&mut self) {
        let took = self.started.elapsed();
        end_span(&self.cx, self.code, &self.message);
        let metrics = self.client.telemetry.metrics();
        metrics.rpc_client(&self.method, self.code as i32, took);
        let slow = took > self.client.slow;
        if self.code == Code::Ok && !slow {
            return;
        }
        let request = self.payload.as_ref().map_or_else(String::new, |p| format!(" - {}", p.get()));
        let call = format!("{}{}{request}", self.client.target, self.method);
        if self.code == Code::Ok {
            logging::slow(took, &format!("[RPC] ok - slowcall - {call}"));
        } else {
            let code = format!("{:?}", self.code);
            logging::error(took, &format!("fail - {call} - rpc error: code = {code} desc = {}", self.message));
        }
    }
}
