//! Request bodies. Every field may be absent or null; unknown fields are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::coordinator::plan::{BadRequest, Options, Plan, Request, StepUrls, seconds};

#[derive(Deserialize)]
struct Transaction {
    gid: Option<String>,
    trans_type: Option<String>,
    custom_data: Option<String>,
    wait_result: Option<bool>,
    timeout_to_fail: Option<i64>,
    request_timeout: Option<i64>,
    retry_interval: Option<i64>,
    retry_limit: Option<i64>,
    branch_headers: Option<BTreeMap<String, String>>,
    steps: Option<Vec<Step>>,
    payloads: Option<Vec<String>>,
    protocol: Option<String>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(flatten)]
    urls: StepUrls,
    /// The payload in the old form.
    data: Option<String>,
}

fn parse(body: &[u8]) -> Result<Transaction, BadRequest> {
    serde_json::from_slice(body).map_err(|error| blame(body, &error))
}

/// Which field is to blame for a body that cannot be read.
fn blame(body: &[u8], error: &serde_json::Error) -> BadRequest {
    let fields: serde_json::Map<String, Value> = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => fields,
        _ => return BadRequest::Body(error.to_string()),
    };
    for (field, value) in fields {
        let alone = Value::Object([(field.clone(), value)].into_iter().collect());
        if let Err(error) = serde_json::from_value::<Transaction>(alone) {
            return BadRequest::Field { field, reason: error.to_string() };
        }
    }
    BadRequest::Body(error.to_string())
}

/// dtm drops these from a gid that came over HTTP.
fn clean(gid: Option<String>) -> String {
    gid.unwrap_or_default().chars().filter(|c| !matches!(c, '\n' | '\r' | ';')).collect()
}

pub(super) fn gid(body: &[u8]) -> Result<String, BadRequest> {
    parse(body).map(|transaction| clean(transaction.gid))
}

pub(super) fn plan(body: &[u8]) -> Result<Plan, BadRequest> {
    let wanted = parse(body)?;
    let steps = wanted.steps.unwrap_or_default();
    let old_payloads = || steps.iter().map(|step| step.data.clone().unwrap_or_default()).collect();
    let payloads: Vec<String> = match wanted.payloads {
        Some(payloads) => payloads,
        None => old_payloads(),
    };
    Plan::new(Request {
        gid: clean(wanted.gid),
        trans_type: wanted.trans_type.unwrap_or_default(),
        payloads: payloads.into_iter().map(String::into_bytes).collect(),
        steps: steps.into_iter().map(|step| step.urls).collect(),
        options: Options {
            wait_result: wanted.wait_result.unwrap_or_default(),
            timeout_to_fail: seconds("timeout_to_fail", wanted.timeout_to_fail.unwrap_or_default())?,
            request_timeout: seconds("request_timeout", wanted.request_timeout.unwrap_or_default())?,
            retry_interval: seconds("retry_interval", wanted.retry_interval.unwrap_or_default())?,
            retry_limit: seconds("retry_limit", wanted.retry_limit.unwrap_or_default())?,
            branch_headers: wanted.branch_headers.unwrap_or_default(),
        },
        custom_data: wanted.custom_data.unwrap_or_default(),
        protocol: wanted.protocol.filter(|protocol| !protocol.is_empty()).unwrap_or_else(|| "http".to_owned()),
    })
}
