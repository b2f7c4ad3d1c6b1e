//! The decisions of a saga: what to call next, what an answer means, when it is over.
//!
//! Pure: no I/O, no clock, no randomness; times are milliseconds that the caller supplies. The caller keeps one rule: when
//! [`Machine::take_dirty`] says so, [`Machine::state`] is made durable before the returned calls are made.
//!
//! Invariants, whatever the answers and crashes: a step's action starts only after those before it succeeded; compensation begins only when no
//! action is running; a step is compensated if its action may have been called; a saga ends with all actions succeeded, or with all that may
//! have been called compensated.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{Plan, is_default};
use crate::protocol::Status;

mod pace;
mod status_word;

pub use pace::{Pace, shorten};

/// The longest rollback reason, in bytes.
pub const MAX_REASON: usize = 1024;

/// What is asked of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Do it.
    Action,
    /// Undo it.
    Compensate,
}

impl Op {
    /// dtm's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => crate::protocol::op::ACTION,
            Self::Compensate => crate::protocol::op::COMPENSATE,
        }
    }
}

/// A call to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The step, from 0.
    pub step: usize,
    /// The operation.
    pub op: Op,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Done,
    /// Refused for good, with the branch's words.
    Refused(String),
    /// Not yet.
    Ongoing,
    /// It may have happened or not.
    Unknown(String),
}

impl Answer {
    /// One word for metrics and spans.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Refused(_) => "fail",
            Self::Ongoing => "ongoing",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Where one operation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpState {
    /// `prepared`, `succeed` or `failed`.
    #[serde(rename = "s", with = "status_word")]
    pub status: Status,
    /// Calls that ended without a definite answer.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub attempts: u32,
    /// When it may be called again.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub not_before: i64,
    /// When it got its answer.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub finished: i64,
    /// What the last call without a definite answer said.
    #[serde(rename = "e", default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}

impl Default for OpState {
    fn default() -> Self {
        Self { status: Status::Prepared, attempts: 0, not_before: 0, finished: 0, error: String::new() }
    }
}

/// Where one step stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// Its action.
    #[serde(rename = "a")]
    pub action: OpState,
    /// Its compensation.
    #[serde(rename = "c")]
    pub compensate: OpState,
}

/// Where a saga stands; what a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Of the whole.
    pub status: Status,
    /// Why it rolls back; empty if it does not. Set while still `submitted` when calls are running that have to end first.
    pub reason: String,
    /// Of each step.
    pub steps: Vec<StepState>,
    /// When it was first stored.
    pub created: i64,
    /// When it ended; 0 before.
    pub finished: i64,
}

impl State {
    /// Of one operation.
    pub fn op(&self, call: Call) -> Option<&OpState> {
        self.steps.get(call.step).map(|step| match call.op {
            Op::Action => &step.action,
            Op::Compensate => &step.compensate,
        })
    }

    fn op_mut(&mut self, call: Call) -> Option<&mut OpState> {
        self.steps.get_mut(call.step).map(|step| match call.op {
            Op::Action => &mut step.action,
            Op::Compensate => &mut step.compensate,
        })
    }
}

/// A saga and its decisions.
#[derive(Clone, Debug)]
pub struct Machine {
    plan: Arc<Plan>,
    state: State,
    pace: Pace,
    running: Vec<Call>,
    dirty: bool,
}

impl Machine {
    /// A new saga, submitted or only announced.
    pub fn new(plan: Arc<Plan>, pace: Pace, status: Status, now: i64) -> Self {
        let steps = vec![StepState::default(); plan.steps.len()];
        let state = State { status, reason: String::new(), steps, created: now, finished: 0 };
        Self { plan, state, pace, running: Vec::new(), dirty: true }
    }

    /// A saga from its store. Calls that were running when the state was stored are taken to have happened or not.
    pub fn resume(plan: Arc<Plan>, pace: Pace, state: State) -> Self {
        Self { plan, state, pace, running: Vec::new(), dirty: false }
    }

    /// What to keep.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was asked for.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Calls that have been handed out and not answered.
    pub fn running(&self) -> &[Call] {
        &self.running
    }

