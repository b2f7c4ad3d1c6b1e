//! Bad input side by side with a real dtm: the same codes, ours with a message that names the field, and nothing half-stored.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and prints the codes")]

mod common;
#[path = "common/web.rs"]
mod web;

use std::net::SocketAddr;

use common::real_dtm::{self, RealDtm, on_mariadb};
use common::{Coordinator, conf, mariadb};
use dtm::pb::dtm_client::DtmClient as Grpc;
use dtm::pb::{DtmBranchRequest, DtmRequest, DtmTransOptions};
use serde_json::{Value, json};

/// A server that is asked.
struct Server {
    http: SocketAddr,
    grpc: Grpc<discovery::Channel>,
}

/// A call, and a word that our refusal has to hold; an empty one for what is taken in.
struct Case {
    name: &'static str,
    word: &'static str,
    call: Call,
}

enum Call {
    Http(&'static str, &'static str, String),
    Submit(Box<DtmRequest>),
    Prepare(Box<DtmRequest>),
    Abort(Box<DtmRequest>),
    Register(DtmBranchRequest),
}

impl Server {
    async fn new(http: SocketAddr, grpc: u16) -> Self {
        let grpc = Grpc::new(discovery::connect(&format!("127.0.0.1:{grpc}")).await.unwrap());
        Self { http, grpc: grpc.max_encoding_message_size(64 << 20) }
    }

    async fn ours(coordinator: &Coordinator) -> Self {
        Self::new(coordinator.http, coordinator.grpc.port()).await
    }

    async fn real(dtm: &RealDtm) -> Self {
        Self::new(SocketAddr::from(([127, 0, 0, 1], dtm.http)), dtm.grpc).await
    }

