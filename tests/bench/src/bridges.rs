//! Part `bridges`: logx through slog-json and through tracing beside the same lines by direct calls, and tracing's events
//! as logx's lines beside tracing-subscriber's own JSON.

use crate::candidate::Candidate;
use crate::check;
use crate::instructions;
use crate::measure;
use crate::scenario::Scenario;
use crate::sink::Capture;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};
use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Map, Value};

/// How much longer a line may take through slog-json than the same line by a direct call.
pub const THROUGH_SLOG: f64 = 1.1;
/// The same for tracing, with the same subscriber.
pub const THROUGH_TRACING: f64 = 1.15;
/// What of the time of tracing-subscriber's JSON `logx_tracing::json()` may take: for an event with ten fields.
pub const JSON_LAYER: f64 = 1.0 / 3.0;
/// For an event in a span with ten fields.
pub const JSON_LAYER_IN_SPAN: f64 = 0.1;

/// A library's own line, and logx's by way of it.
pub struct Bridge {
    pub direct: Box<dyn Candidate>,
    pub through: Box<dyn Candidate>,
    pub scenario: Scenario,
    /// At most so many times the direct call's time.
    pub limit: f64,
    /// Both lines have the same keys and values; else only the scenario's.
    pub same_line: bool,
}

impl Bridge {
    pub fn both(self) -> [Box<dyn Candidate>; 2] {
        [self.direct, self.through]
    }
}

/// Refuses to time a pair whose lines differ.
pub fn verify(probes: &[Bridge], capture: &Capture) -> Result<()> {
    for bridge in probes {
        let line = |candidate: &dyn Candidate| -> Result<Map<String, Value>> {
            let line = check::line(candidate, capture, bridge.scenario).map_err(|e| anyhow!(e))?;
            serde_json::from_slice(&line).context("no object")
        };
        let (direct, through) = (line(&*bridge.direct)?, line(&*bridge.through)?);
        if bridge.same_line {
            let name = bridge.through.name();
            compare(&direct, &through).with_context(|| format!("{name}: {direct:?} and {through:?}"))?;
        }
    }
    Ok(())
}

/// The same keys with the same values; of times, places and modules only that they are text.
fn compare(direct: &Map<String, Value>, through: &Map<String, Value>) -> Result<()> {
    ensure!(direct.len() == through.len(), "{} keys and {}", direct.len(), through.len());
    for (key, value) in direct {
        let other = through.get(key).with_context(|| format!("no {key}"))?;
        match (key.as_str(), value, other) {
            (_, Value::Object(value), Value::Object(other)) => compare(value, other)?,
            ("@timestamp" | "timestamp" | "caller" | "target", Value::String(_), Value::String(_)) => {}
            _ => ensure!(value == other, "{key}: {value} and {other}"),
        }
    }
    Ok(())
}

/// Measures, prints, and says which targets are met.
pub fn run(bridges: &[Bridge], rounds: usize) -> Result<Vec<Verdict>> {
    let counts = instructions::available();
    let mut rows = Vec::new();
    let mut verdicts = Vec::new();
    for Bridge { direct, through, scenario, limit, .. } in bridges {
        let (direct, through, scenario) = (&**direct, &**through, *scenario);
        let timings = measure::interleave(&[direct, through], scenario, rounds, &|| {});
        let [Some(theirs), Some(ours)] = timings[..] else { continue };
        for (candidate, timing) in [(direct, theirs), (through, ours)] {
            let count = counts.then(|| instructions::per_line(candidate.name(), scenario)).transpose()?;
            rows.push(vec![
                format!("{}, {scenario}", candidate.name()),
                figure(Some(timing.best)),
                figure(Some(timing.median)),
                figure(Some(timing.best / theirs.best)),
                figure(Some(timing.median / theirs.median)),
                figure(measure::allocations(candidate, scenario)),
                figure(count),
            ]);
        }
        let what = format!("{}, {scenario}, times {}", through.name(), direct.name());
        verdicts.push(Verdict::new(what, ours.best / theirs.best, Bound::AtMost(*limit)));
    }
    let header = ["line", "best ns", "median ns", "best to direct", "median to direct", "allocations", "instructions"];
    table::print("Through other libraries", &header, &rows);
    Ok(verdicts)
}
