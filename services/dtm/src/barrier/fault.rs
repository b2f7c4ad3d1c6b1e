use thiserror::Error;
use tonic::{Code, Status};

use crate::protocol::result;
use crate::reply;

/// Why a branch's work did not happen. Converts into the answer that dtm expects.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A business refusal, for good: the saga rolls back.
    #[error("refused: {code}")]
    Refused {
        /// A word that the initiator can map to a text: letters, digits and `_ . -`.
        code: String,
    },
    /// Not decided yet: asked again after the interval.
    #[error("not yet")]
    Ongoing,
    /// The database failed: asked again with growing pauses, never a refusal.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The call is no proper branch call.
    #[error(transparent)]
    Invalid(#[from] InvalidBranch),
    /// A message's own transaction ran before.
    #[error("duplicated")]
    Duplicated,
    /// Two ids that differ are one to the table's collation; the call was not made, rather than mistaken for a repetition.
    #[error("gid {0:?} collides with another one in the barrier table; give the table a binary collation")]
    Collision(String),
    /// Anything else: asked again with growing pauses.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// A call without proper branch data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidBranch {
    /// This is missing or empty.
    #[error("invalid trans info: {0} is empty")]
    Missing(&'static str),
    /// This is longer than the table holds, in characters.
    #[error("invalid trans info: {0} is longer than {1} characters")]
    TooLong(&'static str, usize),
}

impl Fault {
    /// A business refusal with its code.
    pub fn refused(code: impl Into<String>) -> Self {
        Self::Refused { code: code.into() }
    }

    /// Any other error.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// The status of an HTTP branch's answer: 409, 425 or 500, or 400 for an improper call.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::Refused { .. } | Self::Duplicated => 409,
            Self::Ongoing => 425,
            Self::Invalid(_) => 400,
            Self::Database(_) | Self::Collision(_) | Self::Other(_) => 500,
        }
    }

    /// The body of an HTTP branch's answer. It holds no internal text.
    pub fn http_body(&self) -> String {
        match self {
            Self::Refused { code } => {
                serde_json::json!({"dtm_result": result::FAILURE, "message": reply::refused(code).message()})
            }
            Self::Duplicated => serde_json::json!({"dtm_result": result::FAILURE, "message": "duplicated"}),
            Self::Ongoing => serde_json::json!({"dtm_result": result::ONGOING}),
            Self::Invalid(invalid) => serde_json::json!({"message": invalid.to_string()}),
            Self::Database(_) | Self::Collision(_) | Self::Other(_) => {
                serde_json::json!({"message": "temporarily unavailable"})
            }
        }
        .to_string()
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        match &fault {
            Fault::Refused { code } => reply::refused(code),
            Fault::Ongoing => reply::ongoing(),
            Fault::Duplicated => Self::aborted("duplicated"),
            Fault::Invalid(invalid) => (*invalid).into(),
            Fault::Database(_) | Fault::Collision(_) | Fault::Other(_) => reply::unavailable(&fault),
        }
    }
}

impl From<InvalidBranch> for Status {
    fn from(invalid: InvalidBranch) -> Self {
        Self::new(Code::InvalidArgument, invalid.to_string())
    }
}
