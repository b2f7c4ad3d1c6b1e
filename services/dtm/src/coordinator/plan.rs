//! What a saga asks for; never changes after it was accepted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::protocol::{MAX_GID, SAGA};
use crate::saga::Step;

/// A saga as it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its id.
    pub gid: String,
    /// Its steps with their payloads.
    pub steps: Vec<Step>,
    /// Its options.
    pub options: Options,
    /// dtm's JSON text of order and concurrency.
    pub custom_data: String,
    /// The protocol that it came by, `grpc` or `http`.
    pub protocol: String,
    /// For each step, the steps that must have succeeded before it starts.
    after: Vec<Vec<usize>>,
}

/// Options, in seconds; zero means the coordinator's default or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Whether the submitter waits for the end.
    #[serde(skip_serializing_if = "is_default")]
    pub wait_result: bool,
    /// Rolls back after this long.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout_to_fail: u64,
    /// What one call may take.
    #[serde(skip_serializing_if = "is_default")]
    pub request_timeout: u64,
    /// Pause before a call is repeated.
    #[serde(skip_serializing_if = "is_default")]
    pub retry_interval: u64,
    /// Calls of an action without an answer, beyond the first, after which the saga rolls back.
    #[serde(skip_serializing_if = "is_default")]
    pub retry_limit: u64,
    /// Carried by every call.
    #[serde(skip_serializing_if = "is_default")]
    pub branch_headers: BTreeMap<String, String>,
}

/// For serde, which leaves such a field out.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Why a request is no saga. The texts name the field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum BadRequest {
    #[error("unknown trans type: {0:?}; this coordinator runs saga")]
    TransType(String),
    #[error("gid: {0}")]
    Gid(&'static str),
    #[error("body: {0}")]
    Body(String),
    #[error("{field}: {reason}")]
    Field { field: String, reason: String },
    #[error("steps: {0}")]
    Steps(String),
    #[error("payloads: {payloads} given for {steps} steps; each step needs exactly one")]
    Payloads { steps: usize, payloads: usize },
    #[error("payloads: {0} bytes; at most {1} are stored")]
    PayloadSize(usize, usize),
    #[error("custom_data: {0}")]
    CustomData(String),
    #[error("{0}: {1} is not allowed; 0 to 31536000")]
    Seconds(&'static str, i64),
    #[error("branch_headers: {0:?} is no header")]
    Header(String),
}

/// A submitted request before it is checked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The transaction.
    pub gid: String,
    /// Its type.
    pub trans_type: String,
    /// URLs of the steps.
    pub steps: Vec<StepUrls>,
    /// One payload a step.
    pub payloads: Vec<Vec<u8>>,
    /// Options, checked by [`seconds`].
    pub options: Options,
    /// Order and concurrency.
    pub custom_data: String,
    /// The protocol that it came by.
    pub protocol: String,
}

/// URLs of a step, as JSON has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepUrls {
    /// Of the action.
    #[serde(deserialize_with = "null_is_empty")]
    pub action: String,
    /// Of the compensation.
    #[serde(deserialize_with = "null_is_empty")]
    pub compensate: String,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A number of seconds from a request.
///
/// # Errors
/// It is negative or longer than a year.
pub fn seconds(field: &'static str, value: i64) -> Result<u64, BadRequest> {
    const YEAR: u64 = 31_536_000;
    u64::try_from(value).ok().filter(|&value| value <= YEAR).ok_or(BadRequest::Seconds(field, value))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomData {
    concurrent: bool,
    orders: Option<BTreeMap<usize, Vec<usize>>>,
}

impl Plan {
    /// Checks a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(request: Request) -> Result<Self, BadRequest> {
        if request.trans_type != SAGA {
            return Err(BadRequest::TransType(request.trans_type));
        }
        check_gid(&request.gid)?;
        if request.steps.len() != request.payloads.len() {
            return Err(BadRequest::Payloads { steps: request.steps.len(), payloads: request.payloads.len() });
        }
        for (name, value) in &request.options.branch_headers {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() || http::HeaderValue::from_str(value).is_err() {
                return Err(BadRequest::Header(name.clone()));
            }
        }
        let after = order(request.steps.len(), &request.custom_data)?;
        let steps = request.steps.into_iter().zip(request.payloads);
        let steps =
            steps.map(|(urls, payload)| Step { action: urls.action, compensate: urls.compensate, payload }).collect();
        Ok(Self {
            gid: request.gid,
            steps,
            options: request.options,
            custom_data: request.custom_data,
            protocol: request.protocol,
            after,
        })
    }

    /// The steps that must have succeeded before this one starts.
    pub fn after(&self, step: usize) -> &[usize] {
        self.after.get(step).map_or(&[], Vec::as_slice)
    }

    /// The steps that start only after this one.
    pub fn before(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.after.iter().enumerate().filter(move |(_, after)| after.contains(&step)).map(|(index, _)| index)
    }

    /// Whether another request means the same saga. Headers do not count: a repeated request is part of another trace.
    pub fn is_same(&self, other: &Self) -> bool {
        let plain =
            |options: &Options| Options { wait_result: false, branch_headers: BTreeMap::new(), ..options.clone() };
        self.gid == other.gid
            && self.steps == other.steps
            && self.custom_data == other.custom_data
            && plain(&self.options) == plain(&other.options)
    }

    /// The URLs of the steps.
    pub fn urls(&self) -> Vec<StepUrls> {
        self.steps
            .iter()
            .map(|step| StepUrls { action: step.action.clone(), compensate: step.compensate.clone() })
            .collect()
    }
}

fn check_gid(gid: &str) -> Result<(), BadRequest> {
    if gid.is_empty() {
        return Err(BadRequest::Gid("is empty"));
    }
    if gid.chars().count() > MAX_GID {
        return Err(BadRequest::Gid("is longer than 128 characters"));
    }
    if gid.chars().any(char::is_control) {
        return Err(BadRequest::Gid("has control characters"));
    }
    Ok(())
}

fn order(steps: usize, custom_data: &str) -> Result<Vec<Vec<usize>>, BadRequest> {
    let custom: CustomData = if custom_data.is_empty() {
        CustomData::default()
    } else {
        serde_json::from_str(custom_data).map_err(|error| BadRequest::CustomData(error.to_string()))?
    };
    if !custom.concurrent {
        return Ok((0..steps).map(|step| step.checked_sub(1).into_iter().collect()).collect());
    }
    let mut after = vec![Vec::new(); steps];
    for (step, earlier) in custom.orders.unwrap_or_default() {
        if let Some(&unknown) = earlier.iter().chain([&step]).find(|&&index| index >= steps) {
            return Err(BadRequest::CustomData(format!(
                "orders name step {unknown}; there are {steps}, counted from 0"
            )));
        }
        if let Some(slot) = after.get_mut(step) {
            *slot = earlier;
        }
    }
    if has_cycle(&after) {
        return Err(BadRequest::CustomData("orders run in a circle".to_owned()));
    }
    Ok(after)
}

fn has_cycle(after: &[Vec<usize>]) -> bool {
    let mut done = vec![false; after.len()];
    loop {
        let ready = (0..after.len()).find(|&step| !done[step] && after[step].iter().all(|&earlier| done[earlier]));
        match ready {
            Some(step) => done[step] = true,
            None => return done.contains(&false),
        }
    }
}
