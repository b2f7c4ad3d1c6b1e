//! What an operator may do to a transaction.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::active::Command;
use super::submit::SubmitError;
use super::{Engine, now};
use crate::coordinator::machine::Machine;
use crate::coordinator::store::{Change, Next, StoreError};

impl Engine {
    /// Ends a transaction as failed, undoing nothing.
    ///
    /// # Errors
    /// There is none, or it has ended.
    pub(crate) async fn force_stop(&self, gid: &str) -> Result<(), SubmitError> {
        let (reply, stopped) = oneshot::channel();
        if self.active.command(gid, Command::ForceStop(reply)) && stopped.await.unwrap_or(false) {
            return Ok(());
        }
        let record = self.store.load(gid).await?.ok_or_else(|| SubmitError::NotFound(gid.to_owned()))?;
        if record.state.status.is_final() {
            return Err(SubmitError::CannotStop { status: record.state.status });
        }
        let mut machine = Machine::resume(Arc::clone(&record.plan), self.pace(), record.state.clone());
        machine.force_stop(now());
        let after = machine.state().clone();
        let status = after.status;
        let change =
            Change { plan: record.plan, before: record.state, after, next: Next::End, now: now(), force: true };
        if self.store.save(change).await? { Ok(()) } else { Err(SubmitError::CannotStop { status }) }
    }

    /// Makes a waiting transaction due now.
    ///
    /// # Errors
    /// The store failed, or there is no such transaction.
    pub(crate) async fn retry_now(&self, gid: &str) -> Result<(), SubmitError> {
        if self.store.pull(gid, now()).await? {
            self.wake_by(now());
            return Ok(());
        }
        match self.store.load(gid).await? {
            Some(_) => Ok(()),
            None => Err(SubmitError::NotFound(gid.to_owned())),
        }
    }

    /// Makes at most `limit` transactions due now that wait longer than `seconds` from now; how many, and whether there are more.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn retry_all_now(&self, seconds: u32, limit: u32) -> Result<(u64, bool), StoreError> {
        let done = self.store.pull_later(now() + i64::from(seconds) * 1000, now(), limit).await?;
        self.wake_by(now());
        Ok(done)
    }
}
