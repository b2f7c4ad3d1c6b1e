//! A registration as a saga, and back.

use std::time::Duration;

use dtm::saga::branch_url;
use dtm::{Saga, Transaction};
use kit::trace;
use opentelemetry::Context;
use prost::Message as _;
use proto::user::UserRequest;
use proto::userscore::UserScoreRequest;

use super::input::Wanted;
use crate::conf::UserApiConf;
use crate::error::ApiError;

/// The saga: the user first, then the points; both know the id, which is made here.
pub(super) fn build(conf: &UserApiConf, gid: &str, id: i64, wanted: &Wanted) -> Result<Saga, ApiError> {
    let user = UserRequest { id: id.to_string(), name: wanted.name.clone(), gender: wanted.gender.clone() };
    let score = UserScoreRequest { user_id: id, score: 0, invite_code: wanted.invite_code.clone() };
    let (users, scores) = (conf.user_rpc.target(), conf.score_rpc.target());
    let url = |target: &str, method: &str| branch_url(target, method).map_err(|e| ApiError::Internal(e.to_string()));
    let mut saga = Saga::new(gid)
        .step_message(url(&users, "user.User/saveUser")?, url(&users, "user.User/saveUserCallback")?, &user)
        .step_message(
            url(&scores, "userscore.UserScore/saveUserScore")?,
            url(&scores, "userscore.UserScore/saveUserScoreCallback")?,
            &score,
        )
        .wait_result(true);
    if conf.dtm.retry_interval > Duration::ZERO {
        saga = saga.retry_interval(conf.dtm.retry_interval);
    }
    // The branches' spans belong to this request, also when they are called much later.
    for (name, value) in trace::headers_of(&Context::current()) {
        saga = saga.branch_header(name, value);
    }
    Ok(saga)
}

/// The id and the request of a stored registration.
pub(super) fn stored(transaction: &Transaction) -> Result<(i64, Wanted), ApiError> {
    let strange = || ApiError::Internal(format!("{} is no registration", transaction.gid));
    let [user, score] = &transaction.steps[..] else {
        return Err(strange());
    };
    let user = UserRequest::decode(&user.payload[..]).map_err(|_| strange())?;
    let score = UserScoreRequest::decode(&score.payload[..]).map_err(|_| strange())?;
    let wanted = Wanted { name: user.name, gender: user.gender, invite_code: score.invite_code };
    Ok((score.user_id, wanted))
}
