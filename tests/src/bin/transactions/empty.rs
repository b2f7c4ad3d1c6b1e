//! Sagas of two empty branches: what a coordinator itself costs, ours beside dtm.

use anyhow::Result;
use tests::servers::{MariaDb, find};

use super::Bench;
use super::load::{Figure, HttpSubmitter, run};
use super::servers::{Server, Store};
use super::table::{Report, TARGETS, Wanted, median};

const CONNECTIONS: [usize; 2] = [10, 64];

struct Rival {
    name: &'static str,
    server: Server,
    /// For each number of connections, each round.
    figures: [Vec<Figure>; 2],
}

const OURS_SQLITE: &str = "dtm-lite, SQLite (synchronous=FULL)";
const OURS_MARIADB: &str = "dtm-lite, MariaDB";
const DTM_BOLTDB: &str = "dtm, boltdb";
const DTM_MARIADB: &str = "dtm, MariaDB, branches updated later (its default)";
const DTM_MARIADB_SYNC: &str = "dtm, MariaDB, UPDATE_BRANCH_SYNC=1";

fn start(bench: &Bench, mariadb: Option<&MariaDb>) -> Result<Vec<Rival>> {
    let mut rivals = Vec::new();
    let mut add = |name, server| rivals.push(Rival { name, server, figures: Default::default() });
    let dtm = find("dtm").is_some();
    add(OURS_SQLITE, Server::ours(&bench.coordinator, &Store::Sqlite("data/dtm.db".into()))?);
    if dtm {
        add(DTM_BOLTDB, Server::dtm(None, true)?);
    } else {
        Report::skipped("dtm", "not installed (make servers)")?;
    }
    let Some(mariadb) = mariadb else {
        Report::skipped("both on MariaDB", "not installed (make servers)")?;
        return Ok(rivals);
    };
    add(OURS_MARIADB, Server::ours(&bench.coordinator, &Store::MariaDb(mariadb.port, "ours"))?);
    for (name, db, sync) in [(DTM_MARIADB, "dtm_later", false), (DTM_MARIADB_SYNC, "dtm_sync", true)] {
        if dtm {
            // The same tables, which ours has made as dtm does.
            mariadb.sql(&format!(
                "CREATE DATABASE {db} DEFAULT CHARACTER SET utf8mb4; CREATE TABLE {db}.trans_global LIKE ours.trans_global;
                 CREATE TABLE {db}.trans_branch_op LIKE ours.trans_branch_op; CREATE TABLE {db}.kv LIKE ours.kv"
            ))?;
            add(name, Server::dtm(Some(&Store::MariaDb(mariadb.port, db)), sync)?);
        }
    }
    Ok(rivals)
}

/// Measures all in turn, round after round.
///
/// # Errors
/// A server does not start, or refuses a saga.
pub(crate) async fn measure(bench: &Bench, mariadb: Option<&MariaDb>, report: &mut Report) -> Result<()> {
    Report::heading("Sagas of two empty branches, waited for")?;
    let mut rivals = start(bench, mariadb)?;
    for _ in 0..bench.rounds {
        for (i, connections) in CONNECTIONS.into_iter().enumerate() {
            for rival in &mut rivals {
                let callers = HttpSubmitter::many(connections, rival.server.http, "", true).await?;
                rival.figures[i].push(run(callers, bench.length).await?);
            }
        }
    }
    let of = |figures: &[Figure], what: fn(&Figure) -> f64| median(figures.iter().map(what));
    let mut rows = Vec::new();
    for rival in &rivals {
        let mut row = vec![rival.name.to_owned()];
        for figures in &rival.figures {
            row.push(format!("{:.0}", of(figures, |f| f.rate)));
            row.extend([of(figures, |f| f.p50), of(figures, |f| f.p99)].map(|ms| format!("{ms:.1}")));
        }
        rows.push(row);
    }
    Report::table(&["", "10: sagas/s", "p50 ms", "p99 ms", "64: sagas/s", "p50 ms", "p99 ms"], &rows)?;
    targets(&rivals, report)?;
    rivals.into_iter().try_for_each(|rival| rival.server.stop())
}

fn targets(rivals: &[Rival], report: &mut Report) -> Result<()> {
    let find = |name: &str| rivals.iter().find(|rival| rival.name == name);
    // Each round's ratio by itself: what disturbs the machine for a while disturbs both.
    let ratio = |ours: &Rival, theirs: &Rival, at: usize, what: fn(&Figure) -> f64| {
        median(ours.figures[at].iter().zip(&theirs.figures[at]).map(|(ours, theirs)| what(ours) / what(theirs)))
    };
    let mut rows = Vec::new();
    if let (Some(ours), Some(theirs)) = (find(OURS_SQLITE), find(DTM_BOLTDB)) {
        let times = ratio(ours, theirs, 1, |f| f.rate);
        rows.push(report.target("SQLite to dtm's boltdb, sagas/s at 64", times, "x", Wanted::AtLeast(5.0)));
        let wait = ratio(ours, theirs, 0, |f| f.p99);
        rows.push(report.target("SQLite to dtm's boltdb, p99 at 10", wait, "x", Wanted::AtMost(1.0)));
    }
    for (theirs, short) in [(DTM_MARIADB, "MariaDB"), (DTM_MARIADB_SYNC, "MariaDB with UPDATE_BRANCH_SYNC=1")] {
        let (Some(ours), Some(theirs)) = (find(OURS_MARIADB), find(theirs)) else { continue };
        for (at, connections) in CONNECTIONS.into_iter().enumerate() {
            let times = ratio(ours, theirs, at, |f| f.rate);
            let what = format!("MariaDB to dtm's {short}, sagas/s at {connections}");
            rows.push(report.target(&what, times, "x", Wanted::AtLeast(2.0)));
        }
    }
    super::table::print("\n")?;
    Ok(Report::table(&TARGETS, &rows)?)
}
