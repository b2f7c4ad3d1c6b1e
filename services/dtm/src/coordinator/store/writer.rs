//! The one task that writes to the SQLite file.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::super::fail::FailPoint;
use super::super::machine::State;
use super::super::plan::Plan;
use super::sqlite::IN_HAND;
use super::{Change, Next, StoreError, codec};

/// Changes committed together at most.
const BATCH: usize = 512;

#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Result<Done, StoreError>>,
}

#[derive(Debug)]
pub(super) enum Task {
    Insert { plan: Arc<Plan>, payloads: Vec<u8>, state: State, next: Next },
    Save(Box<Change>),
    Claim { now: i64, limit: u32 },
    Pull { gid: String, now: i64 },
    PullLater { after: i64, now: i64, limit: u32 },
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

#[derive(Debug)]
pub(super) struct Writer {
    connection: SqliteConnection,
    owner: String,
    fail: FailPoint,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, owner: &str, fail: FailPoint) -> Self {
        Self { connection, owner: owner.to_owned(), fail }
    }

    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if jobs.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            let stop = batch.iter().position(|job| matches!(job.task, Task::Stop));
            let rest = stop.map(|stop| batch.split_off(stop)).unwrap_or_default();
            self.write(std::mem::take(&mut batch)).await;
            if stop.is_some() {
                jobs.close();
                drop(rest);
                // Leaves a checkpointed file behind.
                let _ = self.connection.close().await;
                return;
            }
        }
    }

    async fn write(&mut self, jobs: Vec<Job>) {
        match self.commit(&jobs).await {
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
            Err(_) => {
                for job in jobs {
                    let done = self.commit(std::slice::from_ref(&job)).await;
                    let _ = job.reply.send(done.map(|mut done| done.pop().unwrap_or(Done::Count(0))));
                }
            }
        }
    }

    async fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Done>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let done = self.transaction(jobs).await;
        if done.is_err() {
            // Some errors have ended the transaction already.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        done
    }

    async fn transaction(&mut self, jobs: &[Job]) -> Result<Vec<Done>, StoreError> {
        let mut done = Vec::with_capacity(jobs.len());
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        for job in jobs {
            done.push(self.apply(&job.task).await?);
        }
        for job in jobs {
            self.fail.pass(job.task.place().0);
        }
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        for job in jobs {
            self.fail.pass(job.task.place().1);
        }
        Ok(done)
    }

    async fn apply(&mut self, task: &Task) -> Result<Done, StoreError> {
        match task {
            Task::Insert { plan, payloads, state, next } => self.insert(plan, payloads, state, *next).await,
            Task::Save(change) => self.save(change).await,
            Task::Claim { now, limit } => self.claim(*now, *limit).await,
            Task::Pull { gid, now } => {
                let sql = "UPDATE trans SET next_at = ? WHERE gid = ? AND next_at IS NOT NULL AND owner = ''";
                let done = sqlx::query(sql).bind(now).bind(gid).execute(&mut self.connection).await?;
                Ok(Done::Count(done.rows_affected()))
            }
            Task::PullLater { after, now, limit } => {
                let sql = "UPDATE trans SET next_at = ? WHERE id IN
                    (SELECT id FROM trans WHERE next_at > ? AND next_at < ? AND owner = '' ORDER BY next_at LIMIT ?)";
                let query = sqlx::query(sql).bind(now).bind(after).bind(IN_HAND).bind(limit);
                Ok(Done::Count(query.execute(&mut self.connection).await?.rows_affected()))
            }
            Task::Delete { ids } => self.delete(ids).await,
            Task::Stop => Ok(Done::Count(0)),
        }
    }

    async fn insert(&mut self, plan: &Plan, payloads: &[u8], state: &State, next: Next) -> Result<Done, StoreError> {
        let (next_at, owner) = self.next(next);
        let inserted = sqlx::query(
            "INSERT INTO trans (gid, status, reason, steps, create_time, update_time, finish_time, next_at, owner)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (gid) DO NOTHING",
        )
        .bind(&plan.gid)
        .bind(state.status.as_str())
        .bind(&state.reason)
        .bind(codec::steps_json(&state.steps))
        .bind(state.created)
        .bind(state.created)
        .bind(state.finished)
        .bind(next_at)
        .bind(owner)
        .execute(&mut self.connection)
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(Done::Count(0));
        }
        sqlx::query("INSERT INTO trans_plan (id, plan, payloads) VALUES (?, ?, ?)")
            .bind(inserted.last_insert_rowid())
            .bind(codec::plan_json(plan))
            .bind(payloads)
            .execute(&mut self.connection)
            .await?;
        Ok(Done::Count(1))
    }

    async fn save(&mut self, change: &Change) -> Result<Done, StoreError> {
        let (next_at, owner) = self.next(change.next);
        let state = &change.after;
        let saved = sqlx::query(
            "UPDATE trans SET status = ?, reason = ?, steps = ?, update_time = ?, finish_time = ?, next_at = ?, owner = ?
             WHERE gid = ? AND next_at IS NOT NULL AND (owner = ? OR ?)",
        )
        .bind(state.status.as_str())
        .bind(&state.reason)
        .bind(codec::steps_json(&state.steps))
        .bind(change.now)
        .bind(state.finished)
        .bind(next_at)
        .bind(owner)
        .bind(&change.plan.gid)
        .bind(&self.owner)
        .bind(change.force)
        .execute(&mut self.connection)
        .await?;
        Ok(Done::Count(saved.rows_affected()))
    }

    async fn claim(&mut self, now: i64, limit: u32) -> Result<Done, StoreError> {
        let sql = "UPDATE trans SET owner = ?, next_at = ? WHERE id IN (SELECT id FROM trans WHERE next_at <= ? ORDER BY next_at LIMIT ?) RETURNING id";
        let ids = sqlx::query_scalar(sql)
            .bind(&self.owner)
            .bind(IN_HAND)
            .bind(now)
            .bind(limit)
            .fetch_all(&mut self.connection)
            .await?;
        Ok(Done::Ids(ids))
    }

    async fn delete(&mut self, ids: &[i64]) -> Result<Done, StoreError> {
        let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let plans = format!("DELETE FROM trans_plan WHERE id IN ({list})");
        sqlx::query(AssertSqlSafe(plans)).persistent(false).execute(&mut self.connection).await?;
        let rows = format!("DELETE FROM trans WHERE id IN ({list})");
        Ok(Done::Count(
            sqlx::query(AssertSqlSafe(rows)).persistent(false).execute(&mut self.connection).await?.rows_affected(),
        ))
    }

    fn next(&self, next: Next) -> (Option<i64>, String) {
        match next {
            Next::Keep => (Some(IN_HAND), self.owner.clone()),
            Next::Park(at) => (Some(at), String::new()),
            Next::End => (None, String::new()),
        }
    }
}

impl Task {
    /// The fail points before and after its commit.
    const fn place(&self) -> (&'static str, &'static str) {
        match self {
            Self::Insert { .. } => ("before-insert", "after-insert"),
            Self::Save(_) => ("before-save", "after-save"),
            Self::Claim { .. } => ("before-claim", "after-claim"),
            _ => ("before-other", "after-other"),
        }
    }
}
