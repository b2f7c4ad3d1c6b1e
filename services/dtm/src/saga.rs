//! A saga as its initiator writes it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::pb;
use crate::protocol::{self, metadata};

pub use discovery::join_method as branch_url;

/// Steps that are all kept or all undone.
///
/// Without further options the steps run one after the other; the next starts when the one before has succeeded. A step's payload goes to its
/// action and, on the way back, to its compensation. An empty URL means that there is nothing to call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saga {
    gid: String,
    steps: Vec<Step>,
    wait_result: bool,
    timeout_to_fail: Duration,
    request_timeout: Duration,
    retry_interval: Duration,
    retry_limit: u32,
    branch_headers: BTreeMap<String, String>,
    concurrent: bool,
    orders: BTreeMap<usize, Vec<usize>>,
}

/// One step of a saga.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// URL of the action; empty means none.
    pub action: String,
    /// URL of the compensation; empty means none.
    pub compensate: String,
    /// What both are given.
    pub payload: Vec<u8>,
}

impl Saga {
    /// A saga without steps. The gid is from [`crate::gid::new`], from [`crate::DtmClient::new_gid`], or derived from a key of the caller's
    /// own, so that a repeated request meets the same saga; 1 to 128 characters.
    pub fn new(gid: impl Into<String>) -> Self {
        Self { gid: gid.into(), ..Self::default() }
    }

    /// Appends a step. URLs are made by [`branch_url`], or begin with `http://`.
    pub fn step(
        mut self,
        action: impl Into<String>,
        compensate: impl Into<String>,
        payload: impl Into<Vec<u8>>,
    ) -> Self {
        self.steps.push(Step { action: action.into(), compensate: compensate.into(), payload: payload.into() });
        self
    }

    /// Appends a step whose payload is a protobuf message.
    pub fn step_message(
        self,
        action: impl Into<String>,
        compensate: impl Into<String>,
        message: &impl prost::Message,
    ) -> Self {
        self.step(action, compensate, message.encode_to_vec())
    }

    /// Whether [`crate::DtmClient::submit`] waits for the end. Default: no.
    pub fn wait_result(mut self, wait: bool) -> Self {
        self.wait_result = wait;
        self
    }

    /// Rolls back what has not succeeded after this long, in whole seconds, at least one. Default: never.
    pub fn timeout_to_fail(mut self, after: Duration) -> Self {
        self.timeout_to_fail = after;
        self
    }

    /// How long one branch call may take, in whole seconds, at least one. Default: the coordinator's, 3 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The pause before a branch is called again, in whole seconds, at least one. Default: the coordinator's, 10 s.
    pub fn retry_interval(mut self, interval: Duration) -> Self {
        self.retry_interval = interval;
        self
    }

    /// Rolls back when an action has failed without an answer this many times beyond the first. Default: retried for ever.
    pub fn retry_limit(mut self, limit: u32) -> Self {
        self.retry_limit = limit;
        self
    }

    /// A header that every branch call carries.
    pub fn branch_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.branch_headers.insert(name.into(), value.into());
        self
    }

    /// Carries the caller's W3C trace context to every branch.
    pub fn traceparent(self, value: impl Into<String>) -> Self {
        self.branch_header(metadata::TRACEPARENT, value)
    }

    /// Starts all steps together, but for those that [`Saga::order`] holds back.
    pub fn concurrent(mut self) -> Self {
        self.concurrent = true;
        self
    }

    /// Lets a step start only after others, by index from 0. Makes the saga concurrent.
    pub fn order(mut self, step: usize, after: impl IntoIterator<Item = usize>) -> Self {
        self.concurrent = true;
        self.orders.entry(step).or_default().extend(after);
        self
    }

    /// The saga's gid.
    pub fn gid(&self) -> &str {
        &self.gid
    }

    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether submitting waits for the end.
    pub fn waits(&self) -> bool {
        self.wait_result
    }

    pub(crate) fn to_request(&self) -> pb::DtmRequest {
        pb::DtmRequest {
            gid: self.gid.clone(),
            trans_type: protocol::SAGA.to_owned(),
            trans_options: Some(pb::DtmTransOptions {
                wait_result: self.wait_result,
                timeout_to_fail: seconds(self.timeout_to_fail),
                retry_interval: seconds(self.retry_interval),
                branch_headers: self.branch_headers.clone().into_iter().collect(),
                request_timeout: seconds(self.request_timeout),
                retry_limit: i64::from(self.retry_limit),
            }),
            customed_data: self.custom_data(),
            bin_payloads: self.steps.iter().map(|step| step.payload.clone()).collect(),
            steps: self.steps_json(),
            ..pb::DtmRequest::default()
        }
    }

    fn steps_json(&self) -> String {
        let steps: Vec<_> = self
            .steps
            .iter()
            .map(|step| serde_json::json!({"action": step.action, "compensate": step.compensate}))
            .collect();
        serde_json::Value::Array(steps).to_string()
    }

    fn custom_data(&self) -> String {
        if !self.concurrent {
            return String::new();
        }
        let orders: BTreeMap<String, &Vec<usize>> =
            self.orders.iter().map(|(step, after)| (step.to_string(), after)).collect();
        serde_json::json!({"concurrent": true, "orders": orders}).to_string()
    }
}

/// Whole seconds, as the protocol counts; a fraction becomes a whole one rather than "unset".
fn seconds(duration: Duration) -> i64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i64::try_from(whole).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saga_is_encoded_as_dtm_expects_it() {
        let saga = Saga::new("g")
            .step("a:1/s.S/do", "a:1/s.S/undo", b"one".to_vec())
            .step("a:1/s.S/do2", "", b"two".to_vec())
            .step("a:1/s.S/do3", "", Vec::new())
            .wait_result(true)
            .request_timeout(Duration::from_millis(1500))
            .retry_limit(4)
            .branch_header("traceparent", "t")
            .order(2, [0, 1]);
        let request = saga.to_request();
        assert_eq!((request.gid.as_str(), request.trans_type.as_str()), ("g", "saga"));
        assert_eq!(request.bin_payloads, [b"one".to_vec(), b"two".to_vec(), Vec::new()]);
        let steps: serde_json::Value = serde_json::from_str(&request.steps).unwrap();
        assert_eq!(steps[0], serde_json::json!({"action": "a:1/s.S/do", "compensate": "a:1/s.S/undo"}));
        assert_eq!(steps[1]["compensate"], "");
        let custom: serde_json::Value = serde_json::from_str(&request.customed_data).unwrap();
        assert_eq!(custom, serde_json::json!({"concurrent": true, "orders": {"2": [0, 1]}}));
        let options = request.trans_options.unwrap();
        assert_eq!((options.wait_result, options.request_timeout, options.retry_limit), (true, 2, 4));
        assert_eq!(options.branch_headers["traceparent"], "t");
        assert_eq!(Saga::new("g").step("", "", []).to_request().customed_data, "");
    }
}
