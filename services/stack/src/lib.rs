//! The whole system in one process: user-api, user-rpc, score-rpc and the coordinator, on embedded defaults.
//!
//! Each service is what it is when it runs alone: it listens on its own ports, has its own metrics, tracer and database, and is called
//! over the network. Only the log is one, and there each line carries `service`.

mod banner;
mod conf;
mod wiring;

use std::future::Future;
use std::pin::Pin;

use kit::logging::LogIds;
use kit::rest::RestListeners;
use kit::rpc::RpcListeners;
use kit::{CancellationToken, Program, StartError, Telemetry};

pub use conf::StackConf;

/// The program `stack`.
pub fn program() -> Program<StackConf> {
    Program {
        name: "stack",
        version: env!("CARGO_PKG_VERSION"),
        about: "user-api, user-rpc, score-rpc and the coordinator in one process",
        default_yaml: include_str!("../../etc/stack.yaml"),
        service: |conf| &conf.service,
        run: |conf, stop| Box::pin(run(conf, stop)),
    }
}

async fn run(conf: StackConf, stop: CancellationToken) -> Result<(), StartError> {
    let listeners = Listeners::bind(&conf).await?;
    serve(conf, listeners, stop).await
}

/// The open ports of all services.
#[derive(Debug)]
pub struct Listeners {
    /// user-api's.
    pub user_api: RestListeners,
    /// user-rpc's.
    pub user_rpc: RpcListeners,
    /// score-rpc's.
    pub score_rpc: RpcListeners,
    /// The coordinator's.
    pub dtm: dtm_lite::Listeners,
}

impl Listeners {
    /// Opens all ports before anything starts.
    ///
    /// # Errors
    /// A port is in use; the text names it.
    pub async fn bind(conf: &StackConf) -> Result<Self, StartError> {
        Ok(Self {
            user_api: RestListeners::bind(&conf.user_api.rest).await?,
            user_rpc: RpcListeners::bind(&conf.user_rpc.rpc).await?,
            score_rpc: RpcListeners::bind(&conf.score_rpc.rpc).await?,
            dtm: dtm_lite::Listeners::bind(&conf.dtm).await?,
        })
    }
}

type Task = Pin<Box<dyn Future<Output = Result<(), StartError>> + Send>>;

/// A running service and how to stop it.
struct Service {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), StartError>>,
}

/// Starts a service whose own lines carry its name. When it ends, for whatever reason, the others are told to.
fn start(name: &str, all: &CancellationToken, service: impl FnOnce(CancellationToken) -> Task) -> Service {
    let stop = CancellationToken::new();
    let ids = LogIds { service: Some(name.to_owned()), ..LogIds::default() };
    let ended = all.clone().drop_guard();
    let serving = service(stop.clone());
    let task = tokio::spawn(ids.instrument(async move {
        let result = serving.await;
        drop(ended);
        result
    }));
    Service { stop, task }
}

/// Serves on open ports until `stop`: then user-api ends first, the services that it needs last, so that what runs can end.
///
/// # Errors
/// What the first service that failed reports; the others are stopped then.
pub async fn serve(mut conf: StackConf, listeners: Listeners, stop: CancellationToken) -> Result<(), StartError> {
    wiring::connect(&mut conf, &listeners);
    banner::show(&conf, &listeners);
    let StackConf { user_api, user_rpc, score_rpc, dtm, .. } = conf;
    let api_telemetry = Telemetry::start(&user_api.rest.service, true)?;
    let user_telemetry = Telemetry::start(&user_rpc.rpc.service, true)?;
    let score_telemetry = Telemetry::start(&score_rpc.rpc.service, true)?;
    let dtm_telemetry = Telemetry::start(&dtm.service, true)?;

    let all = stop.child_token();
    let services = [
        start(api_telemetry.name(), &all, {
            let (telemetry, ports) = (api_telemetry.clone(), listeners.user_api);
            |stop| Box::pin(async move { user_api::serve(user_api, &telemetry, ports, stop).await })
        }),
        start(dtm_telemetry.name(), &all, {
            let (telemetry, ports) = (dtm_telemetry.clone(), listeners.dtm);
            |stop| Box::pin(async move { dtm_lite::serve(dtm, &telemetry, ports, stop).await })
        }),
        start(score_telemetry.name(), &all, {
            let (telemetry, ports) = (score_telemetry.clone(), listeners.score_rpc);
            |stop| Box::pin(async move { score_rpc::serve(score_rpc, &telemetry, ports, stop).await })
        }),
        start(user_telemetry.name(), &all, {
            let (telemetry, ports) = (user_telemetry.clone(), listeners.user_rpc);
            |stop| Box::pin(async move { user_rpc::serve(user_rpc, &telemetry, ports, stop).await })
        }),
    ];
    all.cancelled().await;
    let mut result = Ok(());
    for service in services {
        service.stop.cancel();
        let ended = service.task.await.map_err(StartError::from);
        if let Err(e) = ended.and_then(|r| r)
            && result.is_ok()
        {
            result = Err(e);
        }
    }
    result
}
