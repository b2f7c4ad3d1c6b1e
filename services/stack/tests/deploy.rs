//! The files for Prometheus and Grafana ask for what the services really show.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use axum::body::Body;
use http::Request;
use serde_json::json;

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

async fn exposition(address: std::net::SocketAddr, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).unwrap();
    common::text(address, request).await.1
}

/// Everything that the running system shows after a registration, a refusal and a bad request.
async fn shown() -> String {
    let directory = tempfile::tempdir().unwrap();
    let system = common::start(directory.path()).await;
    system.register(&json!({"name": "Ada", "gender": "female"})).await;
    system.register(&json!({"name": "Bob", "gender": "male", "inviteCode": "NOPE"})).await;
    let mut all = exposition(system.dtm, "/api/metrics").await;
    for (_, address) in &system.metrics {
        all.push_str(&exposition(*address, "/metrics").await);
    }
    system.stop().await;
    all
}

/// The families of an exposition, with the names under which their samples are asked for.
fn names(exposition: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["up".to_owned()]);
    for line in exposition.lines() {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) else {
            continue;
        };
        names.insert(name.to_owned());
        if kind == "histogram" {
            names.extend(["bucket", "count", "sum"].map(|s| format!("{name}_{s}")));
        }
    }
    names
}

/// The metric names in a query: words of ours before `{`, `[`, `)` or an operator.
fn asked(query: &str) -> impl Iterator<Item = &str> {
    query
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|w| ["http_", "rpc_", "sql_", "log_", "dtm_", "process_", "trace_"].iter().any(|p| w.starts_with(p)))
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_ask_for_families_that_are_shown() {
    // A family without samples shows nothing: errors and lost spans may be absent.
    let mut known = names(&shown().await);
    known.extend(["sql_client_requests_error_total", "sql_client_requests_slow_total"].map(str::to_owned));
    let dashboard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(deploy().join("grafana/services.json")).unwrap()).unwrap();
    let mut queries: Vec<String> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|p| p["targets"].as_array().into_iter().flatten())
        .map(|t| t["expr"].as_str().unwrap().to_owned())
        .collect();
    assert!(queries.len() > 15, "{}", queries.len());
    queries.push(std::fs::read_to_string(deploy().join("rules.yml")).unwrap());
    let mut count = 0;
    for query in &queries {
        for name in asked(query) {
            assert!(known.contains(name), "{name} is asked for and not shown: {query}");
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

/// Runs Prometheus' own checker; `None` where it is not installed, which is reported.
fn promtool(args: &[&str], input: &str) -> Option<(i32, String)> {
    let spawned = Command::new("promtool")
        .args(args)
        .current_dir(deploy())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let found = spawned.is_ok();
    report(if found { "ran" } else { "promtool is not installed" });
    let mut child = spawned.ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.code().unwrap(), String::from_utf8(said).unwrap()))
}

/// The line about a check that needs a program which may be missing.
fn report(outcome: &str) {
    if let Some(file) = std::env::var_os("REAL_SERVER_REPORT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "promtool on rules and metrics\tprometheus\t{outcome}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_own_checker_accepts_rules_their_tests_and_every_exposition() {
    let exposition = shown().await;
    for args in
        [["check", "config", "prometheus.yml"], ["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]]
    {
        let Some((code, said)) = promtool(&args, "") else { return };
        assert_eq!(code, 0, "{args:?}: {said}");
    }
    // One text of several services names families twice; each service's own is checked.
    let mut seen = BTreeSet::new();
    let once: Vec<&str> = exposition
        .lines()
        .scan(true, |keep, line| {
            if line.starts_with("# HELP") {
                *keep = seen.insert(line.to_owned());
            }
            Some(keep.then_some(line))
        })
        .flatten()
        .collect();
    let text = format!("{}\n", once.join("\n"));
    let Some((code, said)) = promtool(&["check", "metrics"], &text) else { return };
    // 3: style. go-zero's names have units that the checker would write out.
    assert!(matches!(code, 0 | 3), "{code}: {said}");
    let (broken, _) = promtool(&["check", "metrics"], "a{b=} 1\n").unwrap();
    assert_eq!(broken, 1, "the checker sees what is broken");
}

#[test]
fn the_tutorials_scrape_files_name_the_ports_of_the_shipped_configuration() {
    let targets = std::fs::read_to_string(deploy().join("targets.json")).unwrap();
    let targets: serde_json::Value = serde_json::from_str(&targets).unwrap();
    for (target, file) in [(&targets[0], "user-api"), (&targets[1], "user-rpc")] {
        assert_eq!(target["labels"]["app"], file);
        let address = target["targets"][0].as_str().unwrap();
        let port = address.rsplit_once(':').unwrap().1;
        let yaml = std::fs::read_to_string(deploy().join(format!("../etc/{file}.yaml"))).unwrap();
        assert!(yaml.contains(&format!("Port: {port}\n")), "{file}: {port}");
    }
}
