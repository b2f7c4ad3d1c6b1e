//! One transaction from the moment it is taken in hand until it waits or ends.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OwnedSemaphorePermit;

use super::active::{Command, Hold, Progress, View};
use super::submit::SubmitError;
use super::{Engine, UNTIL_CALLED, jitter, now};
use crate::coordinator::alert::Alert;
use crate::coordinator::branch::BranchCall;
use crate::coordinator::machine::{Answer, Call, Machine, Op, State};
use crate::coordinator::plan::Plan;
use crate::coordinator::store::{Change, Inserted, Next, Record};
use crate::protocol::{Status, branch_id};

/// Longest pause between attempts to write to a store that fails.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// A store may keep times in whole seconds.
const ROUNDING: i64 = 1000;

/// How a transaction comes into hand.
#[derive(Debug)]
pub(super) enum Start {
    /// It was submitted.
    Submitted(Arc<Plan>),
    /// It was due; the permit is its place among those recovered at once.
    Due(Box<Record>, OwnedSemaphorePermit),
}

impl Engine {
    pub(super) fn spawn_drive(self: &Arc<Self>, hold: Hold, start: Start) {
        let engine = Arc::clone(self);
        self.spawn(async move {
            let (plan, resumed) = match &start {
                Start::Submitted(plan) => (Arc::clone(plan), false),
                Start::Due(record, _) => (Arc::clone(&record.plan), true),
            };
            engine.spans.within(&plan, resumed, engine.drive(hold, start)).await;
        });
    }

    async fn drive(&self, mut hold: Hold, start: Start) {
        match start {
            Start::Submitted(plan) => {
                if let Some((machine, calls)) = self.take_in(&mut hold, plan).await {
                    self.go_on(&mut hold, machine, calls).await;
                }
            }
            Start::Due(record, _permit) => {
                let machine = Machine::resume(record.plan, self.pace(), record.state.clone());
                let url = machine.next_call().map_or("", |call| machine.url(call));
                // Whoever submits it again sees how it stands while it waits for its place.
                self.publish(&hold, machine.state(), Next::Keep);
                let place = tokio::select! {
                    place = self.branches.place(url, self.may_wait(), now) => place,
                    () = self.stop.cancelled() => Err(0),
                };
                let _place = match place {
                    Ok(place) => place,
                    Err(pause) => return self.defer(&mut hold, machine, now() + pause).await,
                };
                let mut machine = machine;
                // Due before its own time: an operator or a submitter wants it tried now.
                if machine.wake_at().is_some_and(|at| at > now() + ROUNDING) {
                    machine.hasten();
                }
                let calls = machine.advance(now());
                if self.settle(&mut hold, &mut machine, &calls, record.state, Right::Held).await == Step::Go {
                    self.go_on(&mut hold, machine, calls).await;
                }
            }
        }
    }

    /// Stores what was submitted. The calls to make, if it is this process's to run.
    async fn take_in(&self, hold: &mut Hold, plan: Arc<Plan>) -> Option<(Machine, Vec<Call>)> {
        let mut machine = Machine::new(Arc::clone(&plan), self.pace(), Status::Submitted, now());
        let calls = machine.advance(now());
        machine.take_dirty();
        let next = if machine.state().status.is_final() { Next::End } else { Next::Keep };
        match self.store.insert(Arc::clone(&plan), machine.state().clone(), next).await {
            Ok(Inserted::New) => {
                self.publish(hold, machine.state(), next);
                (next == Next::Keep).then_some((machine, calls))
            }
            Ok(Inserted::Exists(record)) => self.take_over(hold, &plan, *record).await,
            Err(error) => {
                logx::error!(gid = plan.gid.as_str(), error:% = error; "dtm: transaction not stored");
                hold.view.send_replace(View::Refused(error.into()));
                None
            }
        }
    }

