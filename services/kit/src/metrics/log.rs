//! The logger's own figures. The logger belongs to the process, so that the services of one process show the same numbers.

use std::sync::{Mutex, PoisonError};

use logx::{Health, Kind};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec, Opts};

use super::names;

/// Takes one figure out of them all.
type Read = fn(&Health) -> u64;

/// Reads the figures at each scrape.
#[derive(Debug)]
pub(super) struct LogCollector {
    lines: IntCounterVec,
    totals: Vec<(IntCounter, Read)>,
    /// Two scrapes at once must not both add the difference.
    scrape: Mutex<()>,
}

impl LogCollector {
    pub(super) fn new() -> Self {
        let lines = Opts::new(names::LOG_LINES, "log lines by kind.");
        let totals: [(&str, &str, Read); 4] = [
            (names::LOG_BYTES, "bytes of log lines.", |h| h.bytes),
            (names::LOG_DROPPED, "log lines that were lost.", |h| h.dropped),
            (names::LOG_ERRORS, "log lines for which a writer reported an error.", |h| h.write_errors),
            (names::LOG_PANICS, "panics of logged values and of writers, all caught.", |h| h.panics),
        ];
        Self {
            lines: IntCounterVec::new(lines, &[names::KIND]).expect("a constant name"),
            totals: totals
                .map(|(name, help, read)| (IntCounter::new(name, help).expect("a constant name"), read))
                .into(),
            scrape: Mutex::default(),
        }
    }
}

fn raise(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

impl Collector for LogCollector {
    fn desc(&self) -> Vec<&Desc> {
        let totals = self.totals.iter().flat_map(|(counter, _)| counter.desc());
        self.lines.desc().into_iter().chain(totals).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _one = self.scrape.lock().unwrap_or_else(PoisonError::into_inner);
        let health = logx::health();
        for kind in Kind::ALL {
            raise(&self.lines.with_label_values(&[kind.name()]), health.lines_of(kind));
        }
        for (counter, read) in &self.totals {
            raise(counter, read(&health));
        }
        let totals = self.totals.iter().flat_map(|(counter, _)| counter.collect());
        self.lines.collect().into_iter().chain(totals).collect()
    }
}
