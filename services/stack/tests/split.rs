//! The services apart from each other, one of them down.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use common::{json, rows};
use dtm_lite::DtmLiteConf;
use http::{Request, StatusCode};
use kit::conf::{Conf, from_yaml};
use kit::rest::RestListeners;
use kit::rpc::RpcListeners;
use kit::{CancellationToken, Telemetry};
use score_rpc::ScoreRpcConf;
use serde_json::{Value, json as body};
use user_api::UserApiConf;
use user_rpc::UserRpcConf;

fn conf<C: Conf>(yaml: &str) -> C {
    from_yaml::<C>("test", yaml, None).unwrap().conf
}

struct Split {
    api: SocketAddr,
    score_conf: ScoreRpcConf,
    stop: CancellationToken,
    directory: tempfile::TempDir,
}

/// Starts all but score-rpc, whose port is known and closed.
async fn start(timeout: u32) -> Split {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().display();
    let stop = CancellationToken::new();
    let score = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let score_conf: ScoreRpcConf =
        conf(&format!("Name: score-rpc\nListenOn: '{score}'\nDataSource: sqlite://{data}/score.db"));

    let dtm: DtmLiteConf = conf(&format!("HttpPort: 0\nGrpcPort: 0\nStore: {{Path: '{data}/dtm.db'}}"));
    let dtm_ports = dtm_lite::Listeners::bind(&dtm).await.unwrap();
    let telemetry = Telemetry::start(&dtm.service, false).unwrap();
    let (grpc, http) = (dtm_ports.grpc.local_addr().unwrap(), dtm_ports.http.local_addr().unwrap());
    let closing = stop.clone();
    tokio::spawn(async move { dtm_lite::serve(dtm, &telemetry, dtm_ports, closing).await.unwrap() });

    let user: UserRpcConf =
        conf(&format!("Name: user-rpc\nListenOn: '127.0.0.1:0'\nDataSource: sqlite://{data}/user.db"));
    let user_ports = RpcListeners::bind(&user.rpc).await.unwrap();
    let user_address = user_ports.main.local_addr().unwrap();
    let closing = stop.clone();
    let telemetry = Telemetry::start(&user.rpc.service, false).unwrap();
    tokio::spawn(async move { user_rpc::serve(user, &telemetry, user_ports, closing).await.unwrap() });

    let api: UserApiConf = conf(&format!(
        "Name: user-api\nHost: 127.0.0.1\nPort: 0\nTimeout: {timeout}\nUserRpc: {{Endpoints: ['{user_address}']}}\n\
         UserScoreRpc: {{Endpoints: ['{score}']}}\n\
         Dtm: {{Server: 'direct:///{grpc}', Http: 'http://{http}', RetryInterval: 1s}}"
    ));
    let api_ports = RestListeners::bind(&api.rest).await.unwrap();
    let address = api_ports.main.local_addr().unwrap();
    let closing = stop.clone();
    let telemetry = Telemetry::start(&api.rest.service, false).unwrap();
    tokio::spawn(async move { user_api::serve(api, &telemetry, api_ports, closing).await.unwrap() });
    Split { api: address, score_conf, stop, directory }
}

impl Split {
    async fn start_score(&self) {
        let conf = self.score_conf.clone();
        let ports = RpcListeners::bind(&conf.rpc).await.unwrap();
        let telemetry = Telemetry::start(&conf.rpc.service, false).unwrap();
        let closing = self.stop.clone();
        tokio::spawn(async move { score_rpc::serve(conf, &telemetry, ports, closing).await.unwrap() });
    }

    async fn register(&self, prefer: &str) -> (StatusCode, Value) {
        let request = Request::post("/register")
            .header("content-type", "application/json")
            .header("idempotency-key", "key-1")
            .header("prefer", prefer)
            .body(body!({"name": "Ada", "gender": "female"}).to_string().into())
            .unwrap();
        json(self.api, request).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        json(self.api, Request::get(path).body(Body::empty()).unwrap()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_service_is_down_the_answer_is_202_and_the_end_is_told_later() {
    let split = start(1500).await;
    let begun = Instant::now();
    let (status, answer) = split.register("").await;
    assert_eq!(status, 202, "{answer}");
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(900), "it waits for an end: {took:?}");
    assert!(took < Duration::from_millis(1500), "and not into the route's limit: {took:?}");
    let gid = answer["gid"].as_str().unwrap();
    let path = answer["status"].as_str().unwrap();
    assert_eq!((path, &answer["state"]), (format!("/register/{gid}").as_str(), &body!("pending")));
    let (status, state) = split.get(path).await;
    assert_eq!((status.as_u16(), &state["data"]["state"]), (200, &body!("pending")));
    // The same key while it is open is the same registration; a client that waits less gets less patience.
    let begun = Instant::now();
    let (status, again) = split.register("wait=0").await;
    assert_eq!((status.as_u16(), &again["gid"]), (202, &body!(gid)));
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());

    split.start_score().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, state) = split.get(path).await;
        if state["data"]["state"] == "succeeded" {
            break;
        }
        assert!(Instant::now() < deadline, "{state}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (status, done) = split.register("").await;
    assert_eq!((status.as_u16(), &done["data"]["score"]), (200, &body!(10)), "{done}");
    assert_eq!(rows(split.directory.path()).await, (1, 1, 10));
    split.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_is_down_is_503_and_leaves_nothing_behind() {
    let split = start(3000).await;
    // An api of its own whose coordinator does not exist.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let api: UserApiConf = conf(&format!(
        "Name: user-api\nHost: 127.0.0.1\nPort: 0\nUserRpc: {{Endpoints: ['{closed}']}}\n\
         UserScoreRpc: {{Endpoints: ['{closed}']}}\nDtm: {{Server: '{closed}', Http: 'http://{closed}'}}"
    ));
    let ports = RestListeners::bind(&api.rest).await.unwrap();
    let address = ports.main.local_addr().unwrap();
    let telemetry = Telemetry::start(&api.rest.service, false).unwrap();
    let closing = split.stop.clone();
    tokio::spawn(async move { user_api::serve(api, &telemetry, ports, closing).await.unwrap() });
    let request = |path: &str| {
        let body = body!({"name": "Ada", "gender": "female"}).to_string().into();
        Request::post(path).header("content-type", "application/json").body(body).unwrap()
    };
    for (status, reason, request) in [
        (503, "unavailable", request("/register")),
        (503, "unavailable", Request::get("/register/register-x").body(Body::empty()).unwrap()),
        (503, "unavailable", Request::get("/user/get/1").body(Body::empty()).unwrap()),
        (503, "unavailable", Request::get("/users").body(Body::empty()).unwrap()),
    ] {
        let (got, answer) = json(address, request).await;
        assert_eq!((got.as_u16(), &answer["reason"]), (status, &body!(reason)));
        assert!(!answer.to_string().contains("127.0.0.1"), "internal text: {answer}");
    }
    split.stop.cancel();
}
