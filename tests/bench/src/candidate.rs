//! What is measured.

use crate::scenario::Scenario;
use std::hint::black_box;

/// A logging library set up on a sink, or the floor.
pub trait Candidate: Sync {
    fn name(&self) -> &'static str;

    fn supports(&self, scenario: Scenario) -> bool;

    /// Makes the process's global state this candidate's. Called before every batch, outside the measured time.
    fn activate(&self) {}

    /// Logs `lines` lines of the scenario. Panics where `supports` is false.
    fn run(&self, scenario: Scenario, lines: u64);

    /// Rich values arrive as text rather than as JSON.
    fn flattens_to_text(&self) -> bool {
        false
    }
}

/// Calls `line` so many times that the optimiser can neither merge nor drop a call.
#[inline(always)]
pub fn repeat(lines: u64, mut line: impl FnMut()) {
    for _ in 0..lines {
        black_box(());
        line();
    }
}
