//! The coordinator: takes sagas in over gRPC and HTTP, as a dtm server does, and sees each through to its end.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use dtm::coordinator::{Conf, serve};
//!
//! let conf = Conf::default();
//! let grpc = tokio::net::TcpListener::bind((conf.host.as_str(), conf.grpc_port)).await?;
//! let http = tokio::net::TcpListener::bind((conf.host.as_str(), conf.http_port)).await?;
//! serve(conf, grpc, http, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?;
//! # Ok(()) }
//! ```

mod admin;
mod alert;
mod branch;
mod conf;
mod engine;
mod fail;
mod grpc;
mod http;
pub mod machine;
mod metrics;
pub mod plan;
mod register;
pub mod store;
mod trace;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use opentelemetry::global::BoxedTracer;
use prometheus::core::Collector;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use crate::pb::dtm_server::DtmServer;
use engine::Engine;
use metrics::Metrics;
use store::{Store, StoreError};
use trace::Spans;

pub use conf::{Conf, ConfError, MicroService, StoreConf};
pub use fail::FailPoint;

/// The longest gRPC request.
const MAX_MESSAGE: usize = 64 << 20;
/// How long running branch calls may take to end when the coordinator stops.
const GRACE: Duration = Duration::from_secs(4);
/// How long open connections may take to end when the coordinator stops.
const CONNECTION_GRACE: Duration = Duration::from_secs(2);

/// Why the coordinator does not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A value of the configuration.
    #[error(transparent)]
    Conf(#[from] ConfError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A metric.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A server ended by itself.
    #[error("{server} server: {reason}")]
    Server {
        /// `grpc` or `http`.
        server: &'static str,
        /// Why.
        reason: String,
    },
}

/// What the program around a coordinator adds to its metrics and traces; nothing by default.
#[derive(Default)]
pub struct Instruments {
    /// Makes a span of each transaction and of each call of a branch. Without one the submitter's trace context goes on to the branches as it
    /// came.
    pub tracer: Option<BoxedTracer>,
    /// Further series beside the coordinator's own.
    pub collectors: Vec<Box<dyn Collector>>,
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments").field("tracer", &self.tracer).field("collectors", &self.collectors.len()).finish()
    }
}

/// Runs a coordinator on two bound listeners until `stop` is ready; then takes nothing more in, lets branch calls end for at most 4 s, and
/// returns. What is unfinished goes on at the next start.
///
/// # Errors
/// The configuration or the store cannot be used, or a server failed.
pub async fn serve(
    conf: Conf,
    grpc: TcpListener,
    http: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    serve_with(conf, grpc, http, Instruments::default(), stop).await
}

/// As [`serve`], with the program's own instruments.
///
/// # Errors
/// As [`serve`]; also a series that is there twice.
pub async fn serve_with(
    conf: Conf,
    grpc: TcpListener,
    http: TcpListener,
    instruments: Instruments,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    conf.check()?;
    #[cfg(feature = "fail-points")]
    let fail = FailPoint::parse(&conf.fail_point);
    #[cfg(not(feature = "fail-points"))]
    let fail = FailPoint::default();
    let metrics = Metrics::new(instruments.collectors)?;
    let owner = crate::gid::new();
    let store = Store::open(&conf.store, &owner, fail.clone()).await?;
    let engine = Engine::new(conf, &owner, store, metrics, Spans::new(instruments.tracer), fail);
    logx::info!(grpc:% = local(&grpc), http:% = local(&http), store = engine.conf().store.driver.as_str(); "dtm: coordinator started");
    let (leaving, closing) = (CancellationToken::new(), CancellationToken::new());
    let scheduler = tokio::spawn(logx::instrument(logx::Context::current(), Arc::clone(&engine).run()));
    let servers = async {
        tokio::try_join!(
            serve_grpc(Arc::clone(&engine), grpc, closing.clone()),
            serve_http(Arc::clone(&engine), http, closing.clone())
        )
    };
    tokio::pin!(servers);
    let entry = tokio::spawn(logx::instrument(
        logx::Context::current(),
        register::keep(engine.conf().micro_service.clone(), leaving.clone()),
    ));
    let failed = tokio::select! {
        done = &mut servers => done.err(),
        () = stop => None,
    };
    leaving.cancel();
    // Submitters that wait are answered while their connections are still open.
    engine.stop(GRACE).await;
    closing.cancel();
    if failed.is_none() {
        let _ = tokio::time::timeout(CONNECTION_GRACE, servers).await;
    }
    scheduler.abort();
    // It ends within a second.
    let _ = entry.await;
    logx::info!("dtm: coordinator stopped");
    failed.map_or(Ok(()), Err)
}

async fn serve_grpc(engine: Arc<Engine>, listener: TcpListener, closing: CancellationToken) -> Result<(), Error> {
    let service = DtmServer::new(grpc::Grpc(engine))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let fault = |error: tonic_reflection::server::Error| Error::Server { server: "grpc", reason: error.to_string() };
    let reflection = || {
        tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(crate::FILE_DESCRIPTOR_SET)
    };
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tonic::transport::Server::builder()
        .add_service(service)
        .add_service(reflection().build_v1().map_err(fault)?)
        // What dtm's own server has.
        .add_service(reflection().build_v1alpha().map_err(fault)?)
        .serve_with_incoming_shutdown(incoming, closing.cancelled_owned())
        .await
        .map_err(|error| Error::Server { server: "grpc", reason: error.to_string() })
}

async fn serve_http(engine: Arc<Engine>, listener: TcpListener, closing: CancellationToken) -> Result<(), Error> {
    let listener = listener.tap_io(|stream| {
        // Without it a small answer may wait for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, http::router(engine))
        .with_graceful_shutdown(closing.cancelled_owned())
        .await
        .map_err(|error| Error::Server { server: "http", reason: error.to_string() })
}

fn local(listener: &TcpListener) -> String {
    listener.local_addr().map_or_else(|_| "unknown".to_owned(), |address| address.to_string())
}
