//! tracing -> logx -> tracing and log -> logx -> tracing -> log: each line is delivered once and does not come back. One
//! test: it takes the process's writer, subscriber and logger of the `log` crate.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::sync::{Arc, Mutex};

use logx_tracing::{LogxLayer, TracingWriter};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// A layer that keeps the names of the events that reach it, and hands each to the `log` crate.
#[derive(Clone, Default)]
struct ToLog(Arc<Mutex<Vec<&'static str>>>);

impl<S: tracing_core::Subscriber> Layer<S> for ToLog {
    fn on_event(&self, event: &tracing_core::Event<'_>, _: Context<'_, S>) {
        let name = event.metadata().name();
        self.0.lock().unwrap().push(if name.starts_with("event ") { "a library's" } else { name });
        log::error!(target: "round", "again");
    }
}

impl ToLog {
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Keeps the lines that logx delivers.
#[derive(Clone, Default)]
struct Delivered(Arc<Mutex<Vec<String>>>);

impl logx::Writer for Delivered {
    fn write(&self, record: &logx::Record<'_>) -> Result<(), logx::WriteError> {
        self.0.lock().unwrap().push(record.to_owned().text());
        Ok(())
    }
}

impl Delivered {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn a_line_is_delivered_once_whichever_way_it_came() {
    let (seen, delivered) = (ToLog::default(), Delivered::default());
    logx::set_writer(TracingWriter::new());
    logx::add_writer(delivered.clone());

    // log -> logx -> tracing -> log.
    logx::init_log_bridge().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(seen.clone()), || {
        let before = logx::health().reentrant;
        log::error!(target: "a::library", "from log");
        assert_eq!(delivered.take(), ["from log"]);
        assert_eq!(seen.take(), ["logx:error"]);
        assert_eq!(logx::health().reentrant, before + 1);
    });

    // tracing -> logx -> tracing; the process's own subscriber, because tracing cuts a scoped one's inner events off.
    log::set_max_level(log::LevelFilter::Off);
    let subscriber = tracing_subscriber::registry().with(seen.clone()).with(LogxLayer::new());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let before = logx::health().reentrant;
    tracing::error!(target: "a::library", "from tracing");
    assert_eq!(delivered.take(), ["from tracing"]);
    assert_eq!(seen.take(), ["a library's", "logx:error"]);
    assert_eq!(logx::health().reentrant, before + 1);
    assert!(LogxLayer::new().init().is_err(), "a second subscriber would be a second way");

    // All three at once.
    log::set_max_level(log::LevelFilter::Warn);
    let before = logx::health().reentrant;
    log::error!(target: "a::library", "from log");
    assert_eq!(delivered.take(), ["from log"]);
    assert_eq!(seen.take(), ["logx:error"]);
    assert_eq!(logx::health().reentrant, before + 2);
}
