//! The gRPC methods.

use std::sync::Arc;

use dtm::{Barrier, Fault};
use kit::observe::note;
use proto::userscore::user_score_server::UserScore;
use proto::userscore::{IdRequest, UserScoreRequest, UserScoreResponse};
use tonic::{Request, Response, Status};

use crate::points;
use crate::store::Store;

/// The service `userscore.UserScore`.
pub(crate) struct ScoreService {
    store: Arc<dyn Store>,
}

impl ScoreService {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

type Answer = Result<Response<UserScoreResponse>, Status>;

#[tonic::async_trait]
impl UserScore for ScoreService {
    async fn get_user_score(&self, request: Request<IdRequest>) -> Answer {
        note(&request);
        let user_id = request.get_ref().id;
        let sum = self.store.get(user_id).await;
        let sum = sum.map_err(|e| dtm::reply::unavailable(&e))?;
        let sum = sum.ok_or_else(|| Status::not_found("this user has no points"))?;
        answer(user_id, i32::try_from(sum).unwrap_or(i32::MAX))
    }

    async fn save_user_score(&self, request: Request<UserScoreRequest>) -> Answer {
        note(&request);
        let barrier = Barrier::from_metadata(request.metadata())?;
        let wanted = request.get_ref();
        let points = points::granted(&wanted.invite_code, wanted.score).map_err(Fault::refused)?;
        self.store.grant(&barrier, wanted.user_id, points).await?;
        answer(wanted.user_id, points)
    }

    async fn save_user_score_callback(&self, request: Request<UserScoreRequest>) -> Answer {
        note(&request);
        let barrier = Barrier::from_metadata(request.metadata())?;
        self.store.undo(&barrier).await?;
        answer(request.get_ref().user_id, 0)
    }
}

fn answer(user_id: i64, score: i32) -> Answer {
    Ok(Response::new(UserScoreResponse { user_id, score }))
}
