//! Calling branches.
//!
//! *What it promises*: an answer for every call, never later than its timeout; only a branch's own refusal counts as one. *When it fails*: a
//! branch that cannot be reached, answers late or answers nonsense is an unknown answer, to be repeated. *How to see it*:
//! `dtm_branch_process_total`, and the last error of each branch in `query`.

mod grpc;
mod http;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::machine::Answer;

/// One call of a branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BranchCall<'a> {
    /// The transaction.
    pub(crate) gid: &'a str,
    /// `01`, `02`, ...
    pub(crate) branch_id: &'a str,
    /// `action` or `compensate`.
    pub(crate) op: &'a str,
    /// Where to.
    pub(crate) url: &'a str,
    /// What with.
    pub(crate) payload: &'a [u8],
    /// Headers of the saga.
    pub(crate) headers: &'a BTreeMap<String, String>,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

/// Calls branches over gRPC and HTTP; keeps their connections.
#[derive(Debug)]
pub(crate) struct Branches {
    grpc: grpc::Grpc,
    http: http::Http,
    places: Mutex<HashMap<String, Arc<Place>>>,
    limit: u32,
}

/// Destinations that are remembered; beyond it the idle ones are forgotten.
const MAX_PLACES: usize = 1024;
/// The longest time for which a recovered transaction is sent away.
const MAX_PAUSE_SECONDS: i64 = 60;

impl Branches {
    /// At most `limit` calls of recovered transactions run to one destination at once.
    pub(crate) fn new(limit: u32) -> Self {
        Self { grpc: grpc::Grpc::default(), http: http::Http::new(), places: Mutex::default(), limit: limit.max(1) }
    }

    /// Calls a branch.
    pub(crate) async fn call(&self, call: BranchCall<'_>) -> Answer {
        let answer = async { if is_http(call.url) { self.http.call(call).await } else { self.grpc.call(call).await } };
        let begin = tokio::time::Instant::now();
        match tokio::time::timeout(call.timeout, answer).await {
            // The transport keeps the time as well, and its words help nobody.
            Ok(Answer::Unknown(_)) if begin.elapsed() >= call.timeout => late(call.timeout),
            Ok(answer) => answer,
            Err(_) => late(call.timeout),
        }
    }

    /// A place for a recovered transaction at the destination of a URL, or, when all are taken, how many milliseconds later to come back. The
    /// more have been sent away since, the longer, so that a dead destination with a long queue costs little.
    ///
    /// # Errors
    /// The pause.
    #[allow(clippy::cast_possible_truncation, reason = "at most a thousand")]
    pub(crate) fn place(&self, url: &str, jitter: f64) -> Result<OwnedSemaphorePermit, i64> {
        let place = self.destination(url);
        match Arc::clone(&place.free).try_acquire_owned() {
            Ok(permit) => {
                place.sent_away.store(0, Ordering::Relaxed);
                Ok(permit)
            }
            Err(_) => {
                let rounds = i64::from(place.sent_away.fetch_add(1, Ordering::Relaxed) / self.limit);
                let pause = (rounds + 1).min(MAX_PAUSE_SECONDS) * 1000;
                Err(pause + (jitter * 1000.0) as i64)
            }
        }
    }

    fn destination(&self, url: &str) -> Arc<Place> {
        let key = destination(url).to_owned();
        let mut places = match self.places.lock() {
            Ok(places) => places,
            Err(poisoned) => poisoned.into_inner(),
        };
        if places.len() >= MAX_PLACES {
            places.retain(|_, place| Arc::strong_count(&place.free) > 1);
        }
        let new =
            || Arc::new(Place { free: Arc::new(Semaphore::new(self.limit as usize)), sent_away: AtomicU32::new(0) });
        Arc::clone(places.entry(key).or_insert_with(new))
    }
}

fn late(timeout: Duration) -> Answer {
    let seconds = timeout.as_secs_f64();
    Answer::Unknown(format!("no answer within {seconds} s; a branch that needs longer needs a longer request_timeout"))
}

#[derive(Debug)]
struct Place {
    free: Arc<Semaphore>,
    sent_away: AtomicU32,
}

pub(super) fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// The part of a URL that names the server.
fn destination(url: &str) -> &str {
    if is_http(url) {
        let rest = url.find("://").map_or(0, |at| at + 3);
        let end = url.get(rest..).and_then(|tail| tail.find(['/', '?'])).map_or(url.len(), |at| rest + at);
        return url.get(..end).unwrap_or(url);
    }
    let mut end = url.len();
    for _ in 0..2 {
        end = url.get(..end).and_then(|head| head.rfind('/')).unwrap_or(end);
    }
    url.get(..end).unwrap_or(url)
}

/// What a failed call is called in a rollback reason, in dtm's words.
fn refusal(url: &str, text: &str) -> Answer {
    let text = text.strip_suffix(" FAILURE").unwrap_or(text);
    Answer::Refused(format!("url:{url} return failed: {text} FAILURE"))
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn a_destination_is_the_url_without_what_is_called_there() {
        for (url, wanted) in [
            ("a:1/p.S/M", "a:1"),
            ("direct:///a:1,b:2/p.S/M", "direct:///a:1,b:2"),
            ("etcd://h/key/p.S/M", "etcd://h/key"),
            ("http://h:1/path/x?y=/z", "http://h:1"),
            ("https://h", "https://h"),
        ] {
            assert_eq!(destination(url), wanted);
        }
    }
}
