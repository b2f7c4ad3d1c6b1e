//! A branch's own database: its barrier and its work.

use std::path::Path;
use std::time::Duration;

use dtm::{Barrier, Called, Fault, work};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{MySqlPool, SqlitePool};

use super::mariadb;

const INSERT: &str = "INSERT INTO work (gid, step, n) VALUES (?, ?, ?)";
const EFFECTS: &str =
    "SELECT step, CAST(sum(n) AS SIGNED) FROM work WHERE gid = ? GROUP BY step HAVING sum(n) <> 0 ORDER BY step";

#[derive(Clone)]
pub enum Database {
    Sqlite(SqlitePool),
    MariaDb(MySqlPool),
}

impl Database {
    /// A file in a folder.
    pub async fn sqlite(folder: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("branch.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
        dtm::barrier::migrate_sqlite(&pool).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS work (gid TEXT, step TEXT, n INTEGER)").execute(&pool).await.unwrap();
        Self::Sqlite(pool)
    }

    /// A schema of a server.
    pub async fn mariadb(server: &mariadb::Server, schema: &str) -> Self {
        let pool = server.pool(schema).await;
        dtm::barrier::migrate_mysql(&pool).await.unwrap();
        let table =
            "CREATE TABLE IF NOT EXISTS work (gid VARCHAR(128), step VARCHAR(128), n INT, KEY (gid)) ENGINE=InnoDB";
        sqlx::raw_sql(table).execute(&pool).await.unwrap();
        Self::MariaDb(pool)
    }

    /// Adds one for an action, takes one away for a compensation, in the barrier.
    pub async fn work(&self, barrier: &Barrier, step: &str) -> Result<Called<()>, Fault> {
        let (gid, n) = (barrier.gid(), if barrier.op() == "action" { 1 } else { -1 });
        match self {
            Self::Sqlite(pool) => {
                barrier
                    .call(pool, |tx| {
                        work(async move {
                            sqlx::query(INSERT).bind(gid).bind(step).bind(n).execute(tx).await?;
                            Ok(())
                        })
                    })
                    .await
            }
            Self::MariaDb(pool) => {
                barrier
                    .call(pool, |tx| {
                        work(async move {
                            sqlx::query(INSERT).bind(gid).bind(step).bind(n).execute(tx).await?;
                            Ok(())
                        })
                    })
                    .await
            }
        }
    }

    /// Work done and not undone, of each step that has any, e.g. `a=1 b=1`.
    pub async fn effects(&self, gid: &str) -> String {
        let rows: Vec<(String, i64)> = match self {
            Self::Sqlite(pool) => sqlx::query_as(EFFECTS).bind(gid).fetch_all(pool).await,
            Self::MariaDb(pool) => sqlx::query_as(EFFECTS).bind(gid).fetch_all(pool).await,
        }
        .unwrap();
        rows.iter().map(|(step, n)| format!("{step}={n}")).collect::<Vec<_>>().join(" ")
    }
}
