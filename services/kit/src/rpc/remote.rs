//! A gRPC client whose target need not be there yet.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use discovery::Target;
use http::{Request, Response};
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::StartError;
use crate::conf::RpcClientConf;
use crate::observe::{Observe, ObserveLayer, RpcClient};
use crate::telemetry::Telemetry;

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
            Ok(channel.ready().await?.call(request).await?)
        })
    }
}
