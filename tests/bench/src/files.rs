//! Part `files`: `flat10` to a file, one write a line and buffered, both as ratios to the floor that writes each line.

use crate::candidate::Candidate;
use crate::lines::OURS;
use crate::lineup::{FLOOR, Lineup};
use crate::measure::{self, Timing};
use crate::scenario::Scenario;
use crate::sink::Appended;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};
use anyhow::{Context, Result, bail};

const SCENARIO: Scenario = Scenario::Flat10;
/// More than any buffer holds.
const PROOF: u64 = 10_000;

/// Measures, prints, and says which targets are met.
pub fn run(lineup: &Lineup, rounds: usize) -> Result<Vec<Verdict>> {
    let direct = lineup.write_a_line();
    let buffered = lineup.buffered()?;
    let all: Vec<(&'static str, &dyn Candidate)> = direct
        .iter()
        .map(|c| ("write a line", c.as_ref()))
        .chain(buffered.iter().map(|c| ("buffered", c.as_ref())))
        .collect();
    for (_, candidate) in &all {
        reaches_the_file(*candidate, lineup.file())?;
    }
    let candidates: Vec<&dyn Candidate> = all.iter().map(|(_, c)| *c).collect();
    // A file that cannot be emptied only grows; the lengths were proven above.
    let timings = measure::interleave(&candidates, SCENARIO, rounds, &|| {
        let _ = lineup.file().truncate();
    });
    let floor = candidates.iter().position(|c| c.name() == FLOOR).and_then(|i| timings[i]).context("no floor")?;
    let rows: Vec<Vec<String>> =
        all.iter().zip(&timings).filter_map(|(who, t)| t.map(|t| row(*who, t, floor))).collect();
    let header = ["file", "candidate", "best ns", "median ns", "times the floor", "median"];
    table::print("To a file, flat10 (unit: the floor with a write a line)", &header, &rows);
    let ours = all.iter().zip(&timings).filter(|((_, c), _)| c.name() == OURS);
    Ok(ours.filter_map(|((how, _), t)| t.map(|t| verdict(how, t.best / floor.best))).collect())
}

fn row((how, candidate): (&str, &dyn Candidate), timing: Timing, floor: Timing) -> Vec<String> {
    vec![
        how.to_owned(),
        candidate.name().to_owned(),
        figure(Some(timing.best)),
        figure(Some(timing.median)),
        figure(Some(timing.best / floor.best)),
        figure(Some(timing.median / floor.median)),
    ]
}

fn verdict(how: &str, ratio: f64) -> Verdict {
    let limit = if how == "buffered" { 0.45 } else { 1.1 };
    Verdict::new(format!("file, {how}, times the floor"), ratio, Bound::AtMost(limit))
}

/// Refuses a candidate whose lines do not arrive.
fn reaches_the_file(candidate: &dyn Candidate, file: &Appended) -> Result<()> {
    file.truncate()?;
    candidate.activate();
    candidate.run(SCENARIO, PROOF);
    if file.len()? == 0 {
        bail!("{}: nothing of {PROOF} lines is in the file", candidate.name());
    }
    file.truncate()?;
    Ok(())
}
