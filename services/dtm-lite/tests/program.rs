//! The program as an operator meets it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

fn dtm_lite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dtm-lite")).args(arguments).output().unwrap()
}

fn with_yaml(folder: &Path, yaml: &str, more: &[&str]) -> Output {
    let file = folder.join("conf.yml");
    std::fs::write(&file, yaml).unwrap();
    let mut arguments = vec!["-f", file.to_str().unwrap()];
    arguments.extend(more);
    dtm_lite(&arguments)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn it_tells_its_version_and_its_configuration() {
    let version = dtm_lite(&["--version"]);
    assert!(version.status.success());
    assert!(text(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
    let folder = tempfile::tempdir().unwrap();
    let yaml = "MicroService:\n  Driver: 'dtm-driver-gozero'\n  Target: 'etcd://localhost:2379/dtmservice'\n  EndPoint: 'localhost:36790'\nStore:\n  Password: secret\n";
    let checked = with_yaml(folder.path(), yaml, &["--check-config"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let shown = text(&checked.stdout);
    for wanted in ["GrpcPort: 36790", "HttpPort: 36789", "RetryInterval: 10", "RequestTimeout: 3", "localhost:36790"] {
        assert!(shown.contains(wanted), "{wanted} is missing in\n{shown}");
    }
    assert!(!shown.contains("secret"));
}

#[test]
fn a_wrong_value_is_one_line_with_file_key_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for (yaml, words) in [
        ("RetryInterval: 0\n", ["RetryInterval", "86400"]),
        ("GrpcPort: many\n", ["GrpcPort", "many"]),
        ("Store:\n  Driver: boltdb\n", ["Driver", "sqlite"]),
        ("MicroService:\n  Target: consul://a:1/k\n", ["MicroService.Target", "etcd://"]),
        ("AlertWebHook: ftp://a/b\n", ["AlertWebHook", "http://"]),
        ("MaxRetryInterval: 1\n", ["MaxRetryInterval", "RetryInterval"]),
    ] {
        let output = with_yaml(folder.path(), yaml, &[]);
        assert_eq!(output.status.code(), Some(1), "{yaml}");
        let error = text(&output.stderr);
        assert_eq!(error.lines().count(), 1, "{error}");
        for word in words.into_iter().chain(["conf.yml"]) {
            assert!(error.contains(word), "{yaml}: {error}");
        }
    }
}

#[test]
fn a_port_in_use_is_one_line_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dtm.db");
    let yaml = format!("GrpcPort: {port}\nStore:\n  Path: {}\nLog:\n  Level: error\n", path.display());
    let output = with_yaml(folder.path(), &yaml, &[]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains(&port.to_string()) && error.contains("in use"), "{error}");
}
