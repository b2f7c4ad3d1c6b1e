//! The interoperation matrix: clients, coordinators and barriers of ours and of others, each with each.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and prints the matrix")]

mod common;
#[path = "common/web.rs"]
mod web;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::database::Database;
use common::real_dtm::{RealDtm, on_mariadb};
use common::{Act, Branches, Coordinator, conf, eventually, mariadb, payload, real_dtm};
use dtm::{DtmClient, Outcome, Saga, Status};
use serde_json::{Value, json};

/// The Python client, where `make servers` installs it; told to the report.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dtmcli/bin/python");
    let there = python.is_file();
    let outcome = if there { "ran" } else { "the Python client dtmcli is not installed (make servers)" };
    mariadb::report("interoperation matrix", "dtmcli", outcome);
    there.then_some(python)
}

/// The process of `python_client.py`; it ends when its standard input is closed.
struct Dtmcli {
    _child: Child,
    at: SocketAddr,
}

impl Dtmcli {
    async fn start(python: &Path, server: &mariadb::Server, schema: &str) -> Self {
        let port = mariadb::free_port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python_client.py");
        let child = Command::new(python)
            .arg(script)
            .args([&port.to_string(), &server.port.to_string(), schema])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let dtmcli = Self { _child: child, at: SocketAddr::from(([127, 0, 0, 1], port)) };
        eventually("the Python client answers", || async { std::net::TcpStream::connect(dtmcli.at).is_ok() }).await;
        dtmcli
    }

    /// Submits a saga with dtmcli; its gid, and `success` or `failure`.
    async fn submit(&self, coordinator: &Party, steps: &[Value]) -> (String, String) {
        let wanted = json!({ "dtm": format!("http://{}/api/dtmsvr", coordinator.http), "steps": steps });
        let (code, answer) = web::ask(self.at, "POST", "/submit", wanted.to_string()).await;
        assert_eq!(code, 200, "{}: {answer}", coordinator.name);
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        (text("gid"), text("outcome"))
    }
}

/// A coordinator of the matrix.
struct Party {
    name: &'static str,
    client: DtmClient,
    http: SocketAddr,
}

impl Party {
    fn ours(name: &'static str, coordinator: &Coordinator) -> Self {
        Self { name, client: coordinator.client(), http: coordinator.http }
    }

    fn real(name: &'static str, dtm: &RealDtm) -> Self {
        Self { name, client: dtm.client(), http: SocketAddr::from(([127, 0, 0, 1], dtm.http)) }
    }

    async fn status(&self, gid: &str) -> Status {
        self.client.status(gid).await.unwrap().unwrap().status
    }
}

/// Branches of the matrix.
struct Work {
    name: &'static str,
    database: Database,
    /// Ours; the Python ones refuse by themselves.
    ours: Option<Branches>,
    http: SocketAddr,
}

impl Work {
    async fn ours(name: &'static str, database: Database) -> Self {
        let branches = Branches::start_on(database.clone()).await;
        Self { name, database, http: web::serve(branches.clone()).await, ours: Some(branches) }
    }

    fn url(&self, op: &str) -> String {
        format!("http://{}/{op}", self.http)
    }

    /// The steps as our client sends them: over gRPC to ours, over HTTP to the Python ones.
    fn saga(&self, gid: &str, steps: &[&str]) -> Saga {
        let saga = Saga::new(gid).wait_result(true);
        steps.iter().fold(saga, |saga, step| match &self.ours {
            Some(ours) => saga.step(ours.action(), ours.compensate(), payload(step)),
            None => saga.step(self.url("action"), self.url("compensate"), json!({ "step": step }).to_string()),
        })
    }

    fn json(&self, steps: &[&str]) -> Vec<Value> {
        let step =
            |step| json!({"body": {"step": step}, "action": self.url("action"), "compensate": self.url("compensate")});
        steps.iter().map(step).collect()
    }

    /// The step `no` refuses the next time.
    fn refuse_next(&self) {
        if let Some(ours) = &self.ours {
            ours.script("no", "action", [Act::Refuse]);
        }
    }
}

const KEPT: [&str; 2] = ["a", "b"];
const REFUSED: [&str; 3] = ["a", "b", "no"];

