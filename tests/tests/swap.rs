//! Ten thousand swaps of the backend under eight threads: no line lost, doubled or torn.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use logx::{Encoding, NativeWriter};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use tests::vectors::Captured;

const THREADS: usize = 8;
const SWAPS: usize = 10_000;

#[test]
fn swapping_backends_under_load_neither_loses_nor_doubles_nor_tears_a_line() {
    let captured = Captured::default();
    let install = {
        let captured = captured.clone();
        move |i: usize| {
            let sink = Arc::new(captured.clone());
            match i % 3 {
                0 => logx::set_writer(NativeWriter::new(sink, Encoding::Json)),
                1 => logx::set_writer(SlogWriter::with_sink(sink, Encoding::Json)),
                _ => logx::set_writer(TracingWriter::with_sink(sink, Encoding::Json)),
            }
        }
    };
    install(0);
    let over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..THREADS)
        .map(|t| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                let mut n = 0u64;
                while !over.load(Ordering::Relaxed) {
                    logx::info!(t, n; "line {n} of {t}");
                    n += 1;
                }
                n
            })
        })
        .collect();
    for i in 1..=SWAPS {
        install(i);
    }
    over.store(true, Ordering::Relaxed);
    let logged: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let mut seen = HashSet::new();
    for line in captured.take().unwrap() {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(seen.insert((line["t"].as_u64().unwrap(), line["n"].as_u64().unwrap())), "twice: {line}");
    }
    assert!(logged > 0);
    assert_eq!(seen.len() as u64, logged, "lines were lost");
}
