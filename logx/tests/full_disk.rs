//! A disk that is always full: every line is counted, none harms the caller, and closing says so.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use logx::sink::{Background, Overflow};
use logx::{Encoding, NativeWriter, Stream};

#[test]
fn a_full_disk_is_reported_and_counted() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    logx::set_writer(Stream::new(full()));
    let before = logx::health();
    for i in 0..3 {
        logx::info!("line {i}");
    }
    assert_eq!(logx::health().write_errors - before.write_errors, 3);

    let background = Background::new(full(), 4_096, Overflow::Drop).unwrap();
    logx::set_writer(NativeWriter::new(Arc::new(background), Encoding::Json));
    let before = logx::health();
    for i in 0..3 {
        logx::info!("line {i}");
    }
    assert!(logx::close_within(Duration::from_millis(50)).is_err());
    let after = logx::health();
    assert_eq!(after.dropped - before.dropped, 3);
    assert!(after.write_errors > before.write_errors);
}
