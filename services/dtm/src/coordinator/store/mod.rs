//! Where transactions live.
//!
//! *What it promises*: when [`Store::insert`] or [`Store::save`] has returned, the change is on disk; it happened as a whole or not at all. A
//! change by a process that no longer owns the transaction is refused. *When it acts*: many changes waiting at once are committed together.
//! *When it fails*: the caller gets the error and the store stays as it was.

mod codec;
mod mysql;
mod mysql_rows;
mod mysql_writer;
mod sqlite;
mod sqlite_writer;
mod writer;

use std::sync::Arc;

use thiserror::Error;

use super::conf::StoreConf;
use super::fail::FailPoint;
use super::machine::State;
use super::plan::Plan;
use crate::protocol::Status;

pub use mysql::MySqlStore;
pub use sqlite::SqliteStore;

/// A stored transaction.
#[derive(Clone, Debug)]
pub struct Record {
    /// The store's own number; grows with time.
    pub id: i64,
    /// What was asked for.
    pub plan: Arc<Plan>,
    /// Where it stands.
    pub state: State,
    /// When it was last changed, in ms.
    pub updated: i64,
    /// When it is looked at again, in ms; none when it has ended.
    pub next_at: Option<i64>,
    /// The coordinator that has it in hand; empty if none.
    pub owner: String,
}

/// A new state of a transaction that this process owns.
#[derive(Clone, Debug)]
pub struct Change {
    /// What was asked for.
    pub plan: Arc<Plan>,
    /// The state on disk, as far as this process knows.
    pub before: State,
    /// The state to be on disk.
    pub after: State,
    /// What becomes of it next.
    pub next: Next,
    /// The time of the change, in ms.
    pub now: i64,
    /// Takes it away from whoever has it; unless it has ended.
    pub force: bool,
}

/// What becomes of a transaction after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This process keeps it in hand.
    Keep,
    /// Nobody has it until this time, in ms.
    Park(i64),
    /// It has ended.
    End,
}

/// What [`Store::insert`] found.
#[derive(Debug)]
pub enum Inserted {
    /// It is stored, and this process owns it if it has not ended.
    New,
    /// There is one of this gid.
    Exists(Box<Record>),
}

/// Which transactions to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this one.
    pub gid: Option<String>,
    /// Only those of this status.
    pub status: Option<Status>,
    /// Created at or after, in ms.
    pub created_from: Option<i64>,
    /// Created before or at, in ms.
    pub created_to: Option<i64>,
    /// Only ids below this one: where the page before ended.
    pub below: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// How much is unfinished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Transactions that have not ended.
    pub pending: i64,
    /// When the oldest of them was created, in ms.
    pub oldest: Option<i64>,
}

/// Why the store did not do it.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A fault of the database.
    #[error("store: {0}")]
    Database(Arc<sqlx::Error>),
    /// A row that this version cannot read.
    #[error("store: transaction {gid}: {reason}")]
    Corrupt {
        /// Which.
        gid: String,
        /// What is wrong.
        reason: String,
    },
    /// Another process has the file open.
    #[error("store {path}: another coordinator has it open")]
    Locked {
        /// The file.
        path: String,
    },
    /// The file or folder cannot be used.
    #[error("store {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The value does not fit dtm's tables.
    #[error("store: {0}")]
    TooLarge(String),
    /// The coordinator is stopping.
    #[error("store: closed")]
    Closed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// A store of either kind.
#[derive(Clone, Debug)]
pub enum Store {
    /// One SQLite file, one process.
    Sqlite(SqliteStore),
    /// dtm's own tables, many processes.
    MySql(MySqlStore),
}

macro_rules! either {
    ($self:expr, $store:ident => $call:expr) => {
        match $self {
            Store::Sqlite($store) => $call,
            Store::MySql($store) => $call,
        }
    };
}

impl Store {
    /// Opens the store that the configuration names, as coordinator `owner`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(conf: &StoreConf, owner: &str, fail: FailPoint) -> Result<Self, StoreError> {
        match conf.driver.as_str() {
            "mysql" => MySqlStore::open(conf, owner, fail).await.map(Self::MySql),
            _ => SqliteStore::open(&conf.path, owner, fail).await.map(Self::Sqlite),
        }
    }

    /// Stores a new transaction, unless there is one of its gid.
    ///
    /// # Errors
    /// Nothing was stored.
    pub async fn insert(&self, plan: Arc<Plan>, state: State, next: Next) -> Result<Inserted, StoreError> {
        either!(self, store => store.insert(plan, state, next).await)
    }

    /// Stores a change; `Ok(false)` if the transaction is no longer this process's to change.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn save(&self, change: Change) -> Result<bool, StoreError> {
        either!(self, store => store.save(change).await)
    }

    /// A transaction by its gid.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn load(&self, gid: &str) -> Result<Option<Record>, StoreError> {
        either!(self, store => store.load(gid).await)
    }

    /// Takes at most `limit` transactions in hand that are due and that nobody has.
    ///
    /// # Errors
    /// None was taken.
    pub async fn claim(&self, now: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        either!(self, store => store.claim(now, limit).await)
    }

    /// When the next one is due that nobody has, in ms.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        either!(self, store => store.next_due().await)
    }

    /// Makes a waiting transaction due now; `Ok(false)` if there is none that waits.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn pull(&self, gid: &str, now: i64) -> Result<bool, StoreError> {
        either!(self, store => store.pull(gid, now).await)
    }

    /// Makes at most `limit` transactions due now that wait until later than `after`; how many, and whether there are more.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn pull_later(&self, after: i64, now: i64, limit: u32) -> Result<(u64, bool), StoreError> {
        either!(self, store => store.pull_later(after, now, limit).await)
    }

    /// Transactions, newest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Record>, StoreError> {
        either!(self, store => store.list(filter).await)
    }

    /// How much is unfinished.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        either!(self, store => store.backlog().await)
    }

    /// Deletes what ended before `before`; how many.
    ///
    /// # Errors
    /// What was deleted before it stays deleted.
    pub async fn sweep(&self, before: i64) -> Result<u64, StoreError> {
        either!(self, store => store.sweep(before).await)
    }

    /// Keeps these in hand for another lease, those of them that still are.
    ///
    /// # Errors
    /// Their leases run on as they were.
    pub async fn renew(&self, gids: Vec<String>) -> Result<(), StoreError> {
        match self {
            // One process holds the file's lock, and with it all leases.
            Self::Sqlite(_) => Ok(()),
            Self::MySql(store) => store.renew(gids).await,
        }
    }

    /// How often leases have to be renewed; none if there are none.
    pub fn lease(&self) -> Option<std::time::Duration> {
        match self {
            Self::Sqlite(_) => None,
            Self::MySql(_) => Some(mysql::LEASE),
        }
    }

    /// Waits until everything handed over is on disk, and closes.
    pub async fn close(&self) {
        either!(self, store => store.close().await);
    }
}
