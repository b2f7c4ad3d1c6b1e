//! logx on its own engine, and through slog and tracing.

#[macro_use]
mod calls;

use crate::candidate::Candidate;
use crate::data;
use crate::scenario::Scenario;
use crate::subscribers;
use logx::{Log, Value, Writer, field};
use std::sync::Arc;

/// logx's global functions while `writer` is the process's writer.
pub struct Logx {
    name: &'static str,
    writer: Arc<dyn Writer>,
    context: Log,
    run: fn(Scenario, u64, &Log),
    /// The tracing subscriber that the writer hands its lines to.
    slot: Option<usize>,
}

impl Logx {
    /// logx's own engine.
    pub fn native(name: &'static str, writer: Arc<dyn Writer>) -> Self {
        Self { name, writer, context: ten_fields(), run: native, slot: None }
    }

    /// Through slog.
    pub fn through_slog(name: &'static str, writer: Arc<dyn Writer>) -> Self {
        Self { name, writer, context: ten_fields(), run: through_slog, slot: None }
    }

    /// Through slog, with lines of logx's own shape.
    pub fn through_slog_lines(name: &'static str, writer: Arc<dyn Writer>) -> Self {
        Self { name, writer, context: ten_fields(), run: through_slog_lines, slot: None }
    }

    /// Through tracing, to the subscriber of `slot`.
    pub fn through_tracing(name: &'static str, writer: Arc<dyn Writer>, slot: usize) -> Self {
        Self { name, writer, context: ten_fields(), run: through_tracing, slot: Some(slot) }
    }
}

/// Each backend has call-sites of its own, as every program has only one backend.
fn native(scenario: Scenario, lines: u64, context: &Log) {
    logx_calls!(scenario, lines, context);
}

fn through_slog(scenario: Scenario, lines: u64, context: &Log) {
    logx_calls!(scenario, lines, context);
}

fn through_slog_lines(scenario: Scenario, lines: u64, context: &Log) {
    logx_calls!(scenario, lines, context);
}

fn through_tracing(scenario: Scenario, lines: u64, context: &Log) {
    logx_calls!(scenario, lines, context);
}

/// A logger that carries the rich fields.
fn ten_fields() -> Log {
    let r = data::rich();
    logx::with_fields([
        field("int", r.int),
        field("ints", Value::serde(&r.ints)),
        field("string", r.string),
        field("strings", Value::serde(&r.strings)),
        field("time", r.time),
        field("times", Value::serde(&r.times)),
        field("user1", Value::serde(&r.user1)),
        field("user2", Value::serde(&r.user2)),
        field("users", Value::serde(&r.users)),
        field("error", Value::error(&r.error)),
    ])
}

impl Candidate for Logx {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        scenario != Scenario::Span10
    }

    fn activate(&self) {
        if let Some(slot) = self.slot {
            subscribers::switch_to(slot);
        }
        logx::set_level(logx::Level::Info);
        logx::set_writer(Arc::clone(&self.writer));
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        (self.run)(scenario, lines, &self.context);
    }

    fn flattens_to_text(&self) -> bool {
        self.slot.is_some()
    }
}
