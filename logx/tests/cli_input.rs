//! What every command makes of input that is no good log: marks, line ends, damage, sizes, files that are no files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/support.rs"]
mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{logx, logx_with_input};

const LINE: &str = r#"{"@timestamp":"2026-11-24T00:10:01Z","level":"info","caller":"a/b.rs:1","content":"x","uid":1}"#;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn line_ends_of_other_systems_are_fine_and_a_byte_order_mark_is_named() {
    let run = logx_with_input(&["check", "--forbid", ".uid != 1"], format!("{LINE}\r\n{LINE}\r\n").as_bytes());
    assert_eq!(run.status, 0, "{}", run.stdout);
    let run = logx_with_input(&["check"], format!("\u{feff}{LINE}\n{LINE}\n").as_bytes());
    assert_eq!(run.status, 1);
    assert!(run.stdout.starts_with("<stdin>:1: json: not JSON: a byte order mark, column 1\n"), "{}", run.stdout);
    assert!(run.stdout.contains("1 finding in 1 file, 2 lines"), "{}", run.stdout);
}

#[test]
fn damage_in_the_middle_says_up_to_where_it_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("damaged.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(format!("{LINE}\n").repeat(3).as_bytes()).unwrap();
    let mut bytes = encoder.finish().unwrap();
    bytes.truncate(bytes.len() - 8);
    std::fs::write(&file, &bytes).unwrap();
    let said = "damaged.gz: unexpected end of file, after line 3";
    for command in [&["view"][..], &["top"], &["trace", "4bf9"]] {
        let run = logx(&[command, &[text(&file)]].concat());
        assert_eq!(run.status, 2, "{command:?}");
        assert!(run.stderr.contains(said), "{command:?} {}", run.stderr);
    }
    let run = logx(&["check", text(&file), "good.jsonl"]);
    assert_eq!(run.status, 2);
    assert!(run.stdout.contains("unreadable: unexpected end of file, after line 3"), "{}", run.stdout);
    assert!(run.stdout.contains("no findings in 1 file, 10 lines"), "the rest is looked at: {}", run.stdout);
}

#[test]
#[cfg(target_os = "linux")]
fn what_opens_but_cannot_be_read_is_unreadable_and_the_rest_is_processed() {
    for command in ["check", "view", "top"] {
        let run = logx(&[command, "/proc/self/mem", "good.jsonl"]);
        assert_eq!(run.status, 2, "{command}");
        let said = run.stdout.clone() + &run.stderr;
        assert!(said.contains("/proc/self/mem: ") && said.contains("Input/output error"), "{command} {said}");
        assert!(run.stdout.contains("7 lines") || run.stdout.contains("registered user 17"), "{command} {said}");
    }
}

#[test]
fn a_line_too_long_to_be_looked_at_keeps_its_place_among_the_last_ones() {
    let long = format!("{{\"content\":\"{}\"}}", "y".repeat(2000));
    let input = format!("{LINE}\n{long}\n{}\n", LINE.replace(r#""x""#, r#""z""#));
    let view = |n: &str| logx_with_input(&["view", "--max-line", "1K", "-n", n], input.as_bytes()).stdout;
    let note = "(a line of 2014 bytes, longer than --max-line)\n";
    assert_eq!(view("2"), format!("{note}2026-11-24\n00:10:01 info  a/b.rs:1 z uid=1\n"));
    assert_eq!(view("1"), "2026-11-24\n00:10:01 info  a/b.rs:1 z uid=1\n");
    assert_eq!(view("0"), "");
}

#[test]
fn names_that_are_data_are_cut_and_not_kept_whole() {
    let long = "ä".repeat(1 << 20);
    let line = LINE.replace(r#""x""#, &format!(r#""{long}","duration":"1s""#)).replace("a/b.rs", &long);
    let run = logx_with_input(&["top", "--json"], line.as_bytes());
    assert_eq!(run.status, 0);
    assert!(run.stdout.len() < 20_000, "{}", run.stdout.len());
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["lines"], 1);
}

#[test]
fn the_same_input_twice_is_read_once_from_a_pipe_and_twice_from_a_file() {
    let run = logx_with_input(&["check", "-", "-"], format!("{LINE}\n").as_bytes());
    assert_eq!((run.status, run.stdout.as_str()), (0, "no findings in 2 files, 1 line, 95 bytes\n"));
    assert!(logx(&["check", "good.jsonl", "good.jsonl"]).stdout.contains("14 lines"));
}

#[test]
#[cfg(unix)]
fn a_schema_is_written_through_a_link_and_into_a_pipe_and_replaces_neither() {
    let directory = tempfile::tempdir().unwrap();
    let (real, link, pipe) =
        (directory.path().join("real.json"), directory.path().join("link.json"), directory.path().join("pipe"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert_eq!(logx(&["check", "--learn", text(&link), "good.jsonl"]).status, 0);
    assert!(link.is_symlink());
    let written = std::fs::read_to_string(&real).unwrap();
    assert!(written.contains("x-logx-learned"), "{written}");

    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(logx(&["check", "--learn", text(&pipe), "good.jsonl"]).status, 0);
    assert!(!pipe.is_file(), "the pipe was replaced");
    assert_eq!(reader.join().unwrap(), written);
}
