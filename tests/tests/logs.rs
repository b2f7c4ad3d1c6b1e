//! The services' own logs through the inspector, as a pipeline would: both streams of every program, each backend, the rules in
//! `rules/`. A good registration keeps them, and each rule fails when its fault is planted.
//!
//! `UPDATE_SCHEMA=1` writes `rules/services.schema.json` anew, after lines got a key or a key got another type on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::build::Features;
use tests::inspect::{self, Verdict};
use tests::system::{Edit, PROBE_TRACE, Shape, System};

/// Sent with the registration as a credential: it must not turn up.
const CANARY: &str = "c4n4ry-0f-the-registration";
/// The types of the keys in the services' lines, which [`inspect::REGISTRATION`] refers to.
const SCHEMA: &str = "services.schema.json";

/// What the programs of one run printed, each stream in a file of its own, and the registration's trace.
struct Logs {
    dir: TempDir,
    files: Vec<PathBuf>,
    trace: String,
}

impl Logs {
    /// Starts the system, registers one user and stops it.
    fn of_registration(shape: Shape, features: Features, edits: &[Edit<'_>]) -> Self {
        let system = System::start_edited(shape, features, edits).unwrap();
        let reply = system.register("Ada", None, &[("Authorization", &format!("Bearer {CANARY}"))]).unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        let trace = reply.header("traceparent").unwrap().split('-').nth(1).unwrap().to_owned();
        let mut logs = Self { dir: tempfile::tempdir().unwrap(), files: Vec::new(), trace };
        for (name, ended) in system.stop().unwrap() {
            logs.files.extend(inspect::write_streams(logs.dir.path(), name, &ended).unwrap());
        }
        logs
    }

    /// The lines of all files, each with the number of its file.
    fn lines(&self) -> Vec<(usize, Value)> {
        let of_file = |(number, file): (usize, &PathBuf)| {
            let text = fs::read_to_string(file).unwrap();
            text.lines().map(|line| (number, serde_json::from_str(line).unwrap())).collect::<Vec<_>>()
        };
        self.files.iter().enumerate().flat_map(of_file).collect()
    }

    /// The same with other lines.
    fn with_lines(&self, lines: &[(usize, Value)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = self.files.iter().map(|file| dir.path().join(file.file_name().unwrap())).collect::<Vec<_>>();
        for (number, file) in files.iter().enumerate() {
            let of_file = lines.iter().filter(|(at, _)| *at == number);
            fs::write(file, of_file.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
        }
        Self { dir, files, trace: self.trace.clone() }
    }

    /// What `logx check` says of them under the rules for one registration, the harness's own request left out.
    fn check(&self) -> Verdict {
        let rules = inspect::rules(inspect::REGISTRATION).display().to_string();
        let (registration, traced) = (format!(".trace != {PROBE_TRACE:?}"), format!(".trace == {:?}", self.trace));
        let args = ["--rules", &rules, "--where", &registration, "--require", &traced, "--canary", CANARY];
        inspect::check(&args, &self.files).unwrap()
    }
}

/// Writes the types of these logs' keys as the schema that the rules refer to.
fn learn(logs: &[&Logs]) {
    let files: Vec<_> = logs.iter().flat_map(|logs| logs.files.clone()).collect();
    let schema = inspect::rules(SCHEMA).display().to_string();
    inspect::check(&["--learn-by", "file", "--learn", &schema], &files).unwrap().fine().unwrap();
}

#[test]
fn a_good_registration_keeps_the_rules_in_one_process_and_in_four() {
    let stack = Logs::of_registration(Shape::Stack, Features::Default, &[]);
    let split = Logs::of_registration(Shape::Split, Features::Default, &[]);
    assert_eq!((stack.files.len(), split.files.len()), (2, 8), "both streams of each program");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        learn(&[&stack, &split]);
    }
    for (what, logs) in [("one process", &stack), ("four", &split)] {
        let verdict = logs.check();
        assert_eq!(verdict.status, Some(0), "{what} (UPDATE_SCHEMA=1 learns new types): {}", verdict.text);
    }
    every_fault_is_found(&stack);
}

#[test]
fn a_good_registration_keeps_the_rules_through_every_backend() {
    let backend = |name| format!("Level: info\n  Backend: {name}");
    let of_both = ["slog", "tracing", "native"].map(|name| (Features::Both, Some(name)));
    let alone = [(Features::Tracing, None), (Features::Native, None)];
    for (features, name) in of_both.into_iter().chain(alone) {
        let text = name.map(backend);
        let edits: Vec<_> = text.iter().map(|text| ("Level: info", text.as_str())).collect();
        let logs = Logs::of_registration(Shape::Stack, features, &edits);
        let verdict = logs.check();
        assert_eq!(verdict.status, Some(0), "{features:?} {name:?}: {}", verdict.text);
        let started = format!("log backend {}", name.unwrap_or(features.backends().split(',').next().unwrap()));
        let says = |(_, line): &(usize, Value)| line["content"].as_str().unwrap().ends_with(&started);
        assert!(logs.lines().iter().any(says), "{features:?} {name:?}: no line says {started}");
    }
}

/// Each fault is planted on the stream where it would come, and found by the rule that is there for it.
fn every_fault_is_found(good: &Logs) {
    const STDERR: usize = 1;
    assert!(good.files[STDERR].ends_with("stack.stderr.log"));
    let lines = good.lines();
    let find =
        |text: &str| lines.iter().position(|(_, line)| line["content"].as_str().unwrap().contains(text)).unwrap();
    let (answer, stored, started) = (find("POST /register"), find("INSERT INTO user "), find("Starting rpc server"));
    let error = |mut line: Value| {
        (line["level"], line["content"]) = ("error".into(), "the points cannot be kept".into());
        (STDERR, line)
    };
    type Lines = Vec<(usize, Value)>;
    type Fault<'a> = (&'a str, &'a dyn Fn(&mut Lines));
    let faults: [Fault<'_>; 13] = [
        ("forbidden: above slow", &|l| l.push(error(l[answer].1.clone()))),
        ("forbidden: above slow", &|l| l.push(error(l[started].1.clone()))),
        ("duration: number, but only string was seen", &|l| l[answer].1["duration"] = json!(116.5)),
        ("service: array, but only string was seen", &|l| l[started].1["service"] = json!(["user-rpc"])),
        ("age: unknown key", &|l| l[stored].1["age"] = json!(36)),
        ("secret: value of a secret key", &|l| l[answer].1["password"] = "hunter2-hunter2".into()),
        ("secret: canary", &|l| l[answer].1["content"] = format!("{}{CANARY}", l[answer].1["content"]).into()),
        ("no such line: the user is stored", &|l| drop(l.remove(stored))),
        ("10 lines, at most 9 allowed", &|l| l.push(l[stored].clone())),
        ("10 lines, at most 9 allowed", &|l| l.push((0, of_trace(&l[answer].1, "sql exec: DROP TABLE user")))),
        ("forbidden: neither of", &|l| l[stored].1["trace"] = Value::Null),
        ("same: ", &|l| l[answer].1["trace"] = "0".repeat(32).into()),
        ("missing-key: no key caller", &|l| drop(l[started].1.as_object_mut().unwrap().remove("caller"))),
    ];
    for (name, plant) in faults {
        let mut planted = lines.clone();
        plant(&mut planted);
        let verdict = good.with_lines(&planted).check();
        assert_eq!(verdict.status, Some(1), "{name}: {}", verdict.text);
        assert!(verdict.text.contains(name), "{name}: {}", verdict.text);
        assert!(!verdict.text.contains("hunter2-hunter2"), "the report leaks: {}", verdict.text);
    }
    good.with_lines(&lines).check().fine().unwrap();
}

fn of_trace(line: &Value, content: &str) -> Value {
    let mut line = line.clone();
    line["content"] = content.into();
    line
}
