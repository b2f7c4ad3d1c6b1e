//! The barrier and the coordinator on a real MariaDB.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{Act, Branches, Coordinator, conf, eventually, mariadb};
use dtm::coordinator::Conf;
use dtm::{Barrier, Called, Fault, Outcome, work};
use sqlx::{AssertSqlSafe, MySqlPool};

async fn act(pool: &MySqlPool, gid: &str, op: &str, fault: Option<Fault>, hold: Duration) -> Result<Called<()>, Fault> {
    let barrier = Barrier::new("saga", gid, "01", op).unwrap();
    let n = if op == "action" { 1 } else { -1 };
    let mut fault = Some(fault);
    barrier
        .call(pool, |tx| {
            let fault = fault.take().flatten();
            work(async move {
                sqlx::query("INSERT INTO work (gid, n) VALUES (?, ?)").bind(gid).bind(n).execute(tx).await?;
                tokio::time::sleep(hold).await;
                fault.map_or(Ok(()), Err)
            })
        })
        .await
}

async fn call(pool: &MySqlPool, gid: &str, op: &str) -> Result<Called<()>, Fault> {
    act(pool, gid, op, None, Duration::ZERO).await
}

async fn sum(pool: &MySqlPool, gid: &str) -> i64 {
    let sql = "SELECT CAST(coalesce(sum(n), 0) AS SIGNED) FROM work WHERE BINARY gid = ?";
    sqlx::query_scalar(sql).bind(gid).fetch_one(pool).await.unwrap()
}

async fn orders_and_repetitions(pool: &MySqlPool) {
    assert_eq!(call(pool, "empty", "compensate").await.unwrap(), Called::Skipped);
    assert_eq!(call(pool, "empty", "action").await.unwrap(), Called::Skipped, "a late action is barred");
    assert_eq!(sum(pool, "empty").await, 0);
    for (op, wanted) in [("action", 1), ("action", 1), ("compensate", 0), ("compensate", 0), ("action", 0)] {
        call(pool, "g", op).await.unwrap();
        assert_eq!(sum(pool, "g").await, wanted, "{op}");
    }
    let refused = act(pool, "r", "action", Some(Fault::refused("no")), Duration::ZERO).await;
    assert!(matches!(refused, Err(Fault::Refused { .. })));
    assert_eq!(sum(pool, "r").await, 0);
    assert!(call(pool, "r", "action").await.unwrap().is_done(), "a refusal leaves no row behind");
}

/// The holder of the row fails while others wait for it: InnoDB ends one of them with a deadlock, and it is tried again.
async fn waiters_survive_a_deadlock(pool: &MySqlPool) {
    for round in 0..5 {
        let gid = format!("dead{round}");
        let holder = act(pool, &gid, "action", Some(Fault::Ongoing), Duration::from_millis(150));
        let waiter = async || {
            tokio::time::sleep(Duration::from_millis(50)).await;
            call(pool, &gid, "action").await
        };
        let (held, one, two, three) = tokio::join!(holder, waiter(), waiter(), waiter());
        assert!(matches!(held, Err(Fault::Ongoing)));
        let done = [one, two, three].into_iter().filter(|called| called.as_ref().unwrap().is_done()).count();
        assert_eq!((done, sum(pool, &gid).await), (1, 1));
    }
}

async fn ids_that_differ_in_case_are_two(pool: &MySqlPool) {
    assert!(call(pool, "Case", "action").await.unwrap().is_done());
    assert!(call(pool, "case", "action").await.unwrap().is_done());
    // dtm's own table compares without regard to case: the second call must not pass for a repetition.
    let ddl = dtm::barrier::MYSQL_DDL
        .replace("utf8mb4_bin", "utf8mb4_general_ci")
        .replace("dtm_barrier.barrier", "dtm_barrier.loose");
    sqlx::raw_sql(AssertSqlSafe(ddl)).execute(pool).await.unwrap();
    let loose = async |gid: &str| {
        let barrier = Barrier::new("saga", gid, "01", "action").unwrap().with_table("dtm_barrier.loose");
        barrier.call(pool, |_tx| work(async { Ok(()) })).await
    };
    assert!(loose("One").await.unwrap().is_done());
    assert_eq!(loose("One").await.unwrap(), Called::Skipped);
    assert!(matches!(loose("one").await, Err(Fault::Collision(_))));
    assert!(matches!(loose("One ").await, Err(Fault::Collision(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_barrier_on_mariadb() {
    let Some(server) = mariadb::server().await else { return };
    let pool = server.pool(&server.database().await).await;
    dtm::barrier::migrate_mysql(&pool).await.unwrap();
    dtm::barrier::migrate_mysql(&pool).await.unwrap();
    sqlx::raw_sql("CREATE TABLE work (gid VARCHAR(128), n INT) ENGINE=InnoDB").execute(&pool).await.unwrap();
    orders_and_repetitions(&pool).await;
    Box::pin(waiters_survive_a_deadlock(&pool)).await;
    ids_that_differ_in_case_are_two(&pool).await;
    call(&pool, "old", "action").await.unwrap();
    sqlx::query("UPDATE dtm_barrier.barrier SET create_time = now() - INTERVAL 8 DAY WHERE gid = 'old'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(dtm::barrier::sweep(&pool, Duration::ZERO).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_on_mariadb() {
    let Some(server) = mariadb::server().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let mut conf: Conf = conf(folder.path());
    conf.store.driver = "mysql".into();
    conf.store.host = "127.0.0.1".into();
    conf.store.port = server.port;
    conf.store.db = server.database().await;
    conf.trans_cron_interval = 1;
    let (one, two) = (Coordinator::start_with(conf.clone()).await, Coordinator::start_with(conf.clone()).await);
    let client = one.client();

    assert_eq!(client.submit(&branches.saga("ok", &["a", "b"])).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects("ok").await, "a=1 b=1");
    branches.script("no", "action", [Act::Refuse]);
    let refused = client.submit(&branches.saga("no", &["a", "no"])).await.unwrap();
    assert!(matches!(&refused, Outcome::RolledBack { reason } if reason.contains("reason=no_room")), "{refused:?}");
    assert_eq!(branches.effects("no").await, "");
    // Either coordinator tells how it ended, and joins a repetition.
    assert_eq!(two.client().submit(&branches.saga("ok", &["a", "b"])).await.unwrap(), Outcome::Succeeded);
    assert_eq!(two.client().status("no").await.unwrap().unwrap().outcome(), refused);

    // A branch that is slower than a lease is called once, although another coordinator looks for what is due.
    branches.script("slow", "action", [Act::Slow(15_000)]);
    let slow = branches.saga("slow", &["slow"]).request_timeout(Duration::from_secs(20));
    assert_eq!(client.submit_within(&slow, Duration::from_secs(25)).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.calls().iter().filter(|call| *call == "slow/action").count(), 1);

    // What waits when its coordinator stops, the other one ends.
    for index in 0..10 {
        let gid = format!("left{index}");
        branches.script(&gid, "action", [Act::Fail]);
        client.submit(&branches.saga(&gid, &["a", &gid]).wait_result(false)).await.unwrap();
    }
    one.stop().await;
    for index in 0..10 {
        let gid = format!("left{index}");
        eventually(&gid, || async {
            two.client().status(&gid).await.unwrap().unwrap().outcome() == Outcome::Succeeded
        })
        .await;
        assert_eq!(branches.effects(&gid).await, format!("a=1 {gid}=1"));
    }
    two.stop().await;
}
