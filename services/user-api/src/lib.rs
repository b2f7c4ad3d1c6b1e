//! The HTTP service: registers a user across user-rpc and score-rpc in one saga, and reads users.

mod answer;
mod clients;
mod conf;
mod error;
mod id;
mod register;
mod users;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::{get, post};
use kit::rest::{self, RestListeners};
use kit::{CancellationToken, Program, StartError, Telemetry};

pub use conf::{DtmConf, UserApiConf};

use clients::Clients;
use id::Ids;
use register::InFlight;

/// Longest time for the last spans to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// The program `user-api`.
pub fn program() -> Program<UserApiConf> {
    Program {
        name: "user-api",
        version: env!("CARGO_PKG_VERSION"),
        about: "The HTTP service: register a user, read users",
        default_yaml: include_str!("../../etc/user-api.yaml"),
        service: |conf| &conf.rest.service,
        run: |conf, stop| Box::pin(run(conf, stop)),
    }
}

async fn run(conf: UserApiConf, stop: CancellationToken) -> Result<(), StartError> {
    let listeners = RestListeners::bind(&conf.rest).await?;
    let telemetry = Telemetry::start(&conf.rest.service, false)?;
    serve(conf, &telemetry, listeners, stop).await
}

/// What every handler needs.
#[derive(Debug)]
struct App {
    conf: UserApiConf,
    telemetry: Telemetry,
    clients: Clients,
    ids: Ids,
    in_flight: InFlight,
}

/// Serves on open ports until `stop`.
///
/// # Errors
/// A target cannot be used, or the server ended by itself.
pub async fn serve(
    conf: UserApiConf,
    telemetry: &Telemetry,
    listeners: RestListeners,
    stop: CancellationToken,
) -> Result<(), StartError> {
    let rest_conf = conf.rest.clone();
    let worker = match conf.worker {
        Some(worker) => worker,
        None => kit::rpc::unique_id(&conf.user_rpc).await.map_or_else(id::random_worker, id::worker),
    };
    let app = App {
        clients: Clients::connect(&conf, telemetry)?,
        ids: Ids::new(worker, SystemTime::now),
        in_flight: InFlight::default(),
        telemetry: telemetry.clone(),
        conf,
    };
    let router = Router::new()
        .route("/register", post(register::register))
        .route("/register/{gid}", get(register::status))
        .route("/user/get/{id}", get(users::get))
        .route("/users", get(users::list))
        .with_state(Arc::new(app));
    let served = rest::serve(router, &rest_conf, telemetry, listeners, stop).await;
    telemetry.tracing().shutdown(FLUSH).await;
    Ok(served?)
}
