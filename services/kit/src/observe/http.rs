use std::fmt::{Display, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath};
use http::{HeaderMap, HeaderValue, Version, header, request, response};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use super::{Call, Protocol};
use crate::conf::RestConf;
use crate::logging;
use crate::telemetry::Telemetry;
use crate::trace;

/// The client closed the request before there was an answer.
const CLIENT_CLOSED: u16 = 499;
/// Headers whose values are secrets.
const REDACTED: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "idempotency-key"];

/// HTTP requests that are served.
#[derive(Clone, Debug)]
pub struct HttpServer {
    telemetry: Telemetry,
    slow: Duration,
    trace: bool,
    log: bool,
    metrics: bool,
    stat: bool,
    untraced: Vec<String>,
}

impl HttpServer {
    /// As the configuration says.
    pub fn new(telemetry: Telemetry, conf: &RestConf) -> Self {
        Self {
            telemetry,
            slow: conf.slow_threshold,
            trace: conf.middlewares.trace,
            log: conf.middlewares.log,
            metrics: conf.middlewares.prometheus,
            stat: conf.middlewares.metrics,
            untraced: conf.trace_ignore_paths.clone(),
        }
    }

    fn span(&self, parts: &request::Parts, name: String, route: Option<&str>) -> Context {
        let parent = trace::extract(&parts.headers);
        // A path without a route is always traced, as in go-zero.
        let wanted = match route {
            Some(route) => self.trace && !self.untraced.iter().any(|p| p == route),
            None => true,
        };
        if !wanted {
            return parent;
        }
        let text = |name| header_text(&parts.headers, name);
        let mut attributes = vec![
            KeyValue::new("http.method", parts.method.to_string()),
            KeyValue::new("http.target", parts.uri.to_string()),
            KeyValue::new("http.server_name", self.telemetry.name().to_owned()),
            KeyValue::new("http.route", name.clone()),
            KeyValue::new("http.user_agent", text(header::USER_AGENT)),
            KeyValue::new("http.scheme", "http"),
            KeyValue::new("http.host", text(header::HOST)),
            KeyValue::new("http.flavor", flavor(parts.version)),
        ];
        let forwarded = forwarded_for(&parts.headers);
        if let Some(first) = forwarded.split(',').next().filter(|f| !f.is_empty()) {
            attributes.push(KeyValue::new("http.client_ip", first.trim().to_owned()));
        }
        if let Ok(length) = text(header::CONTENT_LENGTH).parse::<i64>()
            && length > 0
        {
            attributes.push(KeyValue::new("http.request_content_length", length));
        }
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes);
        self.telemetry.span(builder, &parent)
    }
}

impl Protocol for HttpServer {
    type Call = HttpCall;

    fn begin(&self, parts: &mut request::Parts) -> HttpCall {
        let route = parts.extensions.get::<MatchedPath>().map(|p| pattern(p.as_str()));
        let name = route.clone().unwrap_or_else(|| parts.uri.path().to_owned());
        let cx = self.span(parts, name, route.as_deref());
        HttpCall {
            server: self.clone(),
            cx,
            started: Instant::now(),
            route,
            method: parts.method.to_string(),
            line: request_line(parts),
            // Only printed with a server error; most requests end without one.
            headers: parts.headers.clone(),
            status: CLIENT_CLOSED,
        }
    }
}

/// One HTTP request.
#[derive(Debug)]
pub struct HttpCall {
    server: HttpServer,
    cx: Context,
    started: Instant,
    route: Option<String>,
    method: String,
    line: String,
    headers: HeaderMap,
    status: u16,
}

impl Call for HttpCall {
    fn scope(&self) -> (&Telemetry, &Context) {
        (&self.server.telemetry, &self.cx)
    }

    fn head(&mut self, parts: &mut response::Parts) -> bool {
        self.status = parts.status.as_u16();
        let span = self.cx.span();
        if span.span_context().is_valid()
            && let Ok(value) = HeaderValue::from_str(&trace::traceparent(span.span_context()))
        {
            parts.headers.insert("traceparent", value);
        }
        true
    }

    fn trailers(&mut self, _: &HeaderMap) {}

    fn failed(&mut self, _: &dyn Display) {
        self.status = 500;
    }

    fn finish(&mut self) {
        let took = self.started.elapsed();
        let span = self.cx.span();
        span.set_attribute(KeyValue::new("http.status_code", i64::from(self.status)));
        if self.status >= 500 || self.status == CLIENT_CLOSED {
            span.set_status(Status::error(String::new()));
        }
        span.end();
        if self.server.metrics
            && let Some(route) = &self.route
            && self.status != 405
        {
            let metrics = self.server.telemetry.metrics();
            metrics.http(route, &self.method, self.status, took);
        }
        if self.server.stat {
            self.server.telemetry.stat().record(took);
        }
        if self.server.log {
            self.print(took);
        }
    }
}

impl HttpCall {
    fn print(&self, took: Duration) {
        let line = format!("[HTTP] {} - {}", self.status, self.line);
        if took > self.server.slow {
            logging::slow(took, &format!("{line} - slowcall({:.1})", took.as_secs_f64() * 1000.0));
        }
        if self.status >= 500 {
            logging::error(took, &format!("{line}\n{}", dump(&self.headers)));
        } else {
            logging::info(took, &line);
        }
    }
}

/// axum's `/user/get/{id}` as go-zero's `/user/get/:id`.
fn pattern(path: &str) -> String {
    path.split('/')
        .map(|part| {
            part.strip_prefix('{')
                .and_then(|p| p.strip_suffix('}'))
                .map_or_else(|| part.to_owned(), |name| format!(":{name}"))
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn request_line(parts: &request::Parts) -> String {
    let forwarded = forwarded_for(&parts.headers);
    let client = if forwarded.is_empty() {
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or_else(String::new, |c| c.0.to_string())
    } else {
        forwarded
    };
    let agent = header_text(&parts.headers, header::USER_AGENT);
    format!("{} {} - {client} - {agent}", parts.method, parts.uri)
}

fn forwarded_for(headers: &HeaderMap) -> String {
    header_text(headers, header::HeaderName::from_static("x-forwarded-for"))
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).map_or_else(String::new, |v| String::from_utf8_lossy(v.as_bytes()).into_owned())
}

fn dump(headers: &HeaderMap) -> String {
    let mut out = String::new();
    for (name, value) in headers {
        let shown =
            if REDACTED.contains(&name.as_str()) { "***".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        let _ = writeln!(out, "{name}: {shown}");
    }
    out
}

fn flavor(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_labelled_as_go_zero_labels_them() {
        assert_eq!(pattern("/user/get/{id}"), "/user/get/:id");
        assert_eq!(pattern("/register"), "/register");
        assert_eq!(pattern("/a/{b}/c/{d}"), "/a/:b/c/:d");
    }

    #[test]
    fn a_dump_shows_no_secret() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer s3cret".parse().unwrap());
        headers.insert("x-kind", "plain".parse().unwrap());
        let dump = dump(&headers);
        assert!(!dump.contains("s3cret"), "{dump}");
        assert!(dump.contains("x-kind: plain"), "{dump}");
    }
}
