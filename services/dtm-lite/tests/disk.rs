//! The disk under the coordinator's store is full, and has room again.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and tells what it did")]

#[path = "../../dtm/tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Act, Branches, eventually, mariadb, within};
use dtm::pb::DtmRequest;
use dtm::{ClientError, DtmClient, Outcome, Saga};
use prost::Message as _;

/// Of a file of the store, in KiB.
const LIMIT_KIB: u32 = 512;

/// A dtm-lite whose files may not grow beyond the limit. The signal that would end it is ignored, so that a write fails as on a full disk.
async fn start(folder: &Path) -> (Child, DtmClient) {
    let (grpc, http) = (mariadb::free_port(), mariadb::free_port());
    let yaml = format!(
        "GrpcPort: {grpc}\nHttpPort: {http}\nRetryInterval: 1\nMaxRetryInterval: 2\nStore:\n  Path: {}\nLog:\n  Level: severe\n",
        folder.join("dtm.db").display()
    );
    let file = folder.join("dtm.yml");
    std::fs::write(&file, yaml).unwrap();
    let child = Command::new("bash")
        .args(["-c", r#"trap "" XFSZ; ulimit -S -f "$1"; exec "$2" -f "$3""#, "bash"])
        .arg(LIMIT_KIB.to_string())
        .arg(env!("CARGO_BIN_EXE_dtm-lite"))
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let client = DtmClient::new(&format!("127.0.0.1:{grpc}"), Some(&format!("http://127.0.0.1:{http}"))).unwrap();
    eventually("it answers", || async { client.new_gid().await.is_ok() }).await;
    (child, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_is_new_keeps_what_is_there_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let branches = Branches::start(folder.path()).await;
    let (mut child, client) = start(folder.path()).await;
    // These are on their way when the disk fills: their results cannot be written down at first.
    let mut accepted: Vec<String> = (0..10).map(|index| format!("early{index}")).collect();
    branches.script("slow", "action", vec![Act::Slow(2500); 10]);
    for gid in &accepted {
        let saga = branches.saga(gid, &["a", "slow", "b"]).wait_result(false).request_timeout(Duration::from_secs(20));
        assert!(matches!(client.submit(&saga).await.unwrap(), Outcome::Pending { .. }));
    }
    let mut refused = Vec::new();
    for index in 0..200 {
        let gid = format!("late{index}");
        let saga = large(&branches, &gid);
        match client.submit(&saga).await {
            Ok(Outcome::Succeeded) => accepted.push(gid),
            Ok(Outcome::Pending { .. }) if client.status(&gid).await.unwrap().is_some() => accepted.push(gid),
            Ok(Outcome::Pending { .. }) | Err(ClientError::Rejected { .. }) => refused.push(gid),
            other => panic!("{gid}: {other:?}"),
        }
        if refused.len() == 5 {
            break;
        }
    }
    assert_eq!(refused.len(), 5, "the disk is never full");
    assert!(child.try_wait().unwrap().is_none(), "it died of a full disk");
    for gid in &refused {
        assert_eq!(client.status(gid).await.unwrap(), None, "{gid} is half-stored");
        assert_eq!(branches.effects(gid).await, "", "{gid}: a branch was called though nothing was stored");
    }
    let waiting = unfinished(&client, &accepted).await;
    let id = child.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &id]).status().unwrap().success());
    within(Duration::from_secs(30), "what was accepted ends", || async { unfinished(&client, &accepted).await == 0 })
        .await;
    for gid in &accepted {
        let wanted = if gid.starts_with("early") { "a=1 b=1 slow=1" } else { "c=1 d=1" };
        assert_eq!(branches.effects(gid).await, wanted, "{gid}");
    }
    assert_eq!(client.submit(&branches.saga("after", &["a"])).await.unwrap(), Outcome::Succeeded);
    eprintln!(
        "store full at {LIMIT_KIB} KiB a file: {} sagas accepted, {waiting} of them unfinished while it was full and whole afterwards; {} refused, nothing of them stored or called",
        accepted.len(),
        refused.len()
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A saga that takes some 40 KiB.
fn large(branches: &Branches, gid: &str) -> Saga {
    ["c", "d"].into_iter().fold(Saga::new(gid).wait_result(true), |saga, step| {
        let payload = DtmRequest { gid: step.into(), query_prepared: "x".repeat(20 << 10), ..Default::default() };
        saga.step(branches.action(), branches.compensate(), payload.encode_to_vec())
    })
}

async fn unfinished(client: &DtmClient, gids: &[String]) -> usize {
    let mut count = 0;
    for gid in gids {
        let status = client.status(gid).await.unwrap().unwrap().status;
        count += usize::from(!status.is_final());
    }
    count
}
