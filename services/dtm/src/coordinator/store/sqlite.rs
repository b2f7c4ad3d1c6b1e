//! The SQLite store: one file, one process, one writer.
//!
//! *What it promises*: write-ahead log with `synchronous=FULL`, so a commit survives a power cut. One task writes, and commits everything that
//! waits at that moment with one fsync. *When it fails*: the batch is rolled back and each change tried on its own, so that one bad change does
//! not fail its neighbours. *How to see it*: a file `<name>.lock` beside the database is locked while a coordinator runs.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, QueryBuilder, Row, Sqlite, SqlitePool};
use tokio::sync::mpsc;

use super::super::fail::FailPoint;
use super::super::machine::State;
use super::super::plan::Plan;
use super::sqlite_writer::SqliteWriter;
use super::writer::{self, Done, Job, Task};
use super::{Backlog, Change, Filter, Inserted, Next, Record, StoreError, codec};

const SCHEMA: &str = include_str!("sqlite.sql");
const READERS: u32 = 4;
const QUEUE: usize = 4096;
/// Time of "in hand": only a restart makes it due.
pub(super) const IN_HAND: i64 = i64::MAX;

const COLUMNS: &str = "t.id, t.gid, t.status, t.reason, t.steps, t.create_time, t.update_time, t.finish_time, t.next_at, t.owner, p.plan, p.payloads";

/// See the module.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: mpsc::Sender<Job>,
    readers: SqlitePool,
    // Unlocked when the last clone is gone.
    _lock: Arc<File>,
}

impl SqliteStore {
    /// Opens or creates the file, and frees what a process that is gone had in hand.
    ///
    /// # Errors
    /// The file cannot be used, or another process uses it.
    pub async fn open(path: &Path, owner: &str, fail: FailPoint) -> Result<Self, StoreError> {
        let lock = Arc::new(lock(path)?);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-16384")
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        sqlx::query("UPDATE trans SET owner = '', next_at = 0 WHERE next_at IS NOT NULL AND owner <> ''")
            .execute(&mut connection)
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("cache_size", "-2048"))
            .await?;
        let (writer, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(writer::run(SqliteWriter::new(connection, owner, fail), jobs));
        Ok(Self { writer, readers, _lock: lock })
    }

    async fn write(&self, task: Task) -> Result<Done, StoreError> {
        writer::hand_over(&self.writer, task).await
    }

    pub(super) async fn insert(&self, plan: Arc<Plan>, state: State, next: Next) -> Result<Inserted, StoreError> {
        let gid = plan.gid.clone();
        if self.write(Task::Insert { plan, state, next }).await?.is_yes() {
            return Ok(Inserted::New);
        }
        let there = self.load(&gid).await?;
        let gone = || StoreError::Corrupt { gid: gid.clone(), reason: "was there and is gone".to_owned() };
        there.map(|record| Inserted::Exists(Box::new(record))).ok_or_else(gone)
    }

    pub(super) async fn save(&self, change: Change) -> Result<bool, StoreError> {
        Ok(self.write(Task::Save(Box::new(change))).await?.is_yes())
    }

