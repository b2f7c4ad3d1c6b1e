//! Thousands of registrations while replies are lost, calls time out, and the coordinator and a branch are killed every second: at the end
//! every user has its points exactly once or neither exists, and no saga is stuck.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::build::Features;
use tests::http;
use tests::program::eventually;
use tests::relay::{Faults, Relay};
use tests::rows::Rows;
use tests::system::{Edit, Shape, System};

/// Callers at once.
const CALLERS: usize = 32;
/// Between two kills.
const BETWEEN: Duration = Duration::from_secs(1);
/// How long one registration may take to be decided, and the last saga to end.
const LIMIT: Duration = Duration::from_secs(120);
/// A call times out after a second, and is repeated a second later.
const PACE: &[Edit<'_>] = &[(
    "Host: 127.0.0.1\nHttpPort",
    "Host: 127.0.0.1\nRequestTimeout: 1\nRetryInterval: 1\nMaxRetryInterval: 2\nHttpPort",
)];
const LATE_BY: Duration = Duration::from_millis(1300);

fn size() -> usize {
    if std::env::var("SCENARIO_SIZE").is_ok_and(|size| size == "full") { 10_000 } else { 1_000 }
}

/// What the callers were told.
#[derive(Default)]
struct Told {
    next: AtomicUsize,
    registered: AtomicUsize,
    refused: AtomicUsize,
    /// Answers after which the caller asked again: not decided, or none at all.
    again: AtomicUsize,
}

/// Registers one after the other, every tenth with a code that is refused, and asks again with the same key until each is decided.
fn call(port: u16, count: usize, told: &Told) {
    loop {
        let i = told.next.fetch_add(1, Ordering::Relaxed);
        if i >= count {
            return;
        }
        let refused = i % 10 == 9;
        let mut body = json!({"name": format!("user {i}"), "gender": "female"});
        if refused {
            body["inviteCode"] = "NOBODY".into();
        }
        let key = format!("soak-{i}");
        let status = eventually(&format!("registration {i} is decided"), LIMIT, || {
            match http::post_json(port, "/register", &body, &[("Idempotency-Key", &key)]) {
                Ok(reply) if [200, 409].contains(&reply.status) => Some(reply.status),
                // 202: not decided. 5xx: the coordinator or a service is just not there.
                Ok(reply) => {
                    assert!(reply.status == 202 || reply.status >= 500, "{i}: {reply:?}");
                    told.again.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Err(_) => {
                    told.again.fetch_add(1, Ordering::Relaxed);
                    None
                }
            }
        })
        .unwrap();
        assert_eq!(status, if refused { 409 } else { 200 }, "registration {i}");
        let count = if refused { &told.refused } else { &told.registered };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kills the coordinator and a branch, in turn, every second until the callers have ended; how many of each.
fn kill_until(system: &mut System, ended: &mpsc::Receiver<()>) -> (usize, usize) {
    let mut kills = 0;
    while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
        let branch = if kills % 2 == 0 { "user-rpc" } else { "score-rpc" };
        for name in ["dtm-lite", branch] {
            system.take(name).unwrap().kill().unwrap();
            system.start_one(name, PACE).unwrap();
        }
        kills += 1;
    }
    (kills, kills)
}

fn pending(port: u16) -> Option<u64> {
    let metrics = http::get(port, "/api/metrics").ok()?.body;
    metrics.lines().find_map(|line| line.strip_prefix("dtm_transaction_pending ")?.parse().ok())
}

#[test]
fn every_user_has_points_exactly_once_or_neither_exists_whatever_dies() {
    let (count, told) = (size(), Told::default());
    let mut system = System::start_edited(Shape::Split, Features::Default, PACE).unwrap();
    let ports = system.ports;
    let faults = Faults::new(5, 5, LATE_BY);
    let (users, scores) = (Relay::start(ports.user, &faults).unwrap(), Relay::start(ports.score, &faults).unwrap());
    // user-api names the branches, so it alone has to know the relays.
    let at = |port: u16| format!("127.0.0.1:{port}");
    let before = [(at(ports.user), at(users.port)), (at(ports.score), at(scores.port))];
    let edits: Vec<Edit<'_>> = before.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    system.take("user-api").unwrap().stop(LIMIT).unwrap();
    system.start_one("user-api", &edits).unwrap();
    system.wait_ready().unwrap();

    let begin = Instant::now();
    let (ended, all_ended) = mpsc::channel();
    let (coordinators, branches) = thread::scope(|scope| {
        for _ in 0..CALLERS {
            let (told, ended) = (&told, ended.clone());
            scope.spawn(move || {
                call(ports.api, count, told);
                drop(ended);
            });
        }
        drop(ended);
        kill_until(&mut system, &all_ended)
    });
    eventually("no saga is stuck", LIMIT, || (pending(ports.dtm_http)? == 0).then_some(())).unwrap();

    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap();
    let of = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let figures = format!(
        "{count} sagas in {:.0} s: {} registered, {} refused; {} users, {} with points once, 0 pending\n\
         {} branch calls, {} replies lost, {} timed out, {coordinators} kills of the coordinator, {branches} of a branch, {} repeated requests\n",
        begin.elapsed().as_secs_f64(),
        of(&told.registered),
        of(&told.refused),
        rows.users.len(),
        rows.scores.iter().filter(|(_, points)| *points == 10).count(),
        of(&faults.calls),
        of(&faults.lost),
        of(&faults.late),
        of(&told.again),
    );
    // Shown with --nocapture.
    std::io::stderr().write_all(figures.as_bytes()).unwrap();
    assert_eq!((of(&told.registered), of(&told.refused)), (count - count / 10, count / 10));
    assert_eq!(rows.users.len(), count - count / 10, "{figures}");
    assert!(rows.scores.iter().all(|(_, points)| *points == 10), "{figures}");
    // The faults that the test is about did happen: each to about a twentieth.
    assert!(of(&faults.lost) >= count / 40 && of(&faults.late) >= count / 40 && coordinators >= 3, "{figures}");
    system.stop().unwrap();
}
