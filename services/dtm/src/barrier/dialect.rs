use std::future::Future;

use sqlx::{Database, Pool, Transaction};

use super::Fault;

/// A row of the barrier table.
#[derive(Clone, Copy, Debug)]
pub struct BarrierRow<'a> {
    /// `saga`, ...
    pub trans_type: &'a str,
    /// The transaction.
    pub gid: &'a str,
    /// The branch.
    pub branch_id: &'a str,
    /// The operation that the row stands for.
    pub op: &'a str,
    /// The number of the barrier call within its request, `01` for the first.
    pub barrier_id: &'a str,
    /// The operation that wrote the row.
    pub reason: &'a str,
}

/// What the barrier needs of a kind of database.
pub trait Dialect: Database {
    /// The barrier table's usual name.
    const TABLE: &'static str;

    /// Begins a transaction that is going to write.
    fn begin(pool: &Pool<Self>) -> impl Future<Output = Result<Transaction<'static, Self>, sqlx::Error>> + Send;

    /// Inserts a row; `Ok(false)` if exactly this row was there, and then the transaction must still be usable.
    fn insert(
        connection: &mut Self::Connection,
        table: &str,
        row: &BarrierRow<'_>,
    ) -> impl Future<Output = Result<bool, Fault>> + Send;

    /// Deletes at most `limit` rows older than `seconds`; the number deleted.
    fn delete_older(
        pool: &Pool<Self>,
        table: &str,
        seconds: i64,
        limit: u32,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Whether the same transaction may succeed when tried again at once.
    fn is_transient(error: &sqlx::Error) -> bool;
}
