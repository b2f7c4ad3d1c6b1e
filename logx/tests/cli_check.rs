//! `logx check`: what it finds, how it says so, what it exits with.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/support.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{command, golden, logx, logx_with_input};

const LINE: &str = r#"{"@timestamp":"2026-11-24T00:10:01Z","level":"info","caller":"a/b.rs:1","content":"x","uid":1}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_good_log_passes_from_a_file_and_from_a_pipe() {
    let run = logx(&["check", "good.jsonl", "plain.jsonl"]);
    // plain.jsonl carries what another program printed in between.
    assert_eq!(run.status, 1, "{}", run.stdout);
    for run in [
        logx(&["check", "good.jsonl"]),
        logx_with_input(&["check"], &std::fs::read(support::dir().join("good.jsonl")).unwrap()),
        logx_with_input(&["check", "-"], LINE.as_bytes()),
        logx_with_input(&["check", "-"], b""),
    ] {
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        assert!(run.stdout.starts_with("no findings in 1 file, "), "{}", run.stdout);
    }
}

#[test]
fn each_output_format_as_it_was_agreed() {
    for (format, file) in [("text", "bad.txt"), ("json", "bad.json"), ("junit", "bad.xml"), ("github", "bad.github")] {
        let run = logx(&["check", "-o", format, "bad.jsonl", "good.jsonl", "gone.jsonl", "--canary", "routes.rs:57"]);
        assert_eq!((run.status, run.stderr.as_str()), (2, ""), "{format}");
        golden(file, &run.stdout);
        let run = logx(&["check", "-o", format, "good.jsonl"]);
        assert_eq!(run.status, 0, "{format}");
        golden(&format!("good{}", file.trim_start_matches("bad")), &run.stdout);
        let run = logx(&["check", "-o", format, "good.jsonl", "--rules", "rules.yaml"]);
        assert_eq!(run.status, 1, "{format}");
        golden(&format!("rules{}", file.trim_start_matches("bad")), &run.stdout);
    }
}

