//! Part `bridges`: `flat10` through slog-json and tracing-subscriber's JSON, by logx and called directly.

use crate::candidate::Candidate;
use crate::lineup::Lineup;
use crate::measure;
use crate::scenario::Scenario;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};

const SCENARIO: Scenario = Scenario::Flat10;
/// How much longer a line may take through logx: slog-json's, tracing's.
const LIMITS: [f64; 2] = [1.1, 1.15];

/// Measures, prints, and says which targets are met.
pub fn run(lineup: &Lineup, rounds: usize) -> Vec<Verdict> {
    let pairs = lineup.bridges();
    let candidates: Vec<&dyn Candidate> = pairs.iter().flatten().map(AsRef::as_ref).collect();
    let timings = measure::interleave(&candidates, SCENARIO, rounds, &|| {});
    let mut rows = Vec::new();
    let mut verdicts = Vec::new();
    for ((names, timing), limit) in candidates.chunks(2).zip(timings.chunks(2)).zip(LIMITS) {
        let [Some(theirs), Some(ours)] = timing else { continue };
        for (candidate, t) in names.iter().zip([theirs, ours]) {
            rows.push(vec![
                candidate.name().to_owned(),
                figure(Some(t.best)),
                figure(Some(t.median)),
                figure(Some(t.best / theirs.best)),
                figure(measure::allocations(*candidate, SCENARIO)),
            ]);
        }
        let what = format!("{}, times the direct call", names[1].name());
        verdicts.push(Verdict::new(what, ours.best / theirs.best, Bound::AtMost(limit)));
    }
    let header = ["flat10", "best ns", "median ns", "times direct", "allocations"];
    table::print("Through other libraries", &header, &rows);
    verdicts
}
