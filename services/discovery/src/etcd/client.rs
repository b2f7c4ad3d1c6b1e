use std::time::Duration;

use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::pb;
use super::pb::auth_client::AuthClient;
use super::pb::kv_client::KvClient;
use super::pb::lease_client::LeaseClient;
use super::pb::watch_client::WatchClient;
use crate::connect::endpoint;
use crate::{Error, EtcdTarget};

/// What one request may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A session with an etcd cluster.
#[derive(Clone, Debug)]
pub(super) struct Client {
    channel: Channel,
    token: Option<AsciiMetadataValue>,
}

impl Client {
    /// Connects, and authenticates if the target names a user.
    pub(super) async fn connect(target: &EtcdTarget) -> Result<Self, Error> {
        let endpoints = target.hosts.iter().map(|host| endpoint(host)).collect::<Result<Vec<_>, _>>()?;
        let channel = match endpoints.as_slice() {
            [one] => one.connect_lazy(),
            _ => Channel::balance_list(endpoints.into_iter()),
        };
        let mut client = Self { channel, token: None };
        if !target.user.is_empty() {
            let request = pb::AuthenticateRequest { name: target.user.clone(), password: target.password.clone() };
            let answer = AuthClient::new(client.channel.clone()).authenticate(client.request(request)).await;
            let token = answer.map_err(|status| fault(target, &status))?.into_inner().token;
            client.token = token.parse().ok();
        }
        Ok(client)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = self.stream(message);
        request.set_timeout(TIMEOUT);
        request
    }

    fn stream<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("token", token.clone());
        }
        request
    }

    /// Everything whose key begins with `prefix`, and the revision of that answer.
    pub(super) async fn range(&self, prefix: &str) -> Result<(Vec<pb::KeyValue>, i64), Status> {
        let request = pb::RangeRequest { key: prefix.into(), range_end: end_of(prefix) };
        let answer = KvClient::new(self.channel.clone()).range(self.request(request)).await?.into_inner();
        Ok((answer.kvs, answer.header.map_or(0, |header| header.revision)))
    }

    pub(super) async fn put(&self, key: &str, value: &str, lease: i64) -> Result<(), Status> {
        let request = pb::PutRequest { key: key.into(), value: value.into(), lease };
        KvClient::new(self.channel.clone()).put(self.request(request)).await.map(drop)
    }

    pub(super) async fn grant(&self, seconds: i64) -> Result<i64, Status> {
        let request = pb::LeaseGrantRequest { ttl: seconds, id: 0 };
        Ok(LeaseClient::new(self.channel.clone()).lease_grant(self.request(request)).await?.into_inner().id)
    }

    pub(super) async fn revoke(&self, lease: i64) -> Result<(), Status> {
        let request = pb::LeaseRevokeRequest { id: lease };
        LeaseClient::new(self.channel.clone()).lease_revoke(self.request(request)).await.map(drop)
    }

    /// Renews a lease; `Ok(false)` if etcd does not know it any more.
    pub(super) async fn keep_alive(&self, lease: i64) -> Result<bool, Status> {
        let request = pb::LeaseKeepAliveRequest { id: lease };
        let mut lease = LeaseClient::new(self.channel.clone());
        let mut answers = lease.lease_keep_alive(self.request(tokio_stream::once(request))).await?.into_inner();
        Ok(answers.message().await?.is_some_and(|answer| answer.ttl > 0))
    }

    /// What happens to the keys under `prefix` from `revision` on.
    pub(super) async fn watch(
        &self,
        prefix: &str,
        revision: i64,
    ) -> Result<tonic::Streaming<pb::WatchResponse>, Status> {
        let create = pb::WatchCreateRequest { key: prefix.into(), range_end: end_of(prefix), start_revision: revision };
        let union = Some(pb::watch_request::RequestUnion::CreateRequest(create));
        // etcd ends the watch when the request stream ends, so it never does.
        let requests = tokio_stream::StreamExt::chain(
            tokio_stream::once(pb::WatchRequest { request_union: union }),
            tokio_stream::pending(),
        );
        Ok(WatchClient::new(self.channel.clone()).watch(self.stream(requests)).await?.into_inner())
    }
}

/// The first key behind all that begin with `prefix`.
fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![0]
}

pub(super) fn fault(target: &EtcdTarget, status: &Status) -> Error {
    use std::fmt::Write as _;
    let mut reason = status.message().to_owned();
    let mut next = std::error::Error::source(status).and_then(std::error::Error::source);
    while let Some(cause) = next {
        // Writing to a String cannot fail.
        let _ = write!(reason, ": {cause}");
        next = cause.source();
    }
    Error::Etcd { hosts: target.hosts.join(","), reason }
}
