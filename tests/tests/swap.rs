//! Ten thousand swaps of the backend under eight threads: no line lost, doubled or torn.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use logx::{Encoding, NativeWriter};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use tests::vectors::Captured;

const THREADS: usize = 8;
const SWAPS: usize = 10_000;
const BACKENDS: usize = 3;
/// Lines that a thread logs before it lets another one run.
const BURST: u64 = 4;
/// How long a swap may wait for every thread's next line.
const PATIENCE: Duration = Duration::from_secs(30);

/// A thread that logs for as long as the swapping goes on.
struct Logging {
    logged: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Logging {
    fn start(t: usize, over: &Arc<AtomicBool>) -> Self {
        let logged = Arc::new(AtomicU64::new(0));
        let (counter, over) = (Arc::clone(&logged), Arc::clone(over));
        let thread = std::thread::spawn(move || {
            let mut n = 0;
            while !over.load(Ordering::Relaxed) {
                for _ in 0..BURST {
                    logx::info!(t, n; "line {n} of {t}");
                    n += 1;
                    counter.store(n, Ordering::Release);
                }
                std::thread::yield_now();
            }
        });
        Self { logged, thread }
    }

    fn logged(&self) -> u64 {
        self.logged.load(Ordering::Acquire)
    }
}

/// Waits until every thread has logged a line that it had not begun before.
fn wait_for_all(threads: &[Logging]) {
    let deadline = Instant::now() + PATIENCE;
    // The line that a thread is in now may have the writer from before.
    let wanted: Vec<u64> = threads.iter().map(|thread| thread.logged() + 2).collect();
    while threads.iter().zip(&wanted).any(|(thread, wanted)| thread.logged() < *wanted) {
        assert!(Instant::now() < deadline, "a thread logs no more");
        std::thread::yield_now();
    }
}

#[test]
fn swapping_backends_under_load_neither_loses_nor_doubles_nor_tears_a_line() {
    let captured: [Captured; BACKENDS] = Default::default();
    let install = |i: usize| {
        let sink = Arc::new(captured[i % BACKENDS].clone());
        match i % BACKENDS {
            0 => logx::set_writer(NativeWriter::new(sink, Encoding::Json)),
            1 => logx::set_writer(SlogWriter::with_sink(sink, Encoding::Json)),
            _ => logx::set_writer(TracingWriter::with_sink(sink, Encoding::Json)),
        }
    };
    install(0);
    let over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..THREADS).map(|t| Logging::start(t, &over)).collect();
    wait_for_all(&threads);
    for i in 1..=SWAPS {
        install(i);
        wait_for_all(&threads);
    }
    over.store(true, Ordering::Relaxed);
    let mut logged = Vec::new();
    for Logging { logged: counter, thread } in threads {
        thread.join().unwrap();
        logged.push(counter.load(Ordering::Acquire));
    }
    let mut seen = HashSet::new();
    for backend in &captured {
        let lines = backend.take().unwrap();
        // Every thread has logged through this backend each time that it was in force.
        assert!(lines.len() >= SWAPS / BACKENDS * THREADS, "{} lines", lines.len());
        for line in lines {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            assert!(seen.insert((line["t"].as_u64().unwrap(), line["n"].as_u64().unwrap())), "twice: {line}");
        }
    }
    let wanted = logged.iter().zip(0..).flat_map(|(count, t)| (0..*count).map(move |n| (t, n)));
    let lost: Vec<_> = wanted.filter(|line| !seen.remove(line)).collect();
    assert!(lost.is_empty(), "{} lines are lost: {:?}", lost.len(), &lost[..lost.len().min(10)]);
    assert!(seen.is_empty(), "nobody logged these: {seen:?}");
}
