//! Tells an operator's web hook of a branch that keeps failing, as dtm does.
//!
//! *What it promises*: a POST for each failed call from the limit on, and no saga waits for it. *When it fails*: a warning in the log; it is not
//! repeated, since the next failed call tells again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::protocol::Status;

/// What a POST may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// POSTs at once; further alerts are left out.
const AT_ONCE: usize = 64;

/// A branch that keeps failing, under dtm's keys.
#[derive(Debug, Serialize)]
pub(crate) struct Alert<'a> {
    pub(crate) gid: &'a str,
    #[serde(serialize_with = "word")]
    pub(crate) status: Status,
    /// Its URL.
    pub(crate) branch: &'a str,
    pub(crate) error: &'a str,
    pub(crate) retry_count: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn word<S: serde::Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}

/// The web hook, if there is one.
#[derive(Debug)]
pub(crate) struct Alerts {
    hook: Option<Uri>,
    limit: u32,
    client: Client<HttpConnector, Full<Bytes>>,
    free: Arc<Semaphore>,
}

impl Alerts {
    /// An empty or improper address means none; the configuration was checked.
    pub(crate) fn new(hook: &str, limit: u32) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(TIMEOUT));
        Self {
            hook: address(hook),
            limit,
            client: Client::builder(TokioExecutor::new()).build(connector),
            free: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The POST to make, if there is a web hook and the branch has failed often enough.
    pub(crate) fn post(&self, alert: &Alert<'_>) -> Option<impl Future<Output = ()> + Send + use<>> {
        let hook = self.hook.clone().filter(|_| alert.retry_count >= self.limit)?;
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            logx::warn!(gid = alert.gid; "dtm: alert left out, the web hook is too slow");
            return None;
        };
        let body = serde_json::to_vec(alert).ok()?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(hook)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .ok()?;
        let answer = self.client.request(request);
        Some(async move {
            let _permit = permit;
            match tokio::time::timeout(TIMEOUT, answer).await {
                Ok(Ok(response)) if response.status().is_success() => {}
                Ok(Ok(response)) => {
                    logx::warn!(status = response.status().as_u16(); "dtm: the web hook refused an alert");
                }
                Ok(Err(error)) => logx::warn!(error = crate::client::chain(&error); "dtm: alert not delivered"),
                Err(_) => logx::warn!("dtm: alert not delivered in time"),
            }
        })
    }
}

/// `http://host:port/path`, if it is one.
pub(crate) fn address(hook: &str) -> Option<Uri> {
    hook.parse().ok().filter(|uri: &Uri| uri.scheme_str() == Some("http") && uri.authority().is_some())
}
