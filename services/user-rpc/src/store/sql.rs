//! The same statements for SQLite and MySQL; only the tables' definitions differ.

use dtm::{Barrier, Called, Fault, work};
use kit::Telemetry;
use kit::db::Pools;
use sqlx::{MySql, Sqlite};

use super::{DUPLICATE_ID, NewUser, Store, User};

const SQLITE_DDL: &str = "CREATE TABLE IF NOT EXISTS user (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  gender TEXT NOT NULL,
  gid TEXT NOT NULL DEFAULT '',
  branch_id TEXT NOT NULL DEFAULT '',
  create_time INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE INDEX IF NOT EXISTS user_gid ON user (gid, branch_id);";

const MYSQL_DDL: &str = "CREATE TABLE IF NOT EXISTS user (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  gender VARCHAR(16) NOT NULL,
  gid VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  branch_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  create_time DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  KEY user_gid (gid, branch_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

const GET: &str = "SELECT id, name, gender FROM user WHERE id = ?";
const OF_BRANCH: &str = "SELECT id, name, gender FROM user WHERE gid = ? AND branch_id = ?";
const LIST: &str = "SELECT id, name, gender FROM user WHERE id > ? ORDER BY id LIMIT ?";
const INSERT: &str = "INSERT INTO user (id, name, gender, gid, branch_id) VALUES (?, ?, ?, ?, ?)";
const DELETE: &str = "DELETE FROM user WHERE gid = ? AND branch_id = ?";

/// Users in one kind of database.
#[derive(Debug)]
pub(super) struct SqlStore<DB: sqlx::Database> {
    pools: Pools<DB>,
    telemetry: Telemetry,
}

pub(super) async fn sqlite(pools: Pools<Sqlite>, telemetry: Telemetry) -> Result<SqlStore<Sqlite>, sqlx::Error> {
    sqlx::raw_sql(SQLITE_DDL).execute(&pools.write).await?;
    dtm::barrier::migrate_sqlite(&pools.write).await?;
    Ok(SqlStore { pools, telemetry })
}

pub(super) async fn mysql(pools: Pools<MySql>, telemetry: Telemetry) -> Result<SqlStore<MySql>, sqlx::Error> {
    sqlx::raw_sql(MYSQL_DDL).execute(&pools.write).await?;
    dtm::barrier::migrate_mysql(&pools.write).await?;
    Ok(SqlStore { pools, telemetry })
}

fn user((id, name, gender): (i64, String, String)) -> User {
    User { id, name, gender }
}

/// A taken id is for good, every other fault may pass.
fn insert_fault(error: sqlx::Error) -> Fault {
    match &error {
        sqlx::Error::Database(e) if e.is_unique_violation() => Fault::refused(DUPLICATE_ID),
        _ => Fault::Database(error),
    }
}

// sqlx's generic bounds would be longer than the bodies.
macro_rules! store {
    ($db:ty) => {
        #[tonic::async_trait]
        impl Store for SqlStore<$db> {
            async fn get(&self, id: i64) -> Result<Option<User>, sqlx::Error> {
                let row = sqlx::query_as(GET).bind(id).fetch_optional(&self.pools.read);
                let row = self.telemetry.sql("query", GET, row).await?;
                Ok(row.map(user))
            }

            async fn list(&self, after: i64, limit: i64) -> Result<Vec<User>, sqlx::Error> {
                let rows = sqlx::query_as(LIST).bind(after).bind(limit).fetch_all(&self.pools.read);
                let rows = self.telemetry.sql("query", LIST, rows).await?;
                Ok(rows.into_iter().map(user).collect())
            }

            async fn of_branch(&self, barrier: &Barrier) -> Result<Option<User>, sqlx::Error> {
                let row = sqlx::query_as(OF_BRANCH)
                    .bind(barrier.gid())
                    .bind(barrier.branch_id())
                    .fetch_optional(&self.pools.read);
                let row = self.telemetry.sql("query", OF_BRANCH, row).await?;
                Ok(row.map(user))
            }

            async fn save(&self, barrier: &Barrier, user: NewUser<'_>) -> Result<Called<()>, Fault> {
                let telemetry = &self.telemetry;
                barrier
                    .call(&self.pools.write, |tx| {
                        work(async move {
                            let insert = sqlx::query(INSERT)
                                .bind(user.id)
                                .bind(user.name)
                                .bind(user.gender)
                                .bind(barrier.gid())
                                .bind(barrier.branch_id())
                                .execute(&mut *tx);
                            telemetry.sql("exec", INSERT, insert).await.map_err(insert_fault)?;
                            Ok(())
                        })
                    })
                    .await
            }

            async fn undo(&self, barrier: &Barrier) -> Result<Called<()>, Fault> {
                let telemetry = &self.telemetry;
                barrier
                    .call(&self.pools.write, |tx| {
                        work(async move {
                            let delete =
                                sqlx::query(DELETE).bind(barrier.gid()).bind(barrier.branch_id()).execute(&mut *tx);
                            telemetry.sql("exec", DELETE, delete).await?;
                            Ok(())
                        })
                    })
                    .await
            }
        }
    };
}

store!(Sqlite);
store!(MySql);