#[test]
fn the_json_output_is_one_document_whose_counts_are_right() {
    for limit in ["0", "1", "5"] {
        let run = logx(&["check", "-o", "json", "--max-findings", limit, "bad.jsonl"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let printed = report["findings"].as_array().unwrap().len() as u64;
        let summary = &report["summary"];
        assert_eq!(printed + summary["hidden"].as_u64().unwrap(), summary["findings"].as_u64().unwrap());
        let by_rule: u64 = summary["by_rule"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(by_rule, summary["findings"].as_u64().unwrap());
        assert_eq!(limit.parse::<u64>().unwrap().min(printed), limit.parse::<u64>().unwrap());
    }
}

#[test]
fn status_2_is_for_what_cannot_be_read_or_used() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad_rules = write("rules.yaml", "forbid:\n  - .a\n  - name: b\n    expr: '.b | nosuch'\n");
    let bad_key = write("keys.yaml", "require-keys:\n  - uid=integerish\n");
    let unknown_key = write("unknown.yaml", "forbids: []\n");
    let no_json = write("schema.json", "{");
    let no_schema = write("no-schema.json", r#"{"type": "nonsense"}"#);
    let directory_name = text(directory.path());
    for (args, said) in [
        (vec!["--forbid", ".level =="], "--forbid: invalid expression: expected"),
        (vec!["--require", "nosuch(1)"], "--require: invalid expression: undefined filter: nosuch"),
        (vec!["--at-most", "many", ".x"], "--at-most: no number: many"),
        (vec!["--same", "."], ""),
        (vec!["--require-key", "uid=integerish"], "--require-key: integerish is no type"),
        (vec!["--key", "nokey=x"], "--key: no built-in key nokey"),
        (vec!["--canary", "abc"], "at least 4 bytes"),
        (vec!["--max-line", "0"], "expected 1 to 4G"),
        (vec!["--rules", &bad_rules], "rules.yaml:3: forbid 2: invalid expression: undefined filter: nosuch"),
        (vec!["--rules", &bad_key], "keys.yaml:2: require-keys: integerish is no type"),
        (vec!["--rules", &unknown_key], "forbids"),
        (vec!["--rules", "nowhere.yaml"], "nowhere.yaml: No such file"),
        (vec!["--schema", &no_json], "schema.json: EOF"),
        (vec!["--schema", &no_schema], "no-schema.json: no valid JSON Schema"),
        (vec!["--schema", "nowhere.json"], "nowhere.json: No such file"),
        (vec!["--learn", "/nowhere/x.json"], "/nowhere/x.json"),
        (vec!["--no-such-option"], "unexpected argument '--no-such-option'"),
    ] {
        let mut all = vec!["check", "-"];
        all.extend(&args);
        let run = logx_with_input(&all, LINE.as_bytes());
        let want = if said.is_empty() { 0 } else { 2 };
        assert_eq!(run.status, want, "{args:?} {} {}", run.stdout, run.stderr);
        assert!(run.stderr.contains(said), "{args:?} {}", run.stderr);
    }
    for unreadable in ["gone.jsonl", directory_name] {
        let run = logx(&["check", unreadable, "bad.jsonl"]);
        assert_eq!(run.status, 2, "{unreadable}");
        assert!(run.stdout.contains(&format!("{unreadable}: unreadable: ")), "{}", run.stdout);
        assert!(run.stdout.contains("bad.jsonl:2: duplicate-key"), "the rest is processed: {}", run.stdout);
    }
}

#[test]
fn a_compressed_log_is_the_same_log_and_a_damaged_one_is_unreadable() {
    let directory = tempfile::tempdir().unwrap();
    let packed = directory.path().join("bad.jsonl.gz");
    let plain = std::fs::read(support::dir().join("bad.jsonl")).unwrap();
    // Two members, cut inside a line, as `cat a.gz b.gz` leaves them.
    let bytes = [gzip(&plain[..500]), gzip(&plain[500..])].concat();
    std::fs::write(&packed, &bytes).unwrap();
    let name = text(&packed);
    let run = logx(&["check", name]);
    assert_eq!(run.status, 1);
    assert_eq!(run.stdout.replace(name, "bad.jsonl"), logx(&["check", "bad.jsonl"]).stdout);

    let name = text(&packed);
    std::fs::write(&packed, &bytes[..bytes.len() - 20]).unwrap();
    let run = logx(&["check", name]);
    assert_eq!(run.status, 2, "{}", run.stdout);
    assert!(run.stdout.contains("unreadable"), "{}", run.stdout);
    assert!(run.stdout.contains(":2: duplicate-key"), "what came before is looked at: {}", run.stdout);
}

#[test]
fn a_last_line_that_is_cut_anywhere_is_a_finding() {
    for end in 1..LINE.len() {
        let input = format!("{LINE}\n{}", &LINE[..end]);
        let run = logx_with_input(&["check", "-o", "json"], input.as_bytes());
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(run.status, 1, "{end}");
        assert_eq!((&report["findings"][0]["rule"], &report["findings"][0]["line"]), (&"truncated".into(), &2.into()));
    }
}

#[test]
fn a_line_over_the_limit_is_a_finding_and_the_next_one_is_looked_at() {
    let long = format!("{{\"content\":\"{}\"}}", "x".repeat(3 << 20));
    let input = format!("{LINE}\n{long}\n{{\"a\":1,\"a\":2}}\n{LINE}\n");
    let run = logx_with_input(&["check", "--max-line", "1M"], input.as_bytes());
    assert_eq!(run.status, 1);
    let said = format!("<stdin>:2: too-long: {} bytes, longer than --max-line\n", long.len());
    assert!(run.stdout.contains(&said) && run.stdout.contains("<stdin>:3: duplicate-key"), "{}", run.stdout);
    assert!(run.stdout.len() < 4000, "excerpts are clipped");
    // At the limit it is a line like any other.
    let run = logx_with_input(&["check", "--max-line", &LINE.len().to_string()], LINE.as_bytes());
    assert_eq!(run.status, 0, "{}", run.stdout);
}

#[test]
fn learned_types_hold_until_one_changes() {
    let directory = tempfile::tempdir().unwrap();
    let schema = directory.path().join("log.schema.json");
    let schema = text(&schema);
    let run = logx(&["check", "--learn", schema, "good.jsonl"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert_eq!(logx(&["check", "--schema", schema, "good.jsonl"]).status, 0);
    let good = std::fs::read_to_string(support::dir().join("good.jsonl")).unwrap();
    for (from, to, said) in [
        (
            r#""uid":17"#,
            r#""uid":"17""#,
            "<stdin>:2: schema: user-api/routes.rs:42: uid: string, but only number was seen",
        ),
        (r#""rows":1"#, r#""row":1"#, "<stdin>:3: schema: sql/conn.rs:88: row: unknown key"),
        (
            r#""idle":[1,2]"#,
            r#""idle":[1,"2"]"#,
            "<stdin>:7: schema: kit/pool.rs:9: content.idle.[]: string, but only number was seen",
        ),
    ] {
        let planted = good.replace(from, to);
        assert_ne!(planted, good);
        let run = logx_with_input(&["check", "--schema", schema], planted.as_bytes());
        assert_eq!(run.status, 1, "{from}");
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    // A run with findings teaches nothing and leaves the schema as it was.
    let before = std::fs::read(schema).unwrap();
    assert_eq!(logx(&["check", "--learn", schema, "bad.jsonl"]).status, 1);
    assert_eq!(std::fs::read(schema).unwrap(), before);
}

#[test]
fn any_json_schema_can_be_the_rule() {
    let directory = tempfile::tempdir().unwrap();
    let schema = directory.path().join("any.json");
    std::fs::write(&schema, r#"{"properties": {"uid": {"type": "integer", "maximum": 17}}}"#).unwrap();
    let run = logx(&["check", "--schema", text(&schema), "good.jsonl"]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("good.jsonl:5: schema: /uid: 18 is greater than the maximum of 17"), "{}", run.stdout);
}

#[test]
fn a_leak_is_found_and_not_repeated() {
    let secret = "hunter2-hunter2";
    for line in [
        LINE.replace(r#""uid":1"#, &format!(r#""password":"{secret}""#)),
        LINE.replace(r#""content":"x""#, &format!(r#""content":"mysql://root:{secret}@db/x""#)),
        LINE.replace(r#""content":"x""#, &format!(r#""content":"{{\"password\":\"{secret}\"}}""#)),
    ] {
        let run = logx_with_input(&["check"], line.as_bytes());
        assert_eq!(run.status, 0, "{}", run.stdout);
        let run = logx_with_input(&["check", "--no-secrets"], line.as_bytes());
        assert_eq!(run.status, 1, "{line}");
        assert!(run.stdout.contains("<stdin>:1: secret: ") && !run.stdout.contains(secret), "{}", run.stdout);
    }
    // Nor by what other rules find in the same line, over the limit or cut off.
    let directory = tempfile::tempdir().unwrap();
    let schema = directory.path().join("any.json");
    std::fs::write(&schema, r#"{"properties": {"password": {"maxLength": 3}}}"#).unwrap();
    let line = LINE.replace(r#""uid":1"#, &format!(r#""password":"{secret}""#));
    let input = format!("{LINE}\n{line}\n{}\n{}", line.replace("info", secret), &line[..line.len() - 1]);
    let named: &[&str] = &["--canary", secret];
    for args in [
        &["--forbid", ".password", "--same", ".password // 1", "--at-most", "0", ".password"][..],
        &["--forbid", ".password | tonumber", "--require", ".password | tonumber"],
        &["--schema", text(&schema), "--allow-level", "x"],
        &["--max-line", "96"],
    ] {
        let run = logx_with_input(&[&["check", "--no-secrets", "-o", "json"], named, args].concat(), input.as_bytes());
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(
            report["findings"].as_array().unwrap().len() > 4 && !run.stdout.contains(secret),
            "{args:?} {}",
            run.stdout
        );
        assert!(run.stdout.contains("(not shown: the line holds a secret)"), "{args:?} {}", run.stdout);
    }
    let masked = LINE.replace(r#""uid":1"#, r#""password":"***""#);
    assert_eq!(logx_with_input(&["check", "--no-secrets"], masked.as_bytes()).status, 0);
}

#[test]
fn expressions_count_lines_over_all_files() {
    for (args, status) in [
        (vec!["--forbid", r#".level == "fatal""#], 1),
        (vec!["--forbid", r#".level == "notice""#], 0),
        (vec!["--require", r#".content == "started""#], 0),
        (vec!["--require", r#".content == "stopped""#], 1),
        (vec!["--at-most", "2", r#".level == "info""#], 1),
        (vec!["--at-most", "4", r#".level == "info""#], 0),
        (vec!["--same", ".level"], 1),
        (vec!["--same", ".trace"], 0),
        // An expression that fails vouches for nothing.
        (vec!["--forbid", ".level | tonumber"], 1),
    ] {
        let mut all = vec!["check", "good.jsonl", "good.jsonl"];
        all.extend(&args);
        let run = logx(&all);
        assert_eq!(run.status, status, "{args:?} {}", run.stdout);
    }
}

#[test]
fn conditions_look_only_where_they_are_told_to() {
    for (args, status) in [
        (vec!["--forbid", ".uid == 18"], 1),
        (vec!["--forbid", ".uid == 18", "--where", ".uid == 17"], 0),
        (vec!["--require", ".uid == 18", "--where", ".uid == 17"], 1),
        (vec!["--same", ".uid", "--where", ".trace"], 0),
        (vec!["--at-most", "1", ".uid", "--where", ".uid == 17", "--where", ".uid == 18"], 0),
        // What is not about conditions is checked on every line, and an expression that fails hides nothing.
        (vec!["--require-key", "uid", "--where", ".uid"], 1),
        (vec!["--where", ".level | tonumber"], 0),
        (vec!["--forbid", ".uid == 19", "--where", ".level | tonumber"], 1),
        (vec!["--where", ".level =="], 2),
    ] {
        let run = logx(&[&["check", "good.jsonl"], args.as_slice()].concat());
        assert_eq!(run.status, status, "{args:?} {} {}", run.stdout, run.stderr);
    }
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("rules.yaml");
    std::fs::write(&rules, "where: [.uid == 17]\nforbid: [.uid == 18]\n").unwrap();
    assert_eq!(logx(&["check", "--rules", text(&rules), "good.jsonl"]).status, 0);
}

#[test]
fn one_good_registration_satisfies_its_rules_and_a_changed_one_does_not() {
    let rules = support::dir().join("../../../tests/rules/registration.yaml");
    let check = |log: &str| logx_with_input(&["check", "--rules", text(&rules)], log.as_bytes());
    let good = std::fs::read_to_string(support::dir().join("registration.jsonl")).unwrap();
    let run = check(&good);
    assert_eq!(run.status, 0, "{}", run.stdout);
    let without = |part: &str| -> String {
        let kept: Vec<_> = good.lines().filter(|line| !line.contains(part)).collect();
        assert!(kept.len() < good.lines().count(), "{part}");
        kept.join("\n")
    };
    let trace = good.split(r#""trace":""#).nth(1).unwrap().split('"').next().unwrap();
    let other_trace = good.replacen(trace, &"0".repeat(32), 1);
    for (what, log, rule) in [
        ("no answer", without("[HTTP] 200"), "require: no such line: the caller was answered"),
        ("no user", without("saveUser - "), "require: no such line: user-rpc was called"),
        ("no points", without("saveUserScore - "), "require: no such line: score-rpc was called"),
        ("twice", format!("{good}{good}"), "at-most: 18 lines, at most 9 allowed: nine lines of the registration"),
        ("error", good.replacen(r#""level":"info""#, r#""level":"error""#, 1), "forbid: forbidden: above slow"),
        ("traces", other_trace, "one trace through all services"),
        ("secret", good.replacen("Ada", "Ada password=hunter2x", 1), "secret: password in text"),
    ] {
        let run = check(&log);
        assert_eq!(run.status, 1, "{what} {}", run.stdout);
        assert!(run.stdout.contains(rule), "{what} {}", run.stdout);
    }
}

#[test]
fn a_reader_that_leaves_is_no_error_and_the_status_stays() {
    let directory = tempfile::tempdir().unwrap();
    let big = directory.path().join("big.jsonl");
    std::fs::write(&big, "no JSON\n".repeat(200_000)).unwrap();
    for (args, status) in [(vec!["check", "--max-findings", "0"], 1), (vec!["view"], 0)] {
        let mut child = command(&args).arg(&big).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 10]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{args:?}");
    }
}
