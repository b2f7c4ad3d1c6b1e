//! A call ends within its time, and a panic in it is the caller's Internal and nobody else's.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::conf::RpcServerConf;
use crate::serve::panic_text;

/// Makes [`Guard`].
#[derive(Clone, Debug)]
pub(super) struct GuardLayer {
    limit: Option<Duration>,
    methods: Arc<HashMap<String, Duration>>,
}

impl GuardLayer {
    pub(super) fn new(conf: &RpcServerConf) -> Self {
        let methods = conf.method_timeouts.iter().map(|m| (m.full_method.clone(), m.timeout)).collect();
        Self { limit: conf.timeout, methods: Arc::new(methods) }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, layer: self.clone() }
    }
}

/// Guards the calls of the service inside.
#[derive(Clone, Debug)]
pub(super) struct Guard<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, poller: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(poller)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let method = request.uri().path().to_owned();
        let limit = self
            .layer
            .methods
            .get(&method)
            .copied()
            .or(self.layer.limit)
            // Reflection is a stream that lasts as long as its caller wants.
            .filter(|_| !method.starts_with("/grpc.reflection.") && !method.ends_with("/Watch"));
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let ended = match limit {
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        let status = Status::deadline_exceeded("the call took too long");
                        return Ok(status.into_http());
                    }
                },
                None => answer.await,
            };
            match ended {
                Ok(answer) => answer,
                Err(panic) => {
                    logx::error!("{method}: {}", panic_text(panic.as_ref()));
                    Ok(Status::internal("internal error").into_http())
                }
            }
        })
    }
}
