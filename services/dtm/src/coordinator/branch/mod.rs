//! Calling branches.
//!
//! *What it promises*: an answer for every call, never later than its timeout; only a branch's own refusal counts as one. *When it fails*: a
//! branch that cannot be reached, answers late or answers nonsense is an unknown answer, to be repeated. *How to see it*:
//! `dtm_branch_process_total`, and the last error of each branch in `query`.

mod grpc;
mod http;
mod places;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::machine::Answer;
use places::Places;

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
    places: Places,
}

impl Branches {
    /// At most `limit` calls of recovered transactions run to one destination at once.
    pub(crate) fn new(limit: u32) -> Self {
        Self { grpc: grpc::Grpc::default(), http: http::Http::new(), places: Places::new(limit) }
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

    /// A place for a recovered transaction at the destination of a URL, which with `may_wait` is waited for; or how many milliseconds later to
    /// come back.
    ///
    /// # Errors
    /// The pause.
    pub(crate) async fn place(
        &self,
        url: &str,
        may_wait: bool,
        now: impl Fn() -> i64,
    ) -> Result<OwnedSemaphorePermit, i64> {
        self.places.take(destination(url), may_wait, now).await
    }
}

fn late(timeout: Duration) -> Answer {
    let seconds = timeout.as_secs_f64();
    Answer::Unknown(format!("no answer within {seconds} s; a branch that needs longer needs a longer request_timeout"))
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
    let (url, text) = (discovery::without_password(url), text.strip_suffix(" FAILURE").unwrap_or(text));
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
