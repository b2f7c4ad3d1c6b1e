//! The fuzz target under a stable compiler: random inputs for so many seconds (60 by default).
//!
//! `cargo run --release --no-default-features --bin stable -- [seconds] [seed]`; a failure panics and shows its seed.

use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>().unwrap_or_else(|e| panic!("{arg}: {e}")));
    let (seconds, first) = (args.next().unwrap_or(60), args.next().unwrap_or(1));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    while Instant::now() < end {
        let mut random = seed;
        let len = 16 + (next(&mut random) % 1_000) as usize;
        let data: Vec<u8> = (0..len).map(|_| (next(&mut random) >> 33) as u8).collect();
        if std::panic::catch_unwind(|| logx_fuzz::check(&data)).is_err() {
            panic!(
                "seed {seed} fails: run again with `-- 1 {seed}`, or `-- {seconds} {first}` if it needs those before"
            );
        }
        seed += 1;
    }
    println!("{} inputs in {seconds} s, seeds {first} to {}: no failure", seed - first, seed - 1);
}

/// Splitmix64: good enough to spread inputs, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
