//! A relay before a gRPC service that loses replies and lets calls time out, as a bad network does.
//!
//! Only calls of branches are harmed, and each saga that is drawn is harmed once in an action and, should it be rolled back, once in a
//! compensation; what is drawn depends on the gid alone, so a repeated call comes through.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::body::Body;
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

type Upstream = Client<HttpConnector, Full<Bytes>>;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It works, and its reply is lost.
    Lost,
    /// It works at once, and the reply comes after the caller's deadline.
    LateReply,
    /// It reaches the service only after the caller's deadline.
    LateCall,
}

/// How much harm was done.
#[derive(Debug)]
pub struct Faults {
    /// Sagas of a hundred whose reply is lost.
    lost_percent: u64,
    /// Sagas of a hundred that time out.
    late_percent: u64,
    /// Longer than the caller waits.
    late_by: Duration,
    harmed: Mutex<HashSet<(String, bool)>>,
    /// Replies lost.
    pub lost: AtomicUsize,
    /// Calls that were answered too late, or came too late.
    pub late: AtomicUsize,
    /// Calls of branches that came through or not.
    pub calls: AtomicUsize,
}

impl Faults {
    /// Loses the replies of `lost_percent` of a hundred sagas and delays `late_percent` by `late_by`.
    #[must_use]
    pub fn new(lost_percent: u64, late_percent: u64, late_by: Duration) -> Arc<Self> {
        Arc::new(Self {
            lost_percent,
            late_percent,
            late_by,
            harmed: Mutex::default(),
            lost: AtomicUsize::new(0),
            late: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        })
    }

    /// What happens to the call with these headers; none for what is no branch call.
    fn draw(&self, headers: &HeaderMap) -> Option<Fault> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (gid, branch, op) = (text("dtm-gid")?, text("dtm-branch_id")?, text("dtm-op")?);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let draw = hash(gid);
        let undoing = op == "compensate";
        let at = if draw & 1 == 0 { "01" } else { "02" };
        if !undoing && branch != at {
            return None;
        }
        let fault = match (draw >> 8) % 100 {
            percent if percent < self.lost_percent => Fault::Lost,
            percent if percent < self.lost_percent + self.late_percent && draw & 2 == 0 => Fault::LateReply,
            percent if percent < self.lost_percent + self.late_percent => Fault::LateCall,
            _ => return None,
        };
        let mut harmed = self.harmed.lock().unwrap_or_else(PoisonError::into_inner);
        if !harmed.insert((gid.to_owned(), undoing)) {
            return None;
        }
        let count = if fault == Fault::Lost { &self.lost } else { &self.late };
        count.fetch_add(1, Ordering::Relaxed);
        Some(fault)
    }
}

/// FNV-1a, mixed at the end so that every bit depends on every byte.
fn hash(text: &str) -> u64 {
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (sum ^ (sum >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
}

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    pub port: u16,
    _runtime: Runtime,
}

impl Relay {
    /// Starts one before the service on a port of this machine.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(service: u16, faults: &Arc<Faults>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let port = listener.local_addr()?.port();
        let (faults, address) = (Arc::clone(faults), SocketAddr::from((Ipv4Addr::LOCALHOST, service)));
        let upstream: Upstream =
            runtime.block_on(async { Client::builder(TokioExecutor::new()).http2_only(true).build_http() });
        let app = axum::Router::new().fallback(move |request: Request<Body>| {
            let (faults, upstream) = (Arc::clone(&faults), upstream.clone());
            async move { Ok::<_, Infallible>(relay(&faults, upstream, address, request).await) }
        });
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, _runtime: runtime })
    }
}

async fn relay(faults: &Faults, upstream: Upstream, service: SocketAddr, request: Request<Body>) -> Response<Body> {
    let fault = faults.draw(request.headers());
    let late_by = faults.late_by;
    // A task of its own: the service gets the call also when the caller has given up.
    let forwarded = tokio::spawn(async move {
        if fault == Some(Fault::LateCall) {
            tokio::time::sleep(late_by).await;
        }
        forward(&upstream, service, request).await
    });
    let answer = forwarded.await.map_err(anyhow::Error::from).flatten();
    match (fault, answer) {
        (Some(Fault::LateReply), answer) => {
            tokio::time::sleep(late_by).await;
            answer.map_or_else(|_| broken(), |answer| answer.map(Body::new))
        }
        (Some(Fault::Lost), _) | (_, Err(_)) => broken(),
        (_, Ok(answer)) => answer.map(Body::new),
    }
}

async fn forward(
    upstream: &Upstream,
    service: SocketAddr,
    request: Request<Body>,
) -> Result<Response<Collected<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let mut uri = std::mem::take(&mut head.uri).into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::try_from(service.to_string())?);
    head.uri = Uri::from_parts(uri)?;
    let body = Full::new(body.collect().await?.to_bytes());
    let (head, body) = upstream.request(Request::from_parts(head, body)).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?))
}

/// An answer whose stream is reset before it has said anything.
fn broken() -> Response<Body> {
    let reset = http_body_util::StreamBody::new(futures_util::stream::once(async {
        Err::<http_body::Frame<Bytes>, _>(std::io::Error::other("the connection is lost"))
    }));
    Response::new(Body::new(reset))
}
