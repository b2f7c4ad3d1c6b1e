//! One tower layer that watches calls: trace context, access line, metrics. What a call is, its protocol says.

mod body;
mod http;
mod payload;
mod rpc_client;
mod rpc_server;

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context as Poller, Poll};

use ::http::{HeaderMap, Request, Response, request, response};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tower::{Layer, Service};

pub use body::ObservedBody;
pub use http::HttpServer;
pub use payload::{note, request};
pub use rpc_client::RpcClient;
pub use rpc_server::RpcServer;

use crate::telemetry::Telemetry;

/// How a kind of call begins.
pub trait Protocol: Clone + Send + Sync + 'static {
    /// One running call.
    type Call: Call;
    /// Starts to watch a call; may add headers and extensions.
    fn begin(&self, parts: &mut request::Parts) -> Self::Call;
}

/// One running call. It is finished exactly once, also when its future is dropped half-way.
pub trait Call: Send + Unpin + 'static {
    /// The telemetry and the context that holds the call's span.
    fn scope(&self) -> (&Telemetry, &Context);
    /// The head of the answer is there; `true` says that nothing more is to come.
    fn head(&mut self, parts: &mut response::Parts) -> bool;
    /// The trailers of the answer are there.
    fn trailers(&mut self, trailers: &HeaderMap);
    /// There is no answer.
    fn failed(&mut self, error: &dyn Display);
    /// Ends the span, counts, prints the line.
    fn finish(&mut self);
}

/// Finishes its call when it goes.
#[derive(Debug)]
pub(crate) struct Running<C: Call>(C);

impl<C: Call> Drop for Running<C> {
    fn drop(&mut self) {
        let (telemetry, cx) = self.0.scope();
        let ids = telemetry.log_ids(cx.span().span_context());
        let cx = cx.clone();
        ids.scope(|| {
            let _attached = cx.attach();
            self.0.finish();
        });
    }
}

/// Makes [`Observe`].
#[derive(Clone, Debug)]
pub struct ObserveLayer<P>(pub P);

impl<S, P: Clone> Layer<S> for ObserveLayer<P> {
    type Service = Observe<S, P>;

    fn layer(&self, inner: S) -> Observe<S, P> {
        Observe { inner, protocol: self.0.clone() }
    }
}

/// Watches the calls of the service inside.
#[derive(Clone, Debug)]
pub struct Observe<S, P> {
    inner: S,
    protocol: P,
}

impl<S, P, B, RB> Service<Request<B>> for Observe<S, P>
where
    S: Service<Request<B>, Response = Response<RB>> + Send + 'static,
    S::Error: Display + 'static,
    S::Future: Send + 'static,
    P: Protocol,
    RB: Send + 'static,
{
    type Response = Response<ObservedBody<RB, P::Call>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send + 'static>>;

    fn poll_ready(&mut self, poller: &mut Poller<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(poller)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let call = self.protocol.begin(&mut parts);
        let (telemetry, cx) = call.scope();
        let (telemetry, cx) = (telemetry.clone(), cx.clone());
        let answer = {
            let _attached = cx.clone().attach();
            self.inner.call(Request::from_parts(parts, body))
        };
        let watched = watch(Running(call), answer);
        // `within` borrows the telemetry only to read the ids.
        Box::pin(async move { telemetry.within(cx, watched).await })
    }
}

async fn watch<C: Call, RB, E: Display>(
    mut call: Running<C>,
    answer: impl Future<Output = Result<Response<RB>, E>>,
) -> Result<Response<ObservedBody<RB, C>>, E> {
    match answer.await {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            let ended = call.0.head(&mut parts);
            let call = (!ended).then_some(call);
            Ok(Response::from_parts(parts, ObservedBody::new(body, call)))
        }
        Err(e) => {
            call.0.failed(&e);
            Err(e)
        }
    }
}
