//! The HTTP side of a coordinator: reading a transaction's state.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::ClientError;
use crate::transaction::Transaction;

const MAX_ANSWER: usize = 64 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub(super) struct Http {
    base: String,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Http {
    pub(super) fn new(base: &str) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').trim_end_matches("/api/dtmsvr");
        let uri: Uri = base.parse().map_err(|error| ClientError::Address(format!("{base:?}: {error}")))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(ClientError::Address(format!("{base:?} is not http://host:port")));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Ok(Self { base: base.to_owned(), client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    pub(super) async fn query(&self, gid: &str) -> Result<Option<Transaction>, ClientError> {
        let uri = format!("{}/api/dtmsvr/query?gid={}", self.base, crate::form::escape(gid));
        let uri: Uri = uri.parse().map_err(|error| ClientError::Address(format!("{uri:?}: {error}")))?;
        let (status, body) = tokio::time::timeout(QUERY_TIMEOUT, self.get(uri))
            .await
            .map_err(|_| ClientError::Unreachable(format!("no answer within {} s", QUERY_TIMEOUT.as_secs())))??;
        if status != StatusCode::OK {
            return Err(ClientError::BadAnswer(format!("{status}: {}", String::from_utf8_lossy(&body))));
        }
        Transaction::from_query(&body).map_err(ClientError::BadAnswer)
    }

    async fn get(&self, uri: Uri) -> Result<(StatusCode, Bytes), ClientError> {
        let response = self.client.get(uri).await.map_err(|error| ClientError::Unreachable(chain(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| ClientError::BadAnswer(error.to_string()))?;
        Ok((status, body.to_bytes()))
    }
}

/// An error with its causes: hyper's own text alone says little.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
