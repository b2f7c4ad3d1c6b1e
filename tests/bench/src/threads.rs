//! Part `threads`: lines per second of `flat10` with one and with two producers.

use crate::candidate::Candidate;
use crate::lines::OURS;
use crate::lineup::FLOOR;
use crate::measure;
use crate::scenario::Scenario;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};
use std::sync::Barrier;
use std::time::Instant;

const SCENARIO: Scenario = Scenario::Flat10;
const WARM_UP: u64 = 64;
/// Million lines per second that two producers are to reach on the reference's machine, and what the floor's one does
/// there: another machine is measured by its own floor.
const REFERENCE: f64 = 12.0;
const REFERENCE_FLOOR: f64 = 9.01;

/// Measures, prints, and says which targets are met.
pub fn run(candidates: &[Box<dyn Candidate>], rounds: usize) -> Vec<Verdict> {
    let lengths: Vec<u64> = candidates.iter().map(|c| measure::lines_per_batch(c.as_ref(), SCENARIO)).collect();
    let mut best = vec![[0.0_f64; 2]; candidates.len()];
    for _ in 0..rounds {
        for (i, candidate) in candidates.iter().enumerate() {
            for (producers, best) in (1..=2).zip(&mut best[i]) {
                *best = best.max(lines_per_second(candidate.as_ref(), producers, lengths[i]));
            }
        }
    }
    let rows: Vec<Vec<String>> = candidates
        .iter()
        .zip(&best)
        .map(|(c, [one, two])| {
            vec![c.name().to_owned(), figure(Some(one / 1e6)), figure(Some(two / 1e6)), figure(Some(two / one))]
        })
        .collect();
    table::print("Million lines per second, flat10", &["candidate", "1 thread", "2 threads", "2 to 1"], &rows);
    let of = |name: &str| candidates.iter().zip(&best).find(|(c, _)| c.name() == name).map(|(_, rates)| *rates);
    let (Some([floor, _]), Some([one, two])) = (of(FLOOR), of(OURS)) else {
        return Vec::new();
    };
    vec![
        Verdict::new("two producers, times the floor's one", two / floor, Bound::AtLeast(REFERENCE / REFERENCE_FLOOR)),
        Verdict::new("two producers, times one", two / one, Bound::AtLeast(1.5)),
    ]
}

/// From the first producer's start to the last one's end.
fn lines_per_second(candidate: &dyn Candidate, producers: u64, lines: u64) -> f64 {
    candidate.activate();
    let gate = Barrier::new(producers as usize);
    let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let produce = || {
            candidate.run(SCENARIO, WARM_UP);
            gate.wait();
            let start = Instant::now();
            candidate.run(SCENARIO, lines);
            (start, Instant::now())
        };
        let threads: Vec<_> = (0..producers).map(|_| scope.spawn(produce)).collect();
        threads.into_iter().filter_map(|t| t.join().ok()).collect()
    });
    let start = spans.iter().map(|s| s.0).min();
    let end = spans.iter().map(|s| s.1).max();
    let (Some(start), Some(end)) = (start, end) else {
        return 0.0;
    };
    (producers * lines) as f64 / (end - start).as_secs_f64()
}
