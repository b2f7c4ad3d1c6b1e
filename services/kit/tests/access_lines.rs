//! The lines of requests, in go-zero's shapes. One test: it takes the process's writer.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use kit::conf::{RestConf, from_yaml};
use kit::rest::{self, RestListeners};
use kit::{CancellationToken, Telemetry};
use logx::Kind;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn request(path: &str) -> Request<Body> {
    Request::get(path)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .header("user-agent", "test \"agent\"")
        .header("authorization", "Bearer s3cret")
        .header("x-forwarded-for", "203.0.113.7, 10.0.0.1")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_leave_go_zeros_lines() {
    let logs = logx::testing::collect_global();
    let yaml = "Name: test-api\nHost: 127.0.0.1\nPort: 0\nSlowThreshold: 20ms\n";
    let conf = from_yaml::<RestConf>("test", yaml, None).unwrap().conf;
    let router = Router::new()
        .route(
            "/ok",
            get(async || {
                logx::info!("within");
            }),
        )
        .route("/fault", get(async || StatusCode::BAD_GATEWAY))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(30)).await));
    let listeners = RestListeners::bind(&conf).await.unwrap();
    let address = listeners.main.local_addr().unwrap();
    let stop = CancellationToken::new();
    let closing = stop.clone();
    let telemetry = Telemetry::start(&conf.service, true).unwrap();
    let served = tokio::spawn(async move {
        rest::serve(router, &conf, &telemetry, listeners, closing).await.unwrap();
    });
    for path in ["/ok?a=b", "/fault", "/slow", "/nowhere"] {
        common::send(address, request(path)).await;
    }
    stop.cancel();
    served.await.unwrap();

    let who = "203.0.113.7, 10.0.0.1 - test \"agent\"";
    let access = logs.one(Kind::Info, "/ok?a=b");
    assert_eq!(access.text(), format!("[HTTP] 200 - GET /ok?a=b - {who}"));
    assert!(access.duration.is_some());
    let within = logs.one(Kind::Info, "within");
    for line in [&access, &within] {
        assert_eq!(line.trace.as_deref(), Some(TRACE));
        assert_eq!(line.span.as_deref().map(str::len), Some(16));
        assert_eq!(line.json("service"), "test-api");
    }
    assert_eq!(access.span, within.span);

    let fault = logs.one(Kind::Error, "/fault");
    let (first, dump) = fault.text().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(first, format!("[HTTP] 502 - GET /fault - {who}"));
    assert!(dump.contains("authorization: ***") && !dump.contains("s3cret"), "{dump}");

    let slow = logs.one(Kind::Slow, "/slow");
    assert!(slow.text().starts_with(&format!("[HTTP] 200 - GET /slow - {who} - slowcall(")));
    assert_eq!(logs.one(Kind::Info, "/slow").text(), format!("[HTTP] 200 - GET /slow - {who}"));
    assert_eq!(logs.one(Kind::Info, "/nowhere").text(), format!("[HTTP] 404 - GET /nowhere - {who}"));
}
