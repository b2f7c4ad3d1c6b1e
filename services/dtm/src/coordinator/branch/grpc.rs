use std::collections::HashMap;
use std::sync::Mutex;

use bytes::{Buf, BufMut, Bytes};
use discovery::{Channel, Target};
use http::uri::PathAndQuery;
use tonic::client::Grpc as Client;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::{Code, Request, Status};

use super::{BranchCall, refusal};
use crate::coordinator::machine::Answer;
use crate::protocol::{SAGA, metadata, result};

/// Connections that are kept; beyond it all are dropped and made anew.
const MAX_CHANNELS: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Grpc {
    channels: Mutex<HashMap<Target, Channel>>,
}

impl Grpc {
    pub(super) async fn call(&self, call: BranchCall<'_>) -> Answer {
        match self.unary(call).await {
            Ok(()) => Answer::Done,
            Err(Fault::Url(text)) => Answer::Unknown(text),
            Err(Fault::Status(status)) => classify(call.url, &status),
        }
    }

    async fn unary(&self, call: BranchCall<'_>) -> Result<(), Fault> {
        let (target, method) = discovery::split_method(call.url).map_err(|error| Fault::Url(error.to_string()))?;
        let path = PathAndQuery::try_from(method).map_err(|error| Fault::Url(error.to_string()))?;
        let channel = self.channel(&target).await.map_err(|error| Fault::Url(error.to_string()))?;
        let mut request = Request::new(Bytes::copy_from_slice(call.payload));
        request.set_timeout(call.timeout);
        fill(request.metadata_mut(), call).map_err(Fault::Url)?;
        let mut client = Client::new(channel);
        client.ready().await.map_err(|error| Fault::Status(Box::new(Status::from_error(error))))?;
        let answer = client.unary(request, path, Raw).await;
        crate::coordinator::trace::grpc_status(answer.as_ref().map_or_else(Status::code, |_| Code::Ok) as i32);
        answer.map(drop).map_err(|status| Fault::Status(Box::new(status)))
    }

    async fn channel(&self, target: &Target) -> Result<Channel, discovery::Error> {
        if let Some(channel) = self.lock().get(target) {
            return Ok(channel.clone());
        }
        let channel = discovery::connect_to(target).await?;
        let mut channels = self.lock();
        if channels.len() >= MAX_CHANNELS {
            channels.clear();
        }
        Ok(channels.entry(target.clone()).or_insert(channel).clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Target, Channel>> {
        match self.channels.lock() {
            Ok(channels) => channels,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

enum Fault {
    Url(String),
    Status(Box<Status>),
}

fn fill(map: &mut MetadataMap, call: BranchCall<'_>) -> Result<(), String> {
    for (name, value) in call.headers {
        // The connection's own headers are not the saga's to set.
        if matches!(name.as_str(), "content-type" | "te" | "grpc-timeout") {
            continue;
        }
        let key: AsciiMetadataKey =
            name.to_ascii_lowercase().parse().map_err(|_| format!("branch header {name:?} is no header"))?;
        map.insert(key, value.parse().map_err(|_| format!("branch header {name:?} has a value that cannot be sent"))?);
    }
    for (name, value) in [
        (metadata::GID, call.gid),
        (metadata::TRANS_TYPE, SAGA),
        (metadata::BRANCH_ID, call.branch_id),
        (metadata::OP, call.op),
        (metadata::DTM, ""),
    ] {
        let value = AsciiMetadataValue::try_from(value.as_bytes()).map_err(|_| format!("{name} cannot be sent"))?;
        map.insert(name, value);
    }
    Ok(())
}

fn classify(url: &str, status: &Status) -> Answer {
    match status.code() {
        Code::Aborted if status.message() == result::ONGOING => Answer::Ongoing,
        Code::Aborted => refusal(url, status.message()),
        Code::FailedPrecondition => Answer::Ongoing,
        code => Answer::Unknown(format!("{code:?}: {}", explain(status))),
    }
}

/// The branch's words, or what broke the connection.
fn explain(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(cause) => crate::client::chain(cause),
        None => status.message().to_owned(),
    }
}

/// Payloads are bytes that somebody else encoded.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

/// A branch's reply is not looked at.
impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}
