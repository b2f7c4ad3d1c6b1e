//! What an operator is told: alerts over a web hook beside those of a real dtm, and the interface by server reflection.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use common::real_dtm::{self, RealDtm};
use common::{Act, Branches, Coordinator, conf, eventually, within};
use dtm::Outcome;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServiceResponse};

type Told = Arc<Mutex<Vec<Value>>>;

/// A web hook, and what it was told.
async fn hook() -> (SocketAddr, Told) {
    let told = Told::default();
    let take = async |State(told): State<Told>, Json(alert): Json<Value>| told.lock().unwrap().push(alert);
    let app = axum::Router::new().route("/alert", axum::routing::post(take)).with_state(Arc::clone(&told));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, told)
}

fn keys(alert: &Value) -> BTreeSet<String> {
    alert.as_object().unwrap().keys().cloned().collect()
}

fn of(told: &Told, gid: &str) -> Vec<Value> {
    told.lock().unwrap().iter().filter(|alert| alert["gid"] == gid).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_keeps_failing_is_told_to_the_web_hook() {
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let (at, told) = hook().await;
    let url = format!("http://{at}/alert");
    let mut conf = conf(folder.path());
    conf.alert_web_hook = url.clone();
    conf.alert_retry_limit = 2;
    let coordinator = Coordinator::start_with(conf).await;
    branches.script("b", "action", [Act::Fail, Act::Fail, Act::Fail]);
    assert_eq!(coordinator.client().submit(&branches.saga("ours", &["a", "b"])).await.unwrap(), Outcome::Succeeded);
    eventually("the hook was told twice", || async { of(&told, "ours").len() == 2 }).await;
    let alert = |retries| {
        json!({
            "gid": "ours", "status": "submitted", "branch": branches.action(), "error": "Unavailable: down",
            "retry_count": retries,
        })
    };
    assert_eq!(of(&told, "ours"), [alert(2), alert(3)]);
    coordinator.stop().await;

    let Some(program) = real_dtm::program("alerts") else { return };
    let settings = [("ALERT_WEB_HOOK", url), ("ALERT_RETRY_LIMIT", "1".to_owned())];
    let real = RealDtm::start(&program, folder.path(), &settings).await;
    branches.script("b", "action", [Act::Fail]);
    let saga = branches.saga("theirs", &["a", "b"]).retry_interval(Duration::from_secs(1)).wait_result(false);
    real.client().submit(&saga).await.unwrap();
    within(Duration::from_secs(15), "dtm tells the hook", || async { !of(&told, "theirs").is_empty() }).await;
    let theirs = of(&told, "theirs").remove(0);
    assert_eq!(keys(&theirs), keys(&alert(1)), "{theirs}");
    assert_eq!((&theirs["status"], &theirs["branch"]), (&json!("submitted"), &json!(branches.action())), "{theirs}");
    assert_eq!(theirs["retry_count"].is_number(), alert(1)["retry_count"].is_number(), "{theirs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_shows_dtms_service() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let channel = discovery::connect(&coordinator.grpc.to_string()).await.unwrap();
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    assert!(list.service.contains(&ServiceResponse { name: "dtmgimp.Dtm".into() }), "{list:?}");
    coordinator.stop().await;
}
