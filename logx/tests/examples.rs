//! Every example runs and prints what it says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Builds the examples, once, with the cargo that runs this test, and gives their directory.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--examples",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ]);
        // The test's own directory is <target>/<profile>/deps.
        let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let profile = deps.parent().unwrap();
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
        profile.join("examples")
    })
}

fn run(name: &str, args: &[&Path]) -> Output {
    let out = Command::new(directory().join(name)).args(args).output().unwrap();
    assert!(out.status.success(), "{name}: {out:?}");
    out
}

/// The lines of an example's stdout as JSON.
fn lines(name: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(run(name, &[]).stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}"))).collect()
}

#[test]
fn hello_prints_every_call_form() {
    let lines = lines("01_hello");
    assert!(
        lines.iter().any(|line| line["content"] == "registered ann" && line["uid"] == 7 && line["service"] == "hello")
    );
    let stderr = String::from_utf8(run("01_hello", &[]).stderr).unwrap();
    for word in ["error", "slow", "alert", "fatal"] {
        assert!(stderr.contains(&format!("\"level\":\"{word}\"")), "{word}");
    }
}

#[test]
fn context_is_on_the_lines_of_its_request_only() {
    let lines = lines("02_context");
    assert_eq!(lines.len(), 5);
    for line in &lines[..4] {
        assert_eq!((&line["request"], &line["span"]), (&"r-1".into(), &"b7ad6b7169203331".into()));
    }
    assert_eq!((&lines[2]["task"], &lines[4]["trace"]), (&1.into(), &serde_json::Value::Null));
}

#[test]
fn files_rotate_and_compress() {
    let dir = tempfile::tempdir().unwrap();
    run("03_files", &[dir.path()]);
    let names: Vec<String> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("access-") && name.ends_with(".gz")), "{names:?}");
    let error = std::fs::read_to_string(dir.path().join("error.log")).unwrap();
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn masking_shows_no_secret() {
    let text = String::from_utf8(run("04_masking", &[]).stdout).unwrap();
    assert_eq!(text.lines().count(), 4);
    for secret in ["hunter2", "s3cret", "411111"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("****1111") && text.contains("\"name\":\"ann\""));
}

#[test]
fn an_own_writer_gets_its_kind() {
    let lines = lines("05_own_writer");
    let last = lines.last().unwrap();
    assert_eq!((&last["alerts"], &last["write_errors"]), (&1.into(), &2.into()));
}

#[test]
fn testing_checks_itself() {
    assert_eq!(lines("06_testing").last().unwrap()["content"], "every check held");
}

#[test]
fn targets_have_their_levels_behind_a_background_writer() {
    let text = String::from_utf8(run("07_targets_and_background", &[]).stdout).unwrap();
    assert_eq!((text.matches("a step").count(), text.matches("a detail").count()), (2, 1), "{text}");
}
