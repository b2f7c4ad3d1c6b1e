//! The sub-transaction barrier: a branch's work happens once, in order, or not at all.
//!
//! A coordinator may call a branch twice, call a compensation whose action never arrived, or call it before the action that is still on its way.
//! The barrier writes a row for each call into a table of the branch's own database, in the same local transaction as the work, and lets the
//! work run only when it is this call's turn:
//!
//! | call | what happens |
//! |---|---|
//! | first action | runs |
//! | the same again | skipped, answered with success |
//! | compensation after its action | runs |
//! | compensation without its action | skipped, and the action is barred from now on |
//! | an action after its compensation | skipped, answered with success |
//!
//! An action and its compensation must make the same number of barrier calls in the same order: the calls of one request are numbered.

mod dialect;
mod fault;
mod mysql;
mod sqlite;
mod sweep;
mod work;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::Pool;
use tonic::metadata::MetadataMap;

pub use dialect::{BarrierRow, Dialect};
pub use fault::{Fault, InvalidBranch};
pub use mysql::{MYSQL_DDL, migrate_mysql};
pub use sqlite::{SQLITE_DDL, migrate_sqlite};
pub use sweep::{MIN_KEEP, sweep};
pub use work::{Work, work};

use crate::protocol::{MAX_BRANCH_ID, MAX_GID, MAX_OP, metadata, op, query};

/// How often [`Barrier::call`] begins again after a deadlock or a lock timeout.
const ATTEMPTS: u32 = 5;
/// The pause before it first does; doubled each time.
const PAUSE: Duration = Duration::from_millis(10);

/// One branch call, as its barrier sees it. Made for each request anew.
#[derive(Debug)]
pub struct Barrier {
    trans_type: String,
    gid: String,
    branch_id: String,
    op: String,
    table: Option<String>,
    calls: AtomicU32,
}

/// What a barrier did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<T> {
    /// The work ran; this is its result.
    Done(T),
    /// A repetition, a late action, or a compensation of nothing: answer success.
    Skipped,
}

impl<T> Called<T> {
    /// Whether the work ran.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Barrier {
    /// A barrier for a branch call.
    ///
    /// # Errors
    /// An id that is empty or longer than the barrier table holds; cut off, two ids might become one.
    pub fn new(trans_type: &str, gid: &str, branch_id: &str, op: &str) -> Result<Self, InvalidBranch> {
        for (name, value, most) in [
            ("trans_type", trans_type, MAX_OP),
            ("gid", gid, MAX_GID),
            ("branch_id", branch_id, MAX_BRANCH_ID),
            ("op", op, MAX_OP),
        ] {
            if value.is_empty() {
                return Err(InvalidBranch::Missing(name));
            }
            if value.chars().count() > most {
                return Err(InvalidBranch::TooLong(name, most));
            }
        }
        Ok(Self {
            trans_type: trans_type.to_owned(),
            gid: gid.to_owned(),
            branch_id: branch_id.to_owned(),
            op: op.to_owned(),
            table: None,
            calls: AtomicU32::new(0),
        })
    }

    /// The barrier of a gRPC branch call, from the metadata that the coordinator set.
    ///
    /// # Errors
    /// As [`Barrier::new`].
    pub fn from_metadata(map: &MetadataMap) -> Result<Self, InvalidBranch> {
        let text = |name| map.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self::new(text(metadata::TRANS_TYPE), text(metadata::GID), text(metadata::BRANCH_ID), text(metadata::OP))
    }

    /// The barrier of an HTTP branch call, from the raw query string of its URL.
    ///
    /// # Errors
    /// As [`Barrier::new`].
    pub fn from_query(raw: &str) -> Result<Self, InvalidBranch> {
        let pairs: std::collections::HashMap<String, String> =
            serde_json::from_value(crate::form::parse(raw)).map_err(|_| InvalidBranch::Missing(query::GID))?;
        let text = |name| pairs.get(name).map(String::as_str).unwrap_or_default();
        Self::new(text(query::TRANS_TYPE), text(query::GID), text(query::BRANCH_ID), text(query::OP))
    }

    /// Uses another table than the dialect's own. The name goes into the statements as it is: never take it from input.
    #[must_use]
    pub fn with_table(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }

