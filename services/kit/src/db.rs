//! Connecting to the database that a `DataSource` names.

use std::path::Path;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, MySql, Pool, Sqlite};

use crate::conf::DataSource;

/// How long a statement waits for SQLite's write lock, and a caller for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// The pause between attempts to reach a database that is down at the start.
const RETRY: Duration = Duration::from_secs(1);
const READERS: u32 = 4;
const MYSQL_CONNECTIONS: u32 = 16;

/// A database that cannot be opened; one line.
#[derive(Debug, thiserror::Error)]
#[error("DataSource {shown}: {reason}")]
pub struct DbError {
    shown: String,
    reason: String,
}

/// Connections for one service.
#[derive(Debug)]
pub struct Pools<DB: sqlx::Database> {
    /// For everything that writes. SQLite has one writer at a time, and a queue for it is fairer than its lock.
    pub write: Pool<DB>,
    /// For everything else.
    pub read: Pool<DB>,
}

/// An open database of either kind.
#[derive(Debug)]
pub enum Db {
    /// A SQLite file.
    Sqlite(Pools<Sqlite>),
    /// A MySQL or MariaDB server.
    Mysql(Pools<MySql>),
}

impl Db {
    /// Opens the database. A SQLite file and its directory are made; a server that is down is tried again each second, for ever, with one
    /// error line a time.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn open(source: &DataSource) -> Result<Self, DbError> {
        match source {
            DataSource::Sqlite { path } => sqlite(path).await.map(Self::Sqlite),
            DataSource::Mysql { host, port, user, password, database } => {
                let options = MySqlConnectOptions::new()
                    .host(host)
                    .port(*port)
                    .username(user)
                    .database(database)
                    .charset("utf8mb4")
                    .disable_statement_logging();
                // An empty password that is sent is a wrong one for an account without any.
                let options = if password.is_empty() { options } else { options.password(password) };
                Ok(Self::Mysql(mysql(options, host).await))
            }
        }
    }
}

async fn sqlite(path: &Path) -> Result<Pools<Sqlite>, DbError> {
    let failed = |reason: String| DbError { shown: path.display().to_string(), reason };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|e| failed(e.to_string()))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A branch that was reported as done must be on disk.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(WAIT)
        // Statements are logged by the services themselves, with their ids.
        .disable_statement_logging();
    let open = |connections| {
        SqlitePoolOptions::new().max_connections(connections).acquire_timeout(WAIT).connect_with(options.clone())
    };
    let open_all = async { Ok::<_, sqlx::Error>((open(1).await?, open(READERS).await?)) };
    let (write, read) = open_all.await.map_err(|e| failed(e.to_string()))?;
    Ok(Pools { write, read })
}

async fn mysql(options: MySqlConnectOptions, host: &str) -> Pools<MySql> {
    loop {
        let opened = MySqlPoolOptions::new()
            .max_connections(MYSQL_CONNECTIONS)
            .acquire_timeout(WAIT)
            .connect_with(options.clone())
            .await;
        match opened {
            Ok(pool) => {
                return Pools { write: pool.clone(), read: pool };
            }
            Err(e) => logx::error!("Error on getting sql instance of {host}: {e}"),
        }
        tokio::time::sleep(RETRY).await;
    }
}
