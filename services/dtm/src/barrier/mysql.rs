use sqlx::mysql::MySqlDatabaseError;
use sqlx::{AssertSqlSafe, MySql, MySqlPool, Pool, Transaction};

use super::{BarrierRow, Dialect, Fault};

/// The barrier table as dtm's clients of every language know it, in a schema of its own on the same server; its ids are compared byte by byte.
pub const MYSQL_DDL: &str = "CREATE TABLE IF NOT EXISTS dtm_barrier.barrier (
  id bigint(22) NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trans_type varchar(45) DEFAULT '',
  gid varchar(128) DEFAULT '',
  branch_id varchar(128) DEFAULT '',
  op varchar(45) DEFAULT '',
  barrier_id varchar(45) DEFAULT '',
  reason varchar(45) DEFAULT '' COMMENT 'the operation that wrote this row',
  create_time datetime DEFAULT now(),
  update_time datetime DEFAULT now(),
  KEY (create_time),
  KEY (update_time),
  UNIQUE KEY (gid, branch_id, op, barrier_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

const DUPLICATE_ENTRY: u16 = 1062;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const DEADLOCK: u16 = 1213;

/// Creates the schema and the barrier table if they are not there; an existing table is left as it is.
///
/// # Errors
/// A fault of the database, a missing privilege for one.
pub async fn migrate_mysql(pool: &MySqlPool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("CREATE DATABASE IF NOT EXISTS dtm_barrier DEFAULT CHARACTER SET utf8mb4").execute(pool).await?;
    sqlx::raw_sql(MYSQL_DDL).execute(pool).await.map(drop)
}

fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

impl Dialect for MySql {
    const TABLE: &'static str = "dtm_barrier.barrier";

    async fn begin(pool: &Pool<Self>) -> Result<Transaction<'static, Self>, sqlx::Error> {
        pool.begin().await
    }

    // A plain INSERT: INSERT IGNORE would hide other errors, a truncated id for one.
    async fn insert(connection: &mut Self::Connection, table: &str, row: &BarrierRow<'_>) -> Result<bool, Fault> {
        let sql = format!(
            "INSERT INTO {table} (trans_type, gid, branch_id, op, barrier_id, reason) VALUES (?, ?, ?, ?, ?, ?)"
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(row.trans_type)
            .bind(row.gid)
            .bind(row.branch_id)
            .bind(row.op)
            .bind(row.barrier_id)
            .bind(row.reason)
            .execute(&mut *connection)
            .await;
        match done {
            Ok(_) => Ok(true),
            Err(error) if number(&error) == Some(DUPLICATE_ENTRY) => same_row(connection, table, row)
                .await?
                .then_some(false)
                .ok_or_else(|| Fault::Collision(row.gid.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_older(pool: &Pool<Self>, table: &str, seconds: i64, limit: u32) -> Result<u64, sqlx::Error> {
        let sql = format!("DELETE FROM {table} WHERE create_time < now() - INTERVAL ? SECOND LIMIT {limit}");
        sqlx::query(AssertSqlSafe(sql)).bind(seconds).execute(pool).await.map(|done| done.rows_affected())
    }

    fn is_transient(error: &sqlx::Error) -> bool {
        matches!(number(error), Some(LOCK_WAIT_TIMEOUT | DEADLOCK))
    }
}

/// Whether the row that stood in the way is this one byte for byte. dtm's own DDL has a collation to which `g1`, `G1` and `g1 ` are equal.
async fn same_row(
    connection: &mut sqlx::MySqlConnection,
    table: &str,
    row: &BarrierRow<'_>,
) -> Result<bool, sqlx::Error> {
    // FOR SHARE sees what is committed by now, not the snapshot of this transaction's begin.
    let sql = format!(
        "SELECT CAST(gid AS BINARY), CAST(branch_id AS BINARY), CAST(op AS BINARY) FROM {table}
         WHERE gid = ? AND branch_id = ? AND op = ? AND barrier_id = ? LOCK IN SHARE MODE"
    );
    let found: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(row.gid)
        .bind(row.branch_id)
        .bind(row.op)
        .bind(row.barrier_id)
        .fetch_optional(connection)
        .await?;
    let wanted = (row.gid.as_bytes(), row.branch_id.as_bytes(), row.op.as_bytes());
    Ok(found.is_some_and(|(gid, branch, op)| (gid.as_slice(), branch.as_slice(), op.as_slice()) == wanted))
}
