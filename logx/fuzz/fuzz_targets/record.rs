//! Any record, under cargo-fuzz: `cargo +nightly fuzz run record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| logx_fuzz::check(data));
