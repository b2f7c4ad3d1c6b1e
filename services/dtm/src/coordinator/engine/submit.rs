//! Taking transactions in, and waiting for them.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Instant;

use super::active::{Progress, View};
use super::drive::Start;
use super::{Engine, UNTIL_CALLED, now};
use crate::coordinator::machine::Machine;
use crate::coordinator::plan::{BadRequest, Plan};
use crate::coordinator::store::{Inserted, Next, StoreError};
use crate::protocol::Status;

/// How often a transaction that is not in this process's hands is looked up.
const LOOK: Duration = Duration::from_millis(200);

/// Where a transaction stood when its submitter was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Its status.
    pub(crate) status: Status,
    /// Why it rolls back, if it does.
    pub(crate) reason: String,
}

/// Why a request was not taken in.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub(crate) enum SubmitError {
    /// It is no proper request.
    #[error(transparent)]
    Bad(#[from] BadRequest),
    /// The gid stands for other steps, payloads or options.
    #[error("gid {0:?} is in use by a different transaction")]
    Different(String),
    /// The transaction is past the point. dtm's own words, its spelling included.
    #[error("current status '{status}', cannot {verb}. FAILURE")]
    State {
        /// Its status.
        status: Status,
        /// Why it rolls back, if it does.
        reason: String,
        /// What was asked.
        verb: &'static str,
    },
    /// A saga is never aborted from outside. dtm's own words.
    #[error("trans type: 'saga' current status '{status}', cannot abort. FAILURE")]
    CannotAbort {
        /// Its status.
        status: Status,
    },
    /// What has ended cannot be ended. dtm's own words.
    #[error("global transaction force stop error. status: {status}. error: FAILURE")]
    CannotStop {
        /// Its status.
        status: Status,
    },
    /// There is no such transaction. dtm's own words.
    #[error("no TransGlobal with gid: {0} found")]
    NotFound(String),
    /// It could not be stored; nothing was.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl Engine {
    /// Takes a transaction in and runs it; with `wait`, waits for its end, but not longer and not for what has to wait longer itself.
    ///
    /// The same request again joins the transaction that runs.
    ///
    /// # Errors
    /// It was not taken in.
    pub(crate) async fn submit(self: &Arc<Self>, plan: Plan, wait: Option<Duration>) -> Result<Settled, SubmitError> {
        if self.stop.is_cancelled() {
            return Err(SubmitError::Stopping);
        }
        let plan = Arc::new(plan);
        let deadline = Instant::now() + wait.unwrap_or_default();
        let view = match self.active.enter(&plan) {
            Ok(hold) => {
                let view = hold.view.subscribe();
                self.spawn_drive(hold, Start::Submitted(Arc::clone(&plan)));
                view
            }
            Err(taken) if !taken.plan.is_same(&plan) => return Err(SubmitError::Different(plan.gid.clone())),
            Err(taken) => taken.view,
        };
        self.wait(&plan.gid, view, deadline, wait.is_some()).await
    }

    /// Announces a transaction; it runs when it is submitted.
    ///
    /// # Errors
    /// It was not taken in.
    pub(crate) async fn prepare(&self, plan: Plan) -> Result<(), SubmitError> {
        let plan = Arc::new(plan);
        let mut machine = Machine::new(Arc::clone(&plan), self.pace(), Status::Prepared, now());
        machine.advance(now());
        let at = machine.wake_at().unwrap_or(UNTIL_CALLED);
        match self.store.insert(Arc::clone(&plan), machine.state().clone(), Next::Park(at)).await? {
            Inserted::New => self.wake_by(at),
            Inserted::Exists(there) if !there.plan.is_same(&plan) => {
                return Err(SubmitError::Different(plan.gid.clone()));
            }
            Inserted::Exists(there) if there.state.status == Status::Prepared => {}
            Inserted::Exists(there) => {
                return Err(SubmitError::State {
                    status: there.state.status,
                    reason: there.state.reason,
                    verb: "prepare",
                });
            }
        }
        Ok(())
    }

    async fn wait(
        &self,
        gid: &str,
        mut view: watch::Receiver<View>,
        deadline: Instant,
        wait: bool,
    ) -> Result<Settled, SubmitError> {
        loop {
            let seen = view.borrow_and_update().clone();
            match seen {
                View::Refused(error) => return Err(error),
                View::At(progress) if !wait || progress.status.is_final() || parked_beyond(&progress, deadline) => {
                    return Ok(Settled { status: progress.status, reason: progress.reason });
                }
                View::At(progress) => {
                    tokio::select! {
                        changed = view.changed() => if changed.is_err() {
                            view = match self.look_again(gid, deadline).await {
                                Ok(view) => view,
                                Err(settled) => return Ok(settled.unwrap_or(Settled { status: progress.status, reason: progress.reason })),
                            };
                        },
                        () = tokio::time::sleep_until(deadline) => return Ok(Settled { status: progress.status, reason: progress.reason }),
                    }
                }
                // A store that does not answer leaves it open whether there is a transaction.
                View::Starting => {
                    if view.changed().await.is_err() {
                        return Err(SubmitError::Stopping);
                    }
                }
            }
        }
    }

    /// Waits until somebody has it in hand again, or tells how it stands at the end of the wait.
    async fn look_again(&self, gid: &str, deadline: Instant) -> Result<watch::Receiver<View>, Option<Settled>> {
        loop {
            if let Some(view) = self.active.watch(gid) {
                return Ok(view);
            }
            let record = self.store.load(gid).await.ok().flatten().ok_or(None)?;
            let settled = Settled { status: record.state.status, reason: record.state.reason };
            if settled.status.is_final() || Instant::now() + LOOK > deadline {
                return Err(Some(settled));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn parked_beyond(progress: &Progress, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
    progress.parked.is_some_and(|at| at.saturating_sub(now()) >= left)
}
