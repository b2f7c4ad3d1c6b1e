//! A transaction as rows of dtm's tables.
//!
//! dtm keeps a saga's steps in the branch rows, times in whole seconds of its host's time zone, and options as JSON. What it has no column for
//! (attempts, the next try and the last error of a branch) is in `ext_data`, under a key that dtm passes over.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::{Record, StoreError};
use crate::coordinator::engine::UNTIL_CALLED;
use crate::coordinator::machine::{Call, Op, OpState, State, StepState};
use crate::coordinator::plan::{Options, Plan, Request, StepUrls};
use crate::protocol::{SAGA, Status, branch_id, op};

/// The longest text of a `varchar(1024)` column, in characters.
const MAX_TEXT: usize = 1024;
/// The longest `BLOB`, in bytes.
const MAX_BLOB: usize = 65_535;
const NEVER: &str = "9999-01-01 00:00:00";
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

pub(super) struct TransRow {
    pub(super) id: i64,
    pub(super) gid: String,
    status: String,
    protocol: String,
    created: Option<String>,
    updated: Option<String>,
    finished: Option<String>,
    rolled_back: Option<String>,
    options: Option<String>,
    custom_data: Option<String>,
    next_at: Option<String>,
    owner: String,
    ext_data: Option<String>,
    rollback_reason: Option<String>,
}

