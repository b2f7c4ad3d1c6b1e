//! Plans and states as the SQLite store keeps them.

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::coordinator::machine::StepState;
use crate::coordinator::plan::{Options, Plan, Request, StepUrls};
use crate::protocol::SAGA;

#[derive(Serialize, Deserialize)]
struct PlanJson {
    steps: Vec<StepUrls>,
    #[serde(default)]
    options: Options,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    custom_data: String,
    protocol: String,
}

pub(super) fn plan_json(plan: &Plan) -> String {
    let json = PlanJson {
        steps: plan.urls(),
        options: plan.options.clone(),
        custom_data: plan.custom_data.clone(),
        protocol: plan.protocol.clone(),
    };
    serde_json::to_string(&json).unwrap_or_default()
}

/// Each payload behind its length, four bytes, little end first.
pub(super) fn payloads(plan: &Plan) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(plan.steps.iter().map(|step| step.payload.len() + 4).sum());
    for step in &plan.steps {
        let length = u32::try_from(step.payload.len())
            .map_err(|_| StoreError::TooLarge("a payload exceeds 4 GiB".to_owned()))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&step.payload);
    }
    Ok(bytes)
}

pub(super) fn plan(gid: &str, json: &str, mut payloads: &[u8]) -> Result<Plan, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { gid: gid.to_owned(), reason };
    let stored: PlanJson = serde_json::from_str(json).map_err(|error| corrupt(format!("plan: {error}")))?;
    let mut split = Vec::with_capacity(stored.steps.len());
    while let Some((length, rest)) = payloads.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (payload, rest) = rest.split_at_checked(length).ok_or_else(|| corrupt("payloads: cut short".to_owned()))?;
        split.push(payload.to_vec());
        payloads = rest;
    }
    Plan::new(Request {
        gid: gid.to_owned(),
        trans_type: SAGA.to_owned(),
        steps: stored.steps,
        payloads: split,
        options: stored.options,
        custom_data: stored.custom_data,
        protocol: stored.protocol,
    })
    .map_err(|error| corrupt(error.to_string()))
}

pub(super) fn steps_json(steps: &[StepState]) -> String {
    serde_json::to_string(steps).unwrap_or_default()
}

pub(super) fn steps(gid: &str, json: &str) -> Result<Vec<StepState>, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Corrupt { gid: gid.to_owned(), reason: format!("steps: {error}") })
}
