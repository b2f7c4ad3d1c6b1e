//! slog -> logx -> slog and log -> logx -> slog -> log: a line goes on once and does not come back. One test: it takes the
//! process's writer and its logger of the `log` crate.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::sync::{Arc, Mutex};

use logx_slog::{LogxDrain, SlogWriter};
use slog::{Drain, Duplicate, Logger, OwnedKVList, Record, o};

/// The program's own drain: keeps the messages that reach it.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Drain for Kept {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
        self.0.lock().unwrap().push(record.msg().to_string());
        Ok(())
    }
}

/// The program's own drain that hands each record to the `log` crate, as slog-stdlog does.
struct ToLog(Kept);

impl Drain for ToLog {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), slog::Never> {
        log::error!(target: "round", "{}", record.msg());
        self.0.log(record, values)
    }
}

impl Kept {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn a_library_s_record_goes_through_logx_once() {
    // The logger behind logx also leads into logx.
    let kept = Kept::default();
    let behind = Logger::root(Duplicate::new(kept.clone(), LogxDrain::new()).map(slog::Fuse), o!());
    logx::set_writer(SlogWriter::new(behind));
    let library = Logger::root(LogxDrain::new(), o!("library" => "one"));
    let before = logx::health().reentrant;
    slog::error!(library, "round"; "n" => 1);
    assert_eq!(kept.take(), ["round"]);
    assert_eq!(logx::health().reentrant, before + 1);

    // One logger for both: its drain has the library's record, and logx's line of it.
    let kept = Kept::default();
    let shared = Logger::root(Duplicate::new(kept.clone(), LogxDrain::new()).map(slog::Fuse), o!());
    logx::set_writer(SlogWriter::new(shared.clone()));
    slog::error!(shared, "both");
    assert_eq!(kept.take(), ["both", "both"]);
    assert_eq!(logx::health().reentrant, before + 2);

    logx::error("own");
    assert_eq!(kept.take(), ["own"]);

    // log -> logx -> slog -> log, and slog -> logx -> slog -> log.
    logx::init_log_bridge().unwrap();
    logx::set_writer(SlogWriter::new(Logger::root(ToLog(kept.clone()), o!())));
    let before = logx::health().reentrant;
    log::error!(target: "a::library", "from log");
    assert_eq!(kept.take(), ["from log"]);
    slog::error!(library, "from slog");
    assert_eq!(kept.take(), ["from slog"]);
    logx::error("own");
    assert_eq!(kept.take(), ["own"]);
    assert_eq!(logx::health().reentrant, before + 3);
}
