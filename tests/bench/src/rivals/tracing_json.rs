//! tracing with tracing-subscriber's `json()`, and the switch that lets several subscribers live in one process.

use crate::candidate::{Candidate, repeat};
use crate::data;
use crate::scenario::Scenario;
use crate::subscribers;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

/// tracing-subscriber's JSON on `sink`, as its documentation sets it up, except that the fields of a span stand in the
/// line once (`span`) and not twice (`span` and `spans`).
pub fn stock_json<W: Write + Send + 'static>(sink: W) -> impl Subscriber + Send + Sync {
    tracing_subscriber::fmt()
        .json()
        .with_span_list(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(Mutex::new(sink))
        .finish()
}

/// tracing-appender's writer, started only when it is measured.
#[derive(Clone, Default)]
pub struct Late(Arc<OnceLock<NonBlocking>>);

impl Late {
    /// Starts the worker; the guard writes what is queued when it is dropped. A second start is ignored.
    pub fn start<W: Write + Send + 'static>(&self, sink: W) -> WorkerGuard {
        let (writer, guard) = tracing_appender::non_blocking(sink);
        let _ = self.0.set(writer);
        guard
    }
}

impl Write for Late {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // tracing-appender clones its writer for every event as well.
        self.0.get().cloned().map_or(Ok(buf.len()), |mut writer| writer.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `tracing` called directly while the subscriber of `slot` is the active one.
pub struct TracingJson {
    name: &'static str,
    slot: usize,
}

impl TracingJson {
    pub const fn new(name: &'static str, slot: usize) -> Self {
        Self { name, slot }
    }
}

impl Candidate for TracingJson {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        scenario != Scenario::Zap10Serde
    }

    fn activate(&self) {
        subscribers::switch_to(self.slot);
    }

    fn flattens_to_text(&self) -> bool {
        true
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        let d = data::flat();
        let r = data::rich();
        match scenario {
            Scenario::Off => repeat(lines, || {
                tracing::debug!("Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Off10 => repeat(lines, || {
                tracing::debug!(
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
            }),
            Scenario::Static => repeat(lines, || {
                tracing::info!("Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Flat10 => repeat(lines, || {
                tracing::info!(
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
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || {
                tracing::info!(
                    int = r.int,
                    ints = debug(&r.ints),
                    string = r.string,
                    strings = debug(&r.strings),
                    time = r.time,
                    times = debug(&r.times),
                    user1 = debug(&r.user1),
                    user2 = debug(&r.user2),
                    users = debug(&r.users),
                    error = display(&r.error),
                    "Test logging, but use a somewhat realistic message length."
                );
            }),
            Scenario::Ctx10 => {
                let span = tracing::info_span!(
                    "request",
                    int = r.int,
                    ints = debug(&r.ints),
                    string = r.string,
                    strings = debug(&r.strings),
                    time = r.time,
                    times = debug(&r.times),
                    user1 = debug(&r.user1),
                    user2 = debug(&r.user2),
                    users = debug(&r.users),
                    error = display(&r.error)
                );
                let _inside = span.enter();
                repeat(lines, || {
                    tracing::info!("Test logging, but use a somewhat realistic message length.");
                });
            }
            Scenario::Span10 => {
                let span = tracing::info_span!(
                    "request",
                    method = d.method,
                    path = d.path,
                    host = d.host,
                    status = d.status,
                    bytes = d.bytes,
                    user_id = d.user_id,
                    attempt = d.attempt,
                    elapsed_ms = d.elapsed_ms,
                    load = d.load,
                    cached = d.cached
                );
                let _inside = span.enter();
                repeat(lines, || {
                    tracing::info!("Test logging, but use a somewhat realistic message length.");
                });
            }
            Scenario::Fmt3 => repeat(lines, || tracing::info!("{}", fmt3!(d))),
            Scenario::Fmt10 => repeat(lines, || tracing::info!("{}", fmt10!(r))),
        }
    }
}