    pub(super) async fn load(&self, gid: &str) -> Result<Option<Record>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM trans t JOIN trans_plan p ON p.id = t.id WHERE t.gid = ?");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(gid).fetch_optional(&self.readers).await?;
        row.as_ref().map(record).transpose()
    }

    pub(super) async fn claim(&self, now: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        let Done::Ids(ids) = self.write(Task::Claim { now, limit }).await? else { return Ok(Vec::new()) };
        let mut records = Vec::with_capacity(ids.len());
        let sql = format!("SELECT {COLUMNS} FROM trans t JOIN trans_plan p ON p.id = t.id WHERE t.id = ?");
        for id in ids {
            let row = sqlx::query(AssertSqlSafe(sql.as_str())).bind(id).fetch_one(&self.readers).await?;
            match record(&row) {
                Ok(record) => records.push(record),
                // One unreadable row must not stop the others.
                Err(error) => logx::error!(id = id, error:% = error; "dtm: transaction left aside"),
            }
        }
        Ok(records)
    }

    pub(super) async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(next_at) FROM trans WHERE next_at IS NOT NULL")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.filter(|&due| due != IN_HAND))
    }

    pub(super) async fn pull(&self, gid: &str, now: i64) -> Result<bool, StoreError> {
        Ok(self.write(Task::Pull { gid: gid.to_owned(), now }).await?.is_yes())
    }

    pub(super) async fn pull_later(&self, after: i64, now: i64, limit: u32) -> Result<(u64, bool), StoreError> {
        let Done::Count(pulled) = self.write(Task::PullLater { after, now, limit }).await? else {
            return Ok((0, false));
        };
        let more: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM trans WHERE next_at > ? AND next_at < ?)")
            .bind(after)
            .bind(IN_HAND)
            .fetch_one(&self.readers)
            .await?;
        Ok((pulled, more))
    }

    pub(super) async fn list(&self, filter: &Filter) -> Result<Vec<Record>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "SELECT {COLUMNS} FROM trans t JOIN trans_plan p ON p.id = t.id WHERE 1 = 1"
        ));
        if let Some(gid) = &filter.gid {
            query.push(" AND t.gid = ").push_bind(gid);
        }
        if let Some(status) = filter.status {
            query.push(" AND t.status = ").push_bind(status.as_str());
        }
        if let Some(from) = filter.created_from {
            query.push(" AND t.create_time >= ").push_bind(from);
        }
        if let Some(to) = filter.created_to {
            query.push(" AND t.create_time <= ").push_bind(to);
        }
        if let Some(below) = filter.below {
            query.push(" AND t.id < ").push_bind(below);
        }
        query.push(" ORDER BY t.id DESC LIMIT ").push_bind(filter.limit);
        query.build().fetch_all(&self.readers).await?.iter().map(record).collect()
    }

    pub(super) async fn backlog(&self) -> Result<Backlog, StoreError> {
        let sql = "SELECT count(*), min(create_time) FROM trans INDEXED BY trans_due WHERE next_at IS NOT NULL";
        let (pending, oldest) = sqlx::query_as(sql).fetch_one(&self.readers).await?;
        Ok(Backlog { pending, oldest })
    }

    pub(super) async fn sweep(&self, before: i64) -> Result<u64, StoreError> {
        // Ids grow with time, so the search ends at the first transaction that is too young to have ended long ago.
        let last: Option<i64> = sqlx::query_scalar("SELECT id FROM trans WHERE create_time >= ? ORDER BY id LIMIT 1")
            .bind(before)
            .fetch_optional(&self.readers)
            .await?;
        let (mut from, mut deleted) = (0, 0);
        loop {
            let ids = self.ended(before, from, last.unwrap_or(i64::MAX)).await?;
            let Some(&highest) = ids.last() else { return Ok(deleted) };
            from = highest;
            if let Done::Count(count) = self.write(Task::Delete { ids }).await? {
                deleted += count;
            }
        }
    }

    async fn ended(&self, before: i64, above: i64, below: i64) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT id FROM trans WHERE id > ? AND id < ? AND next_at IS NULL AND finish_time < ? ORDER BY id LIMIT 200";
        Ok(sqlx::query_scalar(sql).bind(above).bind(below).bind(before).fetch_all(&self.readers).await?)
    }

    pub(super) async fn close(&self) {
        // The writer takes this after everything before it, and ends.
        let _ = self.write(Task::Stop).await;
        self.readers.close().await;
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let name = path.display().to_string();
    let fault = |error: std::io::Error| StoreError::File { path: name.clone(), reason: error.to_string() };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(fault)?;
    }
    let file = File::create(path.with_added_extension("lock")).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { path: name }),
        Err(std::fs::TryLockError::Error(error)) => Err(fault(error)),
    }
}

fn record(row: &SqliteRow) -> Result<Record, StoreError> {
    let gid: String = row.try_get("gid")?;
    let status: &str = row.try_get("status")?;
    let status =
        status.parse().map_err(|error| StoreError::Corrupt { gid: gid.clone(), reason: format!("{error}") })?;
    let state = State {
        status,
        reason: row.try_get("reason")?,
        steps: codec::steps(&gid, row.try_get("steps")?)?,
        created: row.try_get("create_time")?,
        finished: row.try_get("finish_time")?,
    };
    let plan = codec::plan(&gid, row.try_get("plan")?, row.try_get("payloads")?)?;
    Ok(Record {
        id: row.try_get("id")?,
        plan: Arc::new(plan),
        state,
        updated: row.try_get("update_time")?,
        next_at: row.try_get("next_at")?,
        owner: row.try_get("owner")?,
    })
}
