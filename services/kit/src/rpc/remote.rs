//! A gRPC client whose target need not be there yet.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use discovery::{Channel, Target};
use http::{Request, Response};
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::StartError;
use crate::conf::RpcClientConf;
use crate::observe::{Observe, ObserveLayer, RpcClient};
use crate::telemetry::Telemetry;

/// Longest wait for [`unique_id`].
const UNIQUE: Duration = Duration::from_secs(2);

/// A channel that is made at the first call, and again at the next one while that fails: etcd may be away, or nobody registered.
#[derive(Clone, Debug)]
pub struct Remote {
    target: Arc<Target>,
    channel: Arc<OnceCell<Channel>>,
}

/// A client for the configured target whose calls are traced, counted and logged.
///
/// # Errors
/// The target is none.
pub fn client(conf: &RpcClientConf, telemetry: &Telemetry) -> Result<Observe<Remote, RpcClient>, StartError> {
    let text = conf.target();
    let target: Target = text.parse()?;
    let remote = Remote { target: Arc::new(target), channel: Arc::default() };
    let layer = ObserveLayer(RpcClient::new(telemetry.clone(), &text, conf.slow_threshold));
    Ok(layer.layer(remote))
}

/// A number that no other instance has, from the etcd in which a client finds its service; `None` without etcd, or when it does not answer
/// within 2 s.
pub async fn unique_id(conf: &RpcClientConf) -> Option<i64> {
    let Ok(Target::Etcd(target)) = conf.target().parse() else { return None };
    match tokio::time::timeout(UNIQUE, discovery::unique_id(&target)).await {
        Ok(Ok(id)) => Some(id),
        Ok(Err(e)) => {
            logx::warn!("no number from etcd: {e}");
            None
        }
        Err(_) => {
            logx::warn!("no number from etcd at {} within {UNIQUE:?}", target.hosts.join(","));
            None
        }
    }
}

impl Service<Request<Body>> for Remote {
    type Response = Response<Body>;
    type Error = StartError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, StartError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StartError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let remote = self.clone();
        Box::pin(async move {
            let connect = || discovery::connect_to(&remote.target);
            let channel = remote.channel.get_or_try_init(connect).await;
            let mut channel = channel.map_err(|e| Status::unavailable(e.to_string()))?.clone();
            channel.ready().await?.call(request).await
        })
    }
}
