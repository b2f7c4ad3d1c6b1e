//! The initiator's side: submitting sagas and asking what became of them.

use std::sync::Arc;
use std::time::Duration;

use discovery::{Channel, Target};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tonic::{Code, Request};

use crate::pb;
use crate::pb::dtm_client::DtmClient as Grpc;
use crate::protocol::{MAX_GID, Status, metadata};
use crate::saga::Saga;
use crate::transaction::{Outcome, Transaction};

mod error;
mod http;

pub use error::ClientError;
pub(crate) use http::chain;

/// How long [`DtmClient::submit`] waits.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);
/// The longest message that is sent or read.
const MAX_MESSAGE: usize = 64 << 20;

/// Speaks dtm's gRPC protocol to a coordinator, this crate's or a real dtm. A clone shares the connection.
#[derive(Clone, Debug)]
pub struct DtmClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Target,
    channel: OnceCell<Channel>,
    http: Option<http::Http>,
}

impl DtmClient {
    /// A client of the coordinator at `server` (see [`Target`]), which it connects to at the first call. `http_base`, `http://host:port`,
    /// is where its HTTP side answers; without it [`DtmClient::status`] is not available.
    ///
    /// # Errors
    /// [`ClientError::Address`].
    pub fn new(server: &str, http_base: Option<&str>) -> Result<Self, ClientError> {
        let target = server.parse().map_err(|error: discovery::Error| ClientError::Address(error.to_string()))?;
        let http = http_base.filter(|base| !base.is_empty()).map(http::Http::new).transpose()?;
        Ok(Self { shared: Arc::new(Shared { target, channel: OnceCell::new(), http }) })
    }

    /// A gid from the coordinator. [`crate::gid::new`] makes one without asking.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] or [`ClientError::Rejected`].
    pub async fn new_gid(&self) -> Result<String, ClientError> {
        let mut request = Request::new(());
        request.set_timeout(DEFAULT_DEADLINE);
        let mut grpc = self.grpc().await?;
        let reply = tokio::time::timeout(DEFAULT_DEADLINE, grpc.new_gid(request)).await;
        let reply = reply.map_err(|_| ClientError::Unreachable("no answer in time".to_owned()))?;
        reply.map(|reply| reply.into_inner().gid).map_err(|status| failed(&status))
    }

    /// [`DtmClient::submit_within`] 10 s.
    ///
    /// # Errors
    /// As there.
    pub async fn submit(&self, saga: &Saga) -> Result<Outcome, ClientError> {
        self.submit_within(saga, DEFAULT_DEADLINE).await
    }

    /// Hands a saga over and, with [`Saga::wait_result`], waits for its end but not beyond `deadline`.
    ///
    /// Nothing that may still succeed is reported as rolled back, and nothing that may have been accepted as an error: what is open is
    /// [`Outcome::Pending`]. When the connection breaks, the coordinator is asked before the saga is sent again.
    ///
    /// # Errors
    /// The saga was certainly not accepted: the coordinator cannot be reached, or it refuses the request as such.
    pub async fn submit_within(&self, saga: &Saga, deadline: Duration) -> Result<Outcome, ClientError> {
        check(saga)?;
        let until = Instant::now() + deadline;
        let pending = || Ok(Outcome::Pending { gid: saga.gid().to_owned() });
        let mut may_repeat = true;
        loop {
            let status = match self.send(saga, until).await? {
                Sent::TimedOut => return pending(),
                Sent::Answered(Ok(())) if saga.waits() => return Ok(Outcome::Succeeded),
                Sent::Answered(Ok(())) => return pending(),
                Sent::Answered(Err(status)) => status,
            };
            match judge(&status) {
                Verdict::Known(word) => return Ok(word.outcome(saga.gid(), &status)),
                Verdict::Undecided => {
                    let known = tokio::time::timeout_at(until, self.ask(saga.gid())).await;
                    return known.ok().flatten().map_or_else(pending, Ok);
                }
                Verdict::NotSent => return Err(ClientError::Unreachable(http::chain(&status))),
                Verdict::Refused => return Err(failed(&status)),
                Verdict::Lost => match tokio::time::timeout_at(until, self.status(saga.gid())).await {
                    Ok(Ok(Some(transaction))) => return Ok(transaction.outcome()),
                    Ok(Ok(None)) if may_repeat => may_repeat = false,
                    _ => return pending(),
                },
            }
        }
    }

    /// What the coordinator knows of a transaction, over HTTP. `Ok(None)`: it knows none of that gid.
    ///
    /// # Errors
    /// [`ClientError::NoHttp`], or the coordinator does not answer as it should.
    pub async fn status(&self, gid: &str) -> Result<Option<Transaction>, ClientError> {
        match &self.shared.http {
            Some(http) => http.query(gid).await,
            None => Err(ClientError::NoHttp),
        }
    }

