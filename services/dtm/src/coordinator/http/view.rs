//! Transactions as JSON, under dtm's keys, empty ones left out; with `next_try`, `attempts` and `last_error` of our own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use discovery::without_password;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::coordinator::engine::UNTIL_CALLED;
use crate::coordinator::machine::{OpState, State};
use crate::coordinator::store::Record;
use crate::protocol::{self, SAGA, Status, op};

/// A transaction with its branches.
pub(super) fn whole(record: &Record) -> Value {
    json!({ "transaction": transaction(record), "branches": branches(record) })
}

/// A transaction alone.
pub(super) fn transaction(record: &Record) -> Value {
    Value::Object(fields(record))
}

fn fields(record: &Record) -> Map<String, Value> {
    let (plan, state) = (&record.plan, &record.state);
    let options = &plan.options;
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| json!({ "action": without_password(&step.action), "compensate": without_password(&step.compensate) }))
        .collect();
    let payloads: Option<Vec<&str>> = plan.steps.iter().map(|step| std::str::from_utf8(&step.payload).ok()).collect();
    let is_http = plan.protocol != "grpc";
    let ended = |status| if state.status == status { time(state.finished) } else { Value::Null };
    filled([
        ("id", json!(record.id)),
        ("create_time", time(state.created)),
        ("update_time", time(record.updated)),
        ("gid", json!(plan.gid)),
        ("trans_type", json!(SAGA)),
        ("steps", json!(steps)),
        ("payloads", if is_http { json!(payloads) } else { Value::Null }),
        ("status", json!(state.status.as_str())),
        ("protocol", json!(plan.protocol)),
        ("finish_time", ended(Status::Succeed)),
        ("rollback_time", ended(Status::Failed)),
        ("rollback_reason", json!(state.reason)),
        ("custom_data", json!(plan.custom_data)),
        ("owner", json!(record.owner)),
        ("next_cron_time", record.next_at.filter(|&at| at < UNTIL_CALLED).map_or(Value::Null, time)),
        ("wait_result", json!(options.wait_result)),
        ("timeout_to_fail", json!(options.timeout_to_fail)),
        ("request_timeout", json!(options.request_timeout)),
        ("retry_interval", json!(options.retry_interval)),
        ("retry_limit", json!(options.retry_limit)),
        ("branch_headers", json!(options.branch_headers)),
    ])
}

fn branches(record: &Record) -> Vec<Value> {
    let rows = record.plan.steps.iter().zip(&record.state.steps).enumerate();
    rows.flat_map(|(index, (step, state))| {
        [(op::COMPENSATE, &step.compensate, &state.compensate), (op::ACTION, &step.action, &state.action)].map(
            |(op, url, state)| {
                let done = if state.status == Status::Prepared { Value::Null } else { time(state.finished) };
                let (finish, rollback) = if op == op::ACTION && state.status == Status::Failed {
                    (Value::Null, done)
                } else {
                    (done, Value::Null)
                };
                let mut row = filled([
                    ("id", json!(record.id)),
                    ("create_time", time(record.state.created)),
                    ("update_time", time(record.updated)),
                    ("gid", json!(record.plan.gid)),
                    ("url", json!(without_password(url))),
                    ("bin_data", json!(STANDARD.encode(&step.payload))),
                    ("finish_time", finish),
                    ("rollback_time", rollback),
                ]);
                for (key, value) in always(index, op, state, &record.state) {
                    row.insert(key.to_owned(), value);
                }
                Value::Object(row)
            },
        )
    })
    .collect()
}

fn always(index: usize, op: &str, state: &OpState, whole: &State) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("branch_id", json!(protocol::branch_id(index))),
        ("op", json!(op)),
        ("status", json!(state.status.as_str())),
    ];
    if !whole.status.is_final() && state.status == Status::Prepared && (state.attempts > 0 || state.not_before > 0) {
        fields.push(("attempts", json!(state.attempts)));
        fields.push(("next_try", time(state.not_before)));
        fields.push(("last_error", json!(state.error)));
    }
    fields
}

/// The fields that are not empty, zero, false or null.
fn filled<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let is_empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    };
    fields.into_iter().filter(|(_, value)| !is_empty(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// RFC 3339 of milliseconds.
fn time(millis: i64) -> Value {
    Timestamp::from_millisecond(millis).map_or(Value::Null, |time| Value::from(time.to_string()))
}