    /// A transaction of this gid is there already.
    async fn take_over(&self, hold: &mut Hold, plan: &Plan, record: Record) -> Option<(Machine, Vec<Call>)> {
        if !record.plan.is_same(plan) {
            hold.view.send_replace(View::Refused(SubmitError::Different(plan.gid.clone())));
            return None;
        }
        match record.state.status {
            Status::Prepared => {
                let mut machine = Machine::resume(record.plan, self.pace(), record.state.clone());
                machine.submit();
                let calls = machine.advance(now());
                (self.settle(hold, &mut machine, &calls, record.state, Right::Taken).await == Step::Go)
                    .then_some((machine, calls))
            }
            // The answer to an earlier attempt to store it was lost; it is this process's, and nobody drives it.
            Status::Submitted if record.owner.starts_with(self.owner()) => {
                let mut machine = Machine::resume(record.plan, self.pace(), record.state.clone());
                let calls = machine.advance(now());
                (self.settle(hold, &mut machine, &calls, record.state, Right::Held).await == Step::Go)
                    .then_some((machine, calls))
            }
            Status::Submitted => {
                // It waits for its time, or another coordinator has it. Whoever asks again wants to know now.
                let pulled = self.store.pull(&plan.gid, now()).await.unwrap_or(false);
                hold.view.send_replace(View::At(Progress {
                    status: Status::Submitted,
                    reason: String::new(),
                    parked: None,
                }));
                if pulled {
                    self.wake_by(now());
                }
                None
            }
            status => {
                let refused = SubmitError::State { status, reason: record.state.reason, verb: "sumbmit" };
                hold.view.send_replace(View::Refused(refused));
                None
            }
        }
    }

    /// Calls, takes answers and stores them until there is nothing to do now.
    async fn go_on(&self, hold: &mut Hold, mut machine: Machine, mut calls: Vec<Call>) {
        let plan = Arc::clone(machine.plan());
        let mut running = FuturesUnordered::new();
        loop {
            for call in calls.drain(..) {
                let attempt = machine.state().op(call).map_or(0, |op| op.attempts);
                running.push(self.call(&plan, call, attempt));
            }
            let before = machine.state().clone();
            let mut stopped = None;
            tokio::select! {
                Some((call, answer)) = running.next() => machine.answer(call, answer, now(), jitter()),
                Some(Command::ForceStop(reply)) = hold.commands.recv() => {
                    machine.force_stop(now());
                    stopped = Some(reply);
                }
            }
            calls = machine.advance(now());
            let step = self.settle(hold, &mut machine, &calls, before, Right::Held).await;
            if let Some(stopped) = stopped {
                let _ = stopped.send(machine.state().status.is_final());
            }
            if step == Step::Leave {
                return;
            }
        }
    }

    /// Makes the state durable if it has changed, and tells whether there is more to do now.
    async fn settle(
        &self,
        hold: &mut Hold,
        machine: &mut Machine,
        calls: &[Call],
        before: State,
        right: Right,
    ) -> Step {
        let next = if machine.state().status.is_final() {
            Next::End
        } else if self.stop.is_cancelled() && machine.running().len() == calls.len() {
            Next::Park(now())
        } else if machine.running().is_empty() {
            Next::Park(machine.wake_at().unwrap_or(UNTIL_CALLED))
        } else {
            Next::Keep
        };
        let dirty = machine.take_dirty();
        if (dirty || next != Next::Keep) && !self.save(machine, before, next, right).await {
            logx::warn!(gid = machine.plan().gid.as_str(); "dtm: another coordinator has taken the transaction over");
            return Step::Leave;
        }
        self.publish(hold, machine.state(), next);
        match next {
            Next::Keep => return Step::Go,
            Next::Park(at) => self.wake_by(at),
            Next::End => {}
        }
        Step::Leave
    }

