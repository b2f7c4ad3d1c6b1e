//! A network that delivers calls twice, at once and long afterwards, and out of order.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and tells what it did")]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use bytes::Bytes;
use common::database::Database;
use common::{Coordinator, conf, mariadb, within};
use dtm::{Barrier, DtmClient, Saga};
use futures_util::future::join_all;
use tokio_util::task::TaskTracker;

const SAGAS: usize = 45;

/// Branches behind a network that delivers each call several times.
#[derive(Clone)]
struct Network {
    database: Database,
    strays: TaskTracker,
    deliveries: Arc<AtomicUsize>,
}

impl Network {
    async fn start(database: Database) -> (Self, SocketAddr) {
        let network = Self { database, strays: TaskTracker::new(), deliveries: Arc::default() };
        let app = axum::Router::new().route("/{step}", axum::routing::post(deliver)).with_state(network.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (network, address)
    }

    /// What the branch does with one delivery; the status of its answer.
    async fn work(&self, query: &str, step: &str) -> u16 {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        let barrier = Barrier::from_query(query).unwrap();
        if step == "no" && barrier.op() == "action" {
            return 409;
        }
        match self.database.work(&barrier, step).await {
            Ok(_) => 200,
            Err(fault) => fault.http_status(),
        }
    }

    fn stray(&self, query: &str, step: &str, delay: u64) {
        let (network, query, step) = (self.clone(), query.to_owned(), step.to_owned());
        self.strays.spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            network.work(&query, &step).await;
        });
    }
}

/// Each call: once more at the same time, twice more later, one of these long after everything else. An eighth is delivered only when the
/// coordinator has given it up.
async fn deliver(
    State(network): State<Network>,
    Path(step): Path<String>,
    RawQuery(query): RawQuery,
    _: Bytes,
) -> StatusCode {
    let query = query.unwrap();
    let draw = uuid::Uuid::new_v4().as_u128();
    let delay = |shift: u32, most: u64| u64::try_from((draw >> shift) & 0xffff).unwrap() % most;
    network.stray(&query, &step, 0);
    network.stray(&query, &step, delay(0, 300));
    network.stray(&query, &step, 1500 + delay(16, 1500));
    if delay(32, 8) == 0 {
        network.stray(&query, &step, 1100 + delay(48, 400));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        return StatusCode::GATEWAY_TIMEOUT;
    }
    StatusCode::from_u16(network.work(&query, &step).await).unwrap()
}

/// Every third is refused, every third gives up after two seconds.
fn saga(at: SocketAddr, index: usize) -> Saga {
    let third = if index.is_multiple_of(3) { "no" } else { "c" };
    let saga = Saga::new(format!("g{index}-{at}"));
    let saga = ["a", "b", third].into_iter().fold(saga, |saga, step| {
        let url = format!("http://{at}/{step}");
        saga.step(&url, &url, b"{}".as_slice())
    });
    if index % 3 == 1 { saga.timeout_to_fail(Duration::from_secs(2)) } else { saga }
}

async fn is_over(client: &DtmClient, gid: &str) -> bool {
    client.status(gid).await.unwrap().is_some_and(|found| found.status.is_final())
}

async fn every_saga_is_whole(name: &str, client: &DtmClient, database: Database) {
    let (network, at) = Network::start(database).await;
    let sagas: Vec<Saga> = (0..SAGAS).map(|index| saga(at, index)).collect();
    for submitted in join_all(sagas.iter().map(|saga| client.submit(saga))).await {
        submitted.unwrap();
    }
    let (mut kept, mut undone) = (0, 0);
    for saga in &sagas {
        within(Duration::from_secs(60), saga.gid(), || is_over(client, saga.gid())).await;
    }
    network.strays.close();
    network.strays.wait().await;
    for saga in &sagas {
        let succeeded = client.status(saga.gid()).await.unwrap().unwrap().status == dtm::Status::Succeed;
        let wanted = if succeeded { "a=1 b=1 c=1" } else { "" };
        assert_eq!(network.database.effects(saga.gid()).await, wanted, "{}", saga.gid());
        if succeeded { kept += 1 } else { undone += 1 }
    }
    assert!(kept > 0 && undone >= SAGAS / 3, "{kept} kept, {undone} undone");
    let deliveries = network.deliveries.load(Ordering::Relaxed);
    eprintln!(
        "{name}: {SAGAS} sagas, {deliveries} deliveries, double, late and out of order: {kept} kept, {undone} undone, none in part"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_arrive_twice_late_and_out_of_order_have_the_effect_of_one_orderly_life() {
    let folder = tempfile::tempdir().unwrap();
    let coordinator = Coordinator::start_with(conf(folder.path())).await;
    let client = coordinator.client();
    let on_sqlite = every_saga_is_whole("barrier on SQLite", &client, Database::sqlite(folder.path()).await);
    let on_mariadb = async {
        let Some(server) = mariadb::server().await else { return };
        let database = Database::mariadb(server, &server.database().await).await;
        every_saga_is_whole("barrier on MariaDB", &client, database).await;
    };
    tokio::join!(on_sqlite, on_mariadb);
    coordinator.stop().await;
}