    /// Whether the state has changed since the last time this was asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Submits what was only announced.
    pub fn submit(&mut self) {
        if self.state.status == Status::Prepared {
            self.state.status = Status::Submitted;
            self.dirty = true;
        }
    }

    /// Ends the saga as it is, undoing nothing.
    pub fn force_stop(&mut self, now: i64) {
        if !self.state.status.is_final() {
            self.running.clear();
            self.end(Status::Failed, now);
        }
    }

    /// Somebody asked for it: what waits for its time need not wait any longer.
    pub fn hasten(&mut self) {
        for step in &mut self.state.steps {
            for op in [&mut step.action, &mut step.compensate] {
                self.dirty |= op.not_before > 0;
                op.not_before = 0;
            }
        }
    }

    /// Moves on as far as possible without an answer, and hands out the calls to make.
    pub fn advance(&mut self, now: i64) -> Vec<Call> {
        let mut calls = Vec::new();
        loop {
            self.check_timeout(now);
            let moved = match self.state.status {
                Status::Prepared if !self.state.reason.is_empty() => self.end(Status::Failed, now),
                Status::Submitted if !self.state.reason.is_empty() => self.turn_back(),
                Status::Submitted => self.start(Op::Action, now, &mut calls),
                Status::Aborting => self.start(Op::Compensate, now, &mut calls),
                _ => false,
            };
            if !moved {
                return calls;
            }
        }
    }

    /// Takes the answer of a call. `jitter`, from 0 to 1, spreads repetitions.
    pub fn answer(&mut self, call: Call, answer: Answer, now: i64, jitter: f64) {
        let before = self.running.len();
        self.running.retain(|running| *running != call);
        if self.running.len() == before || self.state.status.is_final() {
            return;
        }
        self.dirty = true;
        match (call.op, answer) {
            (_, Answer::Done) => self.finish(call, Status::Succeed, now),
            (Op::Action, Answer::Refused(reason)) => {
                self.finish(call, Status::Failed, now);
                self.doom(&reason);
            }
            (_, Answer::Ongoing) => self.repeat(call, now + self.interval(), false, "ongoing"),
            // A compensation may not refuse; it is called until it succeeds.
            (Op::Action, Answer::Unknown(error))
            | (Op::Compensate, Answer::Refused(error) | Answer::Unknown(error)) => {
                let attempts = self.state.op(call).map_or(0, |op| op.attempts) + 1;
                self.repeat(call, now + self.backoff(attempts, jitter), true, &error);
                let limit = self.plan.options.retry_limit;
                if call.op == Op::Action && limit > 0 && u64::from(attempts) > limit {
                    self.doom(&format!("RetryCount is greater than RetryLimit, RetryLimit: {limit}"));
                }
            }
        }
    }

    /// When there is something to do again, if no call is running and nobody intervenes.
    pub fn wake_at(&self) -> Option<i64> {
        let op = match self.state.status {
            _ if !self.running.is_empty() => return None,
            Status::Prepared => return self.deadline(),
            Status::Submitted => Op::Action,
            Status::Aborting => Op::Compensate,
            Status::Succeed | Status::Failed => return None,
        };
        let due = self.ready(op).filter_map(|call| self.state.op(call)).map(|op| op.not_before).min();
        let deadline = if op == Op::Action { self.deadline() } else { None };
        due.into_iter().chain(deadline).min()
    }

    /// The first call that is due next; where it goes decides where this saga queues.
    pub fn next_call(&self) -> Option<Call> {
        let op = match self.state.status {
            Status::Submitted if self.state.reason.is_empty() => Op::Action,
            Status::Submitted | Status::Aborting => Op::Compensate,
            _ => return None,
        };
        self.ready(op).min_by_key(|&call| self.state.op(call).map(|op| op.not_before))
    }

    /// Where a call goes; empty means nowhere.
    pub fn url(&self, call: Call) -> &str {
        self.plan.steps.get(call.step).map_or("", |step| match call.op {
            Op::Action => &step.action,
            Op::Compensate => &step.compensate,
        })
    }

