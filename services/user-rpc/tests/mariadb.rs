//! The branches on a real MariaDB, beside the tables that the tutorial made.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;
#[path = "../../dtm/tests/common/mariadb.rs"]
mod mariadb;

use common::start_on;
use proto::user::UserResponse;
use tonic::Code;

/// The tutorial's tables as this repository ships them.
const TABLES: &str = include_str!("../../deploy/tables.sql");

#[tokio::test(flavor = "multi_thread")]
async fn a_late_action_does_nothing_a_compensation_deletes_and_a_start_keeps_what_is_there() {
    let Some(server) = mariadb::server().await else { return };
    let database = server.database().await;
    let pool = server.pool(&database).await;
    sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
    let source = format!("root:@tcp(127.0.0.1:{})/{database}", server.port);

    let service = start_on(&source, None).await;
    let first = service.save("m1", "7").await.unwrap();
    assert_eq!((first.id.as_str(), first.name.as_str()), ("7", "Ada"));
    assert_eq!(service.save("m1", "7").await.unwrap(), first, "a repetition is answered alike");
    service.save("m2", "8").await.unwrap();
    let taken = service.save("m3", "7").await.unwrap_err();
    assert_eq!((taken.code(), taken.message()), (Code::Aborted, "reason=duplicate_id"));
    for _ in 0..2 {
        service.undo("m1", "7").await.unwrap();
        assert_eq!(service.ids().await, ["8"], "deleted for real, and only its own row");
    }
    service.undo("m4", "9").await.unwrap();
    assert_eq!(service.save("m4", "9").await.unwrap(), UserResponse::default(), "late, after its rollback");
    assert_eq!(service.ids().await, ["8"]);
    let reasons: Vec<(String, String)> =
        sqlx::query_as("SELECT op, reason FROM dtm_barrier.barrier WHERE gid = 'm4' ORDER BY op")
            .fetch_all(&pool)
            .await
            .unwrap();
    let row = |op: &str| (op.to_owned(), "compensate".to_owned());
    assert_eq!(reasons, [row("action"), row("compensate")]);
    drop(service);

    // The second start finds every table and drops none.
    let again = start_on(&source, None).await;
    assert_eq!(again.ids().await, ["8"]);
    assert_eq!(again.save("m4", "9").await.unwrap(), UserResponse::default(), "barred also after a restart");
}
