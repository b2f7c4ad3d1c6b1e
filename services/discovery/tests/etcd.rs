//! Registering and resolving through a real etcd.
#![allow(clippy::unwrap_used, reason = "test support")]

mod common;

use std::time::{Duration, Instant};

use common::{Etcd, spawn};
use discovery::{Channel, Target, connect, connect_to, register, unique_id};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// A service that answers only health checks of its own name.
async fn service(name: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(name, tonic_health::ServingStatus::Serving).await;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(tonic::transport::Server::builder().add_service(health).serve_with_incoming(incoming));
    address
}

async fn knows(channel: &Channel, name: &str) -> bool {
    let request = HealthCheckRequest { service: name.to_owned() };
    let mut client = HealthClient::new(channel.clone());
    tokio::time::timeout(Duration::from_secs(2), client.check(request)).await.is_ok_and(|answer| answer.is_ok())
}

async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_follows_what_is_registered_even_when_etcd_goes_and_comes_back() {
    let Some(mut etcd) = Etcd::start().await else { return };
    let Target::Etcd(target) = etcd.target("user.rpc").parse().unwrap() else { panic!("no etcd target") };
    let missing = connect_to(&Target::Etcd(target.clone())).await.unwrap_err().to_string();
    assert!(missing.contains("user.rpc") && missing.contains("127.0.0.1"), "{missing}");

    let one = register(&target, None, &service("one").await).await.unwrap();
    let entry = etcd.ctl(&["get", "--prefix", "user.rpc/", "--keys-only"]).unwrap();
    assert_eq!(entry.trim(), format!("user.rpc/{}", one.lease_id().unwrap()), "go-zero's key");
    let channel = connect(&format!("etcd:///127.0.0.1:{}?key=user.rpc", etcd.port)).await.unwrap();
    assert!(knows(&channel, "one").await);

    // A second instance is used as well; when the first leaves, only it is.
    let two = register(&target, None, &service("two").await).await.unwrap();
    eventually("the second is used", async || knows(&channel, "two").await).await;
    one.leave().await;
    assert_eq!(
        etcd.ctl(&["get", "--prefix", "user.rpc/", "--keys-only"]).unwrap().trim(),
        format!("user.rpc/{}", two.lease_id().unwrap())
    );
    eventually("only the second is used", async || {
        let mut all = true;
        for _ in 0..8 {
            all &= knows(&channel, "two").await;
        }
        all
    })
    .await;

    // An entry that somebody deleted comes back.
    etcd.ctl(&["del", "--prefix", "user.rpc/"]).unwrap();
    eventually("the entry is back", async || {
        etcd.ctl(&["get", "--prefix", "user.rpc/"]).unwrap().contains("127.0.0.1")
    })
    .await;
    eventually("it is used", async || knows(&channel, "two").await).await;

    // Without etcd the last known address stays; a new and empty etcd gets the entry again, and what registers there is found.
    etcd.kill();
    for _ in 0..10 {
        assert!(knows(&channel, "two").await, "the last known address stays");
    }
    std::fs::remove_dir_all(etcd.folder.path().join("data")).unwrap();
    etcd.server = spawn(etcd.folder.path(), etcd.port);
    assert!(etcd.answers().await);
    eventually("the entry is in the new etcd", async || {
        etcd.ctl(&["get", "--prefix", "user.rpc/"]).is_some_and(|text| text.contains("127.0.0.1"))
    })
    .await;
    let _three = register(&target, None, &service("three").await).await.unwrap();
    eventually("the third is used", async || knows(&channel, "three").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_an_id_are_used_and_a_wrong_password_is_told_without_it() {
    let Some(etcd) = Etcd::start().await else { return };
    for arguments in [&["user", "add", "root:s3cret"][..], &["user", "grant-role", "root", "root"], &["auth", "enable"]]
    {
        etcd.ctl(arguments).unwrap();
    }
    let of = |password: &str| match format!("{}?user=root&password={password}", etcd.target("user.rpc")).parse() {
        Ok(Target::Etcd(target)) => target,
        other => panic!("{other:?}"),
    };
    let refused = register(&of("wr0ng"), None, "127.0.0.1:1").await.unwrap_err().to_string();
    assert!(refused.contains("authentication failed") && !refused.contains("wr0ng"), "{refused}");

    let address = service("one").await;
    let entry = register(&of("s3cret"), Some(77), &address).await.unwrap();
    let text = etcd.ctl(&["--user=root:s3cret", "get", "--prefix", "user.rpc/"]).unwrap();
    assert_eq!(text, format!("user.rpc/77\n{address}\n"), "go-zero's key with an ID");
    let channel = connect_to(&Target::Etcd(of("s3cret"))).await.unwrap();
    assert!(knows(&channel, "one").await);
    let (one, two) = (unique_id(&of("s3cret")).await.unwrap(), unique_id(&of("s3cret")).await.unwrap());
    assert_ne!(one, two);
    entry.leave().await;
    assert_eq!(etcd.ctl(&["--user=root:s3cret", "get", "--prefix", "user.rpc/"]).unwrap(), "");
}

#[tokio::test]
async fn an_etcd_that_is_not_there_is_named() {
    let error = connect("etcd://127.0.0.1:1/user.rpc").await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1"), "{error}");
}
