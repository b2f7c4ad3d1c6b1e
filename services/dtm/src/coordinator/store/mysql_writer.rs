//! Changes as dtm's tables take them.

use sqlx::mysql::MySqlDatabaseError;
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, MySqlPool, QueryBuilder};

use super::super::fail::FailPoint;
use super::super::machine::State;
use super::super::plan::Plan;
use super::mysql::{Names, now_and_lease};
use super::mysql_rows::{calls, ext_data, options_json, time, time_if};
use super::writer::{Batch, Done, Job, Task};
use super::{Change, Next, StoreError};
use crate::coordinator::machine::Op;
use crate::protocol::{SAGA, Status, branch_id};

/// Duplicate key.
const DUPLICATE_ENTRY: u16 = 1062;

pub(super) struct MySqlWriter {
    pub(super) pool: MySqlPool,
    pub(super) names: Names,
    pub(super) owner: String,
    pub(super) claims: u64,
    pub(super) fail: FailPoint,
}

impl Batch for MySqlWriter {
    async fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Done>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let mut done = Vec::with_capacity(jobs.len());
        let inserted = self.insert_all(&mut tx, jobs).await?;
        let mut inserted = inserted.into_iter();
        for job in jobs {
            done.push(match &job.task {
                Task::Insert { .. } => Done::Count(u64::from(inserted.next().unwrap_or(false))),
                task => self.apply(&mut tx, task).await?,
            });
        }
        for job in jobs {
            self.fail.pass(job.task.place().0);
        }
        tx.commit().await?;
        for job in jobs {
            self.fail.pass(job.task.place().1);
        }
        Ok(done)
    }

    async fn close(self) {
        self.pool.close().await;
    }
}

impl MySqlWriter {
    /// Every new transaction of a batch in a few statements; when one of them is there already, each on its own.
    async fn insert_all(&self, tx: &mut MySqlConnection, jobs: &[Job]) -> Result<Vec<bool>, StoreError> {
        let new: Vec<(&Plan, &State, Next)> = jobs
            .iter()
            .filter_map(|job| match &job.task {
                Task::Insert { plan, state, next } => Some((plan.as_ref(), state, *next)),
                _ => None,
            })
            .collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        match self.insert(tx, &new).await {
            Ok(()) => Ok(vec![true; new.len()]),
            // A single one that is there is an answer; several are tried one by one.
            Err(StoreError::Database(error)) if new.len() == 1 && number(&error) == Some(DUPLICATE_ENTRY) => {
                Ok(vec![false])
            }
            Err(error) => Err(error),
        }
    }

    async fn insert(&self, tx: &mut MySqlConnection, new: &[(&Plan, &State, Next)]) -> Result<(), StoreError> {
        for few in in_powers_of_two(new) {
            self.insert_transactions(tx, few).await?;
        }
        self.insert_branches(tx, new).await
    }

