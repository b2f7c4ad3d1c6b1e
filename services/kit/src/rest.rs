//! Serves an HTTP router the way a go-zero service does.

mod conns;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{AdminListeners, Ready};
use crate::conf::RestConf;
use crate::listen::{self, ListenError};
use crate::observe::{HttpServer, ObserveLayer};
use crate::serve::{self, ServeError};
use crate::telemetry::Telemetry;
use conns::Conns;

/// The JSON body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// For people.
    pub message: String,
    /// For programs: a word that does not change.
    pub reason: String,
    /// The member of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ErrorBody {
    /// An error that no single field is to blame for.
    pub fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: reason.to_owned(), field: None }
    }

    /// With this status.
    pub fn with_status(self, status: StatusCode) -> Response {
        (status, axum::Json(self)).into_response()
    }
}

/// The open ports of an HTTP service.
#[derive(Debug)]
pub struct RestListeners {
    /// The service's own port.
    pub main: TcpListener,
    /// Metrics and development server.
    pub admin: AdminListeners,
}

impl RestListeners {
    /// Opens them.
    ///
    /// # Errors
    /// A port is in use.
    pub async fn bind(conf: &RestConf) -> Result<Self, ListenError> {
        let address = format!("{}:{}", conf.host, conf.port);
        Ok(Self {
            main: listen::bind(&conf.service.name, &address).await?,
            admin: AdminListeners::bind(&conf.service).await?,
        })
    }
}

/// Serves `router` until `stop`, then lets running requests end within the configured time.
///
/// # Errors
/// The server ended by itself.
pub async fn serve(
    router: Router,
    conf: &RestConf,
    telemetry: &Telemetry,
    listeners: RestListeners,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listen::local_addr(&listeners.main);
    let ready = Ready::default();
    let admin_stop = CancellationToken::new();
    let probe = format!("rest-{}:{}", conf.host, address.port());
    let admin = listeners.admin.serve(&conf.service, telemetry, probe, ready.clone(), admin_stop.clone());
    let app = with_layers(router, conf, telemetry).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listeners.main.tap_io(|tcp| {
        // A connection that refuses the option works, only slower.
        let _ = tcp.set_nodelay(true);
    });
    let closing = stop.clone();
    let main = async move {
        logx::info!("Starting server at {address}...");
        axum::serve(listener, app).with_graceful_shutdown(closing.cancelled_owned()).await
    };
    serve::until_stopped(main, admin, admin_stop, ready, stop, &conf.service.shutdown, telemetry).await
}

fn with_layers(router: Router, conf: &RestConf, telemetry: &Telemetry) -> Router {
    let mut router = router.fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    router = match conf.max_bytes.filter(|_| conf.middlewares.max_bytes) {
        Some(limit) => router.layer(DefaultBodyLimit::max(limit)).layer(from_fn_with_state(limit, refuse_large)),
        None => router.layer(DefaultBodyLimit::disable()),
    };
    if let Some(limit) = conf.timeout.filter(|_| conf.middlewares.timeout) {
        router = router.layer(from_fn_with_state(limit, limit_time));
    }
    if conf.middlewares.recover {
        router = router.layer(from_fn(recover));
    }
    if let Some(most) = conf.max_conns.filter(|_| conf.middlewares.max_conns) {
        router = router.layer(from_fn_with_state(Conns::new(most), conns::limit));
    }
    router.layer(ObserveLayer(HttpServer::new(telemetry.clone(), conf)))
}

async fn not_found(request: Request) -> Response {
    ErrorBody::new("unknown_route", format!("there is no route {}", request.uri().path()))
        .with_status(StatusCode::NOT_FOUND)
}

async fn method_not_allowed(request: Request) -> Response {
    ErrorBody::new("method_not_allowed", format!("{} does not take {}", request.uri().path(), request.method()))
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

async fn refuse_large(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|n| n > limit as u64) {
        return too_large(limit).into_response();
    }
    next.run(request).await
}

/// The answer to a body over the limit.
pub fn too_large(limit: usize) -> Response {
    let mut body = ErrorBody::new("too_large", format!("the body may have at most {limit} bytes"));
    body.field = Some("body".into());
    body.with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        ErrorBody::new("timeout", "the request took too long").with_status(StatusCode::SERVICE_UNAVAILABLE)
    })
}

async fn recover(request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            logx::error!("({line}) {}", serve::panic_text(panic.as_ref()));
            ErrorBody::new("internal", "internal error").with_status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
