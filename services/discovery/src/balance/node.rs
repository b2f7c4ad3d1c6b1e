use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Response;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// Time constant of both means.
const DECAY: Duration = Duration::from_secs(10);
/// A loser gets a call when it had none for so long.
const FORCED: Duration = Duration::from_secs(1);
/// Success is a mean of this and 0.
const FULL: f64 = 1000.0;
const HEALTHY: f64 = 500.0;

/// What is known of an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stats {
    /// Mean latency in nanoseconds.
    latency: f64,
    success: f64,
    reachable: bool,
    running: u32,
    completed: Option<Instant>,
    picked: Option<Instant>,
}

impl Default for Stats {
    fn default() -> Self {
        Self { latency: 0.0, success: FULL, reachable: true, running: 0, completed: None, picked: None }
    }
}

impl Stats {
    pub(super) fn begin(&mut self, now: Instant) {
        self.running += 1;
        self.picked = Some(now);
    }

    pub(super) fn complete(&mut self, now: Instant, took: Duration, good: bool) {
        self.running = self.running.saturating_sub(1);
        self.reachable = true;
        // The first value counts whole.
        let old = self
            .completed
            .map_or(0.0, |before| (-now.saturating_duration_since(before).as_secs_f64() / DECAY.as_secs_f64()).exp());
        self.latency = self.latency * old + took.as_secs_f64() * 1e9 * (1.0 - old);
        let full = if self.completed.is_none() && good { 1.0 } else { old };
        self.success = self.success * full + if good { FULL * (1.0 - full) } else { 0.0 };
        self.completed = Some(now);
    }

    /// There is no connection, which says nothing about latency.
    pub(super) fn unreachable(&mut self) {
        self.running = self.running.saturating_sub(1);
        self.reachable = false;
    }

    pub(super) fn healthy(&self) -> bool {
        self.reachable && self.success > HEALTHY
    }

    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        if self.healthy() == other.healthy() { self.load() < other.load() } else { self.healthy() }
    }

    /// Whether it is to be tried although another one is better.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.picked.is_none_or(|picked| now.saturating_duration_since(picked) > FORCED)
    }

    fn load(&self) -> f64 {
        (self.latency + 1.0).sqrt().floor() * f64::from(self.running + 1)
    }
}

/// One instance.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) address: String,
    /// Connects at the first call, and again whenever the connection was lost.
    pub(super) channel: Channel,
    stats: Mutex<Stats>,
}

impl Node {
    pub(super) fn new(address: &str, endpoint: &Endpoint) -> Self {
        Self { address: address.to_owned(), channel: endpoint.connect_lazy(), stats: Mutex::default() }
    }

    pub(super) fn stats(&self) -> Stats {
        *self.lock()
    }

    /// A call begins.
    pub(super) fn begin(&self) -> Running<'_> {
        let now = Instant::now();
        self.lock().begin(now);
        Running { node: self, started: now, ended: false }
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs. Dropped before its answer it counts as failed: its caller had waited long enough.
#[derive(Debug)]
pub(super) struct Running<'a> {
    node: &'a Node,
    started: Instant,
    ended: bool,
}

impl Running<'_> {
    pub(super) fn answered(mut self, response: &Response<Body>) {
        let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
        self.end(!is_fault(code));
    }

    pub(super) fn failed(mut self, unsent: bool) {
        if unsent {
            self.ended = true;
            self.node.lock().unreachable();
        } else {
            self.end(false);
        }
    }

    fn end(&mut self, good: bool) {
        if !std::mem::replace(&mut self.ended, true) {
            self.node.lock().complete(Instant::now(), self.started.elapsed(), good);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// go-zero's list: what the instance is to blame for, and not the request.
fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::DeadlineExceeded
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unimplemented
            | Code::ResourceExhausted
    )
}
