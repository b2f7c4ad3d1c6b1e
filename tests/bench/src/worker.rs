//! Part `worker`: what a call costs its thread when a background worker writes the file, and what becomes of the lines.

use crate::alloc;
use crate::candidate::Candidate;
use crate::lines::OURS;
use crate::scenario::Scenario;
use crate::table::{self, figure};
use crate::targets::{Bound, Verdict};
use anyhow::{Context, Result};
use std::hint::{black_box, spin_loop};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SCENARIO: Scenario = Scenario::Flat10;
/// 20,000 lines a second.
const PACE: Duration = Duration::from_micros(50);
/// Lines of one window, and windows: the best of them is reported, as one that the machine did not disturb.
const WINDOW: usize = 20_000;
const WINDOWS: usize = 3;
/// Lines that are waited for one by one until they are in the file.
const ARRIVALS: usize = 20;
/// The longest wait for a line.
const DEADLINE: Duration = Duration::from_secs(2);
/// Lines logged as fast as they can be.
const BURST: u64 = 200_000;
/// Stands in every line of the scenario and in no report about lost ones.
const MARK: &[u8] = b"elapsed_ms";
/// Log calls before the first measured one.
const WARM_UP: u64 = 100;

/// A candidate that writes to `path`, perhaps by a worker of its own.
pub struct Background {
    pub name: &'static str,
    pub candidate: Box<dyn Candidate>,
    pub path: PathBuf,
    /// Writes what is queued and ends the worker.
    pub close: Box<dyn FnOnce()>,
}

/// How to start one. Its state is made when it is measured, so that its memory can be told.
pub type Start = Box<dyn FnOnce() -> Result<Background>>;

/// Percentiles of the time of one call, in microseconds.
#[derive(Clone, Copy)]
struct Latency {
    p50: f64,
    p99: f64,
    p999: f64,
}

struct Outcome {
    name: &'static str,
    idle: Latency,
    busy: Latency,
    /// The longest that a line took to reach the file, in milliseconds.
    on_disk: f64,
    /// Bytes of the set-up candidate after its first line, and the most during the burst.
    at_rest: i64,
    peak: i64,
    sent: u64,
    lost: i64,
}

/// Measures, prints, and says which targets are met.
pub fn run(starts: Vec<Start>) -> Result<Vec<Verdict>> {
    let outcomes = starts.into_iter().map(measure).collect::<Result<Vec<Outcome>>>()?;
    let rows: Vec<Vec<String>> = outcomes.iter().map(row).collect();
    let header = [
        "candidate",
        "idle p50",
        "p99",
        "p99.9",
        "busy p50",
        "p99",
        "p99.9",
        "on disk ms",
        "at rest KiB",
        "peak KiB",
        "sent",
        "lost",
    ];
    table::print("Through a worker: us of a call at 20,000 lines/s, and the fate of the lines", &header, &rows);
    Ok(outcomes.iter().filter(|o| o.name == OURS).flat_map(verdicts).collect())
}

fn row(o: &Outcome) -> Vec<String> {
    let mut cells = vec![o.name.to_owned()];
    for latency in [o.idle, o.busy] {
        cells.extend([latency.p50, latency.p99, latency.p999].map(|us| figure(Some(us))));
    }
    cells.push(figure(Some(o.on_disk)));
    cells.extend([o.at_rest, o.peak].map(|bytes| figure(Some(kib(bytes)))));
    cells.extend([o.sent.to_string(), o.lost.to_string()]);
    cells
}

fn kib(bytes: i64) -> f64 {
    bytes as f64 / 1024.0
}

