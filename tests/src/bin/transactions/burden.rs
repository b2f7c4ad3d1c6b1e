//! What a coordinator has to bear: a long history, many sagas that wait, many that a killed process left behind.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::branches::{Act, Branches};
use super::fill::{Copies, fill};
use super::load::{HttpSubmitter, run};
use super::servers::{Server, Store};
use super::table::{Report, TARGETS, Wanted, median, print};

const CONNECTIONS: usize = 64;
/// Turns of half the length for each round: a disk is fast and slow by turns, and a long history takes little from it.
const TURNS: u32 = 5;
/// How long the branches of sagas that are taken up again take.
const BRANCH: Duration = Duration::from_millis(50);
/// `BranchLimit`: how many calls the coordinator makes to one destination at once.
const AT_ONCE: f64 = 128.0;
/// How long the waiting sagas are called again and again.
const RETRIES: Duration = Duration::from_secs(10);
/// How long a recovery may take.
const RECOVERY: Duration = Duration::from_secs(120);

/// The throughput with an empty store and with a long history.
///
/// # Errors
/// A coordinator does not start or refuses a saga.
pub(crate) async fn history(bench: &Bench, report: &mut Report) -> Result<()> {
    Report::heading(&format!("{} finished sagas in the store, {CONNECTIONS} connections", bench.history))?;
    let (short, long) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let full = fill(bench, long.path(), "", bench.history, Copies::Ended).await?;
    let empty = Server::ours(&bench.coordinator, &Store::Sqlite(short.path().join("dtm.db")))?;
    let full = Server::ours(&bench.coordinator, &Store::Sqlite(full))?;
    let (mut both, mut changes): (Vec<[f64; 2]>, Vec<f64>) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds * TURNS {
        let mut rates = [0.0; 2];
        // Whoever is second finds another machine; so each is first in turn.
        for at in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let server = [&empty, &full][at];
            let callers = HttpSubmitter::many(CONNECTIONS, server.http, "", true).await?;
            rates[at] = run(callers, bench.length / 2).await?.rate;
        }
        changes.push(100.0 * (1.0 - rates[1] / rates[0]));
        both.push(rates);
    }
    let figures = |at: usize| {
        let mut rates: Vec<f64> = both.iter().map(|rates| rates[at]).collect();
        rates.sort_unstable_by(f64::total_cmp);
        [rates[0], median(rates.iter().copied()), rates[rates.len() - 1]].map(|rate| format!("{rate:.0}"))
    };
    let row = |name: &str, at| [vec![name.to_owned()], figures(at).to_vec()].concat();
    Report::table(&["sagas/s", "least", "median", "most"], &[row("an empty store", 0), row("a long history", 1)])?;
    print("\n")?;
    let target = report.target("throughput that a history costs", median(changes), " %", Wanted::AtMost(10.0));
    Report::table(&TARGETS, &[target])?;
    empty.stop()?;
    full.stop()
}

/// The memory with many sagas that wait, while they are called again and new ones come.
///
/// # Errors
/// A coordinator does not start or refuses a saga.
pub(crate) async fn memory(bench: &Bench, report: &mut Report) -> Result<()> {
    Report::heading(&format!("Memory with {} pending sagas", bench.pending))?;
    let dir = tempfile::tempdir()?;
    let branches = Branches::start(Act::Ongoing).await?;
    let file = fill(bench, dir.path(), &branches.action(), bench.pending, Copies::Waiting(RETRIES)).await?;
    let server = Server::ours(&bench.coordinator, &Store::Sqlite(file))?;
    let Some((before, _)) = server.memory() else {
        return Ok(Report::skipped("memory", "this system does not tell")?);
    };
    // All of them fall due in this time, and new ones come.
    run(HttpSubmitter::many(CONNECTIONS, server.http, &branches.action(), false).await?, RETRIES).await?;
    let pending = tests::http::get(server.http, "/api/metrics")?.body;
    let pending = pending.lines().find_map(|line| line.strip_prefix("dtm_transaction_pending ")?.parse().ok());
    let pending: u32 = pending.unwrap_or(0);
    ensure!(pending > bench.pending, "{pending} pending");
    let Some((after, most)) = server.memory() else { return Ok(()) };
    Report::table(
        &["pending sagas", "MiB after start", "MiB after 10 s of calls", "MiB at most"],
        &[vec![pending.to_string(), format!("{before:.0}"), format!("{after:.0}"), format!("{most:.0}")]],
    )?;
    print("\n")?;
    Report::table(&TARGETS, &[report.target("resident memory", most, " MiB", Wanted::AtMost(64.0))])?;
    server.stop()
}

/// How soon and how fast sagas are taken up that a killed process left behind.
///
/// # Errors
/// A coordinator does not start, or a saga does not end.
pub(crate) async fn recovery(bench: &Bench, report: &mut Report) -> Result<()> {
    Report::heading(&format!(
        "{} unfinished sagas at the start, two branches of {} ms each",
        bench.unfinished,
        BRANCH.as_millis()
    ))?;
    let dir = tempfile::tempdir()?;
    let branches = Branches::start(Act::Ongoing).await?;
    let file = fill(bench, dir.path(), &branches.action(), bench.unfinished, Copies::Orphaned).await?;
    branches.act(Act::Slow(BRANCH));
    let server = Server::ours(&bench.coordinator, &Store::Sqlite(file))?;
    let wanted = 2 * usize::try_from(bench.unfinished)?;
    let seen = branches.seen();
    let deadline = Instant::now() + RECOVERY;
    while seen.answered.load(Ordering::Relaxed) < wanted {
        ensure!(Instant::now() < deadline, "{} of {wanted} calls", seen.answered.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let Some(first) = seen.first() else { return Ok(()) };
    let (calls, took) = (seen.answered.load(Ordering::Relaxed) as f64, first.elapsed().as_secs_f64());
    let busy = seen.busy.load(Ordering::Relaxed) as f64 / 1e6 / took;
    let begun = first.saturating_duration_since(server.started).as_secs_f64();
    Report::table(
        &["first call after", "calls", "seconds", "calls/s", "calls at once, of 128"],
        &[vec![
            format!("{begun:.2} s"),
            format!("{calls}"),
            format!("{took:.1}"),
            format!("{:.0}", calls / took),
            format!("{busy:.0}"),
        ]],
    )?;
    print("\n")?;
    let targets = [
        report.target("first branch call after the start", begun, " s", Wanted::AtMost(1.0)),
        report.target("how busy the branches are kept", 100.0 * busy / AT_ONCE, " %", Wanted::AtLeast(80.0)),
    ];
    Report::table(&TARGETS, &targets)?;
    server.stop()
}
