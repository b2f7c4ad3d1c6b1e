//! Writers replaced ten thousand times under load: no line is lost, doubled or torn.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use logx::testing::hostile::{Memory, check_line};
use logx::{NativeWriter, Stream};

const THREADS: usize = 8;
const SWAPS: usize = 10_000;

#[test]
fn ten_thousand_swaps_lose_double_and_tear_nothing() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut sent = 0_u64;
                // At least some lines, also where the swaps are over before the thread runs.
                while sent < 100 || !DONE.load(Ordering::Relaxed) {
                    logx::info!(thread, n = sent; "line");
                    sent += 1;
                    if sent.is_multiple_of(50) {
                        std::thread::yield_now();
                    }
                }
                sent
            })
        })
        .collect();
    for i in 0..SWAPS {
        match i % 5 {
            0 => logx::set_writer(Stream::new(memory.clone())),
            1 => logx::set_writer(NativeWriter::new(logx::sink::stream(memory.clone()), logx::Encoding::Json)),
            // A writer that is taken out and closed hands its late lines to its successor.
            2 => {
                let old = {
                    let next = NativeWriter::new(logx::sink::stream(memory.clone()), logx::Encoding::Json);
                    let old = logx::testing::swap_writer(next);
                    old.unwrap()
                };
                old.close(logx::CLOSE_DEADLINE).unwrap();
            }
            3 => logx::set_level(logx::Level::Debug),
            _ => logx::add_global_fields([logx::field("swap", i % 3)]),
        }
    }
    DONE.store(true, Ordering::Relaxed);
    let sent: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();

    let mut seen = HashSet::new();
    for line in memory.take().lines() {
        let object = check_line(line).unwrap();
        let key = (object["thread"].as_u64().unwrap() as usize, object["n"].as_u64().unwrap());
        assert!(seen.insert(key), "{key:?} comes twice");
    }
    let total: u64 = sent.iter().sum();
    assert_eq!(seen.len() as u64, total, "every line is there");
    let health = logx::health();
    assert_eq!((health.total_lines(), health.dropped, health.write_errors, health.after_close), (total, 0, 0, 0));
}
