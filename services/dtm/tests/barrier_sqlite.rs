//! The barrier on SQLite: every order and repetition of calls has the effect of one orderly life.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::str::FromStr;

use dtm::{Barrier, Called, Fault, work};
use proptest::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{SqliteConnection, SqlitePool};

async fn database(folder: &tempfile::TempDir) -> SqlitePool {
    let url = format!("sqlite://{}", folder.path().join("t.db").display());
    let options = SqliteConnectOptions::from_str(&url)
        .unwrap()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(std::time::Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    dtm::barrier::migrate_sqlite(&pool).await.unwrap();
    dtm::barrier::migrate_sqlite(&pool).await.unwrap();
    sqlx::raw_sql("CREATE TABLE work (gid TEXT, n INTEGER)").execute(&pool).await.unwrap();
    pool
}

async fn add(tx: &mut SqliteConnection, gid: &str, n: i64) -> Result<(), Fault> {
    sqlx::query("INSERT INTO work (gid, n) VALUES (?, ?)").bind(gid).bind(n).execute(tx).await?;
    Ok(())
}

async fn sum(pool: &SqlitePool, gid: &str) -> i64 {
    sqlx::query_scalar("SELECT coalesce(sum(n), 0) FROM work WHERE gid = ?").bind(gid).fetch_one(pool).await.unwrap()
}

async fn call(pool: &SqlitePool, gid: &str, op: &str) -> Called<()> {
    let barrier = Barrier::new("saga", gid, "01", op).unwrap();
    let n = if op == "action" { 1 } else { -1 };
    barrier.call(pool, |tx| work(add(tx, gid, n))).await.unwrap()
}

fn assert_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_call_it_from_a_future_that_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    let handler = assert_send(async move {
        let name = String::from("g");
        let name = name.as_str();
        let barrier = Barrier::new("saga", name, "01", "action").unwrap();
        barrier
            .call(&pool, |tx| {
                work(async move {
                    add(&mut *tx, name, 1).await?;
                    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM work").fetch_one(&mut *tx).await?;
                    Ok(n)
                })
            })
            .await
    });
    assert_eq!(tokio::spawn(handler).await.unwrap().unwrap(), Called::Done(1));
}

#[tokio::test]
async fn an_error_of_the_work_leaves_nothing_behind_and_its_compensation_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    let barrier = Barrier::new("saga", "g", "01", "action").unwrap();
    let refused = barrier
        .call(&pool, |tx| {
            work(async move {
                add(tx, "g", 1).await?;
                Err::<(), _>(Fault::refused("no"))
            })
        })
        .await;
    assert!(matches!(refused, Err(Fault::Refused { code }) if code == "no"));
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM dtm_barrier").fetch_one(&pool).await.unwrap();
    assert_eq!((rows, sum(&pool, "g").await), (0, 0));
    assert_eq!(call(&pool, "g", "compensate").await, Called::Skipped);
    assert_eq!(call(&pool, "g", "action").await, Called::Skipped, "a late action is barred");
    assert_eq!(sum(&pool, "g").await, 0);
}

#[tokio::test]
async fn the_calls_of_one_request_are_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    for op in ["action", "action", "compensate", "compensate"] {
        let barrier = Barrier::new("saga", "g", "01", op).unwrap();
        let n = if op == "action" { 1 } else { -1 };
        for _ in 0..2 {
            barrier.call(&pool, |tx| work(add(tx, "g", n))).await.unwrap();
        }
        assert_eq!(sum(&pool, "g").await, if op == "action" { 2 } else { 0 });
    }
}

#[tokio::test]
async fn it_joins_a_transaction_of_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    for (commit, wanted) in [(false, 0), (true, 1)] {
        let barrier = Barrier::new("saga", "g", "01", "action").unwrap();
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let called = barrier.call_in::<sqlx::Sqlite, _, _>(&mut tx, |tx| work(add(tx, "g", 1))).await.unwrap();
        assert!(called.is_done());
        if commit {
            tx.commit().await.unwrap();
        } else {
            tx.rollback().await.unwrap();
        }
        assert_eq!(sum(&pool, "g").await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_calls_at_once_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { call(&pool, "g", "action").await })
        })
        .collect();
    let mut done = 0;
    for call in calls {
        done += usize::from(call.await.unwrap().is_done());
    }
    assert_eq!((done, sum(&pool, "g").await), (1, 1));
}

#[tokio::test]
async fn young_rows_survive_the_sweep_whatever_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database(&folder).await;
    call(&pool, "young", "action").await;
    call(&pool, "old", "action").await;
    sqlx::query("UPDATE dtm_barrier SET create_time = unixepoch() - 8 * 86400 WHERE gid = 'old'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(dtm::barrier::sweep(&pool, std::time::Duration::ZERO).await.unwrap(), 1);
    assert_eq!(call(&pool, "young", "action").await, Called::Skipped);
}

#[test]
fn improper_branch_data_is_refused() {
    let long = "g".repeat(129);
    for (trans_type, gid, branch, op) in [
        ("", "g", "01", "action"),
        ("saga", "", "01", "action"),
        ("saga", "g", "", "action"),
        ("saga", "g", "01", ""),
        ("saga", &long, "01", "action"),
    ] {
        let error = Barrier::new(trans_type, gid, branch, op).unwrap_err();
        assert!(error.to_string().starts_with("invalid trans info: "), "{error}");
        assert_eq!(tonic::Status::from(error).code(), tonic::Code::InvalidArgument);
    }
    let barrier = Barrier::from_query("gid=a%2Fb+c&trans_type=saga&branch_id=01&op=action").unwrap();
    assert_eq!((barrier.gid(), barrier.branch_id(), barrier.op()), ("a/b c", "01", "action"));
    assert!(Barrier::from_metadata(&tonic::metadata::MetadataMap::new()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever order, repetition and failure: the sum is 1 if an action worked and no compensation did, else 0, and never anything else.
    #[test]
    fn effects_are_those_of_an_orderly_life(calls in prop::collection::vec((any::<bool>(), any::<bool>()), 1..12)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let pool = database(&folder).await;
            let (mut done, mut undone, mut barred) = (false, false, false);
            for (forward, fails) in calls {
                let op = if forward { "action" } else { "compensate" };
                let barrier = Barrier::new("saga", "g", "01", op).unwrap();
                let n = if forward { 1 } else { -1 };
                let result = barrier.call(&pool, |tx| work(async move {
                    add(tx, "g", n).await?;
                    if fails { Err(Fault::Ongoing) } else { Ok(()) }
                })).await;
                let runs = if forward { !done && !barred } else { done && !undone };
                match result {
                    Ok(called) => assert_eq!(called.is_done(), runs && !fails),
                    Err(_) => assert!(runs && fails),
                }
                if forward { done |= runs && !fails } else { undone |= runs && !fails; barred |= !done }
                assert_eq!(sum(&pool, "g").await, i64::from(done && !undone));
            }
        });
    }
}
