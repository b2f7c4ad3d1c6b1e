use std::time::Duration;

use sqlx::Pool;

use super::Dialect;

/// Rows younger than this are never deleted: a repetition of a call whose row is gone would be taken for the first.
pub const MIN_KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

const CHUNK: u32 = 1000;

/// Deletes barrier rows older than `keep`, or than [`MIN_KEEP`] if that is longer, a thousand at a time. The number deleted.
///
/// `keep` must exceed the longest life of a transaction, time for repairs by hand included.
///
/// # Errors
/// A fault of the database; what was deleted before it stays deleted.
pub async fn sweep<DB: Dialect>(pool: &Pool<DB>, keep: Duration) -> Result<u64, sqlx::Error> {
    let seconds = i64::try_from(keep.max(MIN_KEEP).as_secs()).unwrap_or(i64::MAX / 2);
    let mut deleted = 0;
    loop {
        let chunk = DB::delete_older(pool, DB::TABLE, seconds, CHUNK).await?;
        deleted += chunk;
        if chunk < u64::from(CHUNK) {
            return Ok(deleted);
        }
        tokio::task::yield_now().await;
    }
}
