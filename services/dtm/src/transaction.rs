//! A transaction as a coordinator reports it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::protocol::{Status, op};
use crate::saga::Step;

/// How a saga ended, or that it has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every action is done and kept.
    Succeeded,
    /// Every action is undone.
    RolledBack {
        /// Why, in the coordinator's words; internal text, not for a caller. See [`crate::reply::reason_code`].
        reason: String,
    },
    /// Not decided yet, rolling back included.
    Pending {
        /// What to ask for later.
        gid: String,
    },
}

/// A transaction and its branches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub gid: String,
    /// Its type, `saga` for one.
    pub trans_type: String,
    /// Where it stands.
    pub status: Status,
    /// Why it was rolled back; empty if it was not.
    pub rollback_reason: String,
    /// RFC 3339; empty if the coordinator does not tell.
    pub create_time: String,
    /// The steps with their payloads.
    pub steps: Vec<Step>,
    /// Each operation of each branch.
    pub branches: Vec<Branch>,
}

/// One operation of one branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// `01`, `02`, ...
    pub branch_id: String,
    /// `action` or `compensate`.
    pub op: String,
    /// `prepared`, `succeed` or `failed`.
    pub status: Status,
    /// Where it is called; empty means nowhere.
    pub url: String,
}

impl Branch {
    /// The name of the gRPC method that is called; empty for a branch over HTTP. Unlike the URL it tells nothing of where the branch is.
    #[must_use]
    pub fn method(&self) -> String {
        let method = discovery::split_method(&self.url).map(|(_, method)| method).unwrap_or_default();
        method.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

impl Transaction {
    /// The end, if it has come.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            Status::Succeed => Outcome::Succeeded,
            Status::Failed => Outcome::RolledBack { reason: self.rollback_reason.clone() },
            _ => Outcome::Pending { gid: self.gid.clone() },
        }
    }

    /// Reads the answer of dtm's HTTP `query`. `Ok(None)`: there is no such transaction.
    pub(crate) fn from_query(body: &[u8]) -> Result<Option<Self>, String> {
        let reply: QueryReply = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let Some(global) = reply.transaction else {
            return Ok(None);
        };
        let branches = reply.branches.unwrap_or_default();
        let mut steps: Vec<Step> = global.steps.unwrap_or_default().into_iter().map(StepJson::into_step).collect();
        for (index, step) in steps.iter_mut().enumerate() {
            let id = crate::protocol::branch_id(index);
            if let Some(branch) = branches.iter().find(|branch| branch.branch_id == id && branch.op == op::ACTION) {
                step.payload = STANDARD
                    .decode(branch.bin_data.as_deref().unwrap_or_default())
                    .map_err(|error| error.to_string())?;
            }
        }
        let status = |word: &str| word.parse::<Status>().map_err(|error| error.to_string());
        Ok(Some(Self {
            gid: global.gid,
            trans_type: global.trans_type,
            status: status(&global.status)?,
            rollback_reason: global.rollback_reason,
            create_time: global.create_time,
            steps,
            branches: branches
                .into_iter()
                .map(|b| Ok(Branch { status: status(&b.status)?, branch_id: b.branch_id, op: b.op, url: b.url }))
                .collect::<Result<_, String>>()?,
        }))
    }
}

#[derive(Deserialize)]
struct QueryReply {
    transaction: Option<GlobalJson>,
    branches: Option<Vec<BranchJson>>,
}

#[derive(Deserialize)]
struct GlobalJson {
    gid: String,
    #[serde(default)]
    trans_type: String,
    status: String,
    #[serde(default)]
    rollback_reason: String,
    #[serde(default)]
    create_time: String,
    steps: Option<Vec<StepJson>>,
}

#[derive(Deserialize)]
struct StepJson {
    #[serde(default)]
    action: String,
    #[serde(default)]
    compensate: String,
}

impl StepJson {
    fn into_step(self) -> Step {
        Step { action: self.action, compensate: self.compensate, payload: Vec::new() }
    }
}

#[derive(Deserialize)]
struct BranchJson {
    #[serde(default)]
    url: String,
    bin_data: Option<String>,
    branch_id: String,
    op: String,
    status: String,
}
