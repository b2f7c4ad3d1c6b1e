use sqlx::{AssertSqlSafe, Pool, Sqlite, SqlitePool, Transaction};

use super::{BarrierRow, Dialect, Fault};

/// The barrier table, beside the business tables in the same file.
pub const SQLITE_DDL: &str = "CREATE TABLE IF NOT EXISTS dtm_barrier (
  id INTEGER PRIMARY KEY,
  trans_type TEXT NOT NULL,
  gid TEXT NOT NULL,
  branch_id TEXT NOT NULL,
  op TEXT NOT NULL,
  barrier_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  create_time INTEGER NOT NULL DEFAULT (unixepoch()),
  UNIQUE (gid, branch_id, op, barrier_id)
);
CREATE INDEX IF NOT EXISTS dtm_barrier_create_time ON dtm_barrier (create_time);";

/// Creates the barrier table if it is not there.
///
/// # Errors
/// A fault of the database.
pub async fn migrate_sqlite(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SQLITE_DDL).execute(pool).await.map(drop)
}

impl Dialect for Sqlite {
    const TABLE: &'static str = "dtm_barrier";

    async fn begin(pool: &Pool<Self>) -> Result<Transaction<'static, Self>, sqlx::Error> {
        // A deferred transaction that reads before it writes can fail with "busy" at once; this one waits its turn.
        pool.begin_with("BEGIN IMMEDIATE").await
    }

    async fn insert(connection: &mut Self::Connection, table: &str, row: &BarrierRow<'_>) -> Result<bool, Fault> {
        let sql = format!(
            "INSERT INTO {table} (trans_type, gid, branch_id, op, barrier_id, reason) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (gid, branch_id, op, barrier_id) DO NOTHING"
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(row.trans_type)
            .bind(row.gid)
            .bind(row.branch_id)
            .bind(row.op)
            .bind(row.barrier_id)
            .bind(row.reason)
            .execute(connection)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn delete_older(pool: &Pool<Self>, table: &str, seconds: i64, limit: u32) -> Result<u64, sqlx::Error> {
        let sql = format!(
            "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE create_time < unixepoch() - ? LIMIT ?)"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(seconds).bind(limit).execute(pool).await.map(|done| done.rows_affected())
    }

    fn is_transient(error: &sqlx::Error) -> bool {
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<i32>().ok());
        // The low byte is the kind, the rest says more about it.
        code.is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED))
    }
}
