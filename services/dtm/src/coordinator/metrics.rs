//! The coordinator's metrics, under dtm's names, plus gauges of what is unfinished.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::machine::Answer;
use super::store::Backlog;
use crate::protocol::{SAGA, Status};

/// Branch ids beyond this share one label value.
const MAX_BRANCH_LABEL: usize = 20;

/// All of a coordinator's series, in a registry of its own.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    transactions: IntCounterVec,
    handled: HistogramVec,
    branches: IntCounterVec,
    pending: IntGauge,
    oldest: IntGauge,
    stuck: IntGauge,
}

impl Metrics {
    /// Registers every series, and those that the program adds.
    ///
    /// # Errors
    /// A name is taken twice, which a test would show.
    pub(crate) fn new(further: Vec<Box<dyn Collector>>) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let gauge = |name: &str, help: &str| IntGauge::new(name, help);
        let metrics = Self {
            registry: Registry::new(),
            requests: counter("dtm_server_process_total", "Requests to the coordinator.", &["type", "api", "status"])?,
            durations: HistogramVec::new(
                HistogramOpts::new("dtm_server_response_duration", "Seconds that the coordinator took to answer."),
                &["type", "api"],
            )?,
            transactions: counter("dtm_transaction_process_total", "Transactions that ended.", &["model", "status"])?,
            handled: HistogramVec::new(
                HistogramOpts::new(
                    "dtm_transaction_handled_duration",
                    "Seconds from a transaction's creation to its end.",
                ),
                &["model"],
            )?,
            branches: counter(
                "dtm_branch_process_total",
                "Calls of branches.",
                &["model", "branchid", "branchtype", "status"],
            )?,
            pending: gauge("dtm_transaction_pending", "Transactions that have not ended.")?,
            oldest: gauge(
                "dtm_transaction_oldest_seconds",
                "Age of the oldest transaction that has not ended; 0 if there is none.",
            )?,
            stuck: gauge(
                "dtm_transaction_stuck",
                "Whether the oldest transaction is unfinished for longer than an hour.",
            )?,
        };
        let info = IntGaugeVec::new(Opts::new("dtm_server_info", "The coordinator's version."), &["version"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        metrics.registry.register(Box::new(info))?;
        for collector in [&metrics.requests, &metrics.transactions, &metrics.branches] {
            metrics.registry.register(Box::new(collector.clone()))?;
        }
        for collector in [&metrics.durations, &metrics.handled] {
            metrics.registry.register(Box::new(collector.clone()))?;
        }
        for collector in [&metrics.pending, &metrics.oldest, &metrics.stuck] {
            metrics.registry.register(Box::new(collector.clone()))?;
        }
        for collector in further {
            metrics.registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// The text for Prometheus.
    pub(crate) fn text(&self, backlog: Backlog, now: i64) -> String {
        const STUCK_AFTER: i64 = 3600;
        let age = backlog.oldest.map_or(0, |created| (now - created).max(0) / 1000);
        self.pending.set(backlog.pending);
        self.oldest.set(age);
        self.stuck.set(i64::from(age > STUCK_AFTER));
        let mut text = Vec::new();
        // Encoding fails only for a metric family without series, and there is none.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// A request was answered. `api` is one of the fixed route names.
    pub(crate) fn request(&self, kind: &str, api: &str, ok: bool, took: Duration) {
        let status = if ok { "ok" } else { "fail" };
        self.requests.with_label_values(&[kind, api, status]).inc();
        self.durations.with_label_values(&[kind, api]).observe(took.as_secs_f64());
    }

    #[allow(clippy::cast_precision_loss, reason = "milliseconds of some days")]
    pub(super) fn ended(&self, status: Status, millis: i64) {
        self.transactions.with_label_values(&[SAGA, status.as_str()]).inc();
        self.handled.with_label_values(&[SAGA]).observe(millis as f64 / 1000.0);
    }

    pub(super) fn branch(&self, id: &str, op: &str, answer: &Answer) {
        let id = if id.parse().is_ok_and(|id: usize| id <= MAX_BRANCH_LABEL) { id } else { "more" };
        self.branches.with_label_values(&[SAGA, id, op, answer.word()]).inc();
    }
}
