//! logx beside its rivals and a hand-written floor, on zap's scenarios.
//!
//! `bench [all|lines|threads|files|worker|bridges|instructions] [--check] [--rounds N]`

#[macro_use]
mod macros;

mod alloc;
mod bridges;
mod candidate;
mod check;
mod data;
mod files;
mod floor;
mod instructions;
mod lines;
mod lineup;
mod measure;
mod ours;
mod rivals;
mod scenario;
mod sink;
mod subscribers;
mod table;
mod targets;
mod threads;
mod worker;

use anyhow::{Result, bail};
use bridges::Bridge;
use lineup::Lineup;
use std::process::ExitCode;
use targets::Verdict;

const ALL: &str = "all";
const PARTS: [&str; 6] = ["lines", "threads", "files", "worker", "bridges", "instructions"];
/// Interleaved batches of each candidate in each scenario.
const ROUNDS: usize = 300;

struct Options {
    part: String,
    /// End with an error when a target is missed.
    check: bool,
    rounds: usize,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { part: ALL.to_owned(), check: false, rounds: ROUNDS };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--check" => options.check = true,
                "--rounds" => match args.next().map(|n| n.parse()) {
                    Some(Ok(n)) if n > 0 => options.rounds = n,
                    _ => bail!("--rounds wants a number above 0"),
                },
                part if part == ALL || PARTS.contains(&part) => options.part = part.to_owned(),
                other => bail!("{other}: one of {ALL}, {}, --check, --rounds N", PARTS.join(", ")),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.part == ALL || self.part == part
    }
}

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = tempfile::tempdir()?;
    let lineup = Lineup::new(dir.path())?;
    if args.first().is_some_and(|a| a == instructions::ONE) {
        let candidates = lineup.discarding()?.into_iter().chain(lineup.bridges().into_iter().flat_map(Bridge::both));
        instructions::one(&candidates.collect::<Vec<_>>(), &args[1..])?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse(&args)?;
    let verdicts = measure_parts(&options, &lineup)?;
    if !verdicts.is_empty() {
        println!("\nTargets\n");
    }
    for verdict in &verdicts {
        println!("{verdict}");
    }
    let missed = verdicts.iter().any(|v| !v.met());
    Ok(if options.check && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure_parts(options: &Options, lineup: &Lineup) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    lines::verify(&lineup.probes()?)?;
    let discarding = lineup.discarding()?;
    if options.wants("lines") {
        verdicts.extend(lines::run(&discarding, options.rounds));
    }
    if options.wants("threads") {
        verdicts.extend(threads::run(&discarding, options.rounds));
    }
    if options.wants("files") {
        verdicts.extend(files::run(lineup, options.rounds)?);
    }
    if options.wants("worker") {
        verdicts.extend(worker::run(lineup.background())?);
    }
    if options.wants("bridges") {
        bridges::verify(&lineup.bridge_probes(), lineup.capture())?;
        verdicts.extend(bridges::run(&lineup.bridges(), options.rounds)?);
    }
    if options.wants("instructions") {
        verdicts.extend(instructions::run(&discarding)?);
    }
    Ok(verdicts)
}
