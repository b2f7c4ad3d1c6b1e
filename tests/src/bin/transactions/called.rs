//! Sagas of two gRPC branches with barriers, beside the same two calls without any transaction.

use anyhow::{Result, ensure};
use dtm::pb::DtmRequest;
use dtm::pb::dtm_client::DtmClient as Calls;
use dtm::{DtmClient, Outcome, Saga};
use tests::servers::{MariaDb, find};
use tonic::transport::{Channel, Endpoint};

use super::Bench;
use super::branches::{Act, Branches, Rows};
use super::load::{Caller, Figure, run};
use super::servers::{Server, Store};
use super::table::{Report, TARGETS, Wanted, median};

const CALLERS: usize = 64;

/// Both branches through a coordinator.
struct Submitter {
    coordinator: DtmClient,
    branches: [Branches; 2],
}

impl Caller for Submitter {
    async fn call(&mut self) -> Result<()> {
        let gid = dtm::gid::new();
        let row = DtmRequest { gid: gid.clone(), ..DtmRequest::default() };
        let saga = self
            .branches
            .iter()
            .fold(Saga::new(gid), |saga, branch| saga.step_message(branch.action(), branch.compensate(), &row));
        let outcome = self.coordinator.submit(&saga.wait_result(true)).await?;
        ensure!(outcome == Outcome::Succeeded, "{outcome:?}");
        Ok(())
    }
}

/// Both branches one after the other, and nothing that would undo the first.
struct Direct {
    branches: [Calls<Channel>; 2],
}

impl Caller for Direct {
    async fn call(&mut self) -> Result<()> {
        let row = DtmRequest { gid: dtm::gid::new(), ..DtmRequest::default() };
        for branch in &mut self.branches {
            branch.prepare(row.clone()).await?;
        }
        Ok(())
    }
}

/// One database of the branches, with all that was measured on it.
struct Ground {
    name: &'static str,
    branches: [Branches; 2],
    direct: Vec<Figure>,
    ours: Vec<Figure>,
    dtm: Vec<Figure>,
}

impl Ground {
    async fn start(name: &'static str, rows: [Rows; 2]) -> Result<Self> {
        let [users, scores] = rows;
        let branches = [Branches::start(Act::Insert(users)).await?, Branches::start(Act::Insert(scores)).await?];
        Ok(Self { name, branches, direct: Vec::new(), ours: Vec::new(), dtm: Vec::new() })
    }

    fn submitters(&self, server: &Server) -> Result<Vec<Submitter>> {
        let address = format!("127.0.0.1:{}", server.grpc);
        let one = || Ok(Submitter { coordinator: DtmClient::new(&address, None)?, branches: self.branches.clone() });
        (0..CALLERS).map(|_| one()).collect()
    }

    fn direct(&self) -> Result<Vec<Direct>> {
        let client = |branch: &Branches| -> Result<Calls<Channel>> {
            let endpoint = Endpoint::from_shared(format!("http://{}", branch.address))?.tcp_nodelay(true);
            Ok(Calls::new(endpoint.connect_lazy()))
        };
        (0..CALLERS)
            .map(|_| Ok(Direct { branches: [client(&self.branches[0])?, client(&self.branches[1])?] }))
            .collect()
    }
}

/// Measures all in turn, round after round.
///
/// # Errors
/// A server does not start, or a call fails.
pub(crate) async fn measure(bench: &Bench, mariadb: Option<&MariaDb>, report: &mut Report) -> Result<()> {
    Report::heading(&format!("Two gRPC branches with barriers, {CALLERS} callers"))?;
    let files = tempfile::tempdir()?;
    let file = |name: &str| files.path().join(name);
    let ours = Server::ours(&bench.coordinator, &Store::Sqlite("data/dtm.db".into()))?;
    let dtm = if find("dtm").is_some() { Some(Server::dtm(None, true)?) } else { None };
    let sqlite = [Rows::sqlite(&file("users.db")).await?, Rows::sqlite(&file("scores.db")).await?];
    let mut grounds = vec![Ground::start("SQLite", sqlite).await?];
    if let Some(mariadb) = mariadb {
        let rows = [Rows::mariadb(mariadb.port, "users").await?, Rows::mariadb(mariadb.port, "scores").await?];
        grounds.push(Ground::start("MariaDB", rows).await?);
    }
    for _ in 0..bench.rounds {
        for ground in &mut grounds {
            ground.direct.push(run(ground.direct()?, bench.length).await?);
            ground.ours.push(run(ground.submitters(&ours)?, bench.length).await?);
            if let Some(dtm) = &dtm {
                ground.dtm.push(run(ground.submitters(dtm)?, bench.length).await?);
            }
        }
    }
    tell(&grounds, report)?;
    ours.stop()?;
    dtm.map_or(Ok(()), Server::stop)
}

fn tell(grounds: &[Ground], report: &mut Report) -> Result<()> {
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    for ground in grounds {
        for (how, figures) in [
            ("the calls alone", &ground.direct),
            ("a saga, dtm-lite on SQLite", &ground.ours),
            ("a saga, dtm on boltdb", &ground.dtm),
        ] {
            if figures.is_empty() {
                continue;
            }
            let of = |what: fn(&Figure) -> f64| median(figures.iter().map(what));
            let rate = format!("{:.0}", of(|f| f.rate));
            let waits = [of(|f| f.p50), of(|f| f.p99)].map(|ms| format!("{ms:.1}"));
            rows.push([vec![format!("{how}, branches on {}", ground.name), rate], waits.to_vec()].concat());
        }
        let part = ground.ours.iter().zip(&ground.direct).map(|(saga, alone)| 100.0 * saga.rate / alone.rate);
        let what = format!("throughput of the calls alone that a saga keeps, branches on {}", ground.name);
        targets.push(report.target(&what, median(part), " %", Wanted::AtLeast(50.0)));
    }
    Report::table(&["", "pairs of calls/s", "p50 ms", "p99 ms"], &rows)?;
    super::table::print("\n")?;
    Ok(Report::table(&TARGETS, &targets)?)
}
