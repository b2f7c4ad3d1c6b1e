//! The branches on a real MariaDB, beside the table that the tutorial made and filled.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

#[path = "../../dtm/tests/common/mariadb.rs"]
mod mariadb;

use kit::conf::from_yaml;
use kit::rpc::RpcListeners;
use kit::{CancellationToken, Telemetry};
use proto::userscore::UserScoreRequest;
use proto::userscore::user_score_client::UserScoreClient;
use sqlx::MySqlPool;
use tonic::Request;
use tonic::transport::Channel;

/// The tutorial's tables as this repository ships them.
const TABLES: &str = include_str!("../../deploy/tables.sql");

async fn start(source: &str) -> (UserScoreClient<Channel>, tokio_util::sync::DropGuard) {
    let yaml = format!("Name: score-rpc\nListenOn: 127.0.0.1:0\nDataSource: {source}\n");
    let conf = from_yaml::<score_rpc::ScoreRpcConf>("test", &yaml, None).unwrap().conf;
    let listeners = RpcListeners::bind(&conf.rpc).await.unwrap();
    let address = listeners.main.local_addr().unwrap();
    let telemetry = Telemetry::start(&conf.rpc.service, false).unwrap();
    let stop = CancellationToken::new();
    let closing = stop.clone();
    tokio::spawn(async move {
        score_rpc::serve(conf, &telemetry, listeners, closing).await.unwrap();
    });
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    (UserScoreClient::new(channel), stop.drop_guard())
}

fn branch(gid: &str, op: &str) -> Request<UserScoreRequest> {
    let mut request = Request::new(UserScoreRequest { user_id: 7, score: 0, invite_code: String::new() });
    for (name, value) in [("dtm-gid", gid), ("dtm-trans_type", "saga"), ("dtm-branch_id", "02"), ("dtm-op", op)] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    request
}

async fn rows(pool: &MySqlPool) -> Vec<(i64, i32)> {
    sqlx::query_as("SELECT user_id, score FROM user_score ORDER BY id").fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_granted_once_and_taken_back_for_real_beside_the_tutorials_rows() {
    let Some(server) = mariadb::server().await else { return };
    let database = server.database().await;
    let pool = server.pool(&database).await;
    sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
    // Points that a service of the tutorial granted, to the same user.
    sqlx::raw_sql("INSERT INTO user_score (user_id, score) VALUES (7, 10)").execute(&pool).await.unwrap();
    let source = format!("root:@tcp(127.0.0.1:{})/{database}", server.port);
    let (mut scores, stop) = start(&source).await;
    for _ in 0..2 {
        scores.save_user_score(branch("p1", "action")).await.unwrap();
        assert_eq!(rows(&pool).await, [(7, 10), (7, 10)], "once");
    }
    for _ in 0..2 {
        scores.save_user_score_callback(branch("p1", "compensate")).await.unwrap();
        assert_eq!(rows(&pool).await, [(7, 10)], "its own row alone is deleted");
    }
    scores.save_user_score_callback(branch("p2", "compensate")).await.unwrap();
    scores.save_user_score(branch("p2", "action")).await.unwrap();
    assert_eq!(rows(&pool).await, [(7, 10)], "late, after its rollback");
    drop(stop);
    let (mut scores, _stop) = start(&source).await;
    scores.save_user_score(branch("p3", "action")).await.unwrap();
    assert_eq!(rows(&pool).await, [(7, 10), (7, 10)], "a second start drops nothing");
}
