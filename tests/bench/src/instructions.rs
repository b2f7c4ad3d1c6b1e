//! Part `instructions`: counted by callgrind as the difference of two run lengths of this program.

use crate::candidate::Candidate;
use crate::lines::OURS;
use crate::scenario::Scenario;
use crate::table;
use crate::targets::{Bound, Verdict};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The hidden part that runs one candidate in one scenario.
pub const ONE: &str = "one";
const VALGRIND: &str = "valgrind";
const SHORT: u64 = 200;
const LONG: u64 = 1_200;

/// False where valgrind is not installed.
pub fn available() -> bool {
    Command::new(VALGRIND).arg("--version").output().is_ok_and(|o| o.status.success())
}

/// `one <candidate> <scenario> <lines>`: what callgrind looks at.
pub fn one(candidates: &[Box<dyn Candidate>], args: &[String]) -> Result<()> {
    let [name, scenario, lines] = args else { bail!("{ONE} <candidate> <scenario> <lines>") };
    let scenario = Scenario::from_name(scenario).with_context(|| format!("no scenario {scenario}"))?;
    let candidate = candidates.iter().find(|c| c.name() == name).with_context(|| format!("no candidate {name}"))?;
    if !candidate.supports(scenario) {
        bail!("{name} has no {scenario}");
    }
    candidate.activate();
    candidate.run(scenario, lines.parse()?);
    Ok(())
}

/// Counts and prints, and says which targets are met.
pub fn run(candidates: &[Box<dyn Candidate>]) -> Result<Vec<Verdict>> {
    if !available() {
        println!("\ninstructions: skipped, {VALGRIND} is not installed");
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    let mut verdicts = Vec::new();
    for candidate in candidates {
        let mut row = vec![candidate.name().to_owned()];
        for scenario in Scenario::ALL {
            let count = candidate.supports(scenario).then(|| per_line(candidate.name(), scenario)).transpose()?;
            row.push(count.map_or_else(|| "–".to_owned(), |c| format!("{c:.0}")));
            if let (true, Some(count), Some(limit)) = (candidate.name() == OURS, count, limit(scenario)) {
                verdicts.push(Verdict::new(format!("{scenario}, instructions"), count.round(), Bound::AtMost(limit)));
            }
        }
        rows.push(row);
    }
    let header: Vec<&str> = std::iter::once("candidate").chain(Scenario::ALL.iter().map(|s| s.name())).collect();
    table::print("Instructions per line (the clock's own are not seen by callgrind)", &header, &rows);
    Ok(verdicts)
}

/// The reference's line to clear.
fn limit(scenario: Scenario) -> Option<f64> {
    match scenario {
        Scenario::Off | Scenario::Off10 => Some(12.0),
        Scenario::Static => Some(450.0),
        Scenario::Flat10 => Some(1_900.0),
        Scenario::Zap10 => Some(9_000.0),
        Scenario::Ctx10 => Some(650.0),
        Scenario::Fmt3 => Some(2_200.0),
        Scenario::Fmt10 => Some(44_000.0),
        Scenario::Zap10Serde | Scenario::Span10 => None,
    }
}

/// Two processes at once: one length each.
pub fn per_line(name: &str, scenario: Scenario) -> Result<f64> {
    let (short, long) = std::thread::scope(|scope| {
        let short = scope.spawn(|| collected(name, scenario, SHORT));
        let long = collected(name, scenario, LONG);
        (short.join(), long)
    });
    let short = short.map_err(|_| anyhow::anyhow!("counting {name} {scenario} panicked"))??;
    Ok((long? as f64 - short as f64) / (LONG - SHORT) as f64)
}

/// All instructions of one run.
fn collected(name: &str, scenario: Scenario, lines: u64) -> Result<u64> {
    let program = std::env::current_exe()?;
    let output = Command::new(VALGRIND)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([ONE, name, scenario.name(), &lines.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{name} {scenario} under {VALGRIND}: {text}");
    }
    let count = text.lines().find_map(|l| l.split_once("Collected :")).context("no count in callgrind's report")?.1;
    Ok(count.trim().parse()?)
}
