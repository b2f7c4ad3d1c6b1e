//! The ports beside the service's own: metrics and the development server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::conf::ServiceConf;
use crate::listen::{self, ListenError};
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::telemetry::Telemetry;

/// Whether a service takes requests; a clone is the same switch.
#[derive(Clone, Debug, Default)]
pub struct Ready(Arc<AtomicBool>);

impl Ready {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Asks.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The open ports, before anything answers on them.
#[derive(Debug, Default)]
pub struct AdminListeners {
    /// The Prometheus block's port.
    pub metrics: Option<TcpListener>,
    /// The `DevServer` block's port.
    pub dev: Option<TcpListener>,
}

impl AdminListeners {
    /// Opens the ports that the configuration asks for.
    ///
    /// # Errors
    /// A port is in use.
    pub async fn bind(conf: &ServiceConf) -> Result<Self, ListenError> {
        let mut ports = Self::default();
        if let Some(p) = conf.prometheus.as_ref().filter(|p| !p.host.is_empty()) {
            let address = format!("{}:{}", p.host, p.port);
            let service = format!("{} (metrics)", conf.name);
            ports.metrics = Some(listen::bind(&service, &address).await?);
        }
        if let Some(d) = &conf.dev_server {
            let address = format!("{}:{}", d.host, d.port);
            let service = format!("{} (dev server)", conf.name);
            ports.dev = Some(listen::bind(&service, &address).await?);
        }
        Ok(ports)
    }

    /// Serves them until `stop`; returns when they are closed.
    pub async fn serve(
        self,
        conf: &ServiceConf,
        telemetry: &Telemetry,
        probe: String,
        ready: Ready,
        stop: CancellationToken,
    ) {
        let metrics = self.metrics.zip(conf.prometheus.as_ref()).map(|(l, p)| {
            logx::info!("Starting prometheus agent at {}", listen::local_addr(&l));
            let router = Router::new().route(&p.path, get(exposition)).with_state(telemetry.metrics().clone());
            run(l, router, stop.clone())
        });
        let dev = self.dev.zip(conf.dev_server.as_ref()).map(|(l, d)| {
            logx::info!("Starting dev http server at {}", listen::local_addr(&l));
            let response = d.health_response.clone();
            let health = move || {
                std::future::ready(if ready.get() {
                    (StatusCode::OK, response.clone())
                } else {
                    let body = format!("Service Unavailable\n{probe} is not ready\n");
                    (StatusCode::SERVICE_UNAVAILABLE, body)
                })
            };
            let mut paths = vec![d.health_path.clone()];
            let mut router = Router::new().route(&d.health_path, get(health));
            if d.enable_metrics {
                paths.push(d.metrics_path.clone());
                router = router.route(&d.metrics_path, get(exposition));
            }
            if !paths.iter().any(|p| p == "/") {
                router = router.route("/", get(move || std::future::ready(axum::Json(paths))));
            }
            run(l, router.with_state(telemetry.metrics().clone()), stop)
        });
        let metrics = async {
            if let Some(m) = metrics {
                m.await;
            }
        };
        let dev = async {
            if let Some(d) = dev {
                d.await;
            }
        };
        tokio::join!(metrics, dev);
    }
}

async fn run(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(e) = served.await {
        logx::error!("the admin server ended: {e}");
    }
}

async fn exposition(State(metrics): State<Metrics>) -> Response {
    match metrics.exposition() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(e) => {
            logx::error!("metrics cannot be shown: {e}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
