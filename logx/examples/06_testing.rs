//! What a test can say about lines: `cargo run -p logx --example 06_testing`.

use logx::{Kind, field};

/// The code under test.
fn register(name: &str) {
    if name.is_empty() {
        logx::errorw("refused", &[field("reason", "no name")]);
    } else {
        logx::info!(name; "registered {name}");
    }
}

fn main() {
    // Collects this thread's lines as records, so tests can run side by side.
    let logs = logx::testing::collect();
    register("ann");
    register("");

    let line = logs.one(Kind::Info, "registered");
    assert_eq!(line.text(), "registered ann");
    assert_eq!(line.json("name"), "ann");
    assert_eq!(logs.one(Kind::Error, "refused").json("reason"), "no name");
    // When there is no such line, the message lists what was logged.
    drop(logs);
    logx::info("every check held");
}