    /// The transaction.
    pub fn gid(&self) -> &str {
        &self.gid
    }

    /// The branch.
    pub fn branch_id(&self) -> &str {
        &self.branch_id
    }

    /// The operation.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// Runs `work` in a local transaction of its own, if it is this call's turn, and commits.
    ///
    /// ```no_run
    /// # async fn branch(barrier: dtm::Barrier, pool: sqlx::SqlitePool, name: &str) -> Result<(), dtm::Fault> {
    /// barrier
    ///     .call(&pool, |tx| {
    ///         dtm::work(async move {
    ///             sqlx::query("INSERT INTO user (name) VALUES (?)").bind(name).execute(&mut *tx).await?;
    ///             Ok(())
    ///         })
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// After a deadlock or a lock timeout everything is rolled back and tried again, `work` included, five times in all. An error of `work`
    /// rolls back the barrier's rows as well, so that a later call may try again.
    ///
    /// # Errors
    /// What `work` said, or a fault of the database.
    pub async fn call<'e, DB, T, F>(&self, pool: &Pool<DB>, mut work: F) -> Result<Called<T>, Fault>
    where
        DB: Dialect,
        F: for<'c> FnMut(&'c mut DB::Connection) -> Work<'c, 'e, T>,
    {
        let number = self.next_number();
        let mut pause = PAUSE;
        for attempt in 1.. {
            match self.attempt(pool, &number, &mut work).await {
                Err(Fault::Database(error)) if DB::is_transient(&error) && attempt < ATTEMPTS => {
                    logx::debug!(gid = self.gid.as_str(), attempt = attempt, error:% = error; "barrier: tried again");
                }
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Fault::Ongoing)
    }

    /// Runs `work` in the caller's transaction, if it is this call's turn. Commits nothing: on `Ok` the caller commits (also when skipped,
    /// since the barrier's rows must stay), on `Err` the caller rolls back.
    ///
    /// # Errors
    /// What `work` said, or a fault of the database.
    pub async fn call_in<'e, DB, T, F>(&self, connection: &mut DB::Connection, work: F) -> Result<Called<T>, Fault>
    where
        DB: Dialect,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> Work<'c, 'e, T>,
    {
        let number = self.next_number();
        if !self.pass::<DB>(connection, &number).await? {
            return Ok(Called::Skipped);
        }
        work(connection).0.await.map(Called::Done)
    }

    async fn attempt<'e, DB, T, F>(&self, pool: &Pool<DB>, number: &str, work: &mut F) -> Result<Called<T>, Fault>
    where
        DB: Dialect,
        F: for<'c> FnMut(&'c mut DB::Connection) -> Work<'c, 'e, T>,
    {
        let mut tx = DB::begin(pool).await?;
        let called = if self.pass::<DB>(&mut *tx, number).await? {
            Called::Done(work(&mut *tx).0.await?)
        } else {
            Called::Skipped
        };
        tx.commit().await?;
        Ok(called)
    }

    /// Writes the rows of this call; whether the work may run.
    async fn pass<DB: Dialect>(&self, connection: &mut DB::Connection, number: &str) -> Result<bool, Fault> {
        let table = self.table.as_deref().unwrap_or(DB::TABLE);
        let row = |op| BarrierRow {
            trans_type: &self.trans_type,
            gid: &self.gid,
            branch_id: &self.branch_id,
            op,
            barrier_id: number,
            reason: &self.op,
        };
        let empty = match origin(&self.op) {
            Some(origin) => DB::insert(connection, table, &row(origin)).await?,
            None => false,
        };
        let first = DB::insert(connection, table, &row(&self.op)).await?;
        if self.op == op::MSG && !first {
            return Err(Fault::Duplicated);
        }
        let pass = first && !empty;
        if !pass {
            logx::info!(gid = self.gid.as_str(), branch = self.branch_id.as_str(), op = self.op.as_str(), empty = empty; "barrier: skipped");
        }
        Ok(pass)
    }

    fn next_number(&self) -> String {
        format!("{:02}", self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The operation that another one undoes.
fn origin(op: &str) -> Option<&'static str> {
    match op {
        op::CANCEL => Some(op::TRY),
        op::COMPENSATE | op::ROLLBACK => Some(op::ACTION),
        _ => None,
    }
}
