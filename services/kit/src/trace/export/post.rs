use std::time::Duration;

use axum::body::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// A collector's answer is a few words.
const MAX_ANSWER: usize = 64 * 1024;

/// An HTTP client for the exporter's own thread, which has no runtime: each request runs on the service's.
#[derive(Clone, Debug)]
pub(super) struct Poster {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
    timeout: Duration,
}

impl Poster {
    /// A client on the present runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), runtime: Handle::current(), timeout }
    }

    /// Posts a body; any 2xx is a success.
    pub(super) async fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<(), HttpError> {
        let request = Request::post(url).header(http::header::CONTENT_TYPE, content_type).body(Bytes::from(body))?;
        let answer = self.send_bytes(request).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("{url} answered {}", answer.status()).into())
    }
}

#[tonic::async_trait]
impl HttpClient for Poster {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, timeout) = (self.client.clone(), self.timeout);
        let whole = async move {
            let answer = client.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        // The clock of the timeout is the runtime's as well.
        let limited = async move { tokio::time::timeout(timeout, whole).await };
        match self.runtime.spawn(limited).await? {
            Ok(answer) => answer,
            Err(_) => Err("no answer in time".into()),
        }
    }
}
