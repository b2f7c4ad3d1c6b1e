//! The coordinator's HTTP interface: answers, listings, what bad input gets, and HTTP branches.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/web.rs"]
mod web;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use common::{Act, Branches, Coordinator, eventually};
use dtm::pb::dtm_client::DtmClient as Grpc;
use dtm::pb::{DtmBranchRequest, DtmRequest, DtmTransOptions};
use serde_json::{Value, json};
use tonic::Code;
use web::ask;

async fn get(at: SocketAddr, path: &str) -> (u16, Value) {
    ask(at, "GET", path, "").await
}

async fn post(at: SocketAddr, what: &str, body: &Value) -> (u16, Value) {
    ask(at, "POST", &format!("/api/dtmsvr/{what}"), body.to_string()).await
}

fn empty_saga(gid: &str) -> Value {
    json!({"gid": gid, "trans_type": "saga", "wait_result": true, "steps": [{"action": "", "compensate": ""}], "payloads": ["{}"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_routes_answer_as_dtm_does() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let at = coordinator.http;
    assert!(get(at, "/api/dtmsvr/version").await.1["version"].is_string());
    let (code, gid) = get(at, "/api/dtmsvr/newGid").await;
    assert_eq!((code, &gid["dtm_result"], gid["gid"].as_str().unwrap().len()), (200, &json!("SUCCESS"), 22));
    assert_eq!(get(at, "/api/ping").await, (200, json!({"msg": "pong"})));
    assert_eq!(
        post(at, "submit", &empty_saga("g")).await,
        (200, json!({"dtm_result": "SUCCESS", "status": "succeed"}))
    );
    let (code, again) = post(at, "submit", &empty_saga("g")).await;
    assert_eq!(
        (code, &again["message"], &again["status"]),
        (409, &json!("current status 'succeed', cannot sumbmit. FAILURE"), &json!("succeed"))
    );
    assert_eq!(
        post(at, "prepare", &empty_saga("g")).await.1["message"],
        "current status 'succeed', cannot prepare. FAILURE"
    );
    assert_eq!(
        post(at, "abort", &empty_saga("g")).await.1["message"],
        "trans type: 'saga' current status 'succeed', cannot abort. FAILURE"
    );
    let (_, found) = get(at, "/api/dtmsvr/query?gid=g").await;
    assert_eq!(
        (&found["transaction"]["status"], &found["transaction"]["payloads"]),
        (&json!("succeed"), &json!(["{}"]))
    );
    let rows: Vec<_> =
        found["branches"].as_array().unwrap().iter().map(|row| format!("{}/{}", row["branch_id"], row["op"])).collect();
    assert_eq!(rows, [r#""01"/"compensate""#, r#""01"/"action""#]);
    assert_eq!(get(at, "/api/dtmsvr/query?gid=x").await, (200, json!({"transaction": null, "branches": []})));
    assert_eq!(get(at, "/api/dtmsvr/query").await, (500, json!({"message": "no gid specified"})));
    assert_eq!(get(at, "/api/nothing").await.0, 404);
    // dtm drops what could break a header from a gid that came over HTTP.
    assert_eq!(post(at, "submit", &empty_saga("a;b\n")).await.0, 200);
    assert_eq!(get(at, "/api/dtmsvr/query?gid=ab").await.1["transaction"]["gid"], "ab");
    let metrics = get(at, "/api/metrics").await.1;
    let metrics = metrics.as_str().unwrap();
    for wanted in [
        "dtm_transaction_process_total{model=\"saga\",status=\"succeed\"} 2",
        "dtm_transaction_pending 0",
        "api=\"query\"",
    ] {
        assert!(metrics.contains(wanted), "{wanted} is missing in\n{metrics}");
    }
    assert!(!metrics.contains("gid="), "a label for each gid");
}

#[tokio::test(flavor = "multi_thread")]
async fn nulls_and_unknown_fields_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let at = coordinator.http;
    let body = json!({
        "gid": "g", "trans_type": "saga", "wait_result": true, "steps": [{"action": "", "compensate": null, "data": "{}"}], "payloads": null,
        "custom_data": null, "timeout_to_fail": null, "request_timeout": 8, "retry_interval": null, "retry_limit": null,
        "branch_headers": null, "passthrough_headers": ["x"], "query_prepared": null, "rollback_reason": null, "req_extra": null,
        "protocol": null, "concurrent": null,
    });
    assert_eq!(post(at, "submit", &body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_dtms_codes_a_message_that_names_the_field_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let at = coordinator.http;
    let with = |key: &str, value: Value| {
        let mut saga = empty_saga("bad");
        saga[key] = value;
        saga
    };
    for (body, word) in [
        (with("trans_type", json!("nonsense")), "trans type"),
        (with("trans_type", Value::Null), "trans type"),
        (with("payloads", json!([])), "payloads"),
        (with("payloads", json!(["a", "b"])), "payloads"),
        (with("gid", json!("")), "gid"),
        (with("gid", json!("g".repeat(129))), "gid"),
        (with("custom_data", json!("{")), "custom_data"),
        (with("custom_data", json!(r#"{"concurrent":true,"orders":{"0":[0]}}"#)), "custom_data"),
        (with("retry_limit", json!(-1)), "retry_limit"),
        (with("steps", json!("x")), "steps"),
        (with("branch_headers", json!({"a b": "c"})), "branch_headers"),
        (json!([]), "body"),
    ] {
        let (code, answer) = post(at, "submit", &body).await;
        let message = answer["message"].as_str().unwrap();
        assert!(code == 500 && message.contains(word) && !message.contains("panic"), "{body}: {code} {message}");
    }
    assert_eq!(ask(at, "POST", "/api/dtmsvr/submit", "{").await.0, 500);
    assert_eq!(
        post(at, "forceStop", &json!({"gid": "bad"})).await,
        (500, json!({"message": "no TransGlobal with gid: bad found"}))
    );

    let mut grpc = Grpc::new(discovery::connect(&coordinator.grpc.to_string()).await.unwrap());
    let good = DtmRequest {
        gid: "bad".into(),
        trans_type: "saga".into(),
        steps: r#"[{"action":"","compensate":""}]"#.into(),
        bin_payloads: vec![Vec::new()],
        trans_options: Some(DtmTransOptions { wait_result: true, ..Default::default() }),
        ..Default::default()
    };
    for (request, word) in [
        (DtmRequest { trans_type: "nonsense".into(), ..good.clone() }, "trans type"),
        (DtmRequest { trans_type: String::new(), ..good.clone() }, "trans type"),
        (DtmRequest { steps: "{".into(), ..good.clone() }, "steps"),
        (DtmRequest { bin_payloads: Vec::new(), ..good.clone() }, "payloads"),
        (DtmRequest { gid: "g".repeat(129), ..good.clone() }, "gid"),
        (DtmRequest { gid: "a\nb".into(), ..good.clone() }, "gid"),
    ] {
        let status = grpc.submit(request).await.unwrap_err();
        assert!(status.code() == Code::Internal && status.message().contains(word), "{status:?}");
    }
    let aborted = grpc.abort(good.clone()).await.unwrap_err();
    assert_eq!((aborted.code(), aborted.message()), (Code::Internal, "no TransGlobal with gid: bad found"));
    let branch =
        grpc.register_branch(DtmBranchRequest { trans_type: "x".into(), ..Default::default() }).await.unwrap_err();
    assert_eq!(branch.code(), Code::Unknown);
    assert_eq!(get(at, "/api/dtmsvr/all").await.1["transactions"], json!([]), "something is half-stored");

    // A large payload is no bad input: SQLite has room.
    let mut large = grpc.max_encoding_message_size(64 << 20);
    large
        .submit(DtmRequest { gid: "large".into(), bin_payloads: vec![vec![7; 3 << 20]], ..good.clone() })
        .await
        .unwrap();
    assert_eq!(coordinator.client().status("large").await.unwrap().unwrap().steps[0].payload.len(), 3 << 20);
    let told = large
        .submit(DtmRequest { gid: "large".into(), bin_payloads: vec![vec![7; 3 << 20]], ..good })
        .await
        .unwrap_err();
    assert_eq!((told.code(), told.metadata().get("dtm-status").unwrap().to_str().unwrap()), (Code::Aborted, "succeed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_retries_and_can_hasten_or_end_them() {
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let coordinator = Coordinator::start(folder.path()).await;
    let (at, client) = (coordinator.http, coordinator.client());
    let hour = std::time::Duration::from_secs(3600);
    for gid in ["one", "two", "three"] {
        branches.script("b", "action", [Act::Fail]);
        client.submit(&branches.saga(gid, &["a", "b"]).wait_result(false).retry_interval(hour)).await.unwrap();
        eventually(gid, || async {
            let (_, found) = get(at, &format!("/api/dtmsvr/query?gid={gid}")).await;
            found["branches"][3]["attempts"] == 1 && found["branches"][3]["last_error"] == "Unavailable: down"
        })
        .await;
    }
    let metrics = get(at, "/api/metrics").await.1;
    assert!(metrics.as_str().unwrap().contains("dtm_transaction_pending 3"));
    assert_eq!(post(at, "resetNextCronTime", &json!({"gid": "one"})).await.0, 200);
    eventually("one succeeds", || async {
        client.status("one").await.unwrap().unwrap().status == dtm::Status::Succeed
    })
    .await;
    assert_eq!(post(at, "forceStop", &json!({"gid": "two"})).await.0, 200);
    assert_eq!(branches.effects("two").await, "a=1", "nothing is undone");
    assert_eq!(post(at, "forceStop", &json!({"gid": "two"})).await.0, 409);
    let reset = get(at, "/api/dtmsvr/resetCronTime?timeout=60&limit=10").await.1;
    assert_eq!((&reset["succeed_count"], &reset["has_remaining"]), (&json!(1), &json!(false)));
    eventually("three succeeds", || async {
        client.status("three").await.unwrap().unwrap().status == dtm::Status::Succeed
    })
    .await;

    let mut gids = Vec::new();
    let mut position = String::new();
    loop {
        let page = get(at, &format!("/api/dtmsvr/all?limit=2&position={position}")).await.1;
        gids.extend(page["transactions"].as_array().unwrap().iter().map(|row| row["gid"].as_str().unwrap().to_owned()));
        position = page["next_position"].as_str().unwrap().to_owned();
        if position.is_empty() {
            break;
        }
    }
    assert_eq!(gids, ["three", "two", "one"]);
    let failed = get(at, "/api/dtmsvr/all?status=failed").await.1;
    assert_eq!(
        (failed["transactions"].as_array().unwrap().len(), &failed["transactions"][0]["gid"]),
        (1, &json!("two"))
    );
    assert_eq!(get(at, "/api/dtmsvr/all?transType=msg").await.1["transactions"], json!([]));
    assert_eq!(get(at, "/api/dtmsvr/all?limit=x").await.0, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_saga_can_be_force_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let coordinator = Coordinator::start(folder.path()).await;
    branches.script("a", "action", [Act::Slow(800)]);
    coordinator.client().submit(&branches.saga("g", &["a", "b"]).wait_result(false)).await.unwrap();
    eventually("the action runs", || async { !branches.calls().is_empty() }).await;
    assert_eq!(post(coordinator.http, "forceStop", &json!({"gid": "g"})).await.0, 200);
    assert_eq!(coordinator.client().status("g").await.unwrap().unwrap().status, dtm::Status::Failed);
    assert_eq!(branches.calls(), ["a/action"]);
}

type Seen = Arc<Mutex<Vec<String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn http_branches_are_called_as_dtm_calls_them() {
    let seen: Seen = Arc::default();
    let app = axum::Router::new()
        .route(
            "/{what}",
            axum::routing::any(
                |State(seen): State<Seen>,
                 method: Method,
                 path: axum::extract::Path<String>,
                 RawQuery(query): RawQuery,
                 headers: HeaderMap,
                 body: String| async move {
                    let barrier = dtm::Barrier::from_query(&query.unwrap()).unwrap();
                    let header = headers.get("x-h").map_or("", |value| value.to_str().unwrap());
                    seen.lock().unwrap().push(format!(
                        "{method} {} {} {} {header} {body}",
                        path.0,
                        barrier.branch_id(),
                        barrier.op()
                    ));
                    match path.0.as_str() {
                        "refuse" => (StatusCode::CONFLICT, dtm::Fault::refused("full").http_body()),
                        _ => (StatusCode::OK, r#"{"title":"HEART FAILURE"}"#.to_owned()),
                    }
                },
            ),
        )
        .with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let at = coordinator.http;
    let saga = json!({
        "gid": "g", "trans_type": "saga", "wait_result": true, "branch_headers": {"X-H": "h"},
        "steps": [{"action": format!("{base}/do"), "compensate": format!("{base}/undo")}, {"action": format!("{base}/refuse"), "compensate": ""}],
        "payloads": ["{\"n\":1}", ""],
    });
    let (code, answer) = post(at, "submit", &saga).await;
    assert_eq!((code, &answer["status"]), (409, &json!("failed")));
    assert_eq!(dtm::reply::reason_code(answer["message"].as_str().unwrap()), Some("full"));
    assert_eq!(
        *seen.lock().unwrap(),
        ["POST do 01 action h {\"n\":1}", "GET refuse 02 action h ", "POST undo 01 compensate h {\"n\":1}"]
    );
}
