//! Whoever outgrows the coordinator that is built in: the same services, found and registered through etcd, with a real dtm in its place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::build::Features;
use tests::dtm::{Etcd, RealDtm, through_etcd};
use tests::program::eventually;
use tests::rows::Rows;
use tests::servers;
use tests::system::{Shape, System};

const WAIT: Duration = Duration::from_secs(30);

/// A user who is registered, and one who is refused and gone again.
fn one_kept_one_refused(system: &System, name: &str) -> Result<()> {
    let kept = system.register(name, Some("WELCOME"), &[])?;
    ensure!(kept.status == 200 && kept.json()?["data"]["score"] == json!(50), "{name}: {kept:?}");
    let refused = system.register(name, Some("NOBODY"), &[])?;
    let body = refused.json()?;
    ensure!(refused.status == 409 && body["reason"] == "invite_code_unknown", "{name}: {refused:?}");
    let state = system.state(body["gid"].as_str().unwrap_or_default())?;
    ensure!(state["state"] == "rolled_back", "{name}: {state}");
    Ok(())
}

fn a_real_dtm_takes_over() -> Result<()> {
    let etcd = Etcd::start()?;
    let edits = through_etcd(&etcd);
    let edits: Vec<_> = edits.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let mut system = System::start_edited(Shape::Split, Features::Default, &edits)?;
    let address = format!("127.0.0.1:{}", system.ports.dtm_grpc);
    ensure!(etcd.entries("dtmservice/")?.contains(&address), "dtm-lite is not registered");
    one_kept_one_refused(&system, "Ada")?;

    // The swap: nothing changes but the process under the key.
    system.take("dtm-lite")?.stop(WAIT)?;
    ensure!(etcd.entries("dtmservice/")?.is_empty(), "dtm-lite left its entry behind");
    let settings = [
        ("MICRO_SERVICE_DRIVER", "dtm-driver-gozero".to_owned()),
        ("MICRO_SERVICE_TARGET", format!("etcd://127.0.0.1:{}/dtmservice", etcd.port)),
        ("MICRO_SERVICE_END_POINT", address.clone()),
    ];
    let real = RealDtm::start(&system.ports, &settings)?;
    eventually("dtm is registered", WAIT, || etcd.entries("dtmservice/").ok()?.contains(&address).then_some(()))?;
    eventually("user-api finds dtm", WAIT, || {
        let reply = system.register("Bea", None, &[("Idempotency-Key", "first")]).ok()?;
        (reply.status == 200).then_some(())
    })?;
    one_kept_one_refused(&system, "Cleo")?;
    let rows = Rows::read(system.dir())?;
    rows.check()?;
    ensure!(rows.users.len() == 3, "{rows:?}");
    drop(real);
    system.stop()?;
    std::io::stderr()
        .write_all(b"2 registrations with dtm-lite, 3 with the real dtm, every party found through etcd\n")?;
    Ok(())
}

#[test]
fn a_real_dtm_stands_in_for_the_coordinator_under_the_same_key_in_etcd() {
    let programs = ["etcd", "etcdctl", "dtm"];
    servers::check("a real dtm in the coordinator's place", "dtm", &programs, a_real_dtm_takes_over)
        .unwrap_or_else(|e| panic!("{e:?}"));
}
