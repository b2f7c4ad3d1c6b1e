//! The coordinator is killed at every durable step of a saga, stopped and continued beside another one, and nothing is lost or doubled.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and tells what it did")]

#[path = "../../dtm/tests/common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Act, Branches, eventually, mariadb};
use dtm::{DtmClient, Outcome, Status};

/// A dtm-lite with fail points, in a folder of its own so that other builds do not replace it.
fn with_fail_points(folder: &Path) -> PathBuf {
    let build = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "-p",
            "dtm-lite",
            "--features",
            "fail-points",
            "--message-format",
            "json",
        ])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(build.status.success());
    let messages = String::from_utf8(build.stdout).unwrap();
    let path = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(str::to_owned))
        .find(|path| path.ends_with("dtm-lite"))
        .unwrap();
    let copy = folder.join("dtm-lite");
    std::fs::copy(path, &copy).unwrap();
    copy
}

struct Process {
    child: Child,
    client: DtmClient,
}

impl Process {
    /// Starts one and waits until it answers.
    async fn start(program: &Path, folder: &Path, store: &str, fail_point: &str) -> Self {
        let (grpc, http) = (mariadb::free_port(), mariadb::free_port());
        let yaml = format!(
            "GrpcPort: {grpc}\nHttpPort: {http}\nRetryInterval: 1\nMaxRetryInterval: 2\nTransCronInterval: 1\nRequestTimeout: 2\nStore:\n{store}\nLog:\n  Level: error\n{fail_point}\n"
        );
        let file = folder.join(format!("{grpc}.yml"));
        std::fs::write(&file, yaml).unwrap();
        let child =
            Command::new(program).arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let client = DtmClient::new(&format!("127.0.0.1:{grpc}"), Some(&format!("http://127.0.0.1:{http}"))).unwrap();
        let process = Self { child, client };
        eventually("it answers", || async { process.client.new_gid().await.is_ok() }).await;
        process
    }

    /// Whether it has ended, by itself, within the time.
    async fn ends(&mut self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a saga of two steps can be cut off; a refusal adds the compensations.
const PLACES: [(&str, usize, usize); 6] = [
    ("before-insert", 1, 1),
    ("after-insert", 1, 1),
    ("before-call", 2, 4),
    ("after-call", 2, 4),
    ("before-save", 2, 4),
    ("after-save", 2, 4),
];

/// Kills at one passing of one place, and checks what the next start makes of it.
async fn kill_at(
    program: &Path,
    folder: &Path,
    branches: &Branches,
    place: &str,
    step: usize,
    refused: bool,
    round: usize,
) {
    let gid = format!("{place}-{refused}-{step}-{round}");
    let store = format!("  Path: {}/{gid}.db", folder.display());
    let (a, b) = (format!("a-{gid}"), format!("b-{gid}"));
    branches.script(&b, "action", if refused { vec![Act::Refuse; 2] } else { Vec::new() });
    let mut dying = Process::start(program, folder, &store, &format!("FailPoint: {place}:{step}")).await;
    // The answer is lost, or says that nothing was stored.
    let answer = dying.client.submit_within(&branches.saga(&gid, &[&a, &b]), Duration::from_secs(2)).await;
    assert!(dying.ends(Duration::from_secs(5)).await, "{gid}: it was not killed; {answer:?}");
    drop(dying);
    let next = Process::start(program, folder, &store, "").await;
    let stored = next.client.status(&gid).await.unwrap().is_some();
    assert_eq!(stored, place != "before-insert", "{gid}");
    if !stored {
        assert_eq!(branches.effects(&gid).await, "", "{gid}: a branch was called before the saga was stored");
        return;
    }
    eventually(&gid, || async { next.client.status(&gid).await.unwrap().unwrap().status.is_final() }).await;
    let status = next.client.status(&gid).await.unwrap().unwrap().status;
    // A refusal that was not written down is asked for again and may come out otherwise; both ends are whole.
    let wanted = if status == Status::Succeed { format!("{a}=1 {b}=1") } else { String::new() };
    assert_eq!(branches.effects(&gid).await, wanted, "{gid}");
    assert!(refused || status == Status::Succeed, "{gid}: rolled back without a reason");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_durable_step_a_saga_ends_whole() {
    let folder = tempfile::tempdir().unwrap();
    let program = with_fail_points(folder.path());
    let branches = Branches::start(folder.path()).await;
    let mut kills = 0;
    for (place, forward, back) in PLACES {
        for (refused, steps) in [(false, forward), (true, back)] {
            for step in 1..=steps {
                // Three at once, which only saves time.
                let kill = |round| kill_at(&program, folder.path(), &branches, place, step, refused, round);
                tokio::join!(kill(1), kill(2), kill(3));
                kills += 3;
            }
        }
        eprintln!("killed at {place}: every saga whole, {kills} kills so far");
    }
    assert_eq!(kills, 3 * 28);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_coordinators_on_one_database_one_is_killed_and_one_stopped_and_continued() {
    let Some(server) = mariadb::server().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_dtm-lite"));
    let branches = Branches::start(folder.path()).await;
    let store =
        format!("  Driver: mysql\n  Host: 127.0.0.1\n  Port: {}\n  Db: {}", server.port, server.database().await);
    let survivor = Process::start(program, folder.path(), &store, "").await;
    for (round, signal) in ["-KILL", "-STOP"].into_iter().enumerate() {
        let victim = Process::start(program, folder.path(), &store, "").await;
        let gids: Vec<String> = (0..20).map(|index| format!("g{round}-{index}")).collect();
        for gid in &gids {
            branches.script("s", "action", vec![Act::Slow(300); 20]);
            let outcome = victim.client.submit(&branches.saga(gid, &["a", "s", "b"]).wait_result(false)).await.unwrap();
            assert!(matches!(outcome, Outcome::Pending { .. }));
        }
        victim.signal(signal);
        let deadline = Instant::now() + Duration::from_secs(40);
        for gid in &gids {
            while survivor.client.status(gid).await.unwrap().unwrap().status != Status::Succeed {
                assert!(Instant::now() < deadline, "{gid} after {signal}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        if signal == "-STOP" {
            // It comes back with what it had in its hands, and may change nothing of it.
            victim.signal("-CONT");
            eventually("it answers again", || async { victim.client.new_gid().await.is_ok() }).await;
        }
        for gid in &gids {
            assert_eq!(survivor.client.status(gid).await.unwrap().unwrap().status, Status::Succeed);
            assert_eq!(branches.effects(gid).await, "a=1 b=1 s=1", "{gid}");
        }
        eprintln!("{} sagas whole after {signal}", gids.len());
    }
}
