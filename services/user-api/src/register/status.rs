//! How a registration stands, for its caller: states and method names, no addresses.

use dtm::reply::reason_code;
use dtm::{Outcome, Transaction};
use serde::Serialize;

use super::saga;
use crate::error::refusal;

pub(super) const SUCCEEDED: &str = "succeeded";
pub(super) const ROLLED_BACK: &str = "rolled_back";
pub(super) const PENDING: &str = "pending";

#[derive(Debug, Serialize)]
pub(super) struct View {
    gid: String,
    state: &'static str,
    /// Why it was rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The user's id; of a user who is not there unless the state is `succeeded`.
    id: Option<String>,
    branches: Vec<BranchView>,
}

#[derive(Debug, Serialize)]
struct BranchView {
    branch: String,
    op: String,
    method: String,
    state: String,
}

pub(super) fn view(transaction: &Transaction) -> View {
    let (state, reason) = match transaction.outcome() {
        Outcome::Succeeded => (SUCCEEDED, None),
        Outcome::RolledBack { reason } => (ROLLED_BACK, Some(refusal(reason_code(&reason)).0)),
        Outcome::Pending { .. } => (PENDING, None),
    };
    let branches = transaction.branches.iter().map(|b| BranchView {
        branch: b.branch_id.clone(),
        op: b.op.clone(),
        method: b.method(),
        state: b.status.to_string(),
    });
    View {
        gid: transaction.gid.clone(),
        state,
        reason,
        id: saga::stored(transaction).ok().map(|(id, _)| id.to_string()),
        branches: branches.collect(),
    }
}
