//! Times in interleaved batches, so that a busy moment of the machine meets every candidate alike.

use crate::alloc;
use crate::candidate::Candidate;
use crate::scenario::Scenario;
use std::time::{Duration, Instant};

/// How long one batch of one candidate takes.
const BATCH: Duration = Duration::from_micros(1500);
/// Lines before a batch, outside its time: caches and thread-locals are warm.
const WARM_UP: u64 = 8;
/// The two lengths whose difference is allocations (and instructions) per line.
const SHORT: u64 = 1_000;
const LONG: u64 = 3_000;

/// Nanoseconds per line.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub best: f64,
    pub median: f64,
}

impl Timing {
    /// Of all samples; there must be one.
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self { best: samples[0], median: samples[samples.len() / 2] }
    }
}

/// Everything that one candidate can do in `scenario`, in `rounds` interleaved batches; `None` where it cannot.
/// `after` is called after every batch, outside its time.
pub fn interleave(
    candidates: &[&dyn Candidate],
    scenario: Scenario,
    rounds: usize,
    after: &dyn Fn(),
) -> Vec<Option<Timing>> {
    let lengths: Vec<Option<u64>> = candidates
        .iter()
        .map(|c| {
            let length = c.supports(scenario).then(|| lines_per_batch(*c, scenario));
            after();
            length
        })
        .collect();
    let mut samples = vec![Vec::with_capacity(rounds); candidates.len()];
    for _ in 0..rounds {
        for (i, candidate) in candidates.iter().enumerate() {
            if let Some(lines) = lengths[i] {
                samples[i].push(batch(*candidate, scenario, lines));
                after();
            }
        }
    }
    samples.into_iter().map(|s| (!s.is_empty()).then(|| Timing::of(s))).collect()
}

/// One batch, in nanoseconds per line.
fn batch(candidate: &dyn Candidate, scenario: Scenario, lines: u64) -> f64 {
    candidate.activate();
    candidate.run(scenario, WARM_UP);
    let start = Instant::now();
    candidate.run(scenario, lines);
    start.elapsed().as_secs_f64() * 1e9 / lines as f64
}

/// So many lines that a batch takes about `BATCH`.
pub fn lines_per_batch(candidate: &dyn Candidate, scenario: Scenario) -> u64 {
    candidate.activate();
    candidate.run(scenario, WARM_UP);
    let mut lines = 16;
    loop {
        let start = Instant::now();
        candidate.run(scenario, lines);
        let took = start.elapsed();
        if took >= BATCH / 4 {
            return ((lines as f64) * BATCH.as_secs_f64() / took.as_secs_f64()).ceil() as u64;
        }
        lines *= 2;
    }
}

/// Allocations per line, by the difference of two lengths.
pub fn allocations(candidate: &dyn Candidate, scenario: Scenario) -> Option<f64> {
    candidate.supports(scenario).then(|| {
        candidate.activate();
        candidate.run(scenario, WARM_UP);
        let of = |lines| {
            let before = alloc::count();
            candidate.run(scenario, lines);
            alloc::count() - before
        };
        let short = of(SHORT);
        let long = of(LONG);
        (long as f64 - short as f64) / (LONG - SHORT) as f64
    })
}