    async fn save(&self, machine: &Machine, before: State, next: Next, right: Right) -> bool {
        let after = machine.state().clone();
        let force = right == Right::Taken;
        let plan = Arc::clone(machine.plan());
        let change = Change { plan, before, after, next, now: now(), force };
        let mut pause = Duration::from_millis(50);
        loop {
            match self.store.save(change.clone()).await {
                Ok(saved) => return saved,
                Err(error) => {
                    logx::error!(gid = change.plan.gid.as_str(), error:% = error; "dtm: state not stored, tried again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(STORE_PAUSE),
                () = self.stop.cancelled() => return false,
            }
        }
    }

    async fn defer(&self, hold: &mut Hold, mut machine: Machine, at: i64) {
        machine.take_dirty();
        self.save(&machine, machine.state().clone(), Next::Park(at), Right::Held).await;
        self.publish(hold, machine.state(), Next::Park(at));
        self.wake_by(at);
    }

    fn publish(&self, hold: &Hold, state: &State, next: Next) {
        let mut parked = None;
        match next {
            Next::Keep => {}
            Next::Park(at) => {
                self.spans.waits(hold.gid());
                parked = Some(at);
            }
            Next::End => {
                self.metrics.ended(state.status, now() - state.created);
                self.spans.ended(state);
            }
        }
        hold.view.send_replace(View::At(Progress { status: state.status, reason: state.reason.clone(), parked }));
    }

    async fn call(&self, plan: &Plan, call: Call, attempt: u32) -> (Call, Answer) {
        let Some(step) = plan.steps.get(call.step) else { return (call, Answer::Done) };
        let timeout = match plan.options.request_timeout {
            0 => self.conf.request_timeout(),
            seconds => Duration::from_secs(seconds),
        };
        let id = branch_id(call.step);
        let url = match call.op {
            Op::Action => &step.action,
            Op::Compensate => &step.compensate,
        };
        self.fail.pass("before-call");
        let branch = BranchCall {
            gid: &plan.gid,
            branch_id: &id,
            op: call.op.as_str(),
            url,
            payload: &step.payload,
            headers: &plan.options.branch_headers,
            timeout,
        };
        let make = async |headers| self.branches.call(BranchCall { headers: &headers, ..branch }).await;
        let answer = self.spans.attempt(branch, attempt + 1, make).await;
        self.fail.pass("after-call");
        self.metrics.branch(&id, call.op.as_str(), &answer);
        log_answer(plan, &id, call, attempt, &answer);
        self.alert(&plan.gid, url, call.op, attempt, &answer);
        (call, answer)
    }

    /// Tells the operator of what fails again and again. A compensation may not refuse.
    fn alert(&self, gid: &str, url: &str, op: Op, attempt: u32, answer: &Answer) {
        let (status, error) = match (op, answer) {
            (Op::Action, Answer::Unknown(error)) => (Status::Submitted, error),
            (Op::Compensate, Answer::Unknown(error) | Answer::Refused(error)) => (Status::Aborting, error),
            _ => return,
        };
        let branch = &*discovery::without_password(url);
        let alert = Alert { gid, status, branch, error, retry_count: attempt + 1 };
        if let Some(post) = self.alerts.post(&alert) {
            self.spawn(post);
        }
    }
}

fn log_answer(plan: &Plan, id: &str, call: Call, attempt: u32, answer: &Answer) {
    let (gid, op) = (plan.gid.as_str(), call.op.as_str());
    match answer {
        Answer::Done | Answer::Ongoing => {
            logx::debug!(gid = gid, branch = id, op = op, attempt = attempt, answer:? = answer; "dtm: branch answered");
        }
        Answer::Refused(reason) => {
            logx::info!(gid = gid, branch = id, op = op, reason = reason.as_str(); "dtm: branch refused");
        }
        Answer::Unknown(error) => {
            logx::warn!(gid = gid, branch = id, op = op, attempt = attempt, error = error.as_str(); "dtm: branch did not answer, called again later");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is more to do now.
    Go,
    /// It waits, has ended, or is somebody else's.
    Leave,
}

/// By what right a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// This process has the transaction in hand; if no longer, the change is refused.
    Held,
    /// It waits to be submitted, and this is the submitter.
    Taken,
}
