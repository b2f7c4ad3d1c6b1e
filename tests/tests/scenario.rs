//! The main job with the real programs: a user is registered across three services, or is gone again; in one process and in four.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::build::Features;
use tests::http;
use tests::lines;
use tests::rows::Rows;
use tests::system::{Shape, System};

/// Registers users in every way there is and checks each answer and what stands in the databases.
fn registrations(system: &System) {
    let plain = system.register("Ada", None, &[]).unwrap();
    assert_eq!(plain.status, 200, "{plain:?}");
    let body = plain.json().unwrap();
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(body, json!({"message": "success", "data": {"id": id, "name": "Ada", "gender": "female", "score": 10}}));

    let invited = system.register("Bea", Some("WELCOME"), &[]).unwrap();
    assert_eq!((invited.status, &invited.json().unwrap()["data"]["score"]), (200, &json!(50)), "{invited:?}");

    let refused = system.register("Cleo", Some("NOBODY"), &[]).unwrap();
    assert_eq!(refused.status, 409, "{refused:?}");
    let refusal = refused.json().unwrap();
    assert_eq!(refusal["reason"], "invite_code_unknown", "{refusal}");
    for inside in ["127.0.0.1", "rpc", "Aborted", "sqlite"] {
        assert!(!refused.body.contains(inside), "{inside} in {}", refused.body);
    }

    let state = system.state(refusal["gid"].as_str().unwrap()).unwrap();
    assert_eq!((&state["state"], &state["reason"]), (&json!("rolled_back"), &json!("invite_code_unknown")), "{state}");
    let branches = state["branches"].as_array().unwrap();
    let branch = |op: &str, method: &str| {
        let found = branches.iter().find(|b| b["op"] == op && b["method"] == method);
        found.unwrap_or_else(|| panic!("no {op} {method} in {state}"))["state"].clone()
    };
    assert_eq!(branch("action", "saveUser"), "succeed");
    assert_eq!(branch("action", "saveUserScore"), "failed");
    assert_eq!(branch("compensate", "saveUserCallback"), "succeed");

    let user = system.user(&id).unwrap();
    assert_eq!((user.status, &user.json().unwrap()["data"]["score"]), (200, &json!(10)), "{user:?}");
    assert_eq!(system.user("4711").unwrap().status, 404);
    assert_eq!(http::get(system.ports.api, "/register/no-such-gid").unwrap().status, 404);

    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap();
    assert_eq!(rows.scores.iter().map(|(_, score)| *score).sum::<i64>(), 60, "{rows:?}");
    assert_eq!(rows.users.len(), 2, "nothing is left of the refused one: {rows:?}");
}

/// A system's lines without what differs from run to run: times, ids, ports and the like become `#`.
fn canonical(stdout: &str, stderr: &str) -> BTreeSet<String> {
    let run = |key: &str| ["@timestamp", "duration", "trace", "span"].contains(&key);
    let canonical = |line: &str| {
        let mut object = lines::service_line(line).unwrap();
        for (key, value) in &mut object {
            if run(key) {
                *value = Value::from("#");
            } else if let Value::String(text) = value
                && key != "caller"
            {
                *text = without_numbers(text);
            }
        }
        serde_json::to_string(&object).unwrap()
    };
    // Figures come by the clock, slow lines by the machine's load, and the start line names the backend.
    let by_chance = ["\"level\":\"stat\"", "\"level\":\"slow\"", "log backend"];
    let fixed = |line: &&str| !by_chance.iter().any(|part| line.contains(part));
    stdout.lines().chain(stderr.lines()).filter(fixed).map(canonical).collect()
}

/// Every word with a digit in it becomes `#`.
fn without_numbers(text: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || "-_.µ".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if word(first) {
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            out.push_str(if rest[..end].contains(|c: char| c.is_ascii_digit()) { "#" } else { &rest[..end] });
            rest = &rest[end..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn in_one_process(features: Features) -> BTreeSet<String> {
    let system = System::start(Shape::Stack, features).unwrap();
    registrations(&system);
    let mut ended = system.stop().unwrap();
    let stack = ended.remove("stack").unwrap();
    assert!(stack.stdout.lines().count() > 10, "{}", stack.stdout);
    canonical(&stack.stdout, &stack.stderr)
}

#[test]
fn four_processes_behave_as_one() {
    let system = System::start(Shape::Split, Features::Default).unwrap();
    registrations(&system);
    let ended = system.stop().unwrap();
    assert_eq!(ended.len(), 4);
}

#[test]
fn every_backend_gives_the_same_records() {
    let native = in_one_process(Features::Native);
    for features in [Features::Default, Features::Tracing, Features::Both] {
        let other = in_one_process(features);
        let (only_native, only_other): (Vec<_>, Vec<_>) =
            (native.difference(&other).collect(), other.difference(&native).collect());
        assert!(
            only_native.is_empty() && only_other.is_empty(),
            "{features:?}: only native {only_native:#?}, only here {only_other:#?}"
        );
    }
}
