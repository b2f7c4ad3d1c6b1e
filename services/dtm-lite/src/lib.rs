//! The saga coordinator as a program: takes the place of a dtm server for sagas, with dtm's own configuration keys.

mod conf;

use dtm::coordinator;
use kit::{CancellationToken, Program, StartError, listen};
use tokio::net::TcpListener;

pub use conf::DtmLiteConf;

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
    serve(conf, listeners, stop).await
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
pub async fn serve(conf: DtmLiteConf, listeners: Listeners, stop: CancellationToken) -> Result<(), StartError> {
    Ok(coordinator::serve(conf.dtm, listeners.grpc, listeners.http, stop.cancelled_owned()).await?)
}
