//! A channel over all instances of a service, by go-zero's `p2c_ewma`: of two instances taken at random the one with the smaller load gets the
//! call, where load is the square root of the mean latency times the calls that run.
//!
//! *What it promises*: a call that certainly did not reach an instance is made to another one, so that one that has just gone costs nothing.
//! *When it fails*: without an instance a call waits up to 3 s for one and is then `Unavailable`. *What differs from go-zero*: an instance that
//! cannot be reached, or mostly fails, gets calls only to see whether it is back, once a second.
//!
//! tower has a balancer of this kind, but to it an instance that fails at once is the fastest of all.

mod body;
mod node;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tokio::sync::Notify;
use tokio_util::sync::DropGuard;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tonic::{ConnectError, Status};
use tower::{Service, ServiceExt as _};

use body::Kept;
use node::{Node, Stats};

/// How long a call waits for a first instance.
const WAIT: Duration = Duration::from_secs(3);
/// Pairs that are drawn until both of one are healthy.
const DRAWS: u32 = 3;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A gRPC channel over every address of a target. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct Channel(Arc<Nodes>);

impl Channel {
    /// Over these addresses, which stay.
    pub(crate) fn fixed(endpoints: impl IntoIterator<Item = (String, Endpoint)>) -> Self {
        let nodes = Nodes::new(None);
        for (address, endpoint) in endpoints {
            nodes.insert(&address, &endpoint);
        }
        Self(Arc::new(nodes))
    }

    /// Over addresses that change; the guard goes with the last clone.
    pub(crate) fn changing(guard: DropGuard) -> Self {
        Self(Arc::new(Nodes::new(Some(guard))))
    }

    pub(crate) fn nodes(&self) -> &Arc<Nodes> {
        &self.0
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let nodes = Arc::clone(&self.0);
        Box::pin(async move { nodes.send(request).await })
    }
}

/// The instances.
pub(crate) struct Nodes {
    list: RwLock<Vec<Arc<Node>>>,
    more: Notify,
    random: AtomicU64,
    _watch: Option<DropGuard>,
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot().iter().map(|node| &node.address)).finish()
    }
}

impl Nodes {
    fn new(watch: Option<DropGuard>) -> Self {
        let random = AtomicU64::new(RandomState::new().hash_one(0_u8));
        Self { list: RwLock::default(), more: Notify::new(), random, _watch: watch }
    }

    /// Uses an address from now on.
    pub(crate) fn insert(&self, address: &str, endpoint: &Endpoint) {
        let node = Arc::new(Node::new(address, endpoint));
        self.list.write().unwrap_or_else(PoisonError::into_inner).push(node);
        self.more.notify_waiters();
    }

    /// Makes no new call to an address; those that run end as they do.
    pub(crate) fn remove(&self, address: &str) {
        self.list.write().unwrap_or_else(PoisonError::into_inner).retain(|node| node.address != address);
    }

