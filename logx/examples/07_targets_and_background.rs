//! Levels for parts of a program, and lines written by a thread of their own:
//! `cargo run -p logx --example 07_targets_and_background`.

use std::sync::Arc;
use std::time::Duration;

use logx::sink::{Background, Overflow};
use logx::{Encoding, Level, NativeWriter};

mod noisy {
    pub(crate) fn work() {
        logx::debug!("a detail of {}", module_path!());
        logx::info!("a step");
    }
}

fn main() {
    // A call costs a copy into a buffer of 1 MiB; when it is full, lines are dropped and counted.
    let sink = logx::must(Background::new(std::io::stdout(), 1 << 20, Overflow::Drop));
    logx::set_writer(NativeWriter::new(Arc::new(sink), Encoding::Plain));

    logx::set_level(Level::Info);
    noisy::work();
    // A target is a module path; its level holds for the modules below it.
    logx::set_target_level("07_targets_and_background::noisy", Level::Debug);
    noisy::work();
    logx::set_target_level("07_targets_and_background::noisy", Level::Error);
    noisy::work();

    // Waits for the lines on their way, at most so long.
    logx::must(logx::close_within(Duration::from_secs(5)));
}
