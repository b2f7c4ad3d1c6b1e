//! Where users are kept.

use std::sync::Arc;

use dtm::{Barrier, Called, Fault};
use kit::Telemetry;
use kit::conf::DataSource;
use kit::db::Db;

mod sql;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) gender: String,
}

/// A user that is to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewUser<'a> {
    /// `None` lets the database choose.
    pub(crate) id: Option<i64>,
    pub(crate) name: &'a str,
    pub(crate) gender: &'a str,
}

/// The id of a new user is another user's: the caller takes a new one.
pub(crate) const DUPLICATE_ID: &str = "duplicate_id";

/// The rows of users, whatever the database.
#[tonic::async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// The user with this id.
    async fn get(&self, id: i64) -> Result<Option<User>, sqlx::Error>;
    /// Users with a greater id than `after`, in their order.
    async fn list(&self, after: i64, limit: i64) -> Result<Vec<User>, sqlx::Error>;
    /// The user that this branch stored.
    async fn of_branch(&self, barrier: &Barrier) -> Result<Option<User>, sqlx::Error>;
    /// Stores a user within the barrier's transaction.
    async fn save(&self, barrier: &Barrier, user: NewUser<'_>) -> Result<Called<()>, Fault>;
    /// Removes what [`Store::save`] of the same branch stored.
    async fn undo(&self, barrier: &Barrier) -> Result<Called<()>, Fault>;
}

/// Opens the database and creates what is missing.
pub(crate) async fn open(source: &DataSource, telemetry: &Telemetry) -> Result<Arc<dyn Store>, kit::StartError> {
    Ok(match Db::open(source).await? {
        Db::Sqlite(pools) => Arc::new(sql::sqlite(pools, telemetry.clone()).await?),
        Db::Mysql(pools) => Arc::new(sql::mysql(pools, telemetry.clone()).await?),
    })
}
