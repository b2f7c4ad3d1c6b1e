//! Changes as the SQLite file takes them.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::super::fail::FailPoint;
use super::super::machine::State;
use super::super::plan::Plan;
use super::sqlite::IN_HAND;
use super::writer::{Batch, Done, Job, Task};
use super::{Change, Next, StoreError, codec};

#[derive(Debug)]
pub(super) struct SqliteWriter {
    connection: SqliteConnection,
    owner: String,
    fail: FailPoint,
}

impl Batch for SqliteWriter {
    async fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Done>, StoreError> {
        let done = self.transaction(jobs).await;
        if done.is_err() {
            // Some errors have ended the transaction already.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        done
    }

    async fn close(self) {
        // Leaves a checkpointed file behind.
        let _ = self.connection.close().await;
    }
}

impl SqliteWriter {
    pub(super) fn new(connection: SqliteConnection, owner: &str, fail: FailPoint) -> Self {
        Self { connection, owner: owner.to_owned(), fail }
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
            Task::Insert { plan, state, next } => self.insert(plan, state, *next).await,
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
            // The file's lock is the lease.
            Task::Renew { .. } | Task::Stop => Ok(Done::Count(0)),
        }
    }

    async fn insert(&mut self, plan: &Plan, state: &State, next: Next) -> Result<Done, StoreError> {
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
            .bind(codec::payloads(plan)?)
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
