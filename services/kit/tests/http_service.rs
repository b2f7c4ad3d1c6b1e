//! An HTTP service as its callers and its operators see it.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use common::send;
use http::{Request, StatusCode};
use kit::conf::{RestConf, from_yaml};
use kit::rest::{self, RestListeners};
use kit::{CancellationToken, Telemetry};
use tokio::sync::Notify;

struct Service {
    main: SocketAddr,
    metrics: SocketAddr,
    dev: SocketAddr,
    /// `/never` has begun.
    reached: Arc<Notify>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

async fn start(more: &str) -> Service {
    let yaml = format!(
        "Name: test-api\nHost: 127.0.0.1\nPort: 0\nMaxBytes: 100\nTimeout: 300\n\
         Prometheus: {{Host: 127.0.0.1, Port: 0}}\nDevServer: {{Port: 0}}\n{more}"
    );
    let conf = from_yaml::<RestConf>("test", &yaml, None).unwrap().conf;
    let reached = Arc::new(Notify::new());
    let reach = Arc::clone(&reached);
    let never = async move || {
        reach.notify_one();
        std::future::pending::<()>().await;
    };
    let router = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/user/get/{id}", get(async || "user"))
        .route("/echo", post(async |body: Bytes| body))
        .route("/fault", get(async || StatusCode::BAD_GATEWAY))
        .route("/never", get(never))
        .route("/panic", get(panics));
    let listeners = RestListeners::bind(&conf).await.unwrap();
    let address = |l: &tokio::net::TcpListener| l.local_addr().unwrap();
    let main = address(&listeners.main);
    let metrics = address(listeners.admin.metrics.as_ref().unwrap());
    let dev = address(listeners.admin.dev.as_ref().unwrap());
    let telemetry = Telemetry::start(&conf.service, false).unwrap();
    let stop = CancellationToken::new();
    let closing = stop.clone();
    let served = tokio::spawn(async move {
        rest::serve(router, &conf, &telemetry, listeners, closing).await.unwrap();
    });
    Service { main, metrics, dev, reached, stop, served }
}

async fn panics() -> StatusCode {
    panic!("on purpose")
}

async fn status(service: &Service, path: &str) -> StatusCode {
    common::get(service.main, path).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_of_a_route_at_once_than_allowed_are_503_and_of_others_are_not() {
    let service = start("MaxConns: 1\n").await;
    let main = service.main;
    let running = tokio::spawn(async move { common::get(main, "/never").await.status });
    service.reached.notified().await;
    let refused = common::get(main, "/never").await;
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("\"reason\":\"busy\""), "{}", refused.body);
    assert_eq!(status(&service, "/ok").await, 200);
    // The first one ends at its time, and its place is free again.
    assert_eq!(running.await.unwrap(), 503);
    let again = common::get(main, "/never").await;
    assert!(again.body.contains("\"reason\":\"timeout\""), "{}", again.body);
    let text = common::get(service.metrics, "/metrics").await.body;
    assert!(text.contains(r#"http_server_requests_code_total{code="503",method="GET",path="/never"} 3"#), "{text}");

    let service = start("MaxConns: 1\nMiddlewares: {MaxConns: false}\n").await;
    let main = service.main;
    let running = tokio::spawn(async move { common::get(main, "/never").await.body });
    service.reached.notified().await;
    let second = common::get(main, "/never").await.body;
    assert!([running.await.unwrap(), second].iter().all(|body| body.contains("\"timeout\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_route_method_and_code_and_nothing_else_is() {
    let service = start("").await;
    assert_eq!(status(&service, "/user/get/1").await, 200);
    assert_eq!(status(&service, "/user/get/2?x=y").await, 200);
    assert_eq!(status(&service, "/fault").await, 502);
    assert_eq!(status(&service, "/nowhere").await, 404);
    assert_eq!(status(&service, "/echo").await, 405);

    let text = common::get(service.metrics, "/metrics").await;
    assert_eq!(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let counted: Vec<&str> = text.body.lines().filter(|l| l.starts_with("http_server_requests_code_total")).collect();
    assert_eq!(
        counted,
        [
            r#"http_server_requests_code_total{code="200",method="GET",path="/user/get/:id"} 2"#,
            r#"http_server_requests_code_total{code="502",method="GET",path="/fault"} 1"#,
        ]
    );
    let bounds: Vec<&str> = text
        .body
        .lines()
        .filter(|l| l.contains("duration_ms_bucket") && l.contains("/fault"))
        .filter_map(|l| l.split("le=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(bounds, ["5", "10", "25", "50", "100", "250", "500", "750", "1000", "+Inf"]);
    // Each request left a line, and the lines of the start as well.
    let lines = text.body.lines().find_map(|l| l.strip_prefix("log_lines_total{kind=\"info\"} "));
    assert!(lines.unwrap().parse::<u64>().unwrap() >= 4, "{}", text.body);
    assert!(text.body.contains("log_lines_total{kind=\"severe\"} 0\n"), "kinds without lines are shown");
    for family in ["process_cpu_seconds_total ", "process_open_fds ", "process_resident_memory_bytes "] {
        let line = text.body.lines().find(|l| l.starts_with(family)).unwrap();
        let value: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(value > 0.0 || family.contains("cpu"), "{line}");
    }
    // The service's own port shows no metrics, the metrics port nothing else.
    assert_eq!(status(&service, "/metrics").await, 404);
    assert_eq!(common::get(service.metrics, "/ok").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_in_one_process_count_apart() {
    let (one, other) = (start("").await, start("").await);
    assert_eq!(status(&one, "/ok").await, 200);
    let counted = async |s: &Service| common::get(s.metrics, "/metrics").await.body.contains("path=\"/ok\"");
    assert!(counted(&one).await);
    assert!(!counted(&other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_json_with_a_reason() {
    let service = start("").await;
    let post = |body: Body| Request::post("/echo").body(body).unwrap();
    let plain = |path| Request::get(path).body(Body::empty()).unwrap();
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("x".repeat(101))]);
    for (request, status, reason) in [
        (plain("/nowhere"), 404, "unknown_route"),
        (plain("/echo"), 405, "method_not_allowed"),
        (post("x".repeat(101).into()), 413, "too_large"),
        (plain("/never"), 503, "timeout"),
        (plain("/panic"), 500, "internal"),
    ] {
        let answer = send(service.main, request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["reason"], reason, "{}", answer.body);
        assert!(!answer.body.contains("on purpose"));
    }
    // Without a length the limit holds while reading.
    let answer = send(service.main, post(Body::from_stream(chunks))).await;
    assert_eq!(answer.status, 413);
    assert_eq!(send(service.main, post("x".repeat(100).into())).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_the_span_of_the_callers_trace() {
    let service = start("TraceIgnorePaths: [/ok]\nTelemetry: {Sampler: 1}\n").await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let with_parent =
        |path: &str, parent: &str| Request::get(path).header("traceparent", parent).body(Body::empty()).unwrap();
    for path in ["/user/get/1", "/nowhere"] {
        let answer = send(service.main, with_parent(path, &parent)).await;
        let span = answer.headers["traceparent"].to_str().unwrap().to_owned();
        assert!(span.starts_with(&format!("00-{trace}-")), "{span}");
        assert!(!span.contains("b7ad6b7169203331"), "a span of its own: {span}");
    }
    // A malformed parent starts a new trace and fails nothing.
    let answer = send(service.main, with_parent("/user/get/1", "00-xyz-01")).await;
    assert_eq!(answer.status, 200);
    let span = answer.headers["traceparent"].to_str().unwrap();
    assert_eq!((span.len(), &span[53..]), (55, "01"), "{span}");
    // Not traced: the caller's own span is passed back at most.
    let ignored = common::get(service.main, "/ok").await;
    assert_eq!(ignored.headers.get("traceparent"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_telemetry_block_ids_are_made_and_nothing_is_sampled() {
    let service = start("").await;
    let answer = common::get(service.main, "/ok").await;
    let span = answer.headers["traceparent"].to_str().unwrap();
    assert!(span.ends_with("-00"), "{span}");
    assert!(!span.contains("00000000000000000000000000000000"), "{span}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_running_request_end_and_tells_the_probe() {
    let service = start("").await;
    assert_eq!(common::get(service.dev, "/healthz").await.body, "OK");
    assert_eq!(common::get(service.dev, "/").await.json(), serde_json::json!(["/healthz", "/metrics"]));
    // `/never` runs into its time limit of 300 ms; the stop comes while it runs.
    let running = tokio::spawn(async move { common::get(service.main, "/never").await.status });
    service.reached.notified().await;
    service.stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), service.served).await;
    ended.expect("the stop has an end").unwrap();
    assert_eq!(running.await.unwrap(), 503);
    assert!(tokio::net::TcpStream::connect(service.main).await.is_err());
}

#[tokio::test]
async fn a_port_in_use_is_one_line_that_names_it() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let yaml = format!("Name: test-api\nHost: 127.0.0.1\nPort: {port}\n");
    let conf = from_yaml::<RestConf>("test", &yaml, None).unwrap().conf;
    let line = RestListeners::bind(&conf).await.unwrap_err().to_string();
    assert_eq!(line, format!("test-api: cannot listen on 127.0.0.1:{port}: the port is in use"));
}
