//! The process dies at each durable step of a registration, as in a power cut, and starts again: registered once, or gone without a trace.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use tests::build::Features;
use tests::program::eventually;
use tests::rows::Rows;
use tests::system::{Shape, System};

/// Where the coordinator can be stopped: around each commit and each branch call, with how often a registration that succeeds and one that is
/// refused pass there. The last result and the end are one commit; a refused one has a compensation to call and to save as well.
const STEPS: &[(&str, u32, u32)] = &[
    ("before-insert", 1, 1),
    ("after-insert", 1, 1),
    ("before-call", 2, 3),
    ("after-call", 2, 3),
    ("before-save", 2, 3),
    ("after-save", 2, 3),
];

/// How long a registration may take to end after the restart.
const RECOVERY: Duration = Duration::from_secs(30);

/// The gid of a registration with a key can be asked for by repeating the request; its answer is its state.
fn ends(system: &System, name: &str, code: Option<&str>, key: &str) -> u16 {
    eventually("the registration is decided", RECOVERY, || {
        let reply = system.register(name, code, &[("Idempotency-Key", key)]).ok()?;
        [200, 409].contains(&reply.status).then_some(reply.status)
    })
    .unwrap()
}

/// Kills at the `count`-th passing of a step, restarts, and says what became of the registration.
fn kill_at(step: &str, count: u32, code: Option<&str>) -> (u16, String) {
    let armed = format!("Dtm:\n  FailPoint: {step}:{count}\n");
    let mut system = System::start_edited(Shape::Stack, Features::FailPoints, &[("Dtm:\n", &armed)]).unwrap();
    let key = format!("key-{step}-{count}");
    // The answer is lost with the process: an error, or one that says "not decided".
    let answer = system.register("Ada", code, &[("Idempotency-Key", &key)]);
    let died = system.take("stack").unwrap().wait(Duration::from_secs(10));
    let died = died.unwrap_or_else(|e| panic!("{step}:{count} was not passed ({answer:?}): {e:#}"));
    assert!(!died.status.success());
    let last = died.stdout.lines().chain(died.stderr.lines()).count();

    system.start_one("stack", &[]).unwrap();
    system.wait_ready().unwrap();
    let status = ends(&system, "Ada", code, &key);
    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap_or_else(|e| panic!("{step}:{count}: {e:#}"));
    assert_eq!(rows.users.len(), usize::from(status == 200), "{step}:{count}: {status} and {rows:?}");
    assert!(fs::exists(system.dir().join("data/dtm.db")).unwrap());
    system.stop().unwrap();
    (status, format!("{step}:{count} ({last} lines before)"))
}

fn kill_at_every_step(code: Option<&str>, want: u16) {
    let mut report = String::new();
    let mut kills = 0;
    for (step, succeeding, refused) in STEPS {
        let passes = if want == 200 { succeeding } else { refused };
        // At least three times each, at every passing there is.
        for round in 0..3 {
            let count = round % passes + 1;
            let (status, fell) = kill_at(step, count, code);
            report.push_str(&format!("killed at {fell}: ended {status}\n"));
            assert_eq!(status, want, "{fell}");
            kills += 1;
        }
    }
    // Shown with --nocapture.
    let figures = format!("{report}{kills} kills, every one ended {want}\n");
    std::io::stderr().write_all(figures.as_bytes()).unwrap();
}

#[test]
fn a_registration_survives_a_kill_at_every_step() {
    kill_at_every_step(None, 200);
}

#[test]
fn a_refused_registration_is_gone_after_a_kill_at_every_step() {
    kill_at_every_step(Some("NOBODY"), 409);
}
