//! Registering over HTTP, all services behind it.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::sync::Arc;

use axum::body::Body;
use common::{json, rows, start};
use http::Request;
use serde_json::{Value, json as body};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_registered_with_points_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let system = start(directory.path()).await;

    let (status, answer) = system.register(&body!({"name": "Ada", "gender": "female"})).await;
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    assert_eq!(
        (&answer["message"], &data["name"], &data["gender"], &data["score"]),
        (&body!("success"), &body!("Ada"), &body!("female"), &body!(10))
    );
    let id = data["id"].as_str().unwrap();
    assert!(id.parse::<i64>().unwrap() > 0, "a text of digits: {id}");
    let (status, read) = system.get(&format!("/user/get/{id}")).await;
    assert_eq!((status.as_u16(), &read["data"]), (200, data));

    let welcome = body!({"name": "Eve", "gender": "other", "inviteCode": "WELCOME"});
    let (status, answer) = system.register(&welcome).await;
    assert_eq!((status.as_u16(), &answer["data"]["score"]), (200, &body!(50)));

    let unknown = body!({"name": "Bob", "gender": "male", "inviteCode": "NOPE"});
    let (status, answer) = system.register(&unknown).await;
    assert_eq!(status, 409);
    assert_eq!(answer["reason"], "invite_code_unknown");
    let told = answer.to_string();
    assert!(!told.contains("127.0.0.1") && !told.contains("user_score"), "internal text: {told}");
    assert_eq!(rows(directory.path()).await, (2, 2, 60));

    let gid = answer["gid"].as_str().unwrap();
    let (status, state) = system.get(&format!("/register/{gid}")).await;
    assert_eq!(status, 200);
    let data = &state["data"];
    assert_eq!((&data["state"], &data["reason"]), (&body!("rolled_back"), &body!("invite_code_unknown")));
    let branches: Vec<String> = data["branches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| ["branch", "method", "state"].map(|k| b[k].as_str().unwrap()).join(" "))
        .collect();
    assert_eq!(
        branches,
        [
            "01 saveUserCallback succeed",
            "01 saveUser succeed",
            "02 saveUserScoreCallback succeed",
            "02 saveUserScore failed",
        ]
    );
    for gid in ["register-nobody", "someone-elses", "register-%20", "%ff"] {
        assert_eq!(system.get(&format!("/register/{gid}")).await.0, 404, "{gid}");
    }
    let (status, page) = system.get("/users?limit=1").await;
    assert_eq!((status.as_u16(), &page["data"]["users"][0]["name"]), (200, &body!("Ada")));
    let next = page["data"]["next"].as_str().unwrap();
    let (_, page) = system.get(&format!("/users?limit=5&after={next}")).await;
    assert_eq!(page["data"]["users"].as_array().unwrap().len(), 1);
    assert_eq!((&page["data"]["users"][0]["name"], &page["data"]["next"]), (&body!("Eve"), &body!("")));
    system.stop().await;
}

