//! The same statements for SQLite and MySQL; only the tables' definitions differ.
//!
//! `user_score` is the tutorial's table and stays as it is. Which row a branch wrote stands in a table beside it, so that a compensation
//! takes back exactly that row.

use dtm::{Barrier, Called, Fault, work};
use kit::Telemetry;
use kit::db::Pools;
use sqlx::mysql::MySqlQueryResult;
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{MySql, Sqlite};

use super::Store;

const SQLITE_DDL: &str = "CREATE TABLE IF NOT EXISTS user_score (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL,
  score INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS user_score_user_id ON user_score (user_id);
CREATE TABLE IF NOT EXISTS user_score_grant (
  gid TEXT NOT NULL,
  branch_id TEXT NOT NULL,
  score_id INTEGER NOT NULL,
  PRIMARY KEY (gid, branch_id)
) WITHOUT ROWID;";

const MYSQL_DDL: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS user_score (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  score INT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE IF NOT EXISTS user_score_grant (
  gid VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  branch_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  score_id BIGINT NOT NULL,
  PRIMARY KEY (gid, branch_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
];

// SIGNED: MySQL's sums are decimals, and both databases know the word.
const GET: &str = "SELECT CAST(SUM(score) AS SIGNED) FROM user_score WHERE user_id = ?";
const INSERT: &str = "INSERT INTO user_score (user_id, score) VALUES (?, ?)";
const REMEMBER: &str = "INSERT INTO user_score_grant (gid, branch_id, score_id) VALUES (?, ?, ?)";
const DELETE: &str = "DELETE FROM user_score WHERE id = \
     (SELECT score_id FROM user_score_grant WHERE gid = ? AND branch_id = ?)";
const FORGET: &str = "DELETE FROM user_score_grant WHERE gid = ? AND branch_id = ?";

/// Points in one kind of database.
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
    for ddl in MYSQL_DDL {
        sqlx::raw_sql(ddl).execute(&pools.write).await?;
    }
    dtm::barrier::migrate_mysql(&pools.write).await?;
    Ok(SqlStore { pools, telemetry })
}

/// The id that a database chose for a new row.
trait NewId {
    fn new_id(&self) -> i64;
}

impl NewId for SqliteQueryResult {
    fn new_id(&self) -> i64 {
        self.last_insert_rowid()
    }
}

impl NewId for MySqlQueryResult {
    fn new_id(&self) -> i64 {
        self.last_insert_id() as i64
    }
}

// sqlx's generic bounds would be longer than the bodies.
macro_rules! store {
    ($db:ty) => {
        #[tonic::async_trait]
        impl Store for SqlStore<$db> {
            async fn get(&self, user_id: i64) -> Result<Option<i64>, sqlx::Error> {
                let sum = sqlx::query_scalar(GET).bind(user_id).fetch_one(&self.pools.read);
                self.telemetry.sql("query", GET, sum).await
            }

            async fn grant(&self, barrier: &Barrier, user_id: i64, points: i32) -> Result<Called<()>, Fault> {
                let telemetry = &self.telemetry;
                barrier
                    .call(&self.pools.write, |tx| {
                        work(async move {
                            let insert = sqlx::query(INSERT).bind(user_id).bind(points).execute(&mut *tx);
                            let row = telemetry.sql("exec", INSERT, insert).await?;
                            let remember = sqlx::query(REMEMBER)
                                .bind(barrier.gid())
                                .bind(barrier.branch_id())
                                .bind(row.new_id())
                                .execute(&mut *tx);
                            telemetry.sql("exec", REMEMBER, remember).await?;
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
                            for statement in [DELETE, FORGET] {
                                let delete = sqlx::query(statement)
                                    .bind(barrier.gid())
                                    .bind(barrier.branch_id())
                                    .execute(&mut *tx);
                                telemetry.sql("exec", statement, delete).await?;
                            }
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
