//! go-zero's vectors through every backend, in this process one after the other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::ValueEnum as _;
use tests::vectors::{self, Backend};

const VECTORS: &str = include_str!("../vectors/gozero-logx.jsonl");

#[test]
fn every_backend_prints_what_go_zero_printed() {
    for backend in Backend::value_variants() {
        let outcome = vectors::run(VECTORS, *backend).unwrap();
        assert!(outcome.differences.is_empty(), "{backend:?}:\n{}", outcome.differences.join("\n"));
        assert_eq!(outcome.total, 393, "{backend:?}");
    }
    // A vector that asks for something else is told apart.
    let line = VECTORS.lines().next().unwrap().replace(r#""level":"error""#, r#""level":"info""#);
    assert_eq!(vectors::run(&line, Backend::Native).unwrap().equal(), 0);
}
