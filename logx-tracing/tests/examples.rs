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
fn a_program_of_tracing_prints_lines_of_logx() {
    let text = run("only_tracing");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((&line["level"], &line["content"]), (&"info".into(), &"answered".into()));
    assert_eq!((&line["status"], &line["method"]), (&200.into(), &"GET".into()));
}
