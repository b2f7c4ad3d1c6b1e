//! The services and the coordinator that user-api talks to.

use std::time::Duration;

use dtm::DtmClient;
use kit::observe::{Observe, RpcClient};
use kit::rpc::{self, Remote};
use kit::{StartError, Telemetry};
use proto::user::user_client::UserClient;
use proto::userscore::user_score_client::UserScoreClient;
use tonic::Status;

use crate::conf::UserApiConf;

/// A client whose calls are traced, counted and logged.
pub(crate) type Watched = Observe<Remote, RpcClient>;

/// All of them; a clone shares the connections.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) users: UserClient<Watched>,
    pub(crate) scores: UserScoreClient<Watched>,
    pub(crate) dtm: DtmClient,
    user_limit: Option<Duration>,
    score_limit: Option<Duration>,
}

impl Clients {
    /// Reads the targets; connections are made at the first call.
    pub(crate) fn connect(conf: &UserApiConf, telemetry: &Telemetry) -> Result<Self, StartError> {
        let users = rpc::client(&conf.user_rpc, telemetry)?;
        let scores = rpc::client(&conf.score_rpc, telemetry)?;
        Ok(Self {
            users: UserClient::new(users),
            scores: UserScoreClient::new(scores),
            dtm: DtmClient::new(&conf.dtm.server, Some(&conf.dtm.http))?,
            user_limit: conf.user_rpc.timeout,
            score_limit: conf.score_rpc.timeout,
        })
    }

    /// Limits a call to user-rpc.
    pub(crate) async fn user<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        limited(self.user_limit, call).await
    }

    /// Limits a call to score-rpc.
    pub(crate) async fn score<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        limited(self.score_limit, call).await
    }
}

async fn limited<T>(limit: Option<Duration>, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, call)
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time"))),
        None => call.await,
    }
}
