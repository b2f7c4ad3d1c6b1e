//! The program as an operator meets it: what it prints, what it exits with, that it survives being killed.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

fn program(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
    command.args(args).current_dir(directory).stdin(Stdio::null());
    command
}

fn run(directory: &Path, args: &[&str]) -> Output {
    program(directory, args).output().unwrap()
}

/// A configuration on free ports with its data in the working directory.
fn write_conf(directory: &Path, user_port: u16) {
    let yaml = format!(
        "UserApi: {{Name: user-api, Host: 127.0.0.1, Port: 0}}\n\
         UserRpc: {{Name: user-rpc, ListenOn: '127.0.0.1:{user_port}'}}\n\
         ScoreRpc: {{Name: score-rpc, ListenOn: '127.0.0.1:0'}}\n\
         Dtm: {{HttpPort: 0, GrpcPort: 0}}\n"
    );
    std::fs::write(directory.join("stack.yaml"), yaml).unwrap();
}

struct Running {
    child: Child,
    api: SocketAddr,
    stdout: std::thread::JoinHandle<Vec<String>>,
    stderr: std::thread::JoinHandle<String>,
}

/// Starts the program and waits until it says where user-api is.
fn start(directory: &Path) -> Running {
    let mut child =
        program(directory, &["-f", "stack.yaml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (told, address) = std::sync::mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let stdout = std::thread::spawn(move || {
        let mut all = Vec::new();
        for line in lines {
            let line = line.unwrap();
            let object: Value = serde_json::from_str(&line).expect("stdout carries log lines only");
            if let Some(api) = object["api"].as_str() {
                told.send(api.to_owned()).unwrap();
            }
            all.push(line);
        }
        all
    });
    let mut errors = child.stderr.take().unwrap();
    let stderr = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let api = address.recv_timeout(Duration::from_secs(20)).expect("it says where it is");
    let api = api.strip_prefix("http://").unwrap().parse().unwrap();
    Running { child, api, stdout, stderr }
}

impl Running {
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    async fn register(&self, name: &str) -> Value {
        let body = json!({"name": name, "gender": "other"}).to_string().into();
        let request = Request::post("/register").header("content-type", "application/json").body(body).unwrap();
        common::json(self.api, request).await.1
    }
}

#[test]
fn a_wrong_configuration_is_one_line_and_exit_1() {
    let directory = tempfile::tempdir().unwrap();
    for (text, expected) in [
        (
            "UserApi: {Name: a}",
            "stack: config file c.yaml, key UserApi.Port: found nothing, allowed: a whole number from 0 to 65535, the key is required\n",
        ),
        (
            "Log: {Backend: none}",
            "stack: config file c.yaml, key Log.Backend: found \"none\", allowed: slog, tracing, native\n",
        ),
        ("Dtm: [", "stack: config file c.yaml: found"),
    ] {
        std::fs::write(directory.path().join("c.yaml"), text).unwrap();
        let output = run(directory.path(), &["-f", "c.yaml"]);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{line}");
        assert!(line.starts_with(expected) && line.lines().count() == 1, "{line}");
    }
    let output = run(directory.path(), &["-f", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!directory.path().join("data").exists(), "nothing was begun");
}

#[test]
fn the_built_in_configuration_is_printed_and_valid_without_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let printed = run(directory.path(), &["--check-config"]);
    assert_eq!(printed.status.code(), Some(0));
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(!text.contains("# warning"), "{text}");
    std::fs::write(directory.path().join("c.yaml"), &text).unwrap();
    let again = run(directory.path(), &["--check-config", "-f", "c.yaml"]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text, "what is printed means the same");
    let version = String::from_utf8(run(directory.path(), &["--version"]).stdout).unwrap();
    assert!(version.contains("backends: ") && version.contains("native"), "{version}");
}

#[test]
fn a_port_in_use_is_one_line_that_names_it_and_exit_1() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    write_conf(directory.path(), port);
    let output = run(directory.path(), &["-f", "stack.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("stack: user-rpc: cannot listen on 127.0.0.1:{port}: the port is in use\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_in_order_on_sigterm_and_survives_being_killed() {
    let directory = tempfile::tempdir().unwrap();
    write_conf(directory.path(), 0);
    for round in 0..3_i64 {
        let mut killed = start(directory.path());
        assert_eq!(killed.register("Ada").await["message"], "success");
        killed.signal("-KILL");
        assert_eq!(killed.child.wait().unwrap().signal(), Some(9));

        let mut system = start(directory.path());
        assert_eq!(system.register("Eve").await["message"], "success");
        // What is under way when the signal comes is answered.
        let (answer, ()) = tokio::join!(system.register("Kim"), async {
            tokio::task::yield_now().await;
            let request = Request::get("/users").body(Body::empty()).unwrap();
            common::json(system.api, request).await;
            system.signal("-TERM");
        });
        assert_eq!(answer["message"], "success", "{answer}");
        assert_eq!(system.child.wait().unwrap().code(), Some(0));
        let errors = system.stderr.join().unwrap();
        assert_eq!(errors, "", "nothing is an error");
        let lines = system.stdout.join().unwrap();
        assert!(lines.iter().any(|l| l.contains("Got signal 15, shutting down...")), "{lines:?}");
        let users = 3 * (round + 1);
        let data = directory.path().join("data");
        assert_eq!(common::rows(&data).await, (users, users, 10 * users));
    }
}
