//! The gRPC service that stores users: `user.User`.

mod conf;
mod service;
mod store;

use std::time::Duration;

use kit::rpc::{RpcListeners, Server};
use kit::{CancellationToken, Program, StartError, Telemetry};
use proto::user::user_server::UserServer;

pub use conf::UserRpcConf;

/// Longest time for the last spans to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// The program `user-rpc`.
pub fn program() -> Program<UserRpcConf> {
    Program {
        name: "user-rpc",
        version: env!("CARGO_PKG_VERSION"),
        about: "The gRPC service that stores users",
        default_yaml: include_str!("../../etc/user-rpc.yaml"),
        service: |conf| &conf.rpc.service,
        run: |conf, stop| Box::pin(run(conf, stop)),
    }
}

async fn run(conf: UserRpcConf, stop: CancellationToken) -> Result<(), StartError> {
    let listeners = RpcListeners::bind(&conf.rpc).await?;
    let telemetry = Telemetry::start(&conf.rpc.service, false)?;
    serve(conf, &telemetry, listeners, stop).await
}

/// Serves on open ports until `stop`.
///
/// # Errors
/// The database cannot be opened, or the server ended by itself.
pub async fn serve(
    conf: UserRpcConf,
    telemetry: &Telemetry,
    listeners: RpcListeners,
    stop: CancellationToken,
) -> Result<(), StartError> {
    let store = tokio::select! {
        store = store::open(&conf.data_source, telemetry) => store?,
        () = stop.cancelled() => return Ok(()),
    };
    let service = UserServer::new(service::UserService::new(store));
    let served =
        Server::new(proto::FILE_DESCRIPTOR_SET).with(service).serve(&conf.rpc, telemetry, listeners, stop).await;
    telemetry.tracing().shutdown(FLUSH).await;
    Ok(served?)
}