    fn snapshot(&self) -> Vec<Arc<Node>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let mut body = Kept::new(body);
        let mut tried: Vec<Arc<Node>> = Vec::new();
        let mut last = None;
        while let Some(node) = self.next(&tried).await {
            let Some(body) = body.take() else { break };
            let running = node.begin();
            let request = Request::from_parts(parts.clone(), body);
            let mut channel = node.channel.clone();
            let answer = match channel.ready().await {
                Ok(channel) => channel.call(request).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(response) => {
                    running.answered(&response);
                    return Ok(response);
                }
                Err(error) => {
                    let unsent = is_unsent(&error);
                    running.failed(unsent);
                    if !unsent {
                        return Err(error.into());
                    }
                    last = Some(error.into());
                }
            }
            tried.push(node);
        }
        Err(last.unwrap_or_else(|| Status::unavailable("no instance is registered").into()))
    }

    /// The instance for a call that these were tried for; waits for a first one.
    async fn next(&self, tried: &[Arc<Node>]) -> Option<Arc<Node>> {
        let deadline = tokio::time::Instant::now() + WAIT;
        loop {
            let more = self.more.notified();
            let mut nodes = self.snapshot();
            nodes.retain(|node| !tried.iter().any(|other| Arc::ptr_eq(node, other)));
            match self.pick(&nodes) {
                Some(node) => return Some(node),
                None if !tried.is_empty() => return None,
                None => tokio::time::timeout_at(deadline, more).await.ok()?,
            }
        }
    }

    fn pick(&self, nodes: &[Arc<Node>]) -> Option<Arc<Node>> {
        let [_, _, ..] = nodes else { return nodes.first().cloned() };
        let stats: Vec<Stats> = nodes.iter().map(|node| node.stats()).collect();
        let index = choose(&stats, Instant::now(), || self.random())?;
        nodes.get(index).cloned()
    }

    /// splitmix64 over a counter: good enough to spread calls.
    fn random(&self) -> u64 {
        let mut z = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Which of several instances gets the call.
fn choose(stats: &[Stats], now: Instant, mut random: impl FnMut() -> u64) -> Option<usize> {
    let count = u64::try_from(stats.len()).ok()?;
    let mut pair = None;
    for _ in 0..DRAWS {
        let first = random() % count;
        // Of the others, each with the same chance.
        let second = (first + 1 + random() % (count - 1)) % count;
        let drawn = (usize::try_from(first).ok()?, usize::try_from(second).ok()?);
        let healthy = [drawn.0, drawn.1].iter().all(|index| stats.get(*index).is_some_and(Stats::healthy));
        pair = Some(drawn);
        if healthy {
            break;
        }
    }
    let (first, second) = pair?;
    let (a, b) = (stats.get(first)?, stats.get(second)?);
    let (better, worse) = if b.is_better_than(a) { (second, first) } else { (first, second) };
    Some(if stats.get(worse)?.is_due(now) { worse } else { better })
}

/// Whether a request with this error has certainly not been worked on: there was no connection, or it was closing before, or the other side said
/// that it takes no more (RFC 9113, section 6.8: what is beyond the last stream of a GOAWAY was not processed and may be sent again).
fn is_unsent(error: &tonic::transport::Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<ConnectError>()
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(is_turned_away)
        {
            return true;
        }
        next = cause.source();
    }
    false
}

fn is_turned_away(error: &h2::Error) -> bool {
    let reason = if error.is_go_away() { h2::Reason::NO_ERROR } else { h2::Reason::REFUSED_STREAM };
    error.is_remote() && (error.is_go_away() || error.is_reset()) && error.reason() == Some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the numbers in turn.
    fn drawn(numbers: &[u64]) -> impl FnMut() -> u64 {
        let mut numbers = numbers.iter().copied().cycle();
        move || numbers.next().unwrap_or_default()
    }

    fn stats(millis: u64, running: u32) -> Stats {
        let now = Instant::now();
        let mut stats = Stats::default();
        stats.begin(now);
        stats.complete(now, Duration::from_millis(millis), true);
        (0..running).for_each(|_| stats.begin(now));
        stats
    }

    #[test]
    fn the_smaller_load_wins_whoever_is_drawn_first() {
        let now = Instant::now();
        for (a, b, want) in [
            (stats(9, 0), stats(100, 0), 0),
            (stats(100, 0), stats(9, 0), 1),
            // Root of ten times three calls against root of hundred times one.
            (stats(10, 3), stats(100, 0), 1),
            (stats(10, 2), stats(100, 0), 0),
        ] {
            for first in [0, 1] {
                assert_eq!(choose(&[a, b], now, drawn(&[first, 0])), Some(want), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn the_loser_gets_a_call_when_it_had_none_for_a_second() {
        let both = [stats(1, 0), stats(100, 0)];
        let later = Instant::now() + Duration::from_millis(1500);
        assert_eq!(choose(&both, Instant::now(), drawn(&[0, 0])), Some(0));
        assert_eq!(choose(&both, later, drawn(&[0, 0])), Some(1));
    }

    #[test]
    fn one_that_cannot_be_reached_loses_however_fast_it_fails() {
        let (mut gone, slow, now) = (stats(0, 0), stats(500, 5), Instant::now());
        gone.begin(now);
        gone.unreachable();
        assert_eq!(choose(&[gone, slow], now, drawn(&[0, 0])), Some(1));
        // A third pair is drawn for it.
        assert_eq!(choose(&[gone, slow, stats(1, 0)], now, drawn(&[0, 0, 0, 0, 1, 0])), Some(2));
        gone.begin(now);
        gone.complete(now, Duration::ZERO, true);
        assert_eq!(choose(&[gone, slow], now, drawn(&[0, 0])), Some(0), "an answer ends it");
    }
}
