//! structured-logger, called through `log`'s macros with their `logger:` argument.

use crate::candidate::{Candidate, repeat};
use crate::data;
use crate::scenario::Scenario;
use std::io::Write;
use structured_logger::{Builder, json};

pub struct Structured {
    logger: Box<dyn log::Log>,
}

impl Structured {
    pub fn new<W: Write + Send + Sync + 'static>(sink: W) -> Self {
        log::set_max_level(log::LevelFilter::Info);
        let logger = Builder::with_level("info").with_default_writer(json::new_writer(sink)).build();
        Self { logger: Box::new(logger) }
    }
}

impl Candidate for Structured {
    fn name(&self) -> &'static str {
        "structured-logger"
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
                log::debug!(logger: log, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Off10 => repeat(lines, || {
                log::debug!(logger: log,
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Static => repeat(lines, || {
                log::info!(logger: log, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Flat10 => repeat(lines, || {
                log::info!(logger: log,
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || {
                log::info!(logger: log,
                    int = r.int, ints:serde = r.ints, string = r.string, strings:serde = r.strings, time = r.time,
                    times:serde = r.times, user1:serde = r.user1, user2:serde = r.user2, users:serde = r.users,
                    error:% = r.error; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Ctx10 | Scenario::Span10 => unreachable!("structured-logger keeps no context"),
            Scenario::Fmt3 => repeat(lines, || log::info!(logger: log, "{}", fmt3!(d))),
            Scenario::Fmt10 => repeat(lines, || log::info!(logger: log, "{}", fmt10!(r))),
        }
    }
}
