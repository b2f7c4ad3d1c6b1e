//! Runs a file of go-zero's vectors through a backend: prints each difference and last `N of M equal`; exit 1 unless all are.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use tests::vectors::{self, Backend};

#[derive(Parser)]
#[command(about = "Compares logx's lines with those that go-zero printed for the same calls")]
struct Args {
    /// The vectors: one JSON object a line
    file: PathBuf,
    /// The backend that the calls go through
    #[arg(long, value_enum, default_value = "native")]
    backend: Backend,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let text = std::fs::read_to_string(&args.file).with_context(|| args.file.display().to_string())?;
    let outcome = vectors::run(&text, args.backend)?;
    let mut out = std::io::stdout().lock();
    for difference in &outcome.differences {
        writeln!(out, "{difference}")?;
    }
    writeln!(out, "{} of {} equal", outcome.equal(), outcome.total)?;
    Ok(if outcome.differences.is_empty() && outcome.total > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