    async fn insert_transactions(
        &self,
        tx: &mut MySqlConnection,
        new: &[(&Plan, &State, Next)],
    ) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(new.len());
        for (plan, state, next) in new {
            rows.push((plan, state, options_json(plan)?, self.next(*next)));
        }
        let mut query = QueryBuilder::<MySql>::new(format!(
            "INSERT INTO {} (gid, trans_type, status, query_prepared, protocol, create_time, update_time, finish_time, rollback_time,
             options, custom_data, next_cron_interval, next_cron_time, owner, ext_data, rollback_reason) ",
            self.names.trans
        ));
        query.push_values(&rows, |mut row, (plan, state, options, (next, owner))| {
            let (finished, rolled_back) = ends(state.status, state.finished);
            row.push_bind(&plan.gid)
                .push_bind(SAGA)
                .push_bind(state.status.as_str())
                .push_bind("")
                .push_bind(&plan.protocol);
            row.push_bind(time(state.created))
                .push_bind(time(state.created))
                .push_bind(finished)
                .push_bind(rolled_back);
            row.push_bind(options)
                .push_bind(&plan.custom_data)
                .push_bind(interval(plan))
                .push_bind(next)
                .push_bind(owner);
            row.push_bind(ext_data(state)).push_bind(&state.reason);
        });
        query.build().execute(&mut *tx).await?;
        Ok(())
    }

    async fn insert_branches(&self, tx: &mut MySqlConnection, new: &[(&Plan, &State, Next)]) -> Result<(), StoreError> {
        let rows: Vec<_> = new
            .iter()
            .flat_map(|(plan, state, _)| calls(plan.steps.len()).map(move |call| (*plan, *state, call)))
            .collect();
        for chunk in in_powers_of_two(&rows) {
            let mut query = QueryBuilder::<MySql>::new(format!(
                "INSERT INTO {} (gid, url, bin_data, branch_id, op, status, finish_time, rollback_time, create_time, update_time) ",
                self.names.branch
            ));
            query.push_values(chunk, |mut row, (plan, state, call)| {
                let step = plan.steps.get(call.step);
                let url = step.map_or("", |step| if call.op == Op::Action { &step.action } else { &step.compensate });
                let op = state.op(*call);
                let status = op.map_or(Status::Prepared, |op| op.status);
                let (finished, rolled_back) = ends(status, op.map_or(0, |op| op.finished));
                row.push_bind(&plan.gid).push_bind(url).push_bind(step.map(|step| step.payload.as_slice()));
                row.push_bind(branch_id(call.step)).push_bind(call.op.as_str()).push_bind(status.as_str());
                row.push_bind(finished)
                    .push_bind(rolled_back)
                    .push_bind(time(state.created))
                    .push_bind(time(state.created));
            });
            query.build().execute(&mut *tx).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, tx: &mut MySqlConnection, task: &Task) -> Result<Done, StoreError> {
        match task {
            Task::Insert { .. } | Task::Stop => Ok(Done::Count(0)),
            Task::Save(change) => self.save(tx, change).await,
            Task::Claim { now, limit } => self.claim(tx, *now, *limit).await,
            Task::Pull { gid, now } => {
                let sql = format!(
                    "UPDATE {} SET next_cron_time = ? WHERE gid = ? AND owner = '' AND trans_type = 'saga'
                     AND status IN ('prepared', 'submitted', 'aborting')",
                    self.names.trans
                );
                Ok(Done::Count(
                    sqlx::query(AssertSqlSafe(sql)).bind(time(*now)).bind(gid).execute(tx).await?.rows_affected(),
                ))
            }
            Task::PullLater { after, now, limit } => {
                let sql = format!(
                    "UPDATE {} SET next_cron_time = ? WHERE status IN ('prepared', 'submitted', 'aborting') AND next_cron_time > ?
                     AND owner = '' AND trans_type = 'saga' LIMIT {limit}",
                    self.names.trans
                );
                let query = sqlx::query(AssertSqlSafe(sql)).bind(time(*now)).bind(time(*after));
                Ok(Done::Count(query.execute(tx).await?.rows_affected()))
            }
            Task::Renew { gids } => self.renew(tx, gids).await,
            Task::Delete { ids } => self.delete(tx, ids).await,
        }
    }

    async fn save(&self, tx: &mut MySqlConnection, change: &Change) -> Result<Done, StoreError> {
        let state = &change.after;
        let (next, owner) = self.next(change.next);
        let (finished, rolled_back) = ends(state.status, state.finished);
        let sql = format!(
            "UPDATE {} SET status = ?, update_time = ?, finish_time = ?, rollback_time = ?, next_cron_time = ?, owner = ?, ext_data = ?,
             rollback_reason = ? WHERE gid = ? AND status IN ('prepared', 'submitted', 'aborting') AND (LEFT(owner, ?) = ? OR ?)",
            self.names.trans
        );
        let saved = sqlx::query(AssertSqlSafe(sql))
            .bind(state.status.as_str())
            .bind(time(change.now))
            .bind(finished)
            .bind(rolled_back)
            .bind(next)
            .bind(owner)
            .bind(ext_data(state))
            .bind(&state.reason)
            .bind(&change.plan.gid)
            .bind(i64::try_from(self.owner.len()).unwrap_or(i64::MAX))
            .bind(&self.owner)
            .bind(change.force)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if saved > 0 {
            self.save_branches(tx, change).await?;
        }
        Ok(Done::Count(saved))
    }

    async fn save_branches(&self, tx: &mut MySqlConnection, change: &Change) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE {} SET status = ?, finish_time = ?, rollback_time = ?, update_time = ? WHERE gid = ? AND branch_id = ? AND op = ?",
            self.names.branch
        );
        for call in calls(change.plan.steps.len()) {
            let Some(op) = change
                .after
                .op(call)
                .filter(|op| change.before.op(call).is_none_or(|before| before.status != op.status))
            else {
                continue;
            };
            let (finished, rolled_back) = ends(op.status, op.finished);
            sqlx::query(AssertSqlSafe(sql.as_str()))
                .bind(op.status.as_str())
                .bind(finished)
                .bind(rolled_back)
                .bind(time(change.now))
                .bind(&change.plan.gid)
                .bind(branch_id(call.step))
                .bind(call.op.as_str())
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }

    /// Marks what is due with a word that this claim alone uses.
    async fn claim(&mut self, tx: &mut MySqlConnection, now: i64, limit: u32) -> Result<Done, StoreError> {
        self.claims += 1;
        let token = format!("{}/{}", self.owner, self.claims);
        let due = format!(
            "SELECT id FROM {} WHERE status IN ('prepared', 'submitted', 'aborting') AND next_cron_time <= ? AND trans_type = 'saga'
             ORDER BY next_cron_time LIMIT {limit} FOR UPDATE SKIP LOCKED",
            self.names.trans
        );
        // Times on disk are whole seconds, rounded up.
        let due: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(due)).bind(time(now - 999)).fetch_all(&mut *tx).await?;
        if due.is_empty() {
            return Ok(Done::Ids(due));
        }
        let mut query = QueryBuilder::<MySql>::new(format!("UPDATE {} SET owner = ", self.names.trans));
        query.push_bind(token).push(", next_cron_time = ").push_bind(now_and_lease()).push(" WHERE id IN (");
        let mut list = query.separated(", ");
        for id in &due {
            list.push_bind(id);
        }
        query.push(")");
        query.build().execute(tx).await?;
        Ok(Done::Ids(due))
    }

    async fn renew(&self, tx: &mut MySqlConnection, gids: &[String]) -> Result<Done, StoreError> {
        let mut query = QueryBuilder::<MySql>::new(format!("UPDATE {} SET next_cron_time = ", self.names.trans));
        query
            .push_bind(now_and_lease())
            .push(" WHERE status IN ('prepared', 'submitted', 'aborting') AND LEFT(owner, ");
        query
            .push_bind(i64::try_from(self.owner.len()).unwrap_or(i64::MAX))
            .push(") = ")
            .push_bind(&self.owner)
            .push(" AND gid IN (");
        let mut list = query.separated(", ");
        for gid in gids {
            list.push_bind(gid);
        }
        query.push(")");
        Ok(Done::Count(query.build().execute(tx).await?.rows_affected()))
    }

    async fn delete(&self, tx: &mut MySqlConnection, ids: &[i64]) -> Result<Done, StoreError> {
        let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let branches = format!(
            "DELETE FROM {} WHERE gid IN (SELECT gid FROM {} WHERE id IN ({list}))",
            self.names.branch, self.names.trans
        );
        sqlx::query(AssertSqlSafe(branches)).persistent(false).execute(&mut *tx).await?;
        let rows = format!("DELETE FROM {} WHERE id IN ({list})", self.names.trans);
        Ok(Done::Count(sqlx::query(AssertSqlSafe(rows)).persistent(false).execute(tx).await?.rows_affected()))
    }

    fn next(&self, next: Next) -> (String, String) {
        match next {
            Next::Keep => (now_and_lease(), self.owner.clone()),
            Next::Park(at) => (time(at), String::new()),
            Next::End => (time(crate::coordinator::engine::now()), String::new()),
        }
    }
}

