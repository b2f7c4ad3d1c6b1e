//! The database and the registry go away amid registrations and come back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::build::Features;
use tests::dtm::{Etcd, through_etcd};
use tests::http;
use tests::program::eventually;
use tests::rows::Rows;
use tests::servers::{self, MariaDb};
use tests::system::{Edit, Shape, System};

/// How long a registration may take to be decided, outage included.
const LIMIT: Duration = Duration::from_secs(60);
const CALLERS: usize = 8;

fn is_full() -> bool {
    std::env::var("SCENARIO_SIZE").is_ok_and(|size| size == "full")
}

/// What callers were told.
#[derive(Default)]
struct Told {
    next: AtomicUsize,
    decided: AtomicUsize,
    again: AtomicUsize,
}

/// Registers one after the other, every tenth with a code that is refused; asks again until each is decided.
fn register_all(port: u16, count: usize, told: &Told) {
    loop {
        let i = told.next.fetch_add(1, Ordering::Relaxed);
        if i >= count {
            return;
        }
        let mut body = json!({"name": format!("user {i}"), "gender": "female"});
        if i % 10 == 9 {
            body["inviteCode"] = "NOBODY".into();
        }
        let key = format!("outage-{i}");
        let status = eventually(&format!("registration {i} is decided"), LIMIT, || {
            let reply = http::post_json(port, "/register", &body, &[("Idempotency-Key", &key)]).ok();
            let status = reply.map_or(0, |reply| reply.status);
            assert!([0, 200, 202, 409].contains(&status) || status >= 500, "{i}: {status}");
            let decided = [200, 409].contains(&status);
            told.again.fetch_add(usize::from(!decided), Ordering::Relaxed);
            decided.then_some(status)
        });
        assert_eq!(status.unwrap(), if i % 10 == 9 { 409 } else { 200 }, "registration {i}");
        told.decided.fetch_add(1, Ordering::Relaxed);
    }
}

fn print(figures: &str) {
    std::io::stderr().write_all(figures.as_bytes()).unwrap();
}

/// Services and coordinator keep everything in one MariaDB, which is killed and started again.
fn the_database_is_killed() -> Result<()> {
    let mut db = MariaDb::start()?;
    db.sql("CREATE DATABASE users; CREATE DATABASE scores;")?;
    let source = |name: &str| format!("root:@tcp(127.0.0.1:{})/{name}", db.port);
    let store = format!(
        "    Driver: mysql\n    Host: 127.0.0.1\n    Port: {}\n  RetryInterval: 1\n  MaxRetryInterval: 2\n  TransCronInterval: 1",
        db.port
    );
    let (users, scores) = (source("users"), source("scores"));
    let edits: [Edit<'_>; 3] = [
        ("sqlite://data/user.db", &users),
        ("sqlite://data/score.db", &scores),
        ("    Driver: sqlite\n    Path: data/dtm.db", &store),
    ];
    let system = System::start_edited(Shape::Stack, Features::Default, &edits)?;
    let (count, kills) = if is_full() { (2000, 5) } else { (200, 2) };
    let (told, begin) = (Told::default(), Instant::now());
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| register_all(system.ports.api, count, &told));
        }
        for kill in 1..=kills {
            let some = || (told.decided.load(Ordering::Relaxed) >= count * kill / (kills + 1)).then_some(());
            eventually("some are registered", LIMIT, some)?;
            db.kill()?;
            db.go_on()?;
        }
        anyhow::Ok(())
    })?;
    eventually("no saga is open", LIMIT, || {
        let metrics = http::get(system.ports.dtm_http, "/api/metrics").ok()?.body;
        metrics.lines().any(|line| line == "dtm_transaction_pending 0").then_some(())
    })?;
    let users = db.sql("SELECT id FROM users.user ORDER BY id")?;
    let points = db.sql("SELECT user_id FROM scores.user_score ORDER BY user_id")?;
    let kept = users.lines().count();
    ensure!(users == points && kept == count - count / 10, "users {users}, points of {points}");
    let again = told.again.load(Ordering::Relaxed);
    print(&format!(
        "{count} registrations in {:.1} s, MariaDB killed {kills} times: {kept} users with points once, {} refused and gone, {again} requests repeated\n",
        begin.elapsed().as_secs_f64(),
        count / 10
    ));
    // Every line is checked; errors among them are right.
    system.stop()?;
    Ok(())
}

#[test]
fn a_database_that_is_killed_and_comes_back_loses_and_doubles_nothing() {
    let programs = ["mariadbd", "mariadb-install-db", "mariadb"];
    servers::check("MariaDB killed amid registrations", "mariadb", &programs, the_database_is_killed)
        .unwrap_or_else(|e| panic!("{e:?}"));
}

/// The entries of all three, whoever asks.
fn all_registered(etcd: &Etcd) -> Option<()> {
    let there = |key: &str| etcd.entries(key).is_ok_and(|text| text.contains("127.0.0.1"));
    ["user.rpc/", "score.rpc/", "dtmservice/"].into_iter().all(there).then_some(())
}

/// etcd is away for longer than its leases last, and comes back without anything.
fn the_registry_is_away() -> Result<()> {
    let mut etcd = Etcd::start()?;
    let edits = through_etcd(&etcd);
    let edits: Vec<Edit<'_>> = edits.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let mut system = System::start_edited(Shape::Split, Features::Default, &edits)?;
    eventually("all are registered", LIMIT, || all_registered(&etcd))?;
    // Everybody has found everybody.
    ensure!(system.register("Cleo", None, &[])?.status == 200);
    etcd.kill()?;
    let away = Duration::from_secs(if is_full() { 60 } else { 13 });
    let (begin, mut registered) = (Instant::now(), 1);
    while begin.elapsed() < away {
        let reply = system.register("Ada", None, &[])?;
        ensure!(reply.status == 200, "after {:?} without etcd: {reply:?}", begin.elapsed());
        registered += 1;
    }
    etcd.forget()?;
    etcd.go_on()?;
    let back = Instant::now();
    eventually("all are registered again", LIMIT, || all_registered(&etcd))?;
    let again = back.elapsed();
    // Who starts now finds everybody.
    system.take("user-api").context("user-api")?.stop(LIMIT)?;
    system.start_one("user-api", &edits)?;
    system.wait_ready()?;
    let reply = system.register("Bea", None, &[])?;
    ensure!(reply.status == 200, "{reply:?}");
    let rows = Rows::read(system.dir())?;
    rows.check()?;
    ensure!(rows.users.len() == registered + 1, "{} users of {registered}", rows.users.len());
    print(&format!(
        "etcd away for {} s: {registered} registrations; all three entries back {:.1} s after an empty etcd was\n",
        away.as_secs(),
        again.as_secs_f64()
    ));
    system.stop()?;
    Ok(())
}

#[test]
fn without_etcd_everything_goes_on_and_registers_again_when_it_is_back() {
    servers::check("etcd away amid registrations", "etcd", &["etcd", "etcdctl"], the_registry_is_away)
        .unwrap_or_else(|e| panic!("{e:?}"));
}
