//! What happens to branches and to the way between them and the coordinator: killed before and after a commit, replies that are lost or late.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tests::build::Features;
use tests::gate::Gate;
use tests::http;
use tests::program::eventually;
use tests::rows::Rows;
use tests::system::{Edit, Shape, System};
use tokio::runtime::Runtime;

const WAIT: Duration = Duration::from_secs(30);
/// A call times out after a second and is repeated a second later.
const PACE: &[Edit<'_>] = &[(
    "Host: 127.0.0.1\nHttpPort",
    "Host: 127.0.0.1\nRequestTimeout: 1\nRetryInterval: 1\nMaxRetryInterval: 2\nHttpPort",
)];

/// Four processes with a gate before each branch service.
struct World {
    system: System,
    users: Gate,
    scores: Gate,
    round: u32,
    registered: usize,
}

/// Nobody else writes to the database as long as it lives.
struct Lock(Option<(Runtime, SqliteConnection)>);

impl Lock {
    fn take(file: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(WAIT);
        let connection = runtime.block_on(async {
            let mut connection = options.connect().await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            connection
        });
        Self(Some((runtime, connection)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some((runtime, connection)) = self.0.take() {
            runtime.block_on(connection.close()).unwrap();
        }
    }
}

impl World {
    fn start() -> Self {
        let mut system = System::start_edited(Shape::Split, Features::Default, PACE).unwrap();
        let ports = system.ports;
        let (users, scores) = (Gate::start(ports.user).unwrap(), Gate::start(ports.score).unwrap());
        // user-api names the branches, so it alone has to know the gates.
        let at = |port: u16| format!("127.0.0.1:{port}");
        let before = [(at(ports.user), at(users.port)), (at(ports.score), at(scores.port))];
        let edits: Vec<Edit<'_>> = before.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        system.take("user-api").unwrap().stop(WAIT).unwrap();
        system.start_one("user-api", &edits).unwrap();
        system.wait_ready().unwrap();
        Self { system, users, scores, round: 0, registered: 0 }
    }

    fn rows(&self) -> Rows {
        Rows::read(self.system.dir()).unwrap()
    }

    /// Waits until as many users, or users with points, are stored.
    fn until_stored(&self, what: fn(&Rows) -> usize, count: usize) {
        eventually(&format!("{count} are stored"), WAIT, || (what(&self.rows()) == count).then_some(())).unwrap();
    }

    /// Kills a service, does something, and starts it again.
    fn kill(&mut self, name: &'static str, then: impl FnOnce(&Self)) {
        self.system.take(name).unwrap().kill().unwrap();
        then(self);
        self.system.start_one(name, &[]).unwrap();
    }

    /// Registers with `code` while `harm` is done, and asks with the same key until it is decided; then looks at the rows.
    fn register(&mut self, what: &str, code: Option<&'static str>, want: u16, harm: impl FnOnce(&mut Self)) {
        self.round += 1;
        let (key, port, begin) = (format!("round-{}", self.round), self.system.ports.api, Instant::now());
        let ask = move || {
            let mut body = serde_json::json!({"name": "Ada", "gender": "female"});
            if let Some(code) = code {
                body["inviteCode"] = code.into();
            }
            http::post_json(port, "/register", &body, &[("Idempotency-Key", &key)])
        };
        let first = thread::spawn(ask.clone());
        harm(self);
        let status = eventually("the registration is decided", WAIT, || {
            ask().ok().map(|reply| reply.status).filter(|status| [200, 409].contains(status))
        });
        assert_eq!(status.unwrap(), want, "{what}");
        let _ = first.join().unwrap();
        self.registered += usize::from(want == 200);
        let rows = self.rows();
        rows.check().unwrap_or_else(|e| panic!("{what}: {e:#}"));
        assert_eq!(rows.users.len(), self.registered, "{what}: {rows:?}");
        let end = if want == 200 { "registered once" } else { "gone without a trace" };
        let figures = format!("{what}: {end} after {:.1} s\n", begin.elapsed().as_secs_f64());
        std::io::stderr().write_all(figures.as_bytes()).unwrap();
    }
}

fn users(rows: &Rows) -> usize {
    rows.users.len()
}

fn scores(rows: &Rows) -> usize {
    rows.scores.len()
}

/// Waits until a call passed the gate since `before`.
fn called(gate: &Gate, before: u64) {
    eventually("the branch is called", WAIT, || (gate.passed() > before).then_some(())).unwrap();
}

/// The database of the branch is locked: what it is called for is not committed when it dies.
fn killed_before_commit(world: &mut World) {
    for (name, file) in [("user-rpc", "data/user.db"), ("score-rpc", "data/score.db")] {
        let lock = Lock::take(&world.system.dir().join(file));
        let gate = |world: &World| if name == "user-rpc" { world.users.passed() } else { world.scores.passed() };
        let before = gate(world);
        world.register(&format!("{name} killed before its commit"), None, 200, |world| {
            eventually("the branch is called", WAIT, || (gate(world) > before).then_some(())).unwrap();
            world.kill(name, |_| drop(lock));
        });
    }
}

/// The reply is held back until the row is there and the process is gone.
fn killed_after_commit(world: &mut World) {
    let stored = world.registered + 1;
    world.users.hold();
    world.register("user-rpc killed after its commit", None, 200, |world| {
        world.until_stored(users, stored);
        world.kill("user-rpc", |world| world.users.cut());
    });
    world.scores.hold();
    world.register("score-rpc killed after its commit", None, 200, |world| {
        world.until_stored(scores, stored + 1);
        world.kill("score-rpc", |world| world.scores.cut());
    });
}

/// The refusal of the second step is held back until the compensation of the first can be harmed.
fn killed_amid_a_compensation(world: &mut World) {
    let stored = world.registered;
    for commits in [false, true] {
        world.scores.hold();
        let before = world.scores.passed();
        let what =
            format!("user-rpc killed {} the commit of its compensation", if commits { "after" } else { "before" });
        world.register(&what, Some("NOBODY"), 409, |world| {
            world.until_stored(users, stored + 1);
            called(&world.scores, before);
            let seen = world.users.passed();
            if commits {
                world.users.hold();
                world.scores.open();
                world.until_stored(users, stored);
                world.kill("user-rpc", |world| world.users.cut());
            } else {
                let lock = Lock::take(&world.system.dir().join("data/user.db"));
                world.scores.open();
                called(&world.users, seen);
                world.kill("user-rpc", |world| {
                    assert_eq!(users(&world.rows()), stored + 1);
                    drop(lock);
                });
            }
        });
    }
}

/// The newest saga has a call that ended without an answer.
fn given_up(world: &World) -> Option<()> {
    let list = http::get(world.system.ports.dtm_http, "/api/dtmsvr/all?limit=1").ok()?.json().ok()?;
    let gid = list["transactions"][0]["gid"].as_str()?.to_owned();
    let found = http::get(world.system.ports.dtm_http, &format!("/api/dtmsvr/query?gid={gid}")).ok()?.json().ok()?;
    found["branches"].as_array()?.iter().any(|branch| branch["attempts"].as_u64() > Some(0)).then_some(())
}

fn replies_lost_and_late(world: &mut World) {
    let stored = world.registered;
    world.users.hold();
    world.register("the reply lost after the commit", None, 200, |world| {
        world.until_stored(users, stored + 1);
        world.users.cut();
    });
    world.scores.hold();
    world.register("the reply after its deadline", None, 200, |world| {
        world.until_stored(scores, stored + 2);
        eventually("the coordinator has given the call up", WAIT, || given_up(world)).unwrap();
        world.scores.open();
    });
    world.scores.hold();
    world.register("the refusal after its deadline", Some("NOBODY"), 409, |world| {
        world.until_stored(users, stored + 3);
        eventually("the coordinator has given the call up", WAIT, || given_up(world)).unwrap();
        world.scores.open();
    });
}

#[test]
fn a_registration_survives_what_happens_to_its_branches_and_their_replies() {
    let mut world = World::start();
    killed_before_commit(&mut world);
    killed_after_commit(&mut world);
    killed_amid_a_compensation(&mut world);
    replies_lost_and_late(&mut world);
    assert_eq!((world.round, world.registered), (9, 6));
    world.system.stop().unwrap();
}