/// Rows of one statement at most.
const MOST_ROWS: usize = 64;

/// Parts of 64, 32, 16, ... 1 rows. Each number of rows is a statement of its own that the server has to prepare first, and a connection
/// remembers only some of them: any number of rows would mean preparing again and again, for milliseconds where there are many.
fn in_powers_of_two<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let count = 1 << rows.len().min(MOST_ROWS).checked_ilog2()?;
        let part;
        (part, rows) = rows.split_at(count);
        Some(part)
    })
}

fn interval(plan: &Plan) -> i64 {
    i64::try_from(plan.options.retry_interval).unwrap_or_default()
}

/// When it finished, or when it was rolled back.
fn ends(status: Status, at: i64) -> (Option<String>, Option<String>) {
    match status {
        Status::Succeed => (time_if(at), None),
        Status::Failed => (None, time_if(at)),
        _ => (None, None),
    }
}

fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

#[cfg(test)]
mod tests {
    use super::{MOST_ROWS, in_powers_of_two};

    #[test]
    fn every_row_is_in_one_part_and_few_numbers_of_rows_occur() {
        for count in 0..500 {
            let rows: Vec<usize> = (0..count).collect();
            let parts: Vec<&[usize]> = in_powers_of_two(&rows).collect();
            assert_eq!(parts.concat(), rows);
            assert!(parts.iter().all(|part| part.len().is_power_of_two() && part.len() <= MOST_ROWS), "{parts:?}");
        }
    }
}
