//! Stores with many sagas, filled by SQL with copies of one that really ran.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::Bench;
use super::load::{Caller as _, HttpSubmitter};
use super::servers::{Server, Store};

/// What the copies are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Copies {
    /// Ended, over the last days.
    Ended,
    /// In the hands of a process that was killed.
    Orphaned,
    /// Waiting for their time, which is spread over this long from now.
    Waiting(Duration),
}

/// Runs one saga whose branches are at `action`, then copies it until there are `count` more. The SQLite file.
///
/// # Errors
/// The coordinator does not start, or the file cannot be written.
pub(crate) async fn fill(bench: &Bench, dir: &Path, action: &str, count: u32, copies: Copies) -> Result<PathBuf> {
    let file = dir.join("dtm.db");
    let server = Server::ours(&bench.coordinator, &Store::Sqlite(file.clone()))?;
    let wait = matches!(copies, Copies::Ended);
    HttpSubmitter::connect(server.http, action, wait).await?.call().await?;
    match copies {
        Copies::Orphaned => server.kill()?,
        Copies::Ended | Copies::Waiting(_) => server.stop()?,
    }
    // Ids and gids of the copies go on from the one that ran; gids of new sagas sort behind them, as time has it.
    let (next_at, owner, created) = match copies {
        Copies::Ended => ("next_at".to_owned(), "owner", format!("create_time - ({count} - i) * 300")),
        Copies::Orphaned => ("next_at".to_owned(), "owner", "create_time".to_owned()),
        Copies::Waiting(spread) => {
            (format!("unixepoch() * 1000 + i * {} / {count}", spread.as_millis()), "owner", "create_time".to_owned())
        }
    };
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let trans = format!(
        "{numbers} INSERT INTO trans (id, gid, status, reason, steps, create_time, update_time, finish_time, next_at, owner)
         SELECT id + i, printf('0%021d', i), status, reason, steps, {created}, update_time, finish_time, {next_at}, {owner}
         FROM n CROSS JOIN (SELECT * FROM trans ORDER BY id LIMIT 1)"
    );
    let plans = format!(
        "{numbers} INSERT INTO trans_plan (id, plan, payloads)
         SELECT id + i, plan, payloads FROM n CROSS JOIN (SELECT * FROM trans_plan ORDER BY id LIMIT 1)"
    );
    let mut store = open(&file).await?;
    let mut tx = store.begin().await?;
    let made = sqlx::query(AssertSqlSafe(trans)).execute(&mut *tx).await?.rows_affected();
    ensure!(made == u64::from(count), "{made} copies");
    sqlx::query(AssertSqlSafe(plans)).execute(&mut *tx).await?;
    tx.commit().await?;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut store).await?;
    store.close().await?;
    Ok(file)
}

async fn open(file: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).synchronous(SqliteSynchronous::Off);
    Ok(options.disable_statement_logging().connect().await?)
}