/// What sqlx's derive would write; the derive builds half of sqlx a second time.
macro_rules! from_row {
    ($row:ty { $($field:ident),* $(,)? }) => {
        impl sqlx::FromRow<'_, MySqlRow> for $row {
            fn from_row(row: &MySqlRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}

from_row!(TransRow {
    id,
    gid,
    status,
    protocol,
    created,
    updated,
    finished,
    rolled_back,
    options,
    custom_data,
    next_at,
    owner,
    ext_data,
    rollback_reason,
});
from_row!(BranchRow { gid, url, bin_data, branch_id, op, status, finished, rolled_back });

/// Times are read as text: the driver would take them for UTC.
pub(super) const TRANS_COLUMNS: &str =
    "id, gid, status, protocol, CAST(create_time AS CHAR) AS created, CAST(update_time AS CHAR) AS updated,
    CAST(finish_time AS CHAR) AS finished, CAST(rollback_time AS CHAR) AS rolled_back, options, custom_data,
    CAST(next_cron_time AS CHAR) AS next_at, owner, ext_data, rollback_reason";

pub(super) struct BranchRow {
    pub(super) gid: String,
    url: String,
    bin_data: Option<Vec<u8>>,
    branch_id: String,
    op: String,
    status: String,
    finished: Option<String>,
    rolled_back: Option<String>,
}

pub(super) const BRANCH_COLUMNS: &str = "gid, url, bin_data, branch_id, op, status, CAST(finish_time AS CHAR) AS finished, CAST(rollback_time AS CHAR) AS rolled_back";

/// What dtm has no column for.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Ext {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    branches: BTreeMap<String, Tries>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Tries {
    attempts: u32,
    not_before: i64,
    error: String,
}

pub(super) fn ext_data(state: &State) -> String {
    let mut ext = Ext::default();
    for call in calls(state.steps.len()) {
        let Some(op) = state.op(call).filter(|op| op.attempts > 0 || op.not_before > 0) else { continue };
        let tries = Tries { attempts: op.attempts, not_before: op.not_before, error: op.error.clone() };
        ext.branches.insert(key(call), tries);
    }
    if ext.branches.is_empty() { String::new() } else { serde_json::to_string(&ext).unwrap_or_default() }
}

fn key(call: Call) -> String {
    format!("{}/{}", branch_id(call.step), call.op.as_str())
}

/// Every operation in dtm's order: per step the compensation, then the action.
pub(super) fn calls(steps: usize) -> impl Iterator<Item = Call> {
    (0..steps).flat_map(|step| [Op::Compensate, Op::Action].map(|op| Call { step, op }))
}

pub(super) fn options_json(plan: &Plan) -> Result<String, StoreError> {
    let json = serde_json::to_string(&plan.options).unwrap_or_default();
    fits("options and branch headers", &json)?;
    Ok(json)
}

/// Whether a plan fits dtm's columns; a strict server refuses what does not, another one cuts it off.
pub(super) fn check(plan: &Plan) -> Result<(), StoreError> {
    fits("custom_data", &plan.custom_data)?;
    for step in &plan.steps {
        fits("url", &step.action)?;
        fits("url", &step.compensate)?;
        if step.payload.len() > MAX_BLOB {
            return Err(StoreError::TooLarge(format!(
                "payload: {} bytes; dtm's tables hold {MAX_BLOB}",
                step.payload.len()
            )));
        }
    }
    Ok(())
}

fn fits(field: &str, text: &str) -> Result<(), StoreError> {
    let length = text.chars().count();
    if length > MAX_TEXT {
        return Err(StoreError::TooLarge(format!("{field}: {length} characters; dtm's tables hold {MAX_TEXT}")));
    }
    Ok(())
}

/// The time as dtm writes it; up to a second later, so that nothing comes too early.
pub(super) fn time(millis: i64) -> String {
    if millis >= UNTIL_CALLED {
        return NEVER.to_owned();
    }
    let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    let time = Timestamp::from_millisecond(millis).and_then(|time| time.round(up)).unwrap_or_default();
    time.to_zoned(TimeZone::system()).strftime(FORMAT).to_string()
}

/// The same for a time that something has; 0 means it has none.
pub(super) fn time_if(millis: i64) -> Option<String> {
    (millis > 0).then(|| time(millis))
}

pub(super) fn millis(text: Option<&str>) -> Option<i64> {
    let text = text?;
    if text.starts_with("9999") {
        return Some(UNTIL_CALLED);
    }
    let civil = DateTime::strptime(FORMAT, text.split('.').next().unwrap_or(text)).ok()?;
    Some(civil.to_zoned(TimeZone::system()).ok()?.timestamp().as_millisecond())
}

pub(super) fn record(row: TransRow, branches: Vec<BranchRow>) -> Result<Record, StoreError> {
    let gid = row.gid.clone();
    let corrupt = |reason: String| StoreError::Corrupt { gid: gid.clone(), reason };
    let mut steps: BTreeMap<String, (StepUrls, Vec<u8>, StepState)> = BTreeMap::new();
    let ext: Ext = serde_json::from_str(row.ext_data.as_deref().unwrap_or_default()).unwrap_or_default();
    for branch in branches {
        let state = op_state(&branch, &ext).map_err(&corrupt)?;
        let step = steps.entry(branch.branch_id).or_default();
        step.1 = branch.bin_data.unwrap_or_default();
        match branch.op.as_str() {
            op::ACTION => (step.0.action, step.2.action) = (branch.url, state),
            op::COMPENSATE => (step.0.compensate, step.2.compensate) = (branch.url, state),
            other => return Err(corrupt(format!("branch operation {other:?} is none of a saga's"))),
        }
    }
    let options = row.options.filter(|text| !text.is_empty());
    let options: Options = options
        .map_or(Ok(Options::default()), |text| serde_json::from_str(&text))
        .map_err(|e| corrupt(format!("options: {e}")))?;
    let status: Status = row.status.parse().map_err(|e| corrupt(format!("{e}")))?;
    let (mut urls, mut payloads, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for (url, payload, state) in steps.into_values() {
        urls.push(url);
        payloads.push(payload);
        states.push(state);
    }
    let plan = Plan::new(Request {
        gid: row.gid,
        trans_type: SAGA.to_owned(),
        steps: urls,
        payloads,
        options,
        custom_data: row.custom_data.unwrap_or_default(),
        protocol: row.protocol,
    })
    .map_err(|error| corrupt(error.to_string()))?;
    let ended = millis(row.finished.as_deref()).or_else(|| millis(row.rolled_back.as_deref()));
    let state = State {
        status,
        reason: row.rollback_reason.unwrap_or_default(),
        steps: states,
        created: millis(row.created.as_deref()).unwrap_or_default(),
        finished: if status.is_final() { ended.unwrap_or_default() } else { 0 },
    };
    Ok(Record {
        id: row.id,
        plan: Arc::new(plan),
        updated: millis(row.updated.as_deref()).unwrap_or_default(),
        next_at: if status.is_final() { None } else { millis(row.next_at.as_deref()).or(Some(0)) },
        state,
        owner: row.owner,
    })
}

fn op_state(branch: &BranchRow, ext: &Ext) -> Result<OpState, String> {
    let tries = ext.branches.get(&format!("{}/{}", branch.branch_id, branch.op));
    Ok(OpState {
        status: branch.status.parse().map_err(|error| format!("branch {}: {error}", branch.branch_id))?,
        finished: millis(branch.finished.as_deref())
            .or_else(|| millis(branch.rolled_back.as_deref()))
            .unwrap_or_default(),
        attempts: tries.map_or(0, |tries| tries.attempts),
        not_before: tries.map_or(0, |tries| tries.not_before),
        error: tries.map(|tries| tries.error.clone()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back_and_never_come_early() {
        for at in [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_999] {
            let back = millis(Some(&time(at))).unwrap();
            assert!((0..1000).contains(&(back - at)), "{at} {back}");
        }
        assert_eq!(millis(Some(&time(UNTIL_CALLED))), Some(UNTIL_CALLED));
    }
}
