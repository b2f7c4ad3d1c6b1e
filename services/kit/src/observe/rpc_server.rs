use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, request, response};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use tonic::Code;
use tonic::transport::server::TcpConnectInfo;

use super::payload::Payload;
use super::{Call, Protocol};
use crate::conf::RpcServerConf;
use crate::logging;
use crate::telemetry::Telemetry;
use crate::trace;

/// gRPC calls that are served.
#[derive(Clone, Debug)]
pub struct RpcServer {
    telemetry: Telemetry,
    options: Arc<Options>,
}

#[derive(Debug)]
struct Options {
    slow: Duration,
    silent: Vec<String>,
    trace: bool,
    stat: bool,
    prometheus: bool,
}

impl RpcServer {
    /// As the configuration says.
    pub fn new(telemetry: Telemetry, conf: &RpcServerConf) -> Self {
        let options = Options {
            slow: conf.stat_conf.slow_threshold,
            silent: conf.stat_conf.ignore_content_methods.clone(),
            trace: conf.trace,
            stat: conf.stat,
            prometheus: conf.prometheus,
        };
        Self { telemetry, options: Arc::new(options) }
    }
}

impl Protocol for RpcServer {
    type Call = RpcServerCall;

    fn begin(&self, parts: &mut request::Parts) -> RpcServerCall {
        let peer = parts.extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let parent = trace::extract(&parts.headers);
        let method = parts.uri.path().to_owned();
        let cx = if self.options.trace {
            let builder = span(&method, SpanKind::Server, peer);
            self.telemetry.span(builder, &parent)
        } else {
            parent
        };
        let payload = Payload::default();
        parts.extensions.insert(payload.clone());
        RpcServerCall {
            server: self.clone(),
            cx,
            started: Instant::now(),
            // Reflection is a stream: neither counted nor printed.
            stream: method.starts_with("/grpc.reflection."),
            method,
            peer,
            payload,
            code: Code::Cancelled,
            message: String::new(),
        }
    }
}

/// One gRPC call.
#[derive(Debug)]
pub struct RpcServerCall {
    server: RpcServer,
    cx: Context,
    started: Instant,
    stream: bool,
    method: String,
    peer: Option<SocketAddr>,
    payload: Payload,
    code: Code,
    message: String,
}

impl Call for RpcServerCall {
    fn scope(&self) -> (&Telemetry, &Context) {
        (&self.server.telemetry, &self.cx)
    }

    fn head(&mut self, parts: &mut response::Parts) -> bool {
        // A refusal has no body: its status stands in the head.
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
        (self.code, self.message) = (Code::Internal, error.to_string());
    }

    fn finish(&mut self) {
        let took = self.started.elapsed();
        end_span(&self.cx, self.code, &self.message);
        // An unknown method is a label that anyone may choose: not counted, as in go-zero.
        if self.stream {
            return;
        }
        let options = &self.server.options;
        if options.prometheus && self.code != Code::Unimplemented {
            let metrics = self.server.telemetry.metrics();
            metrics.rpc_server(&self.method, self.code as i32, took);
        }
        if options.stat {
            self.server.telemetry.stat().record(took);
            self.print(took);
        }
    }
}

impl RpcServerCall {
    fn print(&self, took: Duration) {
        let options = &self.server.options;
        let peer = self.peer.map_or_else(String::new, |p| p.to_string());
        let silent = options.silent.contains(&self.method);
        let slow = took > options.slow;
        let line = if silent {
            format!("{peer} - {}", self.method)
        } else {
            format!("{peer} - {} - {}", self.method, self.payload.get())
        };
        if slow {
            logging::slow(took, &format!("[RPC] slowcall - {line}"));
        } else if !silent {
            logging::info(took, &line);
        }
    }
}

/// The span of a call, named `pkg.Service/Method`.
pub(super) fn span(method: &str, kind: SpanKind, peer: Option<SocketAddr>) -> SpanBuilder {
    let name = method.trim_start_matches('/').to_owned();
    let (service, short) = name.rsplit_once('/').unwrap_or(("", &name));
    let mut attributes = vec![
        KeyValue::new("rpc.system", "grpc"),
        KeyValue::new("rpc.service", service.to_owned()),
        KeyValue::new("rpc.method", short.to_owned()),
    ];
    if let Some(peer) = peer {
        attributes.push(KeyValue::new("net.peer.ip", peer.ip().to_string()));
        attributes.push(KeyValue::new("net.peer.port", peer.port().to_string()));
    }
    SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes)
}

pub(super) fn end_span(cx: &Context, code: Code, message: &str) {
    let span = cx.span();
    span.set_attribute(KeyValue::new("rpc.grpc.status_code", code as i64));
    if code != Code::Ok {
        span.set_status(Status::error(message.to_owned()));
    }
    span.end();
}
