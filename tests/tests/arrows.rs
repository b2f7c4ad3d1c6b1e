//! Which crate may know which: the table of ARCHITECTURE.md, held against what cargo says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each member may depend on among ours. `stack` and `tests` may know everything.
const ALLOWED: &[(&str, &[&str])] = &[
    ("logx", &[]),
    ("logx-slog", &["logx"]),
    ("logx-tracing", &["logx"]),
    ("proto", &[]),
    ("discovery", &[]),
    ("dtm", &["logx", "discovery"]),
    ("kit", &["logx", "discovery", "logx-slog", "logx-tracing"]),
    ("user-api", &["logx", "kit", "dtm", "proto"]),
    ("user-rpc", &["logx", "kit", "dtm", "proto"]),
    ("score-rpc", &["logx", "kit", "dtm", "proto"]),
    ("dtm-lite", &["dtm", "kit"]),
];

/// Members that may know everything.
const FREE: &[&str] = &["stack", "tests"];

/// Beginnings of the names of foreign crates that a member must not know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("logx", &["tokio", "slog", "tracing", "opentelemetry", "prometheus", "tonic", "sqlx"]),
    ("logx-slog", &["tokio", "tracing", "opentelemetry", "prometheus"]),
    ("logx-tracing", &["tokio", "slog", "prometheus"]),
    ("discovery", &["sqlx", "axum", "prometheus", "opentelemetry"]),
    // The API of OpenTelemetry, and nothing of what carries spans away.
    ("dtm", &["opentelemetry_", "opentelemetry-", "tracing", "slog"]),
    ("proto", &["tokio", "sqlx", "axum"]),
];

/// Each package with what it depends on to run; what only its tests need is left out.
fn members() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked", "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let runs = |d: &&Value| d["kind"].as_str() != Some("dev");
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().unwrap().iter().filter(runs);
            let needs = needs.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), needs)
        })
        .collect()
}

#[test]
fn every_member_knows_only_what_it_may() {
    let members = members();
    let named: BTreeSet<_> = ALLOWED.iter().map(|(name, _)| *name).chain(FREE.iter().copied()).collect();
    let present: BTreeSet<_> = members.keys().map(String::as_str).collect();
    assert_eq!(present, named, "a member without a row in the table, or a row without a member");

    let mut wrong = Vec::new();
    for (name, allowed) in ALLOWED {
        for need in members[*name].iter().filter(|need| members.contains_key(*need)) {
            if !allowed.contains(&need.as_str()) {
                wrong.push(format!("{name} -> {need}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that must not be: {}", wrong.join(", "));
}

#[test]
fn no_member_knows_a_foreign_crate_that_is_not_its_business() {
    let members = members();
    let mut wrong = Vec::new();
    for (name, forbidden) in FORBIDDEN {
        for need in &members[*name] {
            if forbidden.iter().any(|start| need.starts_with(start)) {
                wrong.push(format!("{name} -> {need}"));
            }
        }
    }
    // The adapters are named after what they adapt; everything else of that kind is foreign.
    wrong.retain(|arrow| !["logx-slog -> slog", "logx-tracing -> tracing"].iter().any(|own| arrow.starts_with(own)));
    assert!(wrong.is_empty(), "foreign crates that must not be: {}", wrong.join(", "));
}
