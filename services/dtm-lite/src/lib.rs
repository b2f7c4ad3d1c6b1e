//! The saga coordinator as a program: takes the place of a dtm server for sagas, with dtm's own configuration keys.

mod conf;

use std::time::Duration;

use dtm::coordinator::{self, Instruments};
use kit::conf::TelemetryConf;
use kit::{CancellationToken, Program, StartError, Telemetry, listen};
use opentelemetry::global::BoxedTracer;
use tokio::net::TcpListener;

pub use conf::DtmLiteConf;

/// Longest time for the last spans to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// The program `dtm-lite`.
pub fn program() -> Program<DtmLiteConf> {
    Program {
        name: "dtm-lite",
        version: env!("CARGO_PKG_VERSION"),
        about: "The saga coordinator: dtm's protocol, sagas kept in SQLite or MySQL",
        default_yaml: include_str!("../../etc/dtm-lite.yaml"),
        service: |conf| &conf.service,
        run: |conf, stop| Box::pin(run(conf, stop)),
    }
}

async fn run(conf: DtmLiteConf, stop: CancellationToken) -> Result<(), StartError> {
    let listeners = Listeners::bind(&conf).await?;
    let telemetry = Telemetry::start(&conf.service, false)?;
    serve(conf, &telemetry, listeners, stop).await
}

/// The coordinator's open ports.
#[derive(Debug)]
pub struct Listeners {
    /// For dtm's gRPC service.
    pub grpc: TcpListener,
    /// For dtm's HTTP interface and the metrics.
    pub http: TcpListener,
}

impl Listeners {
    /// Opens both ports.
    ///
    /// # Errors
    /// One of them cannot be opened; the text names it.
    pub async fn bind(conf: &DtmLiteConf) -> Result<Self, listen::ListenError> {
        let dtm = &conf.dtm;
        let address = |port| format!("{}:{port}", dtm.host);
        Ok(Self {
            grpc: listen::bind(&conf.service.name, &address(dtm.grpc_port)).await?,
            http: listen::bind(&conf.service.name, &address(dtm.http_port)).await?,
        })
    }
}

/// Serves on open ports until `stop`.
///
/// # Errors
/// The store cannot be opened, or a server ended by itself.
pub async fn serve(
    conf: DtmLiteConf,
    telemetry: &Telemetry,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), StartError> {
    // A span that nobody sees must not come between the submitter's and the branch's.
    let traced = conf.service.telemetry.as_ref().is_some_and(TelemetryConf::exports);
    let instruments = Instruments {
        tracer: traced.then(|| BoxedTracer::new(Box::new(telemetry.tracing().tracer().clone()))),
        collectors: vec![Box::new(telemetry.metrics().export_failures())],
    };
    let Listeners { grpc, http } = listeners;
    let served = coordinator::serve_with(conf.dtm, grpc, http, instruments, stop.cancelled_owned()).await;
    telemetry.tracing().shutdown(FLUSH).await;
    Ok(served?)
}
