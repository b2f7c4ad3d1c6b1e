//! slog-async's losses counted exactly, records of slog in logx, and no line that goes round in a circle.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use logx::{Event, Kind, Writer};
use logx_slog::{LogxDrain, Overflow, SlogWriter};
use slog::{Logger, o};

/// Keeps lines, and nobody gets through while it is shut.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

/// Whether it is shut, and what got through.
type State = (bool, Vec<u8>);

impl Gate {
    fn set_shut(&self, shut: bool) {
        self.0.0.lock().unwrap().0 = shut;
        self.0.1.notify_all();
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.0.lock().unwrap().1.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl io::Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = self.0.0.lock().unwrap();
        let mut state = self.0.1.wait_while(state, |(shut, _)| *shut).unwrap();
        state.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shuts a gate until it goes: a failed assertion opens it too, so that the worker behind it can end.
struct Shut(Gate);

impl Shut {
    fn new(gate: &Gate) -> Self {
        gate.set_shut(true);
        Self(gate.clone())
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.set_shut(false);
    }
}

/// One test, because the figures are the process's.
#[test]
fn slog_async_loses_nothing_uncounted() {
    const LINES: u64 = 2_000;
    let log = |writer: &SlogWriter, n: u64| {
        Event::new(Kind::Info, "line".into()).fields(&[logx::field("n", n)]).write_to(writer);
    };

    // A shut output: what finds no room is dropped, each counted once.
    let gate = Gate::default();
    let before = logx::health().dropped;
    let writer = SlogWriter::async_json(gate.clone(), 128, Overflow::Drop);
    // After the writer, so that it goes before the writer does, which waits for its worker.
    let shut = Shut::new(&gate);
    (0..LINES).for_each(|n| log(&writer, n));
    let dropped = logx::health().dropped - before;
    assert_eq!(dropped, LINES - 128, "one is being written, the others wait");
    drop(shut);
    writer.flush().unwrap();
    writer.close(Duration::from_secs(5)).unwrap();
    assert_eq!(gate.lines().len() as u64 + dropped, LINES);

    // An open output: the caller waits for room.
    let gate = Gate::default();
    let before = logx::health().dropped;
    let writer = SlogWriter::async_json(gate.clone(), 4, Overflow::Block(Duration::from_secs(30)));
    (0..LINES).for_each(|n| log(&writer, n));
    writer.close(Duration::from_secs(30)).unwrap();
    let lines = gate.lines();
    assert_eq!((lines.len() as u64, logx::health().dropped), (LINES, before));
    assert!(lines.iter().zip(0..).all(|(line, n): (_, u64)| line["n"] == n));

    // A stuck output: close keeps its deadline and counts what is lost; the line in hand is not lost.
    let gate = Gate::default();
    let before = logx::health().dropped;
    let writer = SlogWriter::async_json(gate.clone(), 128, Overflow::Drop);
    let _shut = Shut::new(&gate);
    (0..10).for_each(|n| log(&writer, n));
    assert!(writer.close(Duration::from_millis(50)).is_err());
    let lost = logx::health().dropped - before;
    assert!((9..=10).contains(&lost), "{lost}");
}

#[test]
fn records_of_slog_keep_their_order_types_and_precedence() {
    let logs = logx::testing::collect();
    let parent = Logger::root(LogxDrain::new(), o!("a" => "parent", "b" => "parent", "n" => 1));
    let child = parent.new(o!("b" => "child"));
    slog::warn!(child, "hello {}", "there"; "n" => 2, "n" => 3, "yes" => true);
    slog::info!(child, "too quiet");
    let record = logs.one(Kind::Warn, "hello there");
    let fields: Vec<_> = record.fields.iter().map(|f| (&*f.key, f.value.to_json())).collect();
    let get = |key: &str| fields.iter().find(|(k, _)| *k == key).unwrap().1.clone();
    assert_eq!((get("a"), get("b"), get("n"), get("yes")), ("parent".into(), "child".into(), 3.into(), true.into()));
    assert_eq!(fields.len(), 4, "{fields:?}");
    assert!(record.caller.contains("slog.rs:"), "{}", record.caller);
    assert_eq!(logs.records().len(), 1);
}

/// logx -> slog -> logx.
#[test]
fn a_line_of_logx_s_does_not_come_back() {
    let logs = logx::testing::collect();
    let writer = SlogWriter::new(Logger::root(LogxDrain::new(), o!()));
    Event::new(Kind::Error, "round".into()).write_to(&writer);
    assert!(logs.records().is_empty());
}
