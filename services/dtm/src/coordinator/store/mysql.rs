//! The MySQL and MariaDB store, in dtm's own tables, which several coordinators and a dtm server may share.
//!
//! *What it promises*: a change is committed before it counts, so with `innodb_flush_log_at_trx_commit=1` it is on disk. A transaction in hand has
//! this coordinator's name in `owner` and a `next_cron_time` that is renewed; whoever finds that time past may take it, and from then on the
//! changes of the one before are refused. *When it fails*: see the writer; a lost connection is made anew.

use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, MySql, MySqlPool, QueryBuilder};
use tokio::sync::mpsc;

use super::super::conf::StoreConf;
use super::super::fail::FailPoint;
use super::super::machine::State;
use super::super::plan::Plan;
use super::mysql_rows::{self, BRANCH_COLUMNS, BranchRow, TRANS_COLUMNS, TransRow, millis, time};
use super::mysql_writer::MySqlWriter;
use super::writer::{self, Done, Job, Task};
use super::{Backlog, Change, Filter, Inserted, Next, Record, StoreError};
use crate::coordinator::engine;

const SCHEMA: &str = include_str!("mysql.sql");
const QUEUE: usize = 4096;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction stays in hand without being renewed; dtm's is as long.
pub(super) const LEASE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) trans: String,
    pub(super) branch: String,
}

/// The end of a lease that begins now, as dtm writes times.
pub(super) fn now_and_lease() -> String {
    time(engine::now() + i64::try_from(LEASE.as_millis()).unwrap_or_default())
}

/// See the module.
#[derive(Clone, Debug)]
pub struct MySqlStore {
    writer: mpsc::Sender<Job>,
    pool: MySqlPool,
    names: Names,
}

