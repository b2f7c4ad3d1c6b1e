//! The tutorial's call sequence: the coordinator, ours or a real dtm, and the branches are found through a real etcd.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../discovery/tests/common/mod.rs"]
mod etcd;

use common::real_dtm::{self, RealDtm};
use common::{Act, Branches, Coordinator, conf, eventually, mariadb, payload};
use discovery::{Registration, Target};
use dtm::saga::branch_url;
use dtm::{DtmClient, Outcome, Saga};
use etcd::Etcd;

/// The driver that understands go-zero's targets.
const DRIVER: &str = "dtm-driver-gozero";
const KEY: &str = "dtmservice";

async fn register(etcd: &Etcd, branches: &Branches) -> Registration {
    let Target::Etcd(key) = etcd.target("user.rpc").parse().unwrap() else { panic!("no etcd target") };
    discovery::register(&key, None, &branches.address.to_string()).await.unwrap()
}

async fn is_registered(etcd: &Etcd, address: &str) {
    eventually("the coordinator is registered", async || {
        etcd.ctl(&["get", "--prefix", &format!("{KEY}/")]).is_some_and(|text| text.contains(address))
    })
    .await;
}

/// A gid from the coordinator; two steps, the second without a compensation; WaitResult; kept, and refused with Aborted. Without a query over
/// HTTP, as the tutorial's client.
async fn the_tutorials_sequence(etcd: &Etcd, branches: &Branches) {
    let client = DtmClient::new(&etcd.target(KEY), None).unwrap();
    // Both spellings of a target.
    for target in [etcd.target("user.rpc"), format!("etcd:///127.0.0.1:{}?key=user.rpc", etcd.port)] {
        let action = branch_url(&target, "dtmgimp.Dtm/Prepare").unwrap();
        let undo = branch_url(&target, "/dtmgimp.Dtm/Abort").unwrap();
        let saga = |gid: &str| {
            Saga::new(gid).step(&action, &undo, payload("a")).step(&action, "", payload("b")).wait_result(true)
        };
        let gid = client.new_gid().await.unwrap();
        assert_eq!(client.submit(&saga(&gid)).await.unwrap(), Outcome::Succeeded);
        assert_eq!(branches.effects(&gid).await, "a=1 b=1");
        let gid = client.new_gid().await.unwrap();
        branches.script("b", "action", [Act::Refuse]);
        let refused = client.submit(&saga(&gid)).await.unwrap();
        assert!(
            matches!(&refused, Outcome::RolledBack { reason } if dtm::reply::reason_code(reason) == Some("no_room")),
            "{refused:?}"
        );
        assert_eq!(branches.effects(&gid).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_whose_every_party_is_found_through_etcd() {
    let Some(etcd) = Etcd::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let mut conf = conf(folder.path());
    let grpc = tokio::net::TcpListener::bind(("127.0.0.1", mariadb::free_port())).await.unwrap();
    conf.micro_service.driver = DRIVER.into();
    conf.micro_service.target = etcd.target(KEY);
    conf.micro_service.end_point = grpc.local_addr().unwrap().to_string();
    let coordinator = Coordinator::start_on(conf, grpc).await;
    let entry = register(&etcd, &branches).await;
    is_registered(&etcd, &coordinator.grpc.to_string()).await;
    the_tutorials_sequence(&etcd, &branches).await;
    entry.leave().await;
    coordinator.stop().await;
    assert_eq!(etcd.ctl(&["get", "--prefix", "dtmservice/"]).unwrap(), "", "who stops leaves no entry behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_through_an_etcd_with_accounts() {
    let Some(etcd) = Etcd::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    for arguments in [&["user", "add", "root:s3cret"][..], &["user", "grant-role", "root", "root"], &["auth", "enable"]]
    {
        etcd.ctl(arguments).unwrap();
    }
    let of = |key: &str| format!("{}?user=root&password=s3cret", etcd.target(key));
    let mut conf = conf(folder.path());
    let grpc = tokio::net::TcpListener::bind(("127.0.0.1", mariadb::free_port())).await.unwrap();
    conf.micro_service.target = of(KEY);
    conf.micro_service.end_point = grpc.local_addr().unwrap().to_string();
    let coordinator = Coordinator::start_on(conf, grpc).await;
    let Target::Etcd(key) = of("user.rpc").parse().unwrap() else { panic!("no etcd target") };
    let entry = discovery::register(&key, None, &branches.address.to_string()).await.unwrap();
    let client = DtmClient::new(&of(KEY), Some(&format!("http://{}", coordinator.http))).unwrap();
    let action = branch_url(&of("user.rpc"), "dtmgimp.Dtm/Prepare").unwrap();
    let undo = branch_url(&of("user.rpc"), "dtmgimp.Dtm/Abort").unwrap();
    let saga = |gid: &str| {
        Saga::new(gid).step(&action, &undo, payload("a")).step(&action, &undo, payload("b")).wait_result(true)
    };
    eventually("the coordinator is registered", async || client.new_gid().await.is_ok()).await;
    assert_eq!(client.submit(&saga("kept")).await.unwrap(), Outcome::Succeeded);
    assert_eq!(branches.effects("kept").await, "a=1 b=1");
    branches.script("b", "action", [Act::Refuse]);
    let undone = client.submit(&saga("undone")).await.unwrap();
    assert!(matches!(&undone, Outcome::RolledBack { reason } if !reason.contains("s3cret")), "{undone:?}");
    assert_eq!(branches.effects("undone").await, "");
    let undone = client.status("undone").await.unwrap().unwrap();
    assert!(undone.branches.iter().all(|branch| ["Prepare", "Abort"].contains(&branch.method().as_str())));
    let asked = format!("{undone:?}");
    assert!(asked.contains("password=***") && !asked.contains("s3cret"), "{asked}");
    entry.leave().await;
    coordinator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_a_real_dtm_that_registered_itself() {
    let Some(program) = real_dtm::program("the tutorial's calls through etcd") else { return };
    let Some(etcd) = Etcd::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let _entry = register(&etcd, &branches).await;
    let settings = [
        ("MICRO_SERVICE_DRIVER", DRIVER.to_owned()),
        ("MICRO_SERVICE_TARGET", etcd.target(KEY)),
        ("MICRO_SERVICE_END_POINT", "127.0.0.1:{grpc}".to_owned()),
    ];
    let real = RealDtm::start(&program, folder.path(), &settings).await;
    is_registered(&etcd, &format!("127.0.0.1:{}", real.grpc)).await;
    the_tutorials_sequence(&etcd, &branches).await;
}
