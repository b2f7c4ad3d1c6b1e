//! spdlog-rs with its `JsonFormatter`.

use crate::candidate::{Candidate, repeat};
use crate::data;
use crate::scenario::Scenario;
use spdlog::formatter::JsonFormatter;
use spdlog::sink::WriteSink;
use spdlog::{Level, LevelFilter, Logger};
use std::io::Write;
use std::sync::Arc;

pub struct SpdlogJson {
    logger: Arc<Logger>,
}

impl SpdlogJson {
    pub fn new<W: Write + Send + 'static>(sink: W) -> Result<Self, spdlog::Error> {
        let sink = WriteSink::builder().target(sink).formatter(JsonFormatter::new()).build_arc()?;
        let level = LevelFilter::MoreSevereEqual(Level::Info);
        let logger = Logger::builder().sink(sink).level_filter(level).build_arc()?;
        Ok(Self { logger })
    }
}

impl Candidate for SpdlogJson {
    fn name(&self) -> &'static str {
        "spdlog"
    }

    fn supports(&self, scenario: Scenario) -> bool {
        !matches!(scenario, Scenario::Ctx10 | Scenario::Span10 | Scenario::Zap10)
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        let log = &self.logger;
        let d = data::flat();
        let r = data::rich();
        match scenario {
            Scenario::Off => repeat(lines, || {
                spdlog::debug!(logger: log, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Off10 => repeat(lines, || {
                spdlog::debug!(logger: log, "Test logging, but use a somewhat realistic message length.", kv: {
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached });
            }),
            Scenario::Static => repeat(lines, || {
                spdlog::info!(logger: log, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Flat10 => repeat(lines, || {
                spdlog::info!(logger: log, "Test logging, but use a somewhat realistic message length.", kv: {
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached });
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || {
                spdlog::info!(logger: log, "Test logging, but use a somewhat realistic message length.", kv: {
                    int = r.int, ints:serde = r.ints, string = r.string, strings:serde = r.strings, time = r.time,
                    times:serde = r.times, user1:serde = r.user1, user2:serde = r.user2, users:serde = r.users,
                    error: = r.error });
            }),
            Scenario::Ctx10 | Scenario::Span10 => unreachable!("spdlog-rs keeps no context"),
            Scenario::Fmt3 => repeat(lines, || spdlog::info!(logger: log, "{}", fmt3!(d))),
            Scenario::Fmt10 => repeat(lines, || spdlog::info!(logger: log, "{}", fmt10!(r))),
        }
    }
}
