//! Part `lines`: time, allocations and size of a line in every scenario.

use crate::candidate::Candidate;
use crate::check::{self, Probe};
use crate::lineup::FLOOR;
use crate::measure::{self, Timing};
use crate::scenario::Scenario;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};
use anyhow::{Result, anyhow};

/// The candidate whose figures have targets.
pub const OURS: &str = "logx";

/// Timings by candidate and scenario.
struct Timings<'a> {
    candidates: Vec<&'a dyn Candidate>,
    by_scenario: Vec<Vec<Option<Timing>>>,
}

impl Timings<'_> {
    fn of(&self, name: &str, scenario: Scenario) -> Option<Timing> {
        let candidate = self.candidates.iter().position(|c| c.name() == name)?;
        let scenario = Scenario::ALL.iter().position(|s| *s == scenario)?;
        self.by_scenario[scenario][candidate]
    }

    fn ratio(&self, name: &str, scenario: Scenario, pick: fn(Timing) -> f64) -> Option<f64> {
        let floor = self.of(FLOOR, scenario.of_floor())?;
        Some(pick(self.of(name, scenario)?) / pick(floor))
    }
}

/// Refuses to time a candidate whose line lacks anything.
pub fn verify(probes: &[Probe]) -> Result<()> {
    let mut rows = Vec::new();
    for probe in probes {
        let mut row = vec![probe.candidate.name().to_owned()];
        for scenario in Scenario::ALL {
            row.push(if probe.candidate.supports(scenario) {
                check::line_of(probe, scenario).map_err(|e| anyhow!(e))?.to_string()
            } else {
                "–".to_owned()
            });
        }
        rows.push(row);
    }
    table::print("Bytes of a line (parsed, and every field compared)", &header("candidate"), &rows);
    Ok(())
}

fn header(first: &'static str) -> Vec<&'static str> {
    std::iter::once(first).chain(Scenario::ALL.iter().map(|s| s.name())).collect()
}

/// Measures, prints, and says which targets are met.
pub fn run(candidates: &[Box<dyn Candidate>], rounds: usize) -> Vec<Verdict> {
    let candidates: Vec<&dyn Candidate> = candidates.iter().map(AsRef::as_ref).collect();
    let by_scenario = Scenario::ALL.iter().map(|s| measure::interleave(&candidates, *s, rounds, &|| {})).collect();
    let timings = Timings { candidates, by_scenario };
    let rows = |cell: &dyn Fn(&dyn Candidate, Scenario) -> Option<f64>| -> Vec<Vec<String>> {
        let row = |c: &&dyn Candidate| {
            std::iter::once(c.name().to_owned()).chain(Scenario::ALL.iter().map(|s| figure(cell(*c, *s)))).collect()
        };
        timings.candidates.iter().map(row).collect()
    };
    table::print("ns per line, best batch", &header("candidate"), &rows(&|c, s| Some(timings.of(c.name(), s)?.best)));
    let ratios = |pick: fn(Timing) -> f64| {
        rows(&|c, s| {
            if s.is_off() { Some(pick(timings.of(c.name(), s)?)) } else { timings.ratio(c.name(), s, pick) }
        })
    };
    table::print("Times the floor, best batch (off: ns)", &header("candidate"), &ratios(|t| t.best));
    table::print("Times the floor, median batch (off: ns)", &header("candidate"), &ratios(|t| t.median));
    let allocations = rows(&|c, s| measure::allocations(c, s));
    table::print("Allocations per line", &header("candidate"), &allocations);
    verdicts(&timings)
}

fn verdicts(timings: &Timings<'_>) -> Vec<Verdict> {
    let Some(ours) = timings.candidates.iter().find(|c| c.name() == OURS) else {
        return Vec::new();
    };
    let mut verdicts = Vec::new();
    for scenario in [Scenario::Off, Scenario::Off10] {
        if let Some(timing) = timings.of(OURS, scenario) {
            verdicts.push(Verdict::new(format!("{scenario}, ns"), timing.best, Bound::AtMost(0.5)));
        }
    }
    for (scenario, limit) in [
        (Scenario::Static, 2.0),
        (Scenario::Flat10, 1.2),
        (Scenario::Zap10, 2.0),
        (Scenario::Zap10Serde, 3.0),
        (Scenario::Ctx10, 2.0),
        (Scenario::Fmt3, 1.3),
        (Scenario::Fmt10, 1.1),
    ] {
        if let Some(ratio) = timings.ratio(OURS, scenario, |t| t.best) {
            verdicts.push(Verdict::new(format!("{scenario}, times the floor"), ratio, Bound::AtMost(limit)));
        }
    }
    for scenario in Scenario::ALL {
        if let Some(count) = measure::allocations(*ours, scenario) {
            verdicts.push(Verdict::new(format!("{scenario}, allocations"), count, Bound::AtMost(0.0)));
        }
    }
    verdicts
}