    async fn grpc(&self) -> Result<Grpc<Channel>, ClientError> {
        let connect = || discovery::connect_to(&self.shared.target);
        let channel = self.shared.channel.get_or_try_init(connect).await;
        let channel = channel.map_err(|error| ClientError::Unreachable(error.to_string()))?.clone();
        Ok(Grpc::new(channel).max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_MESSAGE))
    }

    async fn send(&self, saga: &Saga, until: Instant) -> Result<Sent, ClientError> {
        let Ok(grpc) = tokio::time::timeout_at(until, self.grpc()).await else {
            return Err(ClientError::Unreachable("no connection in time".to_owned()));
        };
        let mut grpc = grpc?;
        let mut request = Request::new(saga.to_request());
        request.set_timeout(until.saturating_duration_since(Instant::now()));
        Ok(match tokio::time::timeout_at(until, grpc.submit(request)).await {
            Err(_) => Sent::TimedOut,
            Ok(answer) => Sent::Answered(answer.map(drop)),
        })
    }

    /// Asks for a transaction that the coordinator is known to have.
    async fn ask(&self, gid: &str) -> Option<Outcome> {
        if self.shared.http.is_some() {
            return self.status(gid).await.ok().flatten().map(|transaction| transaction.outcome());
        }
        // Over gRPC there is no query; preparing a workflow of a gid that exists reads it, whatever its type. Of a gid that does not exist it
        // would create one, so this is only for a gid whose Submit was answered.
        let request = pb::DtmRequest { gid: gid.to_owned(), trans_type: "workflow".to_owned(), ..Default::default() };
        let transaction = self.grpc().await.ok()?.prepare_workflow(request).await.ok()?.into_inner().transaction?;
        let status = transaction.status.parse().ok()?;
        Some(outcome(status, gid, transaction.rollback_reason))
    }
}

enum Sent {
    Answered(Result<(), tonic::Status>),
    TimedOut,
}

/// What an error status says about a submitted saga.
enum Verdict {
    /// The status was told.
    Known(Word),
    /// The coordinator has the saga and did not say how it stands.
    Undecided,
    /// It never reached the coordinator.
    NotSent,
    /// The coordinator does not take it.
    Refused,
    /// The answer was lost on the way, or the request.
    Lost,
}

/// A status that an answer told, and whether the answer's text is the reason.
struct Word(Status);

impl Word {
    fn outcome(&self, gid: &str, status: &tonic::Status) -> Outcome {
        let reason = status.metadata().get_bin(metadata::REASON).and_then(|value| value.to_bytes().ok());
        let reason = reason.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        outcome(self.0, gid, reason.unwrap_or_else(|| status.message().to_owned()))
    }
}

fn outcome(status: Status, gid: &str, reason: String) -> Outcome {
    match status {
        Status::Succeed => Outcome::Succeeded,
        Status::Failed => Outcome::RolledBack { reason },
        _ => Outcome::Pending { gid: gid.to_owned() },
    }
}

fn judge(status: &tonic::Status) -> Verdict {
    if std::error::Error::source(status).is_some() {
        return if never_connected(status) { Verdict::NotSent } else { Verdict::Lost };
    }
    if let Some(word) = status.metadata().get(metadata::STATUS).and_then(|word| word.to_str().ok()?.parse().ok()) {
        return Verdict::Known(Word(word));
    }
    match status.code() {
        // Sent again after its end, a real dtm says so in the text only. "failed" has its reason elsewhere.
        Code::Aborted if status.message().starts_with("current status 'succeed'") => {
            Verdict::Known(Word(Status::Succeed))
        }
        Code::Aborted => Verdict::Undecided,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Verdict::Lost,
        _ => Verdict::Refused,
    }
}

fn never_connected(status: &tonic::Status) -> bool {
    let mut next = std::error::Error::source(status);
    while let Some(cause) = next {
        if cause.is::<tonic::ConnectError>() {
            return true;
        }
        next = cause.source();
    }
    false
}

fn failed(status: &tonic::Status) -> ClientError {
    if std::error::Error::source(status).is_some() {
        return ClientError::Unreachable(http::chain(status));
    }
    ClientError::Rejected { code: status.code(), message: status.message().to_owned() }
}

fn check(saga: &Saga) -> Result<(), ClientError> {
    match saga.gid().chars().count() {
        0 => Err(ClientError::BadSaga("the gid is empty")),
        count if count > MAX_GID => Err(ClientError::BadSaga("the gid is longer than 128 characters")),
        _ if saga.steps().is_empty() => Err(ClientError::BadSaga("there are no steps")),
        _ => Ok(()),
    }
}
