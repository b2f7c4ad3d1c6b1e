//! `logx view`, `trace` and `top`: what people are shown.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/support.rs"]
mod support;

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use support::{command, golden, logx, logx_with_input};

#[test]
fn lines_for_people() {
    for (name, args) in [
        ("view.txt", vec!["view", "good.jsonl", "plain.jsonl"]),
        ("view-colour.txt", vec!["view", "--color", "always", "good.jsonl"]),
        ("view-warn.txt", vec!["view", "--min-level", "warn", "good.jsonl"]),
        ("trace.txt", vec!["trace", "4bf92f35", "trace-api.jsonl", "trace-user.jsonl", "trace-score.jsonl"]),
        ("trace-registration.txt", vec!["trace", "", "registration.jsonl"]),
        ("top.txt", vec!["top", "good.jsonl", "registration.jsonl"]),
    ] {
        let trace = std::fs::read_to_string(support::dir().join("registration.jsonl")).unwrap();
        let id = trace.split(r#""trace":""#).nth(1).unwrap().split('"').next().unwrap();
        let args: Vec<_> = args.iter().map(|arg| if arg.is_empty() { id } else { arg }).collect();
        let run = logx(&args);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{args:?}");
        golden(name, &run.stdout);
    }
}

/// How many of good.jsonl's lines pass.
fn passed(filter: &[&str]) -> usize {
    let run = logx(&[&["top", "--json", "good.jsonl"], filter].concat());
    assert_eq!(run.status, 0, "{filter:?} {}", run.stderr);
    let counted: Value = serde_json::from_str(&run.stdout).unwrap();
    counted["lines"].as_u64().unwrap() as usize
}

#[test]
fn filters_take_what_they_name() {
    for (filter, lines) in [
        (vec![], 7),
        (vec!["--level", "error,fatal"], 2),
        (vec!["--min-level", "warn"], 3),
        (vec!["--target", "user-api/"], 2),
        (vec!["--since", "2026-11-24T00:10:02.7Z"], 3),
        (vec!["--until", "2026-11-24T00:10:02.7Z"], 4),
        (vec!["--since", "2026-11-24T02:10:02.7+02:00"], 3),
        (vec!["-e", ".uid > 17"], 1),
        (vec!["-e", ".uid", "-e", ".trace"], 1),
    ] {
        assert_eq!(passed(&filter), lines, "{filter:?}");
    }
    let run = logx(&["view", "--trace", "4bf92f", "good.jsonl"]);
    assert!(run.stdout.contains("registered user 17") && !run.stdout.contains("started"), "{}", run.stdout);
    let run = logx(&["view", "-n", "1", "good.jsonl"]);
    assert!(run.stdout.contains("kit/pool.rs:9") && !run.stdout.contains("started"), "{}", run.stdout);
}

#[test]
fn colours_are_for_terminals_and_not_for_who_refuses_them() {
    let coloured = |args: &[&str], environment: &[(&str, &str)]| {
        let output = command(args).envs(environment.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    for args in [&["view", "good.jsonl"][..], &["check", "bad.jsonl"], &["top", "good.jsonl"]] {
        assert!(!coloured(args, &[("TERM", "xterm")]), "{args:?}: a pipe is no terminal");
        assert!(coloured(args, &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(!coloured(args, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "{args:?}");
        assert!(coloured(&[args, &["--color", "always"]].concat(), &[("NO_COLOR", "1")]), "{args:?}: who asks gets it");
    }
}

#[test]
fn no_line_reaches_into_the_terminal() {
    let hostile = r#"{"level":"\u001b[31m","caller":"\u001b]0;x\u0007","content":"a\u001b[2J\nb\u009b1m","k\u001b":"v\u001b","@timestamp":"2026-11-24T00:\u001b"}"#;
    let input = format!("{hostile}\n\u{1b}[2Jno JSON\r\n");
    for args in [vec!["view"], vec!["top"], vec!["check", "--max-findings", "0"], vec!["check", "-o", "github"]] {
        let run = logx_with_input(&args, input.as_bytes());
        let control: Vec<_> = run.stdout.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert!(!run.stdout.is_empty() && control.is_empty(), "{args:?} {:?}", run.stdout);
    }
}

#[test]
fn what_is_missing_is_said() {
    let run = logx(&["trace", "ffffffff", "trace-api.jsonl"]);
    assert_eq!((run.status, run.stderr.as_str()), (1, "logx: no line with trace ffffffff\n"));
    for command in [vec!["view"], vec!["top"], vec!["trace", "4bf92f35"]] {
        let run = logx(&[command.as_slice(), &["gone.jsonl", "trace-api.jsonl"]].concat());
        assert_eq!(run.status, 2, "{command:?}");
        assert!(run.stderr.contains("logx: gone.jsonl: No such file"), "{}", run.stderr);
        assert!(run.stdout.contains("POST /register"), "{command:?} {}", run.stdout);
    }
    let run = logx(&["view", "--where", ".a |", "good.jsonl"]);
    assert!(run.status == 2 && run.stderr.contains("invalid expression"), "{}", run.stderr);
}

#[test]
fn help_and_completions_are_there() {
    for args in
        [vec!["--help"], vec!["check", "--help"], vec!["view", "--help"], vec!["trace", "-h"], vec!["top", "-h"]]
    {
        let run = logx(&args);
        assert!(run.status == 0 && run.stdout.contains("Examples:\n  "), "{args:?} {}", run.stdout);
    }
    for shell in ["bash", "zsh", "fish"] {
        let run = logx(&["completions", shell]);
        assert!(run.status == 0 && run.stdout.contains("max-findings"), "{shell}");
    }
}

struct Followed {
    child: Child,
    lines: Receiver<String>,
}

impl Followed {
    fn start(file: &Path) -> Self {
        let mut child = command(&["view", "-f"]).arg(file).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines }
    }

    /// The numbers of the lines from here to number `last`.
    fn until(&self, last: usize) -> Vec<usize> {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&last) {
            let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("the line comes");
            numbers.extend(line.split("line ").nth(1).map(|rest| rest.trim().parse::<usize>().unwrap()));
        }
        numbers
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(file: &Path, numbers: std::ops::Range<usize>) {
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    for n in numbers {
        let line = format!(r#"{{"@timestamp":"2026-11-24T00:10:01Z","level":"info","content":"line {n}"}}"#);
        // In two writes: half a line is not shown before its end is there.
        file.write_all(&line.as_bytes()[..20]).unwrap();
        writeln!(file, "{}", &line[20..]).unwrap();
    }
}

#[test]
fn a_file_is_followed_through_its_rotations() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("access.log");
    append(&file, 0..10);
    let followed = Followed::start(&file);
    assert_eq!(followed.until(9), (0..10).collect::<Vec<_>>());
    let mut next = 10;
    for round in 0..5 {
        append(&file, next..next + 50);
        std::fs::rename(&file, directory.path().join(format!("access-{round}.log"))).unwrap();
        append(&file, next + 50..next + 100);
        assert_eq!(followed.until(next + 99), (next..next + 100).collect::<Vec<_>>(), "round {round}");
        next += 100;
    }
    // Cut to nothing, as `copytruncate` does.
    OpenOptions::new().write(true).truncate(true).open(&file).unwrap();
    append(&file, next..next + 1);
    assert_eq!(followed.until(next), [next]);
}

#[test]
fn a_compressed_file_is_shown_whole_and_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("access-2026-11-23.log.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&std::fs::read(support::dir().join("good.jsonl")).unwrap()).unwrap();
    std::fs::write(&file, encoder.finish().unwrap()).unwrap();
    let followed = logx(&["view", "-f", file.to_str().unwrap()]);
    let shown = logx(&["view", "good.jsonl"]);
    assert_eq!((followed.status, followed.stdout), (0, shown.stdout));
}

/// Words of a command line with single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted, mut word) = (Vec::new(), false, String::new());
    for c in line.chars().chain([' ']) {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            c => word.push(c),
        }
    }
    words
}

#[test]
fn the_manual_shows_what_the_program_prints() {
    let manual = std::fs::read_to_string(support::dir().join("../../CLI.md")).unwrap();
    let mut count = 0;
    for block in manual.split("```console\n$ logx ").skip(1) {
        let (command, rest) = block.split_once('\n').unwrap();
        let shown = rest.split("```").next().unwrap();
        let run = logx(&words(command));
        let status = if run.status == 0 { String::new() } else { format!("[status {}]\n", run.status) };
        assert_eq!(format!("{}{status}", run.stdout), shown, "{command}");
        count += 1;
    }
    assert!(count >= 7, "{count}");
}
