//! A running system and its caller.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part, and a test may stop")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kit::CancellationToken;
use kit::conf::from_yaml;
use serde_json::Value;
use stack::{Listeners, StackConf};

pub(crate) struct System {
    pub(crate) api: SocketAddr,
    /// Metrics ports by service.
    pub(crate) metrics: Vec<(&'static str, SocketAddr)>,
    /// The coordinator's HTTP port.
    pub(crate) dtm: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

/// Starts everything on free ports, with its files under `directory`.
pub(crate) async fn start(directory: &Path) -> System {
    let data = directory.display();
    let prometheus = "Prometheus: {Host: 127.0.0.1, Port: 0}";
    let yaml = format!(
        "UserApi: {{Name: user-api, Host: 127.0.0.1, Port: 0, {prometheus}, Timeout: 9000}}\n\
         UserRpc: {{Name: user-rpc, ListenOn: '127.0.0.1:0', {prometheus}, DataSource: 'sqlite://{data}/user.db'}}\n\
         ScoreRpc: {{Name: score-rpc, ListenOn: '127.0.0.1:0', {prometheus}, DataSource: 'sqlite://{data}/score.db'}}\n\
         Dtm: {{HttpPort: 0, GrpcPort: 0, Store: {{Path: '{data}/dtm.db'}}}}\n"
    );
    let loaded = from_yaml::<StackConf>("test", &yaml, None).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let listeners = Listeners::bind(&loaded.conf).await.unwrap();
    let address = |l: &tokio::net::TcpListener| l.local_addr().unwrap();
    let metrics = [
        ("user-api", &listeners.user_api.admin.metrics),
        ("user-rpc", &listeners.user_rpc.admin.metrics),
        ("score-rpc", &listeners.score_rpc.admin.metrics),
    ]
    .map(|(name, l)| (name, address(l.as_ref().unwrap())))
    .to_vec();
    let api = address(&listeners.user_api.main);
    let dtm = address(&listeners.dtm.http);
    let stop = CancellationToken::new();
    let served = tokio::spawn(stack_until(loaded.conf, listeners, stop.clone()));
    System { api, metrics, dtm, stop, served }
}

async fn stack_until(conf: StackConf, listeners: Listeners, stop: CancellationToken) {
    Box::pin(stack::serve(conf, listeners, stop)).await.unwrap();
}

impl System {
    /// Stops it in an orderly way.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(15), self.served).await.expect("the stop has an end").unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        json(self.api, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn register(&self, body: &Value) -> (StatusCode, Value) {
        self.register_with(body, None).await
    }

    /// Registers; while it is undecided (a machine under load may be slow), asks on. The end and what was told about it.
    pub(crate) async fn register_to_the_end(&self, body: &Value) -> (String, Value) {
        let (status, answer) = self.register(body).await;
        match status.as_u16() {
            200 => return ("succeeded".into(), answer["data"].clone()),
            409 => return ("rolled_back".into(), answer),
            _ => assert_eq!(status, 202, "{answer}"),
        }
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let (_, told) = self.get(answer["status"].as_str().unwrap()).await;
            let state = told["data"]["state"].as_str().unwrap();
            if state != "pending" {
                return (state.into(), told["data"].clone());
            }
            assert!(Instant::now() < deadline, "{told}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn register_with(&self, body: &Value, key: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::post("/register").header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = body.to_string().into();
        json(self.api, request.body(body).unwrap()).await
    }
}

/// Sends a request on a connection of its own; the answer's text.
pub(crate) async fn text(address: SocketAddr, mut request: Request<Body>) -> (StatusCode, String) {
    let path = request.uri().path_and_query().unwrap().to_string();
    *request.uri_mut() = format!("http://{address}{path}").parse().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// As [`text`], read as JSON.
pub(crate) async fn json(address: SocketAddr, request: Request<Body>) -> (StatusCode, Value) {
    let (status, body) = text(address, request).await;
    (status, serde_json::from_str(&body).unwrap())
}

/// One number out of a service's database file.
pub(crate) async fn count(directory: &Path, file: &str, sql: &'static str) -> i64 {
    let url = format!("sqlite://{}", directory.join(file).display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
}

/// Users, score rows and the sum of the points.
pub(crate) async fn rows(directory: &Path) -> (i64, i64, i64) {
    (
        count(directory, "user.db", "SELECT COUNT(*) FROM user").await,
        count(directory, "score.db", "SELECT COUNT(*) FROM user_score").await,
        count(directory, "score.db", "SELECT COALESCE(SUM(score), 0) FROM user_score").await,
    )
}
