//! The gRPC service that grants points: `userscore.UserScore`.

mod conf;
mod points;
mod service;
mod store;

use std::time::Duration;

use kit::rpc::{RpcListeners, Server};
use kit::{CancellationToken, Program, StartError, Telemetry};
use proto::userscore::user_score_server::UserScoreServer;

pub use conf::ScoreRpcConf;

/// Longest time for the last spans to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// The program `score-rpc`.
pub fn program() -> Program<ScoreRpcConf> {
    Program {
        name: "score-rpc",
        version: env!("CARGO_PKG_VERSION"),
        about: "The gRPC service that grants points",
        default_yaml: include_str!("../../etc/score-rpc.yaml"),
        service: |conf| &conf.rpc.service,
        run: |conf, stop| Box::pin(run(conf, stop)),
    }
}

async fn run(conf: ScoreRpcConf, stop: CancellationToken) -> Result<(), StartError> {
    let listeners = RpcListeners::bind(&conf.rpc).await?;
    let telemetry = Telemetry::start(&conf.rpc.service, false)?;
    serve(conf, &telemetry, listeners, stop).await
}

/// Serves on open ports until `stop`.
///
/// # Errors
/// The database cannot be opened, or the server ended by itself.
pub async fn serve(
    conf: ScoreRpcConf,
    telemetry: &Telemetry,
    listeners: RpcListeners,
    stop: CancellationToken,
) -> Result<(), StartError> {
    let store = tokio::select! {
        store = store::open(&conf.data_source, telemetry) => store?,
        () = stop.cancelled() => return Ok(()),
    };
    let service = UserScoreServer::new(service::ScoreService::new(store));
    let served =
        Server::new(proto::FILE_DESCRIPTOR_SET).with(service).serve(&conf.rpc, telemetry, listeners, stop).await;
    telemetry.tracing().shutdown(FLUSH).await;
    Ok(served?)
}
