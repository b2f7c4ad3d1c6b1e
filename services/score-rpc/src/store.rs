//! Where points are kept.

use std::sync::Arc;

use dtm::{Barrier, Called, Fault};
use kit::Telemetry;
use kit::conf::DataSource;
use kit::db::Db;

mod sql;

/// The rows of points, whatever the database.
#[tonic::async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// The sum of a user's points; `None` if none were granted.
    async fn get(&self, user_id: i64) -> Result<Option<i64>, sqlx::Error>;
    /// Grants points within the barrier's transaction.
    async fn grant(&self, barrier: &Barrier, user_id: i64, points: i32) -> Result<Called<()>, Fault>;
    /// Takes back what [`Store::grant`] of the same branch granted.
    async fn undo(&self, barrier: &Barrier) -> Result<Called<()>, Fault>;
}

/// Opens the database and creates what is missing.
pub(crate) async fn open(source: &DataSource, telemetry: &Telemetry) -> Result<Arc<dyn Store>, kit::StartError> {
    Ok(match Db::open(source).await? {
        Db::Sqlite(pools) => Arc::new(sql::sqlite(pools, telemetry.clone()).await?),
        Db::Mysql(pools) => Arc::new(sql::mysql(pools, telemetry.clone()).await?),
    })
}
