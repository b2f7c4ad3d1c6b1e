//! What bad input, bad configuration, taken ports and a service that is away get.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use tests::build::{self, Features};
use tests::http;
use tests::program::{Ended, Running, eventually};
use tests::rows::Rows;
use tests::system::{Shape, System};

const END: Duration = Duration::from_secs(10);

/// Runs the stack with a configuration until it ends by itself.
fn run_stack(yaml: &str, args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stack.yaml");
    fs::write(&file, yaml).unwrap();
    let program = build::program("stack", Features::Default).unwrap();
    let args: Vec<_> = ["-f", "stack.yaml"].iter().chain(args).copied().collect();
    Running::start(&program, &args, dir.path()).unwrap().wait(END).unwrap()
}

fn shipped() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../services/etc/stack.yaml")).unwrap()
}

#[test]
fn a_port_in_use_is_one_line_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for shipped_port in ["8888", "9081", "8081", "36790"] {
        let [a, b, c, d, e, f, g, h] = tests::ports::free().unwrap();
        let mut yaml = shipped().replace(&format!(": {shipped_port}"), &format!(": {port}"));
        yaml = yaml.replace(&format!("127.0.0.1:{shipped_port}"), &format!("127.0.0.1:{port}"));
        for (from, to) in
            [("8888", a), ("9081", b), ("8080", c), ("9091", d), ("8081", e), ("9101", f), ("36789", g), ("36790", h)]
        {
            yaml = yaml.replace(from, &to.to_string());
        }
        let ended = run_stack(&yaml, &[]);
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let named: Vec<_> = ended.stderr.lines().filter(|line| line.contains(&port.to_string())).collect();
        assert_eq!(named.len(), 1, "{shipped_port}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    }
}

#[test]
fn a_wrong_value_is_one_line_with_file_key_found_and_allowed() {
    for (from, to, parts) in [
        ("  Level: info", "  Level: loud", &["stack.yaml", "Log.Level", "loud", "info"][..]),
        ("  Port: 8888", "  Port: 99999", &["stack.yaml", "UserApi.Port", "99999", "65535"][..]),
        ("    Driver: sqlite", "    Driver: paper", &["stack.yaml", "Dtm.Store.Driver", "paper", "sqlite"][..]),
        ("  Level: info", "  Backend: tracing", &["tracing", "slog, native"][..]),
    ] {
        assert!(shipped().contains(from));
        let ended = run_stack(&shipped().replacen(from, to, 1), &[]);
        assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(1), 1), "{to}: {ended:?}");
        for part in parts {
            assert!(ended.stderr.contains(part), "{part:?} is missing: {}", ended.stderr);
        }
    }
    let ended = run_stack("UserApi: [", &[]);
    assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(1), 1), "{ended:?}");
}

#[test]
fn an_unknown_key_is_a_warning_with_a_suggestion() {
    let yaml = shipped().replacen("  Port: 8888", "  Port: 8888\n  Timeut: 3000", 1);
    let ended = run_stack(&yaml, &["--check-config"]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("Timeut") && ended.stdout.contains("Timeout"), "{}", ended.stdout);
}

#[test]
fn version_lists_the_backends_that_are_compiled_in() {
    for features in [Features::Default, Features::Tracing, Features::Both, Features::Native] {
        let program = build::program("stack", features).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let ended = Running::start(&program, &["--version"], dir.path()).unwrap().wait(END).unwrap();
        let backends = format!("(backends: {})", features.backends());
        assert!(ended.status.success() && ended.stdout.trim_end().ends_with(&backends), "{features:?}: {ended:?}");
    }
}

#[test]
fn bad_requests_get_a_body_that_names_the_field() {
    let system = System::start(Shape::Stack, Features::Default).unwrap();
    let port = system.ports.api;
    let json_type = [("Content-Type", "application/json")];
    let post = |body: &[u8], headers: &[(&str, &str)]| http::send(port, "POST", "/register", headers, body).unwrap();
    let good = json!({"name": "Ada", "gender": "female"}).to_string();
    let with = |name: &str, value: serde_json::Value| {
        let mut body = json!({"name": "Ada", "gender": "female"});
        body[name] = value;
        body.to_string()
    };
    let cases = [
        (post(json!({"gender": "female"}).to_string().as_bytes(), &json_type), 400, "name"),
        (post(with("name", "".into()).as_bytes(), &json_type), 400, "name"),
        (post(with("name", "x".repeat(65).into()).as_bytes(), &json_type), 400, "name"),
        (post(with("name", 7.into()).as_bytes(), &json_type), 400, "name"),
        (post(with("gender", "cat".into()).as_bytes(), &json_type), 400, "gender"),
        (post(b"{\"name\":", &json_type), 400, "body"),
        (post(b"[]", &json_type), 400, "body"),
        (post(good.as_bytes(), &[("Content-Type", "text/plain")]), 415, "Content-Type"),
        (post(good.as_bytes(), &[json_type[0], ("Idempotency-Key", "")]), 400, "Idempotency-Key"),
        (post(with("name", "x".repeat(1 << 20).into()).as_bytes(), &json_type), 413, ""),
        (http::get(port, "/user/get/abc").unwrap(), 400, "id"),
        (http::get(port, "/users?limit=0").unwrap(), 400, "limit"),
        (http::get(port, "/nowhere").unwrap(), 404, ""),
        (http::send(port, "DELETE", "/register", &[], b"").unwrap(), 405, ""),
    ];
    for (reply, status, field) in &cases {
        assert_eq!(reply.status, *status, "{reply:?}");
        let body = reply.json().unwrap();
        assert!(body["message"].as_str().is_some_and(|m| !m.is_empty()), "{body}");
        assert!(body["reason"].is_string(), "{body}");
        if !field.is_empty() {
            assert_eq!(body["field"], *field, "{body}");
        }
    }
    assert!(Rows::read(system.dir()).unwrap().users.is_empty());
    let stack = system.stop().unwrap().remove("stack").unwrap();
    assert!(!stack.stderr.contains("\"level\":\"error\""), "a caller's mistake is no error: {}", stack.stderr);
}

#[test]
fn a_service_that_is_away_means_not_decided_and_the_state_tells_later() {
    let mut system = System::start(Shape::Split, Features::Default).unwrap();
    system.take("score-rpc").unwrap().kill().unwrap();
    let reply = system.register("Ada", None, &[("Idempotency-Key", "away")]).unwrap();
    assert_eq!(reply.status, 202, "{reply:?}");
    let gid = reply.json().unwrap()["gid"].as_str().unwrap().to_owned();
    assert_eq!(system.state(&gid).unwrap()["state"], "pending");

    system.start_one("score-rpc", &[]).unwrap();
    let ended = eventually("the registration ends", Duration::from_secs(60), || {
        let state = system.state(&gid).ok()?["state"].clone();
        (state != "pending").then_some(state)
    });
    assert_eq!(ended.unwrap(), "succeeded");
    let again = system.register("Ada", None, &[("Idempotency-Key", "away")]).unwrap();
    assert_eq!((again.status, &again.json().unwrap()["data"]["score"]), (200, &json!(10)), "{again:?}");
    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap();
    assert_eq!(rows.users.len(), 1);
    system.stop().unwrap();
}
