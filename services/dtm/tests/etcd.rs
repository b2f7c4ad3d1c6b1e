//! The tutorial's call sequence: the coordinator and the branches are found through a real etcd.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../discovery/tests/common/mod.rs"]
mod etcd;

use common::{Act, Branches, Coordinator, conf, eventually, mariadb, payload};
use discovery::Target;
use dtm::saga::branch_url;
use dtm::{DtmClient, Outcome, Saga};
use etcd::Etcd;

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_whose_every_party_is_found_through_etcd() {
    let Some(etcd) = Etcd::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let mut conf = conf(folder.path());
    let grpc = tokio::net::TcpListener::bind(("127.0.0.1", mariadb::free_port())).await.unwrap();
    conf.micro_service.driver = "dtm-driver-gozero".into();
    conf.micro_service.target = etcd.target("dtmservice");
    conf.micro_service.end_point = grpc.local_addr().unwrap().to_string();
    let coordinator = Coordinator::start_on(conf, grpc).await;
    let Target::Etcd(key) = etcd.target("user.rpc").parse().unwrap() else { panic!("no etcd target") };
    let entry = discovery::register(&key, &branches.address.to_string()).await.unwrap();
    eventually("the coordinator is registered", async || {
        etcd.ctl(&["get", "--prefix", "dtmservice/"]).is_some_and(|text| text.contains("127.0.0.1"))
    })
    .await;

    let client = DtmClient::new(&etcd.target("dtmservice"), None).unwrap();
    // Both spellings of a target, with the empty compensation of the tutorial.
    for target in [etcd.target("user.rpc"), format!("etcd:///127.0.0.1:{}?key=user.rpc", etcd.port)] {
        let gid = client.new_gid().await.unwrap();
        let action = branch_url(&target, "dtmgimp.Dtm/Prepare").unwrap();
        let undo = branch_url(&target, "/dtmgimp.Dtm/Abort").unwrap();
        let saga = Saga::new(&gid).step(&action, &undo, payload("a")).step(&action, "", payload("b")).wait_result(true);
        assert_eq!(client.submit(&saga).await.unwrap(), Outcome::Succeeded);
        assert_eq!(branches.effects(&gid).await, "a=1 b=1");
        let gid = client.new_gid().await.unwrap();
        branches.script("b", "action", [Act::Refuse]);
        let saga = Saga::new(&gid).step(&action, &undo, payload("a")).step(&action, "", payload("b")).wait_result(true);
        assert!(matches!(client.submit(&saga).await.unwrap(), Outcome::RolledBack { .. }));
        assert_eq!(branches.effects(&gid).await, "");
    }
    entry.leave().await;
    coordinator.stop().await;
    assert_eq!(etcd.ctl(&["get", "--prefix", "dtmservice/"]).unwrap(), "", "who stops leaves no entry behind");
}
