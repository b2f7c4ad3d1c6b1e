//! user-rpc in etcd: instances come, go and move while user-api, which is never restarted, answers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::build::{self, Features};
use tests::dtm::Etcd;
use tests::http;
use tests::ports;
use tests::program::{Running, eventually};
use tests::servers;
use tests::system::{Shape, System};

const WAIT: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(15);

/// An instance of user-rpc beside the system's own, on the same database.
struct Instance {
    running: Running,
    address: String,
    metrics: u16,
}

fn instance(dir: &Path, etcd: u16) -> Result<Instance> {
    let [port, metrics] = ports::free()?;
    let address = format!("127.0.0.1:{port}");
    let file = dir.join(format!("user-rpc-{port}.yaml"));
    let yaml = format!(
        "Name: user-rpc\nListenOn: {address}\nEtcd: {{Hosts: ['127.0.0.1:{etcd}'], Key: user.rpc}}\n\
         DataSource: sqlite://data/user.db\nPrometheus: {{Host: 127.0.0.1, Port: {metrics}}}\n"
    );
    fs::write(&file, yaml)?;
    let program = build::program("user-rpc", Features::Default)?;
    Ok(Instance { running: Running::start(&program, &["-f", &file.display().to_string()], dir)?, address, metrics })
}

/// How often an instance was asked for a user.
fn asked(metrics: u16) -> Option<f64> {
    let text = http::get(metrics, "/metrics").ok()?.body;
    let line = text.lines().find(|l| l.starts_with("rpc_server_requests_code_total{") && l.contains("getUser\""))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn until_asked(metrics: u16, more: f64) -> Result<()> {
    let before = asked(metrics).unwrap_or_default();
    eventually("the instance is asked", WAIT, || (asked(metrics)? >= before + more).then_some(()))
}

/// Asks for a user until told to stop; the answers that were none.
fn ask(port: u16, id: &str, over: &AtomicBool) -> Vec<String> {
    let mut failed = Vec::new();
    while !over.load(Ordering::Relaxed) {
        match http::get(port, &format!("/user/get/{id}")) {
            Ok(reply) if reply.status == 200 => {}
            other => failed.push(format!("{other:?}")),
        }
    }
    failed
}

/// Runs a change while two callers ask for a user all the time; no answer may fail.
fn while_asked(system: &mut System, id: &str, change: impl FnOnce(&mut System) -> Result<()>) -> Result<()> {
    let (over, port) = (AtomicBool::new(false), system.ports.api);
    let failed = thread::scope(|scope| -> Result<Vec<String>> {
        let callers = [(), ()].map(|()| scope.spawn(|| ask(port, id, &over)));
        let changed = change(system);
        over.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for caller in callers {
            failed.extend(caller.join().map_err(|_| anyhow::anyhow!("a caller panicked"))?);
        }
        changed.map(|()| failed)
    })?;
    ensure!(failed.is_empty(), "{} requests failed: {}", failed.len(), failed[0]);
    Ok(())
}

fn start(etcd: &Etcd) -> Result<System> {
    let block = format!("Etcd: {{Hosts: ['127.0.0.1:{}'], Key: user.rpc}}", etcd.port);
    let registered = format!("Name: user-rpc\n{block}\n");
    // The address that stands there becomes a comment.
    let found = format!("UserRpc:\n  Target: etcd://127.0.0.1:{}/user.rpc # not ", etcd.port);
    let edits = [("Name: user-rpc\n", &*registered), ("UserRpc:\n  Endpoints:\n    - ", &*found)];
    System::start_edited(Shape::Split, Features::Default, &edits)
}

fn instances_come_and_go() -> Result<()> {
    let etcd = Etcd::start()?;
    let mut system = start(&etcd)?;
    let (dir, first_metrics) = (system.dir().to_owned(), system.ports.user_metrics);
    let registered = system.register("Ada", None, &[])?;
    ensure!(registered.status == 200, "{registered:?}");
    let id = registered.json()?["data"]["id"].as_str().context("no id")?.to_owned();

    let mut second = None;
    while_asked(&mut system, &id, |system| {
        let there = second.insert(instance(&dir, etcd.port)?);
        until_asked(there.metrics, 20.0)?;
        until_asked(first_metrics, 20.0)?;
        let ended = system.take("user-rpc")?.stop(STOP)?;
        ensure!(ended.status.success(), "{ended:?}");
        let entries = etcd.entries("user.rpc/")?;
        let addresses: Vec<_> = entries.lines().filter(|line| !line.starts_with("user.rpc/")).collect();
        ensure!(addresses == [there.address.as_str()], "{entries}");
        until_asked(there.metrics, 20.0)
    })?;
    // It moves: the new one is there before the old one goes.
    let mut third = None;
    while_asked(&mut system, &id, |_| {
        let there = third.insert(instance(&dir, etcd.port)?);
        until_asked(there.metrics, 20.0)?;
        second.take().context("no second")?.running.stop(STOP)?;
        until_asked(there.metrics, 20.0)
    })?;
    // It dies, and another one takes its place: its entry is still there for some seconds.
    third.take().context("no third")?.running.kill()?;
    let fourth = instance(&dir, etcd.port)?;
    let answers = || http::get(system.ports.api, &format!("/user/get/{id}")).is_ok_and(|reply| reply.status == 200);
    eventually("the new instance is found", WAIT, || answers().then_some(()))?;
    while_asked(&mut system, &id, |_| until_asked(fourth.metrics, 50.0))?;
    // The coordinator finds it as well.
    let again = system.register("Bea", None, &[])?;
    ensure!(again.status == 200, "{again:?}");
    fourth.running.stop(STOP)?;
    system.stop()?;
    Ok(())
}

#[test]
fn instances_come_go_move_and_die_and_user_api_follows() {
    let check = instances_come_and_go;
    servers::check("instances in etcd come and go under load", "etcd", &["etcd", "etcdctl"], check)
        .unwrap_or_else(|e| panic!("{e:?}"));
}

fn etcd_comes_late_and_goes_away() -> Result<()> {
    let mut etcd = Etcd::start()?;
    etcd.kill()?;
    // Nobody can be found, and nothing hangs: user-api says so, and so does user-rpc once.
    let [port, metrics] = ports::free()?;
    let dir = tempfile::tempdir()?;
    let yaml = format!(
        "Name: user-api\nHost: 127.0.0.1\nPort: {port}\nUserRpc: {{Target: 'etcd://127.0.0.1:{}/user.rpc'}}\n\
         UserScoreRpc: {{Endpoints: ['127.0.0.1:1']}}\nDtm: {{Server: '127.0.0.1:1', Http: 'http://127.0.0.1:1'}}\n\
         Prometheus: {{Host: 127.0.0.1, Port: {metrics}}}\n",
        etcd.port
    );
    fs::write(dir.path().join("user-api.yaml"), yaml)?;
    let program = build::program("user-api", Features::Default)?;
    let api = Running::start(&program, &["-f", "user-api.yaml"], dir.path())?;
    let users = || http::get(port, "/users?limit=1").ok();
    let refused = eventually("user-api answers", WAIT, users)?;
    ensure!(matches!(refused.status, 503 | 504) && !refused.body.contains("127.0.0.1"), "{refused:?}");
    let user = instance(dir.path(), etcd.port)?;
    eventually("user-rpc says that it waits", WAIT, || {
        user.running.stderr().contains("user.rpc cannot be registered, trying again").then_some(())
    })?;
    etcd.go_on()?;
    eventually("it is registered and found", WAIT, || users().filter(|reply| reply.status == 200))?;
    // etcd goes: what is known stays.
    etcd.kill()?;
    for _ in 0..20 {
        let reply = users().context("no answer")?;
        ensure!(reply.status == 200, "{reply:?}");
    }
    ensure!(user.running.stderr().matches("cannot be registered").count() == 1, "one line: {}", user.running.stderr());
    user.running.stop(STOP)?;
    let ended = api.stop(STOP)?;
    ensure!(ended.status.success(), "{ended:?}");
    Ok(())
}

#[test]
fn an_etcd_that_comes_late_and_goes_away_stops_nobody() {
    let check = etcd_comes_late_and_goes_away;
    servers::check("etcd comes late and goes away", "etcd", &["etcd", "etcdctl"], check)
        .unwrap_or_else(|e| panic!("{e:?}"));
}
