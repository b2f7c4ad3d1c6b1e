//! The names of dtm's protocol, in one place.

use std::fmt;
use std::str::FromStr;

/// The transaction type of a saga.
pub const SAGA: &str = "saga";
/// The transaction type of a reliable message.
pub const MSG: &str = "msg";

/// The longest gid, in characters; dtm's tables hold no more.
pub const MAX_GID: usize = 128;
/// The longest branch id, operation, or transaction type that a barrier takes, in characters.
pub const MAX_BRANCH_ID: usize = 128;
/// The longest operation or transaction type that a barrier table holds, in characters.
pub const MAX_OP: usize = 45;

/// What is asked of a branch.
pub mod op {
    /// Do a saga's step.
    pub const ACTION: &str = "action";
    /// Undo a saga's step.
    pub const COMPENSATE: &str = "compensate";
    /// Reserve (tcc).
    pub const TRY: &str = "try";
    /// Take the reserved (tcc).
    pub const CONFIRM: &str = "confirm";
    /// Give the reserved back (tcc).
    pub const CANCEL: &str = "cancel";
    /// Undo a workflow's or an XA branch.
    pub const ROLLBACK: &str = "rollback";
    /// The sender's own transaction (msg).
    pub const MSG: &str = "msg";
}

/// Metadata with which a coordinator calls a gRPC branch, and the trailer of its own answers.
pub mod metadata {
    /// The transaction.
    pub const GID: &str = "dtm-gid";
    /// Its type.
    pub const TRANS_TYPE: &str = "dtm-trans_type";
    /// The branch, `01`, `02`, ...
    pub const BRANCH_ID: &str = "dtm-branch_id";
    /// The operation, see [`super::op`].
    pub const OP: &str = "dtm-op";
    /// The coordinator's address; empty in a saga.
    pub const DTM: &str = "dtm-dtm";
    /// In an answer of this crate's coordinator: the transaction's status. A dtm server sends none.
    pub const STATUS: &str = "dtm-status";
    /// In an answer of this crate's coordinator: why a transaction was rolled back (UTF-8).
    pub const REASON: &str = "dtm-reason-bin";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
}

/// Query parameters with which a coordinator calls an HTTP branch.
pub mod query {
    /// The transaction.
    pub const GID: &str = "gid";
    /// Its type.
    pub const TRANS_TYPE: &str = "trans_type";
    /// The branch.
    pub const BRANCH_ID: &str = "branch_id";
    /// The operation.
    pub const OP: &str = "op";
}

/// Words of results, in messages and HTTP bodies.
pub mod result {
    /// All is done.
    pub const SUCCESS: &str = "SUCCESS";
    /// Refused for good.
    pub const FAILURE: &str = "FAILURE";
    /// Not yet; ask again.
    pub const ONGOING: &str = "ONGOING";
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Announced, not yet started.
    Prepared,
    /// Running forward.
    Submitted,
    /// Rolling back.
    Aborting,
    /// Ended with every action kept.
    Succeed,
    /// Ended with every action undone.
    Failed,
}

impl Status {
    /// dtm's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Submitted => "submitted",
            Self::Aborting => "aborting",
            Self::Succeed => "succeed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing happens any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeed | Self::Failed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of dtm's status words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown status {0:?}")]
pub struct UnknownStatus(pub String);

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        [Self::Prepared, Self::Submitted, Self::Aborting, Self::Succeed, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| UnknownStatus(word.to_owned()))
    }
}

/// The id of the branch of a step, counted from 0: `01` for the first.
pub fn branch_id(step: usize) -> String {
    format!("{:02}", step + 1)
}
