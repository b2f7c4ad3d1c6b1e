//! slog-json and tracing called directly with everything that a line of logx's says: timestamp, level word and caller too.

use crate::candidate::{Candidate, repeat};
use crate::data;
use crate::scenario::Scenario;
use crate::subscribers;
use slog::{Drain, FnValue, Logger, PushFnValue, o};
use slog_json::Json;
use std::io::{BufWriter, Write};
use std::sync::Mutex;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The place of the call, as logx writes it.
macro_rules! place {
    () => {
        concat!("bench/same_fields.rs:", line!())
    };
}

/// The time as slog-json's own default key writes it.
fn now() -> Option<String> {
    OffsetDateTime::now_utc().format(&Rfc3339).ok()
}

/// A drain that prints a record's own keys and its message: what a program's own logger has, whoever logs through it.
pub fn own_logger<W: Write + Send + 'static>(sink: W) -> Logger {
    let message = o!("msg" => PushFnValue(|record: &slog::Record<'_>, ser| ser.emit(record.msg())));
    Logger::root(Mutex::new(Json::new(sink).add_key_value(message).build()).fuse(), o!())
}

/// slog-json called with logx's keys on a logger of the program's own, or set up to print logx's line, a write a line.
pub struct SlogSame {
    name: &'static str,
    log: Logger,
    /// The keys are the call's, not the drain's.
    with_keys: bool,
}

impl SlogSame {
    pub fn own_logger<W: Write + Send + 'static>(name: &'static str, sink: W) -> Self {
        Self { name, log: own_logger(sink), with_keys: true }
    }

    pub fn line<W: Write + Send + 'static>(name: &'static str, sink: W) -> Self {
        let keys = o!(
            "content" => PushFnValue(|record: &slog::Record<'_>, ser| ser.emit(record.msg())),
            "caller" => PushFnValue(|record: &slog::Record<'_>, ser| {
                ser.emit(format_args!("bench/same_fields.rs:{}", record.line()))
            }),
            "level" => FnValue(|record: &slog::Record<'_>| match record.level() {
                slog::Level::Info => "info",
                other => other.as_short_str(),
            }),
            "@timestamp" => FnValue(|_: &slog::Record<'_>| now()),
        );
        let json = Json::new(BufWriter::new(sink)).set_flush(true).add_key_value(keys).build();
        Self { name, log: Logger::root(Mutex::new(json).fuse(), o!()), with_keys: false }
    }
}

impl Candidate for SlogSame {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        scenario == Scenario::Flat10
    }

    fn run(&self, _scenario: Scenario, lines: u64) {
        let (log, d) = (&self.log, data::flat());
        if self.with_keys {
            repeat(lines, || {
                slog::info!(log, "Test logging, but use a somewhat realistic message length.";
                    "@timestamp" => FnValue(|_: &slog::Record<'_>| now()), "level" => "info", "caller" => place!(),
                    "method" => d.method, "path" => d.path, "host" => d.host, "status" => d.status,
                    "bytes" => d.bytes, "user_id" => d.user_id, "attempt" => d.attempt,
                    "elapsed_ms" => d.elapsed_ms, "load" => d.load, "cached" => d.cached);
            });
        } else {
            repeat(lines, || {
                slog::info!(log, "Test logging, but use a somewhat realistic message length.";
                    "method" => d.method, "path" => d.path, "host" => d.host, "status" => d.status,
                    "bytes" => d.bytes, "user_id" => d.user_id, "attempt" => d.attempt,
                    "elapsed_ms" => d.elapsed_ms, "load" => d.load, "cached" => d.cached);
            });
        }
    }
}

/// `tracing` called with logx's level word and caller as fields; the time is the subscriber's.
pub struct TracingSame {
    name: &'static str,
    slot: usize,
}

impl TracingSame {
    pub const fn new(name: &'static str, slot: usize) -> Self {
        Self { name, slot }
    }
}

impl Candidate for TracingSame {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        scenario == Scenario::Flat10
    }

    fn activate(&self) {
        subscribers::switch_to(self.slot);
    }

    fn run(&self, _scenario: Scenario, lines: u64) {
        let d = data::flat();
        repeat(lines, || {
            tracing::info!(
                level = "info",
                caller = place!(),
                method = d.method,
                path = d.path,
                host = d.host,
                status = d.status,
                bytes = d.bytes,
                user_id = d.user_id,
                attempt = d.attempt,
                elapsed_ms = d.elapsed_ms,
                load = d.load,
                cached = d.cached,
                "Test logging, but use a somewhat realistic message length."
            );
        });
    }
}
