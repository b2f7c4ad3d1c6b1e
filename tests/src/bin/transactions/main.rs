//! What transactions cost: dtm-lite beside a real dtm on this machine, in the same run, by the same callers, on durable stores.
//!
//! `make bench` or `BENCH=transactions make bench`; services/dtm/README.md says what is measured. Prints Markdown.

mod branches;
mod burden;
mod called;
mod empty;
mod fill;
mod load;
mod servers;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use table::Report;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Sagas of two empty branches, ours beside dtm.
    Empty,
    /// Two real branches, with and without a saga.
    Called,
    /// A long history.
    History,
    /// Memory with many pending sagas.
    Memory,
    /// Many unfinished sagas at the start.
    Recovery,
}

/// Measures what transactions cost.
#[derive(Debug, Parser)]
struct Arguments {
    /// The coordinator's program.
    #[arg(long, default_value = "target/release/dtm-lite")]
    coordinator: PathBuf,
    /// How often each is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only these parts.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Sagas in the history.
    #[arg(long, default_value_t = 1_000_000)]
    history: u32,
    /// End with an error when a target is missed.
    #[arg(long)]
    check: bool,
}

/// What all parts know.
#[derive(Debug)]
struct Bench {
    coordinator: PathBuf,
    rounds: u32,
    length: Duration,
    history: u32,
    pending: u32,
    unfinished: u32,
}

async fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let bench = Bench {
        coordinator: arguments.coordinator.canonicalize()?,
        rounds: arguments.rounds,
        length: Duration::from_secs_f64(arguments.seconds),
        history: arguments.history,
        pending: 100_000,
        unfinished: 10_000,
    };
    let wanted = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    if wanted(Part::Empty) || wanted(Part::Called) {
        let mariadb = servers::mariadb()?;
        if wanted(Part::Empty) {
            empty::measure(&bench, mariadb.as_ref(), report).await?;
        }
        if wanted(Part::Called) {
            called::measure(&bench, mariadb.as_ref(), report).await?;
        }
    }
    if wanted(Part::History) {
        burden::history(&bench, report).await?;
    }
    if wanted(Part::Memory) {
        burden::memory(&bench, report).await?;
    }
    if wanted(Part::Recovery) {
        burden::recovery(&bench, report).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    measure(&arguments, &mut report).await?;
    if report.missed().is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    table::print(&format!("\nmissed: {}\n", report.missed().join("; ")))?;
    Ok(if arguments.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
