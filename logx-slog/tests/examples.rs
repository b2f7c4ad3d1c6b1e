//! The example runs and prints what it says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

/// Builds and runs an example of this crate as this test was built; what it printed.
fn run(name: &str) -> String {
    // The test's own directory is <target>/<profile>/deps.
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", name]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
    let out = Command::new(profile.join("examples").join(name)).output().unwrap();
    assert!(out.status.success(), "{name}: {out:?}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn an_own_logger_gets_messages_and_fields() {
    let text = run("own_logger");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!((&lines[0]["msg"], &lines[0]["uid"]), (&"registered ann".into(), &7.into()));
    assert_eq!((&lines[1]["msg"], &lines[1]["ms"]), (&"took its time".into(), &1_200.into()));
    assert!(lines.iter().all(|line| line["app"] == "shop"), "{text}");
}
