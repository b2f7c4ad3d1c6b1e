//! slog with slog-json: rich values through `Serde` (feature `nested-values`).

use crate::candidate::{Candidate, repeat};
use crate::data::{self, MESSAGE, Rich};
use crate::scenario::Scenario;
use slog::{Drain, Logger, OwnedKV, SendSyncRefUnwindSafeKV, Serde, o};
use slog_async::{Async, AsyncGuard};
use std::io::Write;
use std::sync::Mutex;

pub struct SlogJson {
    name: &'static str,
    plain: Logger,
    context: Logger,
}

impl SlogJson {
    pub fn new<W: Write + Send + 'static>(name: &'static str, sink: W) -> Self {
        let drain = Mutex::new(slog_json::Json::default(sink)).fuse();
        let plain = Logger::root(slog::LevelFilter::new(drain, slog::Level::Info).fuse(), o!());
        let context = plain.new(ten_fields(data::rich()));
        Self { name, plain, context }
    }
}

/// slog-async around slog-json with its defaults; the guard writes what is queued when it is dropped.
pub fn slog_async<W: Write + Send + 'static>(name: &'static str, sink: W) -> (SlogJson, AsyncGuard) {
    let (drain, guard) = Async::new(slog_json::Json::default(sink).fuse()).build_with_guard();
    let plain = Logger::root(slog::LevelFilter::new(drain, slog::Level::Info).fuse(), o!());
    let context = plain.new(ten_fields(data::rich()));
    (SlogJson { name, plain, context }, guard)
}

fn ten_fields(d: &'static Rich) -> OwnedKV<impl SendSyncRefUnwindSafeKV> {
    o!(
        "int" => d.int,
        "ints" => Serde(d.ints),
        "string" => d.string,
        "strings" => Serde(d.strings),
        "time" => d.time,
        "times" => Serde(d.times),
        "user1" => Serde(d.user1.clone()),
        "user2" => Serde(d.user2.clone()),
        "users" => Serde(d.users.clone()),
        "error" => d.error.to_string(),
    )
}

impl Candidate for SlogJson {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        !matches!(scenario, Scenario::Zap10 | Scenario::Span10)
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        let log = &self.plain;
        let d = data::flat();
        let r = data::rich();
        match scenario {
            Scenario::Off => repeat(lines, || slog::debug!(log, "{}", MESSAGE)),
            Scenario::Off10 => repeat(lines, || {
                slog::debug!(log, "{}", MESSAGE;
                    "method" => d.method, "path" => d.path, "host" => d.host, "status" => d.status,
                    "bytes" => d.bytes, "user_id" => d.user_id, "attempt" => d.attempt,
                    "elapsed_ms" => d.elapsed_ms, "load" => d.load, "cached" => d.cached);
            }),
            Scenario::Static => repeat(lines, || {
                slog::info!(log, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Flat10 => repeat(lines, || {
                slog::info!(log, "Test logging, but use a somewhat realistic message length.";
                    "method" => d.method, "path" => d.path, "host" => d.host, "status" => d.status,
                    "bytes" => d.bytes, "user_id" => d.user_id, "attempt" => d.attempt,
                    "elapsed_ms" => d.elapsed_ms, "load" => d.load, "cached" => d.cached);
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || rich_line(log, r)),
            Scenario::Ctx10 => repeat(lines, || {
                slog::info!(self.context, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Fmt3 => repeat(lines, || {
                slog::info!(log, "{}", fmt3!(d));
            }),
            Scenario::Span10 => unreachable!("slog has no spans"),
            Scenario::Fmt10 => repeat(lines, || {
                slog::info!(log, "{}", fmt10!(r));
            }),
        }
    }
}

/// slog wants values that it can own, so the users are borrowed for ever rather than cloned.
#[inline]
fn rich_line(log: &Logger, r: &'static Rich) {
    slog::info!(log, "Test logging, but use a somewhat realistic message length.";
        "int" => r.int, "ints" => Serde(&r.ints), "string" => r.string, "strings" => Serde(&r.strings),
        "time" => r.time, "times" => Serde(&r.times), "user1" => Serde(&r.user1), "user2" => Serde(&r.user2),
        "users" => Serde(&r.users), "error" => %r.error);
}
