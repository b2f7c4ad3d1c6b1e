//! The services' own lines through the inspector, as a pipeline would: the rules file holds for a good registration, and each rule fails when
//! its fault is planted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::build::{self, Features};
use tests::system::{Shape, System};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/logs/registration.yaml");

/// The lines of one good registration and its trace.
fn registration() -> (Vec<Value>, String) {
    let system = System::start(Shape::Stack, Features::Default).unwrap();
    let reply = system.register("Ada", None, &[]).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    let trace = reply.header("traceparent").unwrap().split('-').nth(1).unwrap().to_owned();
    let stack = system.stop().unwrap().remove("stack").unwrap();
    // Both streams, from the first of the request to the last.
    let lines = stack.stdout.lines().chain(stack.stderr.lines()).map(|line| serde_json::from_str(line).unwrap());
    let of_registration =
        |line: &Value| line.get("trace").is_some() && line["content"].as_str().is_some_and(|c| !is_probe(c));
    (lines.filter(of_registration).collect(), trace)
}

/// The harness asks for a page of users until the system answers.
fn is_probe(content: &str) -> bool {
    content.contains("/users?limit=1") || content.contains("listUsers") || content.contains("WHERE id > ?")
}

fn check(dir: &Path, trace: &str, lines: &[Value]) -> Output {
    let file = dir.join("registration.log");
    fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let mut command = Command::new(build::inspector().unwrap());
    command.args(["check", "--rules", RULES, "--forbid", &format!(".trace != {trace:?}")]).arg(file);
    command.output().unwrap()
}

#[test]
fn a_good_registration_keeps_the_rules_and_each_planted_fault_breaks_one() {
    let (lines, trace) = registration();
    let dir = tempfile::tempdir().unwrap();
    let output = check(dir.path(), &trace, &lines);
    let said = |output: &Output| {
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert!(output.status.success(), "{}", said(&output));

    let answer = lines.iter().position(|line| line["content"].as_str().unwrap().starts_with("[HTTP]")).unwrap();
    let stored = lines.iter().position(|line| line["content"].as_str().unwrap().contains("INSERT INTO user ")).unwrap();
    type Fault<'a> = (&'a str, &'a dyn Fn(&mut Vec<Value>));
    let faults: [Fault<'_>; 9] = [
        ("above slow", &|l| l[answer]["level"] = "error".into()),
        ("duration", &|l| l[answer]["duration"] = json!(116.5)),
        ("secret", &|l| l[answer]["password"] = "hunter2-hunter2".into()),
        ("the user is stored", &|l| drop(l.remove(stored))),
        ("one user", &|l| l.push(l[stored].clone())),
        ("one answer", &|l| l.push(l[answer].clone())),
        ("no registration leaves", &|l| l[stored]["content"] = "sql drop".into()),
        ("trace", &|l| l[answer]["trace"] = "0".repeat(32).into()),
        ("trace", &|l| drop(l[answer].as_object_mut().unwrap().remove("trace"))),
    ];
    for (name, plant) in faults {
        let mut planted = lines.clone();
        plant(&mut planted);
        let output = check(dir.path(), &trace, &planted);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", said(&output));
        assert!(said(&output).contains(name), "{name}: {}", said(&output));
    }
}