    /// The code and the text of the answer.
    async fn ask(&self, call: &Call) -> (String, String) {
        let mut grpc = self.grpc.clone();
        let answered = match call {
            Call::Http(method, path, body) => {
                let (code, answer) = web::ask(self.http, method, &format!("/api/dtmsvr/{path}"), body.clone()).await;
                let text = answer["message"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
                return (code.to_string(), text);
            }
            Call::Submit(request) => grpc.submit((**request).clone()).await,
            Call::Prepare(request) => grpc.prepare((**request).clone()).await,
            Call::Abort(request) => grpc.abort((**request).clone()).await,
            Call::Register(request) => grpc.register_branch(request.clone()).await,
        };
        match answered {
            Ok(_) => ("Ok".to_owned(), String::new()),
            Err(status) => (format!("{:?}", status.code()), status.message().to_owned()),
        }
    }
}

fn saga() -> Value {
    json!({"gid": "bad", "trans_type": "saga", "wait_result": true, "steps": [{"action": "", "compensate": ""}], "payloads": ["{}"]})
}

fn with(gid: &str, key: &str, value: Value) -> String {
    let mut saga = saga();
    saga["gid"] = gid.into();
    saga[key] = value;
    saga.to_string()
}

fn grpc(gid: &str, change: impl FnOnce(&mut DtmRequest)) -> Box<DtmRequest> {
    let mut request = DtmRequest {
        gid: gid.to_owned(),
        trans_type: "saga".into(),
        steps: r#"[{"action":"","compensate":""}]"#.into(),
        bin_payloads: vec![Vec::new()],
        trans_options: Some(DtmTransOptions { wait_result: true, ..Default::default() }),
        ..Default::default()
    };
    change(&mut request);
    Box::new(request)
}

fn http_cases() -> Vec<Case> {
    let long = "g".repeat(129);
    let submit = |name, word, body: String| Case { name, word, call: Call::Http("POST", "submit", body) };
    let post = |name, word, path, gid: &str| Case {
        name,
        word,
        call: Call::Http("POST", path, json!({"gid": gid}).to_string()),
    };
    let nulls = json!({
        "gid": "nulls", "trans_type": "saga", "steps": [{"action": "", "compensate": ""}], "payloads": ["{}"], "custom_data": null,
        "wait_result": true, "timeout_to_fail": null, "request_timeout": null, "retry_interval": null, "retry_limit": null,
        "branch_headers": null, "query_prepared": null, "protocol": null, "rollback_reason": null, "req_extra": null, "concurrent": null,
        "passthrough_headers": null,
    });
    vec![
        submit("unknown type", "trans type", with("bad", "trans_type", json!("nonsense"))),
        submit("no type", "trans type", with("bad", "trans_type", Value::Null)),
        submit("too few payloads", "payloads", with("bad", "payloads", json!([]))),
        submit("malformed JSON", "body: ", "{".to_owned()),
        submit("JSON that is no object", "body: ", "[]".to_owned()),
        submit("steps of another kind", "steps", with("bad", "steps", json!("x"))),
        submit("gid of another kind", "gid", r#"{"gid": 7, "trans_type": "saga"}"#.to_owned()),
        submit("seconds of another kind", "timeout_to_fail", with("bad", "timeout_to_fail", json!("x"))),
        submit("payloads of another kind", "payloads", with("bad", "payloads", json!([{"a": 1}]))),
        submit("malformed order", "custom_data", with("bad", "custom_data", json!("{"))),
        submit("gid of 129 characters", "gid", with(&long, "protocol", json!("http"))),
        submit("payload of 70 KB", "payload", with("large70", "payloads", json!(["x".repeat(70 << 10)]))),
        submit("payload of 10 MB", "payload", with("large10", "payloads", json!(["x".repeat(10 << 20)]))),
        submit("nulls", "", nulls.to_string()),
        submit("a saga that succeeds", "", with("done", "protocol", json!("http"))),
        submit("submitted after its end", "'succeed', cannot sumbmit", with("done", "protocol", json!("http"))),
        Case {
            name: "prepared after its end",
            word: "'succeed', cannot prepare",
            call: Call::Http("POST", "prepare", with("done", "protocol", json!("http"))),
        },
        Case {
            name: "aborted after its end",
            word: "'succeed', cannot abort",
            call: Call::Http("POST", "abort", with("done", "protocol", json!("http"))),
        },
        post("stopped after its end", "succeed", "forceStop", "done"),
        post("stopping what is not there", "gid: nothing", "forceStop", "nothing"),
        post("hastening what is not there", "gid: nothing", "resetNextCronTime", "nothing"),
        Case { name: "asking without a gid", word: "gid", call: Call::Http("GET", "query", String::new()) },
    ]
}

fn grpc_cases() -> Vec<Case> {
    let submit = |name, word, request| Case { name, word, call: Call::Submit(request) };
    vec![
        submit("gRPC unknown type", "trans type", grpc("bad", |r| r.trans_type = "nonsense".into())),
        submit("gRPC no type", "trans type", grpc("bad", |r| r.trans_type.clear())),
        submit("gRPC malformed steps", "steps", grpc("bad", |r| r.steps = "{".into())),
        submit("gRPC too few payloads", "payloads", grpc("bad", |r| r.bin_payloads.clear())),
        submit("gRPC malformed order", "custom_data", grpc("bad", |r| r.customed_data = "{".into())),
        submit("gRPC gid of 129 characters", "gid", grpc(&"h".repeat(129), |_| ())),
        submit("gRPC payload of 70 KB", "payload", grpc("g70", |r| r.bin_payloads = vec![vec![7; 70 << 10]])),
        submit("gRPC payload of 10 MB", "payload", grpc("g10", |r| r.bin_payloads = vec![vec![7; 10 << 20]])),
        submit("gRPC a saga that succeeds", "", grpc("gdone", |_| ())),
        submit("gRPC submitted after its end", "'succeed', cannot sumbmit", grpc("gdone", |_| ())),
        Case {
            name: "gRPC prepared after its end",
            word: "'succeed', cannot prepare",
            call: Call::Prepare(grpc("gdone", |_| ())),
        },
        Case {
            name: "gRPC aborted after its end",
            word: "'succeed', cannot abort",
            call: Call::Abort(grpc("gdone", |_| ())),
        },
        Case {
            name: "gRPC aborting what is not there",
            word: "gid: nothing",
            call: Call::Abort(grpc("nothing", |_| ())),
        },
        Case {
            name: "gRPC a branch of an unknown type",
            word: "trans type",
            call: Call::Register(DtmBranchRequest { gid: "x".into(), trans_type: "x".into(), ..Default::default() }),
        },
    ]
}

/// `accepted` names what dtm alone takes in.
async fn compare(store: &str, ours: &Server, real: Option<&Server>, accepted: &[&str]) {
    let mut wrong = Vec::new();
    for case in http_cases().into_iter().chain(grpc_cases()) {
        let (code, text) = ours.ask(&case.call).await;
        let theirs = match real {
            Some(real) => Some(real.ask(&case.call).await),
            None => None,
        };
        let named = case.word.is_empty() || ["200", "Ok"].contains(&code.as_str()) || text.contains(case.word);
        let differs = accepted.contains(&case.name);
        let same = theirs.as_ref().is_none_or(|(theirs, _)| (*theirs == code) != differs);
        let short = |text: &str| text.chars().take(90).collect::<String>();
        let (their_code, their_text) = theirs.unwrap_or_default();
        let line =
            format!("{store}: {}: {code} {:?}; dtm {their_code} {:?}", case.name, short(&text), short(&their_text));
        eprintln!("{line}");
        if !named || !same || text.contains("panic") {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What was refused has left nothing behind.
async fn nothing_is_half_stored(at: &Server) {
    let (_, found) = web::ask(at.http, "GET", "/api/dtmsvr/all?limit=1000", "").await;
    let open: Vec<&Value> =
        found["transactions"].as_array().unwrap().iter().filter(|row| row["status"] != "succeed").collect();
    assert!(open.is_empty(), "{open:?}");
    for gid in ["bad", "nothing"] {
        let (_, found) = web::ask(at.http, "GET", &format!("/api/dtmsvr/query?gid={gid}"), "").await;
        assert_eq!(found["transaction"], Value::Null, "{gid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start_with(conf(folder.path())).await;
    let ours = Server::ours(&coordinator).await;
    let real = match real_dtm::program("codes of bad input") {
        Some(program) => Some(RealDtm::start(&program, folder.path(), &[]).await),
        None => None,
    };
    let beside = match &real {
        Some(real) => Some(Server::real(real).await),
        None => None,
    };
    // No SQL table holds such a gid, and boltdb has no limit; ours is the same for every store, so that a saga can move.
    compare("files", &ours, beside.as_ref(), &["gid of 129 characters", "gRPC gid of 129 characters"]).await;
    nothing_is_half_stored(&ours).await;
    coordinator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_mariadb_each() {
    let Some(server) = mariadb::server().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let on = async |schema: &str| {
        let mut conf = conf(folder.path());
        conf.store.driver = "mysql".into();
        conf.store.host = "127.0.0.1".into();
        conf.store.port = server.port;
        conf.store.db = schema.to_owned();
        Coordinator::start_with(conf).await
    };
    let coordinator = on(&server.database().await).await;
    let ours = Server::ours(&coordinator).await;
    let beside = match real_dtm::program("codes of bad input on MariaDB") {
        Some(program) => {
            let schema = server.database().await;
            // dtm makes no tables; ours are the same.
            on(&schema).await.stop().await;
            let real = RealDtm::start(&program, folder.path(), &on_mariadb(server, &schema)).await;
            Some((Server::real(&real).await, real))
        }
        None => None,
    };
    compare("MariaDB", &ours, beside.as_ref().map(|(server, _)| server), &[]).await;
    nothing_is_half_stored(&ours).await;
    coordinator.stop().await;
}
