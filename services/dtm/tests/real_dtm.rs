//! Our client and branches with a real dtm server, and a saga in flight that moves from our coordinator to it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::real_dtm::{RealDtm, on_mariadb, program};
use common::{Act, Branches, Coordinator, conf, eventually, mariadb};
use dtm::{ClientError, DtmClient, Outcome, Saga};

#[tokio::test(flavor = "multi_thread")]
async fn our_client_and_barrier_with_a_real_dtm() {
    let Some(program) = program("our client and barrier") else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let dtm = RealDtm::start(&program, folder.path(), &[]).await;
    let client = dtm.client();
    let blind = DtmClient::new(&format!("127.0.0.1:{}", dtm.grpc), None).unwrap();

    let gid = client.new_gid().await.unwrap();
    let saga = branches.saga(&gid, &["a", "b"]).traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(client.submit(&saga).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects(&gid).await, "a=1 b=1");
    assert!(branches.headers.lock().unwrap().iter().all(|map| map.contains_key("traceparent")));
    assert_eq!(client.submit(&saga).await.unwrap(), Outcome::Succeeded, "sent again after its end");
    let found = client.status(&gid).await.unwrap().unwrap();
    assert_eq!((found.outcome(), found.branches.len()), (Outcome::Succeeded, 4));

    for (client, gid) in [(&client, "refused"), (&blind, "refused-blind")] {
        branches.script("no", "action", [Act::Refuse]);
        let outcome = client.submit(&branches.saga(gid, &["a", "no"])).await.unwrap();
        assert!(
            matches!(&outcome, Outcome::RolledBack { reason } if dtm::reply::reason_code(reason) == Some("no_room")),
            "{outcome:?}"
        );
        assert_eq!(branches.effects(gid).await, "");
    }
    for (asked, gid) in [(&client, "later"), (&blind, "later-blind")] {
        branches.script("slow", "action", [Act::Ongoing]);
        let saga = branches.saga(gid, &["a", "slow"]).retry_interval(Duration::from_secs(1));
        assert_eq!(
            asked.submit(&saga).await.unwrap(),
            Outcome::Pending { gid: gid.into() },
            "unfinished is not rolled back"
        );
        eventually(gid, || async { client.status(gid).await.unwrap().unwrap().outcome() == Outcome::Succeeded }).await;
        assert_eq!(branches.effects(gid).await, "a=1 slow=1");
    }
    // An empty compensation, and what dtm takes for no saga.
    branches.script("no", "action", [Act::Refuse]);
    let half = Saga::new("half").step(branches.action(), "", common::payload("a")).step(
        branches.action(),
        "",
        common::payload("no"),
    );
    assert!(matches!(client.submit(&half.wait_result(true)).await.unwrap(), Outcome::RolledBack { .. }));
    assert_eq!(branches.effects("half").await, "a=1");
    let wrong = Saga::new("wrong").step("", "", []).branch_header("a", "b").order(0, [5]);
    assert!(!matches!(client.submit(&wrong.wait_result(true)).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_in_flight_moves_from_our_coordinator_to_a_real_dtm() {
    let Some(program) = program("a saga in flight moves") else { return };
    let Some(server) = mariadb::server().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let mut conf = conf(folder.path());
    conf.store.driver = "mysql".into();
    conf.store.host = "127.0.0.1".into();
    conf.store.port = server.port;
    // dtm looks for its tables in the database that it connects to.
    conf.store.db = "dtm".into();
    let ours = Coordinator::start_with(conf).await;
    branches.script("b", "action", [Act::Fail]);
    branches.script("no", "action", [Act::Fail, Act::Refuse]);
    for (gid, steps) in [("forward", ["a", "b"]), ("back", ["a", "no"])] {
        let saga = branches.saga(gid, &steps).wait_result(false);
        ours.client().submit(&saga).await.unwrap();
        eventually("the second step was called", || async {
            branches.calls().contains(&format!("{}/action", steps[1]))
        })
        .await;
    }
    ours.stop().await;
    let real = RealDtm::start(&program, folder.path(), &on_mariadb(server, "dtm")).await;
    let client = real.client();
    eventually("forward", || async {
        client.status("forward").await.unwrap().unwrap().outcome() == Outcome::Succeeded
    })
    .await;
    eventually("back", || async {
        matches!(client.status("back").await.unwrap().unwrap().outcome(), Outcome::RolledBack { .. })
    })
    .await;
    assert_eq!((branches.effects("forward").await.as_str(), branches.effects("back").await.as_str()), ("a=1 b=1", ""));
}