fn verdicts(o: &Outcome) -> Vec<Verdict> {
    let at_most = |what: &str, got, limit| Verdict::new(format!("worker, {what}"), got, Bound::AtMost(limit));
    vec![
        at_most("p50 us, idle", o.idle.p50, 0.5),
        at_most("p50 us, busy", o.busy.p50, 0.5),
        at_most("p99.9 us, idle", o.idle.p999, 20.0),
        at_most("p99.9 us, busy", o.busy.p999, 20.0),
        at_most("lines lost", o.lost as f64, 0.0),
        at_most("ms until on disk", o.on_disk, 100.0),
        at_most("KiB at rest", kib(o.at_rest), 256.0),
    ]
}

fn measure(start: Start) -> Result<Outcome> {
    alloc::watch();
    let background = start()?;
    let candidate = background.candidate.as_ref();
    candidate.activate();
    candidate.run(SCENARIO, 1);
    let at_rest = alloc::watched().0;
    candidate.run(SCENARIO, WARM_UP);
    let idle = best_window(candidate);
    let busy = beside_a_busy_thread(|| best_window(candidate));
    let (on_disk, arrivals) = longest_arrival(&background)?;
    candidate.run(SCENARIO, BURST);
    let peak = alloc::watched().1;
    alloc::unwatch();
    let Background { name, path, close, .. } = background;
    close();
    let sent = 1 + WARM_UP + (2 * WINDOWS * WINDOW) as u64 + arrivals + BURST;
    let lost = sent as i64 - marked_lines(&path)? as i64;
    Ok(Outcome { name, idle, busy, on_disk, at_rest, peak, sent, lost })
}

/// The window whose worst calls were shortest.
fn best_window(candidate: &dyn Candidate) -> Latency {
    let mut samples = Vec::with_capacity(WINDOW);
    let windows = (0..WINDOWS).map(|_| {
        samples.clear();
        let mut due = Instant::now();
        for _ in 0..WINDOW {
            due += PACE;
            while Instant::now() < due {
                spin_loop();
            }
            let start = Instant::now();
            candidate.run(SCENARIO, 1);
            samples.push(start.elapsed());
        }
        samples.sort_unstable();
        let at = |share: f64| samples[((WINDOW - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    });
    let none = Latency { p50: f64::INFINITY, p99: f64::INFINITY, p999: f64::INFINITY };
    windows.fold(none, |best, window| if window.p999 < best.p999 { window } else { best })
}

/// With another processor kept awake by work.
fn beside_a_busy_thread<T>(measured: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut work = 0_u64;
            while !done.load(Ordering::Relaxed) {
                work = black_box(work.wrapping_mul(31).wrapping_add(1));
            }
        });
        let result = measured();
        done.store(true, Ordering::Relaxed);
        result
    })
}

/// Waits for single lines, each logged when the one before it is in the file: the longest wait in milliseconds, and how
/// many were logged.
fn longest_arrival(background: &Background) -> Result<(f64, u64)> {
    let mut longest = Duration::ZERO;
    let mut sent = 0;
    settled(background)?;
    for _ in 0..ARRIVALS {
        let before = background.path.metadata()?.len();
        let start = Instant::now();
        background.candidate.run(SCENARIO, 1);
        sent += 1;
        while background.path.metadata()?.len() == before && start.elapsed() < DEADLINE {
            std::thread::yield_now();
        }
        longest = longest.max(start.elapsed());
        if longest >= DEADLINE {
            break;
        }
    }
    Ok((longest.as_secs_f64() * 1e3, sent))
}

/// Waits until the file has not grown for a while.
fn settled(background: &Background) -> Result<()> {
    const QUIET: Duration = Duration::from_millis(300);
    let start = Instant::now();
    let mut len = 0;
    let mut since = Instant::now();
    while since.elapsed() < QUIET && start.elapsed() < DEADLINE {
        let now = background.path.metadata().context("the worker's file")?.len();
        if now != len {
            len = now;
            since = Instant::now();
        }
        std::thread::yield_now();
    }
    Ok(())
}

fn marked_lines(path: &Path) -> Result<usize> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.split(|&b| b == b'\n').filter(|line| line.windows(MARK.len()).any(|w| w == MARK)).count())
}
