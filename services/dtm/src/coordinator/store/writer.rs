//! The one task that writes: everything that waits is committed together.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::super::machine::State;
use super::super::plan::Plan;
use super::{Change, Next, StoreError};

/// Changes committed together at most.
const BATCH: usize = 512;

#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Result<Done, StoreError>>,
}

#[derive(Debug)]
pub(super) enum Task {
    Insert { plan: Arc<Plan>, state: State, next: Next },
    Save(Box<Change>),
    Claim { now: i64, limit: u32 },
    Pull { gid: String, now: i64 },
    PullLater { after: i64, now: i64, limit: u32 },
    Renew { gids: Vec<String> },
    Delete { ids: Vec<i64> },
    Stop,
}

#[derive(Debug)]
pub(super) enum Done {
    Count(u64),
    Ids(Vec<i64>),
}

impl Done {
    pub(super) const fn is_yes(&self) -> bool {
        matches!(self, Self::Count(1..))
    }
}

/// A database that applies many changes in one transaction.
pub(super) trait Batch: Send + 'static {
    /// Applies all in one transaction and commits, or returns the error with nothing applied.
    fn commit(&mut self, jobs: &[Job]) -> impl Future<Output = Result<Vec<Done>, StoreError>> + Send;

    /// Closes the connection.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Takes changes one batch after the other until it is told to stop.
pub(super) async fn run<B: Batch>(mut batch: B, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(BATCH);
    loop {
        if jobs.recv_many(&mut waiting, BATCH).await == 0 {
            return;
        }
        let stop = waiting.iter().position(|job| matches!(job.task, Task::Stop));
        let rest = stop.map(|stop| waiting.split_off(stop)).unwrap_or_default();
        write(&mut batch, std::mem::take(&mut waiting)).await;
        if stop.is_some() {
            jobs.close();
            batch.close().await;
            drop(rest);
            return;
        }
    }
}

async fn write<B: Batch>(batch: &mut B, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    match batch.commit(&jobs).await {
        Ok(done) => {
            for (job, done) in jobs.into_iter().zip(done) {
                // Who asked may have gone; the change stands.
                let _ = job.reply.send(Ok(done));
            }
        }
        Err(error) if jobs.len() == 1 => {
            for job in jobs {
                let _ = job.reply.send(Err(error.clone()));
            }
        }
        // One bad change must not fail its neighbours.
        Err(_) => {
            for job in jobs {
                let done = batch.commit(std::slice::from_ref(&job)).await;
                let _ = job.reply.send(done.map(|mut done| done.pop().unwrap_or(Done::Count(0))));
            }
        }
    }
}

/// Hands a task over and waits until it is on disk.
pub(super) async fn hand_over(writer: &mpsc::Sender<Job>, task: Task) -> Result<Done, StoreError> {
    let (reply, done) = oneshot::channel();
    writer.send(Job { task, reply }).await.map_err(|_| StoreError::Closed)?;
    done.await.map_err(|_| StoreError::Closed)?
}

impl Task {
    /// The fail points before and after its commit.
    pub(super) const fn place(&self) -> (&'static str, &'static str) {
        match self {
            Self::Insert { .. } => ("before-insert", "after-insert"),
            Self::Save(_) => ("before-save", "after-save"),
            Self::Claim { .. } => ("before-claim", "after-claim"),
            _ => ("before-other", "after-other"),
        }
    }
}
