//! What both servers answer alike.

use super::engine::{Engine, SubmitError};

/// A saga cannot be aborted from outside, whatever its status; the text is dtm's.
pub(super) async fn abort(engine: &Engine, gid: &str) -> SubmitError {
    match engine.store().load(gid).await {
        Ok(Some(record)) => SubmitError::CannotAbort { status: record.state.status },
        Ok(None) => SubmitError::NotFound(gid.to_owned()),
        Err(error) => error.into(),
    }
}
