//! Client, coordinator and branches over loopback: how sagas end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{Act, Branches, Coordinator, conf, eventually, payload};
use dtm::{ClientError, Outcome, Saga, Status, gid};

async fn world() -> (tempfile::TempDir, Coordinator, Branches) {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start(folder.path()).await;
    let branches = Branches::start(folder.path()).await;
    (folder, coordinator, branches)
}

fn statuses(transaction: &dtm::Transaction) -> String {
    transaction
        .branches
        .iter()
        .map(|branch| format!("{}/{}:{}", branch.branch_id, branch.op, branch.status))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_whose_steps_succeed_is_kept() {
    let (_folder, coordinator, branches) = world().await;
    let client = coordinator.client();
    let gid = client.new_gid().await.unwrap();
    let saga = branches
        .saga(&gid, &["a", "b"])
        .branch_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(client.submit(&saga).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects(&gid).await, "a=1 b=1");
    let transaction = client.status(&gid).await.unwrap().unwrap();
    assert_eq!(transaction.status, Status::Succeed);
    assert_eq!(
        statuses(&transaction),
        "01/compensate:prepared 01/action:succeed 02/compensate:prepared 02/action:succeed"
    );
    assert_eq!(transaction.steps[0].payload, payload("a"));
    assert!(!transaction.create_time.is_empty());
    let headers = branches.headers.lock().unwrap().clone();
    for map in &headers {
        assert_eq!(map.get("traceparent").unwrap(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(map.get("dtm-trans_type").unwrap(), "saga");
        assert!(map.get("grpc-timeout").is_some());
    }
    assert_eq!(client.status("unknown").await.unwrap(), None);
    coordinator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_undoes_what_was_done_in_reverse() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("b", "action", [Act::Refuse]);
    let client = coordinator.client();
    let Outcome::RolledBack { reason } = client.submit(&branches.saga("g", &["a", "b", "c"])).await.unwrap() else {
        panic!("not rolled back")
    };
    assert_eq!(dtm::reply::reason_code(&reason), Some("no_room"));
    assert_eq!(branches.calls(), ["a/action", "b/action", "b/compensate", "a/compensate"]);
    assert_eq!(branches.effects("g").await, "");
    let transaction = client.status("g").await.unwrap().unwrap();
    assert_eq!(
        statuses(&transaction),
        "01/compensate:succeed 01/action:succeed 02/compensate:succeed 02/action:failed 03/compensate:prepared 03/action:prepared"
    );
    assert_eq!(transaction.outcome(), Outcome::RolledBack { reason });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_a_fault_and_a_delay_are_repeated_and_work_once() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("a", "action", [Act::Lose]);
    branches.script("b", "action", [Act::Fail]);
    branches.script("c", "action", [Act::Ongoing]);
    let client = coordinator.client();
    assert_eq!(client.submit(&branches.saga("g", &["a", "b", "c"])).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects("g").await, "a=1 b=1 c=1");
    assert_eq!(branches.calls().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_decided_in_time_is_pending_and_ends_later() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("b", "action", [Act::Fail; 2]);
    for client in [coordinator.client(), coordinator.client_without_http()] {
        let gid = gid::new();
        branches.script("b", "action", [Act::Fail]);
        let outcome =
            client.submit_within(&branches.saga(&gid, &["a", "b"]), Duration::from_millis(300)).await.unwrap();
        assert_eq!(outcome, Outcome::Pending { gid: gid.clone() });
        let client = coordinator.client();
        eventually("the saga succeeds", || async {
            client.status(&gid).await.unwrap().unwrap().outcome() == Outcome::Succeeded
        })
        .await;
        assert_eq!(branches.effects(&gid).await, "a=1 b=1");
    }
    assert!(matches!(coordinator.client_without_http().status("g").await, Err(ClientError::NoHttp)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_saga_again_joins_or_tells_the_end_and_another_is_refused() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("a", "action", [Act::Slow(300)]);
    let client = coordinator.client();
    let saga = branches.saga("g", &["a", "b"]);
    let (one, two, three) = tokio::join!(client.submit(&saga), client.submit(&saga), client.submit(&saga));
    for outcome in [one, two, three, client.submit(&saga).await] {
        assert_eq!(outcome.unwrap(), Outcome::Succeeded);
    }
    assert_eq!(branches.calls().len(), 2);
    let other = client.submit(&branches.saga("g", &["a", "x"])).await;
    assert!(matches!(other, Err(ClientError::Rejected { code: tonic::Code::AlreadyExists, .. })), "{other:?}");
    branches.script("r", "action", [Act::Refuse]);
    for _ in 0..2 {
        let outcome = client.submit(&branches.saga("h", &["r"])).await.unwrap();
        assert!(matches!(&outcome, Outcome::RolledBack { reason } if reason.contains("reason=no_room")), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_rolls_back_what_may_have_happened() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("b", "action", [Act::Lose, Act::Lose, Act::Lose, Act::Lose]);
    let saga = branches.saga("g", &["a", "b"]).timeout_to_fail(Duration::from_secs(2));
    let outcome = coordinator.client().submit(&saga).await.unwrap();
    assert_eq!(outcome, Outcome::RolledBack { reason: "Timeout after 2 seconds".into() });
    assert_eq!(branches.effects("g").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_limit_counts_failures_but_not_delays() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("a", "action", [Act::Ongoing, Act::Fail, Act::Fail]);
    let outcome = coordinator.client().submit(&branches.saga("g", &["a"]).retry_limit(1)).await.unwrap();
    assert_eq!(outcome, Outcome::RolledBack { reason: "RetryCount is greater than RetryLimit, RetryLimit: 1".into() });
    assert_eq!(branches.calls(), ["a/action", "a/action", "a/action", "a/compensate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_steps_keep_their_order_and_are_undone_after_all_have_ended() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("slow", "action", [Act::Slow(500)]);
    branches.script("no", "action", [Act::Refuse]);
    let saga = branches.saga("g", &["slow", "no", "never"]).order(2, [0, 1]);
    assert!(matches!(coordinator.client().submit(&saga).await.unwrap(), Outcome::RolledBack { .. }));
    let mut calls = branches.calls();
    calls[..2].sort();
    calls[2..].sort();
    assert_eq!(calls, ["no/action", "slow/action", "no/compensate", "slow/compensate"]);
    assert_eq!(branches.effects("g").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_branch_is_called_once() {
    let (_folder, coordinator, branches) = world().await;
    branches.script("a", "action", [Act::Slow(2500)]);
    let saga = branches.saga("g", &["a"]).request_timeout(Duration::from_secs(5));
    assert_eq!(coordinator.client().submit(&saga).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.calls(), ["a/action"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_called_by_address_by_name_and_over_several_addresses() {
    let (_folder, coordinator, branches) = world().await;
    let port = branches.address.port();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let targets = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("dns:///localhost:{port}"),
        // One that is not there costs nothing.
        format!("direct:///{gone},127.0.0.1:{port}"),
    ];
    let saga = |gid: &str| {
        targets.iter().zip(["a", "b", "c", "d"]).fold(Saga::new(gid).wait_result(true), |saga, (target, step)| {
            let [action, undo] = ["Prepare", "Abort"].map(|name| format!("{target}/dtmgimp.Dtm/{name}"));
            saga.step(action, undo, payload(step))
        })
    };
    let client = coordinator.client();
    assert_eq!(client.submit(&saga("targets")).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects("targets").await, "a=1 b=1 c=1 d=1");
    branches.script("d", "action", [Act::Refuse]);
    assert!(matches!(client.submit(&saga("targets-refused")).await.unwrap(), Outcome::RolledBack { .. }));
    assert_eq!(branches.effects("targets-refused").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_urls_need_no_call() {
    let (_folder, coordinator, branches) = world().await;
    let client = coordinator.client();
    let saga = Saga::new("g").step("", "", []).step("", "", []).wait_result(true);
    assert_eq!(client.submit(&saga).await.unwrap(), Outcome::Succeeded);
    branches.script("b", "action", [Act::Refuse]);
    let saga = Saga::new("h")
        .step(branches.action(), "", payload("a"))
        .step(branches.action(), branches.compensate(), payload("b"))
        .wait_result(true);
    assert!(matches!(client.submit(&saga).await.unwrap(), Outcome::RolledBack { .. }));
    assert_eq!(branches.effects("h").await, "a=1", "a step without a compensation stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_coordinator_leaves_unfinished_its_successor_ends() {
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let coordinator = Coordinator::start(folder.path()).await;
    branches.script("b", "action", [Act::Fail]);
    for index in 0..20 {
        let saga = branches.saga(&format!("g{index}"), &["a", "b"]).wait_result(false);
        assert!(matches!(coordinator.client().submit(&saga).await.unwrap(), Outcome::Pending { .. }));
    }
    coordinator.stop().await;
    let coordinator = Coordinator::start(folder.path()).await;
    let client = coordinator.client();
    for index in 0..20 {
        let gid = format!("g{index}");
        eventually(&gid, || async { client.status(&gid).await.unwrap().unwrap().outcome() == Outcome::Succeeded })
            .await;
        assert_eq!(branches.effects(&gid).await, "a=1 b=1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_coordinator_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Coordinator::start(folder.path()).await;
    let client = _first.client();
    client.new_gid().await.unwrap();
    let bind = || tokio::net::TcpListener::bind("127.0.0.1:0");
    let error = dtm::coordinator::serve(conf(folder.path()), bind().await.unwrap(), bind().await.unwrap(), async {})
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another coordinator has it open"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_is_not_there_is_an_error_and_not_pending() {
    let client = dtm::DtmClient::new("127.0.0.1:1", Some("http://127.0.0.1:1")).unwrap();
    let saga = Saga::new("g").step("", "", []);
    assert!(matches!(client.submit(&saga).await, Err(ClientError::Unreachable(_))));
    assert!(matches!(client.new_gid().await, Err(ClientError::Unreachable(_))));
    assert!(matches!(client.status("g").await, Err(ClientError::Unreachable(_))));
    assert!(matches!(client.submit(&Saga::new("")).await, Err(ClientError::BadSaga(_))));
    assert!(matches!(dtm::DtmClient::new("nowhere", None), Err(ClientError::Address(_))));
    assert!(matches!(dtm::DtmClient::new("a:1", Some("ftp://x")), Err(ClientError::Address(_))));
}