fn post(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/register").header("content-type", "application/json");
    request.body(body.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_answered_with_the_field_and_the_reason_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let system = start(directory.path()).await;
    let long = "x".repeat(65);
    let bodies: Vec<(String, u16, &str, &str)> = vec![
        (r#"{"gender":"male"}"#.into(), 400, "name", "required"),
        (r#"{"name":null,"gender":"male"}"#.into(), 400, "name", "required"),
        (r#"{"name":"  ","gender":"male"}"#.into(), 400, "name", "required"),
        (r#"{"name":7,"gender":"male"}"#.into(), 400, "name", "not_a_text"),
        (r#"{"name":"a\u0000b","gender":"male"}"#.into(), 400, "name", "not_allowed"),
        (format!(r#"{{"name":"{long}","gender":"male"}}"#), 400, "name", "too_long"),
        (r#"{"name":"Ada"}"#.into(), 400, "gender", "required"),
        (r#"{"name":"Ada","gender":"robot"}"#.into(), 400, "gender", "not_allowed"),
        (r#"{"name":"Ada","gender":["male"]}"#.into(), 400, "gender", "not_a_text"),
        (r#"{"name":"Ada","gender":"male","inviteCode":1}"#.into(), 400, "inviteCode", "not_a_text"),
        (format!(r#"{{"name":"Ada","gender":"male","inviteCode":"{long}"}}"#), 400, "inviteCode", "too_long"),
        (r#"{"name":"Ada","#.into(), 400, "body", "malformed_json"),
        (String::new(), 400, "body", "malformed_json"),
        ("[1]".into(), 400, "body", "not_an_object"),
        ("[".repeat(10_000), 400, "body", "malformed_json"),
        (" ".repeat((1 << 20) + 1), 413, "body", "too_large"),
    ];
    for (text, status, field, reason) in bodies {
        let shown: String = text.chars().take(60).collect();
        let (got, answer) = json(system.api, post(text)).await;
        assert_eq!(got, status, "{shown}");
        assert_eq!((&answer["field"], &answer["reason"]), (&body!(field), &body!(reason)), "{shown}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    let ada = r#"{"name":"Ada","gender":"female"}"#;
    let with = |name: &str, value: &[u8]| {
        let mut request = post(ada);
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, http::HeaderValue::from_bytes(value).unwrap());
        request
    };
    let long_key = "k".repeat(256);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for (request, status, field, reason) in [
        (with("content-type", b"text/plain"), 415, body!("Content-Type"), "unsupported_media_type"),
        (Request::post("/register").body(ada.into()).unwrap(), 415, body!("Content-Type"), "unsupported_media_type"),
        (with("idempotency-key", b""), 400, body!("Idempotency-Key"), "malformed"),
        (with("idempotency-key", b"\xff"), 400, body!("Idempotency-Key"), "malformed"),
        (with("idempotency-key", long_key.as_bytes()), 400, body!("Idempotency-Key"), "malformed"),
        (post("\u{0}"), 400, body!("body"), "malformed_json"),
        (get("/nowhere"), 404, Value::Null, "unknown_route"),
        (get("/register"), 405, Value::Null, "method_not_allowed"),
        (get("/user/get/abc"), 400, body!("id"), "not_a_number"),
        (get("/user/get/-1"), 400, body!("id"), "not_a_number"),
        (get("/user/get/99999999999999999999"), 400, body!("id"), "not_a_number"),
        (get("/user/get/%ff"), 400, body!("id"), "not_a_number"),
        (get("/user/get/1"), 404, Value::Null, "not_found"),
        (get("/users?limit=0"), 400, body!("limit"), "out_of_range"),
        (get("/users?limit=101"), 400, body!("limit"), "out_of_range"),
        (get("/users?after=x"), 400, body!("after"), "not_a_number"),
    ] {
        let shown = format!("{} {}", request.method(), request.uri());
        let (got, answer) = json(system.api, request).await;
        assert_eq!(got, status, "{shown} {answer}");
        assert_eq!((&answer["field"], &answer["reason"]), (&field, &body!(reason)), "{shown}");
    }
    assert_eq!(rows(directory.path()).await, (0, 0, 0));
    // What is odd but allowed: 64 characters of any script, a charset, a key that is not ours.
    let name = "\u{1F980}".repeat(64);
    let odd = body!({"name": name, "gender": "male", "inviteCode": "", "more": {}});
    let mut request = post(odd.to_string());
    request.headers_mut().insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    let (status, answer) = json(system.api, request).await;
    assert_eq!((status.as_u16(), &answer["data"]["name"]), (200, &body!(name)));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_registration_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let ada = body!({"name": "Ada", "gender": "female"});
    let refused = body!({"name": "Bob", "gender": "male", "inviteCode": "NOPE"});
    let system = Arc::new(start(directory.path()).await);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (system, ada) = (Arc::clone(&system), ada.clone());
        all.spawn(async move { system.register_with(&ada, Some("key-1")).await });
    }
    let answers = all.join_all().await;
    let first = answers[0].clone();
    assert_eq!(first.0, 200, "{}", first.1);
    assert!(answers.iter().all(|a| *a == first), "{answers:?}");
    let no = system.register_with(&refused, Some("key-2")).await;
    assert_eq!(no.0, 409);
    assert_eq!(system.register_with(&refused, Some("key-2")).await, no);
    // Another body under a used key, whatever became of it.
    for (key, other) in [("key-1", body!({"name": "Ada", "gender": "male"})), ("key-2", ada.clone())] {
        let (status, answer) = system.register_with(&other, Some(key)).await;
        assert_eq!((status.as_u16(), &answer["field"]), (422, &body!("Idempotency-Key")));
    }
    Arc::into_inner(system).unwrap().stop().await;

    let system = start(directory.path()).await;
    assert_eq!(system.register_with(&ada, Some("key-1")).await, first);
    assert_eq!(rows(directory.path()).await, (1, 1, 10));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_with_every_tenth_refused() {
    let directory = tempfile::tempdir().unwrap();
    let system = Arc::new(start(directory.path()).await);
    let mut all = tokio::task::JoinSet::new();
    for i in 0..200 {
        let system = Arc::clone(&system);
        all.spawn(async move {
            let code = if i % 10 == 0 { "NOPE" } else { "" };
            let user = body!({"name": format!("u{i}"), "gender": "other", "inviteCode": code});
            (i, system.register_to_the_end(&user).await)
        });
    }
    let mut ids = std::collections::BTreeSet::new();
    for (i, (state, answer)) in all.join_all().await {
        if i % 10 == 0 {
            assert_eq!((state.as_str(), &answer["reason"]), ("rolled_back", &body!("invite_code_unknown")));
        } else {
            assert_eq!(state, "succeeded", "{answer}");
            ids.insert(answer["id"].to_string());
        }
    }
    assert_eq!(ids.len(), 180, "no id twice");
    Arc::into_inner(system).unwrap().stop().await;
    assert_eq!(rows(directory.path()).await, (180, 180, 1800));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metrics_port_shows_its_own_service() {
    let directory = tempfile::tempdir().unwrap();
    let system = start(directory.path()).await;
    let (status, _) = system.register(&body!({"name": "Ada", "gender": "female"})).await;
    assert_eq!(status, 200);
    let expected = [
        (
            "user-api",
            vec!["http_server_requests_code_total{code=\"200\",method=\"POST\",path=\"/register\"} 1"],
            vec!["rpc_server_requests_code_total{", "sql_client_requests_duration_ms_count{"],
        ),
        (
            "user-rpc",
            vec![
                "rpc_server_requests_code_total{code=\"0\",method=\"/user.User/saveUser\"} 1",
                "sql_client_requests_duration_ms_count{command=\"exec\"} 1",
            ],
            vec!["http_server_requests_code_total{", "userscore"],
        ),
        (
            "score-rpc",
            vec![
                "rpc_server_requests_code_total{code=\"0\",method=\"/userscore.UserScore/saveUserScore\"} 1",
                "sql_client_requests_duration_ms_count{command=\"exec\"} 2",
            ],
            vec!["http_server_requests_code_total{", "/user.User/"],
        ),
    ];
    for ((service, shown, hidden), (name, address)) in expected.into_iter().zip(&system.metrics) {
        assert_eq!(service, *name);
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let (status, text) = common::text(*address, request).await;
        assert_eq!(status, 200);
        for line in shown {
            assert!(text.contains(line), "{service}: {line}\n{text}");
        }
        for part in hidden {
            assert!(!text.contains(part), "{service}: {part}\n{text}");
        }
    }
    system.stop().await;
}
