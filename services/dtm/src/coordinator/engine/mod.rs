//! Runs transactions: takes them in, drives each through its state machine, and finds those that are due again.
//!
//! *What it promises*: a transaction is on disk before a branch is called, a result before the next step; within this process one task at a time
//! has a transaction in hand. *When it acts*: at once for what is submitted, at its time for what waits, at start for what a dead process left.
//! *When it fails*: a store that cannot be written is tried again until it can, and nothing is called in between. *How to see it*: `query`
//! shows attempts, the next try and the last error of each branch; gauges show how much is pending and how old the oldest is.

mod active;
mod admin;
mod drive;
mod schedule;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alert::Alerts;
use super::branch::Branches;
use super::conf::Conf;
use super::fail::FailPoint;
use super::machine::Pace;
use super::metrics::Metrics;
use super::store::Store;
use super::trace::Spans;

pub(crate) use submit::{Settled, SubmitError};

/// A transaction that waits for somebody to act, not for a time.
pub(crate) const UNTIL_CALLED: i64 = i64::MAX - 1;

/// See the module.
#[derive(Debug)]
pub(crate) struct Engine {
    conf: Conf,
    owner: String,
    store: Store,
    branches: Branches,
    alerts: Alerts,
    metrics: Metrics,
    spans: Spans,
    fail: FailPoint,
    active: active::ActiveMap,
    recovery: Arc<Semaphore>,
    wake: Notify,
    next_wake: AtomicI64,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// What the coordinator's own lines carry: the log context in which it was started.
    lines: logx::Context,
}

impl Engine {
    /// An engine over a store; [`Engine::run`] makes it look for what is due.
    pub(crate) fn new(
        conf: Conf,
        owner: &str,
        store: Store,
        metrics: Metrics,
        spans: Spans,
        fail: FailPoint,
    ) -> Arc<Self> {
        Arc::new(Self {
            branches: Branches::new(conf.branch_limit),
            alerts: Alerts::new(&conf.alert_web_hook, conf.alert_retry_limit),
            recovery: Arc::new(Semaphore::new(usize::try_from(conf.recovery_limit).unwrap_or(512))),
            conf,
            owner: owner.to_owned(),
            store,
            metrics,
            spans,
            fail,
            active: active::ActiveMap::default(),
            wake: Notify::new(),
            next_wake: AtomicI64::new(i64::MAX),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            lines: logx::Context::current(),
        })
    }

    /// Runs a task that [`Engine::stop`] waits for, with the coordinator's log context.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(logx::instrument(self.lines.clone(), task));
    }

    /// The name under which this process has transactions in hand.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The metrics.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The configuration.
    pub(crate) fn conf(&self) -> &Conf {
        &self.conf
    }

    /// Takes nothing more in, lets running calls end for at most `grace`, and closes the store.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            logx::warn!(tasks = self.tasks.len(); "dtm: stopped while branches were being called; they are called again at the next start");
        }
        self.store.close().await;
    }

    /// Whether a recovered transaction may stand in line for its destination: not when those that do have left little for other destinations.
    fn may_wait(&self) -> bool {
        self.recovery.available_permits() > self.conf.recovery_limit as usize / 4
    }

    fn pace(&self) -> Pace {
        let millis = |seconds: u32| i64::from(seconds) * 1000;
        Pace { interval: millis(self.conf.retry_interval), most: millis(self.conf.max_retry_interval) }
    }

    /// Lets the scheduler know that something is due at `at`.
    fn wake_by(&self, at: i64) {
        if at < self.next_wake.fetch_min(at, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number from 0 to 1, to spread repetitions.
pub(crate) fn jitter() -> f64 {
    let bits = uuid::Uuid::new_v4().as_u128() & 0xffff;
    f64::from(u32::try_from(bits).unwrap_or_default()) / 65536.0
}
