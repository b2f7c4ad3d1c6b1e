//! Outputs that fail, write short, block, panic or log themselves: the caller is unharmed, losses are counted, and what
//! comes out is whole lines.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use logx::sink::{Background, Overflow};
use logx::testing::hostile::{Failing, Gate, LogsInside, Memory, Panicking, Short, check_line};
use logx::{Encoding, Health, NativeWriter, Stream, WriteError};

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    logx::reset();
    guard
}

/// Contents of all lines, each of which must be whole.
fn contents(text: &str) -> Vec<String> {
    text.lines().map(|line| check_line(line).unwrap()["content"].as_str().unwrap().to_owned()).collect()
}

fn lines_between(before: &Health, after: &Health) -> u64 {
    after.total_lines() - before.total_lines()
}

#[test]
fn a_failing_output_is_counted_and_later_lines_get_through() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(Failing { failures: 2, out: memory.clone() }));
    let before = logx::health();
    for i in 0..5 {
        logx::info!("line {i}");
    }
    let after = logx::health();
    assert_eq!(contents(&memory.take()), ["line 2", "line 3", "line 4"]);
    assert_eq!((after.write_errors - before.write_errors, lines_between(&before, &after)), (2, 3));
}

#[test]
fn an_output_that_takes_a_few_bytes_at_a_time_gets_every_line_whole() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(Short::new(3, memory.clone())));
    for i in 0..5 {
        logx::info!("line {i}");
    }
    assert_eq!(contents(&memory.take()), ["line 0", "line 1", "line 2", "line 3", "line 4"]);
}

#[test]
fn a_panicking_output_is_counted_and_later_lines_get_through() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(Panicking { panics: 1, out: memory.clone() }));
    let before = logx::health();
    logx::info!("lost");
    logx::info!("later");
    assert_eq!(contents(&memory.take()), ["later"]);
    let after = logx::health();
    assert_eq!((after.panics - before.panics, after.write_errors - before.write_errors), (1, 1));
}

#[test]
fn an_output_that_logs_does_not_wait_for_itself() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(LogsInside(memory.clone())));
    let before = logx::health();
    logx::info!("one");
    logx::info!("two");
    assert_eq!(contents(&memory.take()), ["one", "two"]);
    assert_eq!(logx::health().write_errors - before.write_errors, 2, "its own lines are refused");
    logx::flush().unwrap();
}

#[test]
fn a_writer_that_logs_gets_one_line_deeper_and_no_further() {
    let _alone = alone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&seen);
    logx::set_writer(logx::from_fn(move |record| {
        logx::info!("about {}", record.to_owned().text());
        own.lock().unwrap().push(record.to_owned().text());
        Ok(())
    }));
    let before = logx::health();
    logx::info!("a line");
    assert_eq!(*seen.lock().unwrap(), ["about a line", "a line"]);
    assert_eq!(logx::health().reentrant - before.reentrant, 1);
}

#[test]
fn a_combination_gives_a_line_to_every_writer_whatever_the_others_do() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(logx::from_fn(|_| panic!("the first one panics")));
    logx::add_writer(logx::from_fn(|_| Err(WriteError::other("the second one fails"))));
    logx::add_writer(Stream::new(memory.clone()));
    let before = logx::health();
    logx::info!("for all");
    let after = logx::health();
    assert_eq!(contents(&memory.take()), ["for all"]);
    assert_eq!((after.panics - before.panics, after.write_errors - before.write_errors), (1, 1));
}

fn background(out: impl std::io::Write + Send + 'static, overflow: Overflow) -> NativeWriter {
    NativeWriter::new(Arc::new(Background::new(out, 4_096, overflow).unwrap()), Encoding::Json)
}

#[test]
fn behind_the_background_writer_failures_and_panics_only_cost_time() {
    let _alone = alone();
    let memory = Memory::default();
    let out = Failing { failures: 2, out: Panicking { panics: 2, out: Short::new(7, memory.clone()) } };
    logx::set_writer(background(out, Overflow::Block(Duration::from_secs(20))));
    for i in 0..200 {
        logx::info!("line {i}");
    }
    logx::close().unwrap();
    let want: Vec<String> = (0..200).map(|i| format!("line {i}")).collect();
    assert_eq!(contents(&memory.take()), want);
}

#[test]
fn a_blocked_output_holds_a_caller_no_longer_than_its_bound_and_losses_are_counted() {
    let _alone = alone();
    for overflow in [Overflow::Drop, Overflow::Block(Duration::from_millis(1))] {
        let gate = Gate::default();
        logx::set_writer(background(gate.clone(), overflow));
        let before = logx::health();
        let start = Instant::now();
        for i in 0..200 {
            logx::info!("line {i}");
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no call waits for the output");
        let dropped = logx::health().dropped - before.dropped;
        assert!(dropped > 0, "4 KiB do not hold 200 lines");
        gate.open();
        logx::close().unwrap();
        let written = contents(&gate.out.take());
        assert_eq!(written.len() as u64 + dropped, 200, "every line is written or counted");
    }
}

#[test]
fn closing_on_a_blocked_output_ends_at_the_deadline_with_the_count() {
    let _alone = alone();
    let gate = Gate::default();
    logx::set_writer(background(gate.clone(), Overflow::Drop));
    let before = logx::health();
    for i in 0..3 {
        logx::info!("line {i}");
    }
    let error = logx::close_within(Duration::from_millis(20)).unwrap_err();
    assert!(error.to_string().contains("3 lines"), "{error}");
    assert_eq!(logx::health().dropped - before.dropped, 3);
    gate.open();
}
