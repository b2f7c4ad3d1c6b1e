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

    logx::assert_logged!(logs, Kind::Info, "registered", name = "ann");
    logx::assert_not_logged!(logs, Kind::Alert);
    // All of them, in their order. When they differ, the message shows which are missing and which were not expected.
    logx::assert_all_logged!(logs, [(Kind::Info, "registered ann"), (Kind::Error, "refused", reason = "no name")]);
    // One record, to look at closely.
    assert_eq!(logs.one(Kind::Info, "registered").text(), "registered ann");
    drop(logs);
    logx::info("every check held");
}