    fn deadline(&self) -> Option<i64> {
        let seconds = i64::try_from(self.plan.options.timeout_to_fail).unwrap_or(0);
        (seconds > 0).then(|| self.state.created + seconds * 1000)
    }

    fn check_timeout(&mut self, now: i64) {
        let open = matches!(self.state.status, Status::Prepared | Status::Submitted) && !self.all_done();
        if open && self.deadline().is_some_and(|deadline| now >= deadline) {
            self.doom(&format!("Timeout after {} seconds", self.plan.options.timeout_to_fail));
        }
    }

    fn all_done(&self) -> bool {
        self.state.steps.iter().all(|step| step.action.status == Status::Succeed)
    }

    /// Nothing more is started forward; the first reason stays.
    fn doom(&mut self, reason: &str) {
        if self.state.reason.is_empty() {
            self.state.reason = shorten(if reason.is_empty() { "refused" } else { reason }, MAX_REASON);
            self.dirty = true;
        }
    }

    fn turn_back(&mut self) -> bool {
        // An action that is still running could take effect after its compensation.
        if !self.running.is_empty() {
            return false;
        }
        self.state.status = Status::Aborting;
        self.dirty = true;
        true
    }

    fn end(&mut self, status: Status, now: i64) -> bool {
        self.state.status = status;
        self.state.finished = now;
        self.dirty = true;
        true
    }

    /// Starts what may start now, passes over what has nothing to call; whether something else may have become possible.
    fn start(&mut self, op: Op, now: i64, calls: &mut Vec<Call>) -> bool {
        let mut moved = false;
        for call in self.ready(op).collect::<Vec<_>>() {
            if self.url(call).is_empty() {
                self.finish(call, Status::Succeed, now);
                self.dirty = true;
                moved = true;
            } else if self.state.op(call).is_some_and(|state| state.not_before <= now) {
                self.running.push(call);
                calls.push(call);
            }
        }
        if moved {
            return true;
        }
        match op {
            Op::Action if self.all_done() => self.end(Status::Succeed, now),
            Op::Compensate if self.all_undone() => self.end(Status::Failed, now),
            _ => false,
        }
    }

    /// Calls that are neither answered nor running and whose turn it is.
    fn ready(&self, op: Op) -> impl Iterator<Item = Call> + '_ {
        (0..self.state.steps.len())
            .map(move |step| Call { step, op })
            .filter(|&call| self.state.op(call).is_some_and(|state| state.status == Status::Prepared))
            .filter(|call| !self.running.contains(call))
            .filter(move |call| match op {
                Op::Action => self.may_start(call.step),
                Op::Compensate => {
                    self.touched(call.step) && self.plan.before(call.step).all(|later| self.undone(later))
                }
            })
    }

    fn may_start(&self, step: usize) -> bool {
        self.plan.after(step).iter().all(|&earlier| self.action(earlier) == Some(Status::Succeed))
    }

    fn action(&self, step: usize) -> Option<Status> {
        self.state.steps.get(step).map(|step| step.action.status)
    }

    /// Whether the action may have been called.
    fn touched(&self, step: usize) -> bool {
        self.action(step) != Some(Status::Prepared) || self.may_start(step)
    }

    fn undone(&self, step: usize) -> bool {
        !self.touched(step) || self.state.steps.get(step).is_none_or(|step| step.compensate.status == Status::Succeed)
    }

    fn all_undone(&self) -> bool {
        (0..self.state.steps.len()).all(|step| self.undone(step))
    }

    fn finish(&mut self, call: Call, status: Status, now: i64) {
        if let Some(op) = self.state.op_mut(call) {
            op.status = status;
            op.finished = now;
            op.not_before = 0;
            op.error.clear();
        }
    }

    fn repeat(&mut self, call: Call, not_before: i64, counted: bool, error: &str) {
        if let Some(op) = self.state.op_mut(call) {
            op.attempts += u32::from(counted);
            op.not_before = not_before;
            op.error = shorten(error, MAX_REASON / 4);
        }
    }
}
