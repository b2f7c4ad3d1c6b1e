//! Collectors and assertions for tests: what they keep, and what they say when a line is not there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use logx::testing::{collect, collect_global};
use logx::{Context, Kind, assert_all_logged, assert_logged, assert_not_logged};

/// A collector of all threads also sees the lines of the tests beside it.
static ALONE: Mutex<()> = Mutex::new(());

fn message(failing: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(failing)).expect_err("it should fail");
    panic.downcast_ref::<String>().unwrap().clone()
}

fn log_some() {
    logx::info!(uid = 7, name = "ann"; "registered ann");
    logx::with_duration(Duration::from_micros(1500)).slow("sql query");
    let context = Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_span("00f067aa0ba902b7");
    let log = logx::with_context(&context);
    logx::error!(logger: log, reason = "no name", codes:serde = [1, 2]; "refused");
}

#[test]
fn lines_are_found_by_kind_text_and_fields_as_they_are_printed() {
    let logs = collect();
    log_some();
    assert_logged!(logs, Kind::Info, "registered");
    assert_logged!(logs, Kind::Info, "registered ann", uid = 7, name = "ann");
    assert_logged!(logs, Kind::Slow, "", duration = "1.5ms");
    assert_logged!(logs, Kind::Error, "refused", codes = [1, 2], trace = "0af7651916cd43dd8448eb211c80319c");
    assert_not_logged!(logs, Kind::Alert);
    assert_not_logged!(logs, Kind::Info, "refused");
    assert_not_logged!(logs, Kind::Info, "registered", uid = 8);
    assert_not_logged!(logs, Kind::Info, "registered", uid = "7");
    assert_all_logged!(
        logs,
        [(Kind::Info, "registered", uid = 7), (Kind::Slow, "sql"), (Kind::Error, "refused", reason = "no name")]
    );
    assert_eq!(logs.one(Kind::Info, "registered").json("uid"), 7);
    assert_eq!(logs.take().len(), 3);
    assert_all_logged!(logs, []);
}

#[test]
fn a_missing_line_is_told_by_what_the_nearest_has_otherwise() {
    let logs = collect();
    log_some();
    let said = message(|| assert_logged!(logs, Kind::Info, "registered", uid = 8, age = 36));
    let start = "no line is info \"registered\" uid=8 age=36\nthe nearest is\n  info tests/collectors.rs:";
    assert!(said.starts_with(start), "{said}");
    for part in [
        "registered ann\" uid=7 name=\"ann\"\n    uid: expected 8, found 7\n    age: expected 36, found nothing\n",
        "logged were:\n  info tests/",
        "  slow tests/",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    let said = message(|| assert_logged!(logs, Kind::Warn, "refused"));
    assert!(said.contains("    kind: expected warn, found error\n"), "{said}");
    assert_eq!(
        message(|| assert_logged!(collect(), Kind::Info, "x")),
        "no line is info \"x\"\nlogged were:\n  (nothing)"
    );
    let said = message(|| drop(logs.one(Kind::Info, "nothing of the kind")));
    assert!(said.starts_with("no line is info \"nothing of the kind\"\n"), "{said}");
}

#[test]
fn an_unwanted_line_is_shown() {
    let logs = collect();
    log_some();
    let said = message(|| assert_not_logged!(logs, Kind::Error));
    assert!(said.starts_with("no line should be error, but there is\n  error "), "{said}");
    assert!(said.contains("\"refused\" reason=\"no name\" codes=[1,2]\nlogged were:\n  info "), "{said}");
}

#[test]
fn lists_of_lines_are_compared_so_that_few_differ() {
    let logs = collect();
    for text in ["one", "two", "three", "four"] {
        logx::info(text);
    }
    let said = message(|| {
        assert_all_logged!(
            logs,
            [(Kind::Info, "one"), (Kind::Info, "three"), (Kind::Warn, "four"), (Kind::Info, "five")]
        );
    });
    let marks: Vec<_> = said.lines().skip(1).map(|line| (&line[..1], line.split('"').nth(1).unwrap())).collect();
    let want = [(" ", "one"), ("+", "two"), (" ", "three"), ("-", "four"), ("-", "five"), ("+", "four")];
    assert_eq!(marks, want, "{said}");
}

#[test]
fn other_threads_log_into_a_collector_by_its_handle_only() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let everywhere = collect_global();
    let logs = collect();
    let handle = logs.handle();
    thread::scope(|scope| {
        scope.spawn(|| {
            {
                let _entered = handle.enter();
                let _again = handle.enter();
                logx::info("inside");
            }
            logx::info("outside");
        });
    });
    logx::info("here");
    assert_all_logged!(logs, [(Kind::Info, "inside"), (Kind::Info, "here")]);
    let seen = everywhere.records();
    let seen: Vec<_> =
        seen.iter().map(logx::OwnedRecord::text).filter(|t| ["inside", "outside", "here"].contains(&&**t)).collect();
    assert_eq!(seen, ["inside", "outside", "here"], "a collector of all threads sees those of other collectors too");
}

#[test]
fn an_inner_collector_hides_the_outer_one_while_it_is_there() {
    let outer = collect();
    logx::info("first");
    let inner = collect();
    logx::info("second");
    // Dropped out of order: the other one stays.
    drop(outer);
    logx::info("third");
    assert_all_logged!(inner, [(Kind::Info, "second"), (Kind::Info, "third")]);
}

#[test]
fn collectors_of_all_threads_do_not_take_each_others_place() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (first, second) = (collect_global(), collect_global());
    let say = |text: &'static str| thread::spawn(move || logx::info(text)).join().unwrap();
    say("to both of all threads");
    drop(first);
    say("to the second of all threads");
    assert_logged!(second, Kind::Info, "to both of all threads");
    assert_logged!(second, Kind::Info, "to the second of all threads");
}