impl MySqlStore {
    /// Connects, and creates the tables that are not there.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn open(conf: &StoreConf, owner: &str, fail: FailPoint) -> Result<Self, StoreError> {
        let name = |given: &str, default: &str| {
            if given.is_empty() { format!("{}.{default}", conf.db) } else { given.to_owned() }
        };
        let names = Names {
            trans: name(&conf.trans_global_table, "trans_global"),
            branch: name(&conf.trans_branch_op_table, "trans_branch_op"),
        };
        let options = MySqlConnectOptions::new()
            .host(&conf.host)
            .port(conf.port)
            .username(&conf.user)
            .charset("utf8mb4")
            .disable_statement_logging();
        // An empty password is another thing than none.
        let options = if conf.password.is_empty() { options } else { options.password(&conf.password) };
        let pool = MySqlPoolOptions::new()
            .max_connections(conf.max_open_conns.max(2))
            .acquire_timeout(CONNECT_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // A process that is stopped amid a transaction would keep its rows locked from those who take over. MariaDB ends such a
                    // transaction by itself; MySQL has no such setting, and there the server's wait_timeout must do.
                    let limit = format!("SET SESSION idle_transaction_timeout = {}", LEASE.as_secs() / 2);
                    let _ = sqlx::raw_sql(AssertSqlSafe(limit)).execute(connection).await;
                    Ok(())
                })
            })
            .connect_with(options)
            .await?;
        create(&pool, conf, &names).await?;
        let (writer, jobs) = mpsc::channel(QUEUE);
        let batch = MySqlWriter { pool: pool.clone(), names: names.clone(), owner: owner.to_owned(), claims: 0, fail };
        tokio::spawn(writer::run(batch, jobs));
        Ok(Self { writer, pool, names })
    }

    async fn write(&self, task: Task) -> Result<Done, StoreError> {
        writer::hand_over(&self.writer, task).await
    }

    pub(super) async fn insert(&self, plan: Arc<Plan>, state: State, next: Next) -> Result<Inserted, StoreError> {
        mysql_rows::check(&plan)?;
        let gid = plan.gid.clone();
        if self.write(Task::Insert { plan, state, next }).await?.is_yes() {
            return Ok(Inserted::New);
        }
        // dtm's tables compare without regard to case.
        let collides =
            || StoreError::TooLarge(format!("gid {gid:?} differs from one that is there only in case or in blanks"));
        self.load(&gid).await?.map(|record| Inserted::Exists(Box::new(record))).ok_or_else(collides)
    }

    pub(super) async fn save(&self, change: Change) -> Result<bool, StoreError> {
        Ok(self.write(Task::Save(Box::new(change))).await?.is_yes())
    }

    pub(super) async fn load(&self, gid: &str) -> Result<Option<Record>, StoreError> {
        let sql = format!("SELECT {TRANS_COLUMNS} FROM {} WHERE gid = ? AND trans_type = 'saga'", self.names.trans);
        let row: Option<TransRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(gid).fetch_optional(&self.pool).await?;
        let Some(row) = row.filter(|row| row.gid == gid) else { return Ok(None) };
        self.with_branches(vec![row]).await?.pop().transpose()
    }

    async fn with_branches(&self, rows: Vec<TransRow>) -> Result<Vec<Result<Record, StoreError>>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut query =
            QueryBuilder::<MySql>::new(format!("SELECT {BRANCH_COLUMNS} FROM {} WHERE gid IN (", self.names.branch));
        let mut list = query.separated(", ");
        for row in &rows {
            list.push_bind(&row.gid);
        }
        query.push(")");
        let mut branches: std::collections::HashMap<String, Vec<BranchRow>> = std::collections::HashMap::new();
        for branch in query.build_query_as::<BranchRow>().fetch_all(&self.pool).await? {
            branches.entry(branch.gid.clone()).or_default().push(branch);
        }
        Ok(rows
            .into_iter()
            .map(|row| {
                let own = branches.remove(&row.gid).unwrap_or_default();
                mysql_rows::record(row, own)
            })
            .collect())
    }

    pub(super) async fn claim(&self, now: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        let Done::Ids(ids) = self.write(Task::Claim { now, limit }).await? else { return Ok(Vec::new()) };
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query =
            QueryBuilder::<MySql>::new(format!("SELECT {TRANS_COLUMNS} FROM {} WHERE id IN (", self.names.trans));
        let mut list = query.separated(", ");
        for id in &ids {
            list.push_bind(id);
        }
        query.push(")");
        let rows = query.build_query_as::<TransRow>().fetch_all(&self.pool).await?;
        let mut records = Vec::with_capacity(rows.len());
        for record in self.with_branches(rows).await? {
            match record {
                Ok(record) => records.push(record),
                // One unreadable row must not stop the others.
                Err(error) => logx::error!(error:% = error; "dtm: transaction left aside"),
            }
        }
        Ok(records)
    }

    /// Other coordinators' transactions become due without a word, so the scheduler looks every few seconds anyway.
    pub(super) async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        // Status by status, so that the index gives the first of each without a look at the others.
        let first = ["prepared", "submitted", "aborting"].map(|status| {
            format!(
                "(SELECT next_cron_time FROM {} WHERE status = '{status}' AND trans_type = 'saga' AND owner = '' ORDER BY next_cron_time LIMIT 1)",
                self.names.trans
            )
        });
        let sql = format!("SELECT CAST(min(next_cron_time) AS CHAR) FROM ({}) due", first.join(" UNION ALL "));
        let due: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.pool).await?;
        Ok(millis(due.as_deref()))
    }

    pub(super) async fn pull(&self, gid: &str, now: i64) -> Result<bool, StoreError> {
        Ok(self.write(Task::Pull { gid: gid.to_owned(), now: now - 1000 }).await?.is_yes())
    }

    pub(super) async fn pull_later(&self, after: i64, now: i64, limit: u32) -> Result<(u64, bool), StoreError> {
        let Done::Count(pulled) = self.write(Task::PullLater { after, now: now - 1000, limit }).await? else {
            return Ok((0, false));
        };
        let sql = format!(
            "SELECT count(*) FROM {} WHERE status IN ('prepared', 'submitted', 'aborting') AND next_cron_time > ? AND owner = ''
             AND trans_type = 'saga'",
            self.names.trans
        );
        let more: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).bind(time(after)).fetch_one(&self.pool).await?;
        Ok((pulled, more > 0))
    }

    pub(super) async fn list(&self, filter: &Filter) -> Result<Vec<Record>, StoreError> {
        let mut query = QueryBuilder::<MySql>::new(format!(
            "SELECT {TRANS_COLUMNS} FROM {} WHERE trans_type = 'saga'",
            self.names.trans
        ));
        if let Some(gid) = &filter.gid {
            query.push(" AND gid = ").push_bind(gid);
        }
        if let Some(status) = filter.status {
            query.push(" AND status = ").push_bind(status.as_str());
        }
        if let Some(from) = filter.created_from {
            query.push(" AND create_time >= ").push_bind(time(from));
        }
        if let Some(to) = filter.created_to {
            query.push(" AND create_time <= ").push_bind(time(to));
        }
        if let Some(below) = filter.below {
            query.push(" AND id < ").push_bind(below);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(filter.limit);
        let rows = query.build_query_as::<TransRow>().fetch_all(&self.pool).await?;
        self.with_branches(rows).await?.into_iter().collect()
    }

    pub(super) async fn backlog(&self) -> Result<Backlog, StoreError> {
        // An order by id would be read from the oldest finished one on.
        let sql = format!(
            "SELECT count(*), CAST(min(create_time) AS CHAR) FROM {} WHERE status IN ('prepared', 'submitted', 'aborting') AND trans_type = 'saga'",
            self.names.trans
        );
        let (pending, oldest): (i64, Option<String>) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&self.pool).await?;
        Ok(Backlog { pending, oldest: millis(oldest.as_deref()) })
    }

    pub(super) async fn renew(&self, gids: Vec<String>) -> Result<(), StoreError> {
        for chunk in gids.chunks(500) {
            self.write(Task::Renew { gids: chunk.to_vec() }).await?;
        }
        Ok(())
    }

    pub(super) async fn sweep(&self, before: i64) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT id FROM {} WHERE status IN ('succeed', 'failed') AND update_time < ? AND trans_type = 'saga' ORDER BY id LIMIT 200",
            self.names.trans
        );
        let mut deleted = 0;
        loop {
            let ids: Vec<i64> =
                sqlx::query_scalar(AssertSqlSafe(sql.as_str())).bind(time(before)).fetch_all(&self.pool).await?;
            if ids.is_empty() {
                return Ok(deleted);
            }
            if let Done::Count(count) = self.write(Task::Delete { ids }).await? {
                deleted += count;
            }
        }
    }

    pub(super) async fn close(&self) {
        // The writer takes this after everything before it, and ends.
        let _ = self.write(Task::Stop).await;
        self.pool.close().await;
    }
}

async fn create(pool: &MySqlPool, conf: &StoreConf, names: &Names) -> Result<(), StoreError> {
    let known = conf.db.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !known {
        return Err(StoreError::TooLarge(format!("Store.Db: {:?} is not allowed; letters, digits and _", conf.db)));
    }
    // An account without the right to create it may use one that is there.
    let database = format!("CREATE DATABASE IF NOT EXISTS {} DEFAULT CHARACTER SET utf8mb4", conf.db);
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(database)).execute(pool).await {
        logx::debug!(error:% = error; "dtm: database not created");
    }
    let schema = SCHEMA
        .replace("{trans}", &names.trans)
        .replace("{branch}", &names.branch)
        .replace("{kv}", &format!("{}.kv", conf.db));
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(pool).await?;
    Ok(())
}
