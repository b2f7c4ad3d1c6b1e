//! A small HTTP client, and our branches over HTTP.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part")]

use std::net::SocketAddr;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dtm::Barrier;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::common::{Branches, Denied};

/// The status and the body, as JSON if it is any.
pub async fn ask(at: SocketAddr, method: &str, path: &str, body: impl Into<Bytes>) -> (u16, Value) {
    let request =
        http::Request::builder().method(method).uri(format!("http://{at}{path}")).body(Full::new(body.into())).unwrap();
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The branches as `/action` and `/compensate`, with a payload that names the step: `{"step":"a"}`.
pub async fn serve(branches: Branches) -> SocketAddr {
    let app = axum::Router::new().route("/{op}", axum::routing::post(branch)).with_state(branches);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn branch(
    State(branches): State<Branches>,
    Path(op): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let barrier = Barrier::from_query(&query.unwrap_or_default()).unwrap();
    assert_eq!(barrier.op(), op);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let (status, text) = match branches.perform(&barrier, body["step"].as_str().unwrap()).await {
        Ok(()) => (200, r#"{"dtm_result":"SUCCESS"}"#.to_owned()),
        Err(Denied::Fault(fault)) => (fault.http_status(), fault.http_body()),
        Err(Denied::Down(text)) => (503, text.to_owned()),
    };
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}
