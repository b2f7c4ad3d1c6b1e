//! What stands in the services' databases, read beside them.

use std::path::Path;

use anyhow::{Result, ensure};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

/// Users and points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The ids of the users, sorted.
    pub users: Vec<i64>,
    /// The user and the points of each row of points, sorted.
    pub scores: Vec<(i64, i64)>,
}

impl Rows {
    /// Reads the SQLite files of a system's folder.
    ///
    /// # Errors
    /// A file or table is not there.
    pub fn read(dir: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut users = open(&dir.join("data/user.db")).await?;
            let mut scores = open(&dir.join("data/score.db")).await?;
            let rows = Self {
                users: sqlx::query("SELECT id FROM user ORDER BY id")
                    .fetch_all(&mut users)
                    .await?
                    .iter()
                    .map(|row| row.get(0))
                    .collect(),
                scores: sqlx::query("SELECT user_id, score FROM user_score ORDER BY user_id")
                    .fetch_all(&mut scores)
                    .await?
                    .iter()
                    .map(|row| (row.get(0), row.get(1)))
                    .collect(),
            };
            users.close().await?;
            scores.close().await?;
            Ok(rows)
        })
    }

    /// Every user has points exactly once, and nobody else has any.
    ///
    /// # Errors
    /// Both lists, where they differ.
    pub fn check(&self) -> Result<()> {
        let owners: Vec<_> = self.scores.iter().map(|(user, _)| *user).collect();
        ensure!(owners == self.users, "users {:?}, points of {owners:?}", self.users);
        Ok(())
    }
}

async fn open(file: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnectOptions::new().filename(file).connect().await?)
}