async fn our_client(coordinator: &Party, work: &Work) {
    let cell = format!("our client, {}, {}", coordinator.name, work.name);
    let gid = coordinator.client.new_gid().await.unwrap();
    let kept = coordinator.client.submit(&work.saga(&gid, &KEPT)).await.unwrap();
    assert_eq!((kept, work.database.effects(&gid).await.as_str()), (Outcome::Succeeded, "a=1 b=1"), "{cell}");
    let gid = coordinator.client.new_gid().await.unwrap();
    work.refuse_next();
    let refused = coordinator.client.submit(&work.saga(&gid, &REFUSED)).await.unwrap();
    assert!(matches!(refused, Outcome::RolledBack { .. }), "{cell}: {refused:?}");
    assert_eq!(
        (coordinator.status(&gid).await, work.database.effects(&gid).await.as_str()),
        (Status::Failed, ""),
        "{cell}"
    );
}

async fn their_client(dtmcli: &Dtmcli, coordinator: &Party, work: &Work) {
    let cell = format!("dtmcli, {}, {}", coordinator.name, work.name);
    let (gid, outcome) = dtmcli.submit(coordinator, &work.json(&KEPT)).await;
    assert_eq!((outcome.as_str(), coordinator.status(&gid).await), ("success", Status::Succeed), "{cell}");
    assert_eq!(work.database.effects(&gid).await, "a=1 b=1", "{cell}");
    work.refuse_next();
    let (gid, outcome) = dtmcli.submit(coordinator, &work.json(&REFUSED)).await;
    assert_eq!((outcome.as_str(), coordinator.status(&gid).await), ("failure", Status::Failed), "{cell}");
    assert_eq!(work.database.effects(&gid).await, "", "{cell}");
}

async fn our_coordinator_on(server: &mariadb::Server, folder: &Path) -> Coordinator {
    let mut conf = conf(folder);
    conf.store.driver = "mysql".into();
    conf.store.host = "127.0.0.1".into();
    conf.store.port = server.port;
    conf.store.db = server.database().await;
    Coordinator::start_with(conf).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_works_with_every_coordinator_and_every_barrier() {
    let Some(server) = mariadb::server().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let schema = server.database().await;
    let mut works = vec![
        Work::ours("our barrier on SQLite", Database::sqlite(folder.path()).await).await,
        Work::ours("our barrier on MariaDB", Database::mariadb(server, &schema).await).await,
    ];
    let dtmcli = match python() {
        Some(python) => Some(Dtmcli::start(&python, server, &schema).await),
        None => None,
    };
    if let Some(dtmcli) = &dtmcli {
        let database = Database::mariadb(server, &schema).await;
        works.push(Work { name: "dtmcli's barrier on MariaDB", database, ours: None, http: dtmcli.at });
    }
    let (one, two) = (Coordinator::start(folder.path()).await, our_coordinator_on(server, folder.path()).await);
    let mut parties = vec![Party::ours("ours on SQLite", &one), Party::ours("ours on MariaDB", &two)];
    let mut real = Vec::new();
    if let Some(program) = real_dtm::program("interoperation matrix") {
        real.push(RealDtm::start(&program, folder.path(), &[]).await);
        // dtm makes no tables; ours are the same.
        let schema = server.database().await;
        dtm_tables(server, &schema, folder.path()).await;
        real.push(RealDtm::start(&program, folder.path(), &on_mariadb(server, &schema)).await);
        parties.push(Party::real("dtm on boltdb", &real[0]));
        parties.push(Party::real("dtm on MariaDB", &real[1]));
    }
    let mut cells = 0;
    for coordinator in &parties {
        for work in &works {
            our_client(coordinator, work).await;
            cells += 1;
            if let Some(dtmcli) = &dtmcli {
                their_client(dtmcli, coordinator, work).await;
                cells += 1;
            }
            let clients = if dtmcli.is_some() { "our client and dtmcli" } else { "our client" };
            eprintln!("{}, {}: {clients}: kept, and refused and undone", coordinator.name, work.name);
        }
    }
    eprintln!("{cells} cells of the matrix, {} sagas", cells * 2);
    let clients = if dtmcli.is_some() { 2 } else { 1 };
    assert_eq!(cells, parties.len() * works.len() * clients);
    one.stop().await;
    two.stop().await;
}

/// Creates dtm's tables in a schema, as our store does.
async fn dtm_tables(server: &mariadb::Server, schema: &str, folder: &Path) {
    let mut conf = conf(folder);
    conf.store.driver = "mysql".into();
    conf.store.host = "127.0.0.1".into();
    conf.store.port = server.port;
    conf.store.db = schema.to_owned();
    Coordinator::start_with(conf).await.stop().await;
}
