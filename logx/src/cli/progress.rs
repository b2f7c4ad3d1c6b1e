//! Progress on standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::input;

/// How many bytes pass between looks at the clock.
const STRIDE: usize = 8 << 20;
/// A run this short needs no progress.
const QUIET: Duration = Duration::from_millis(700);
const EVERY: Duration = Duration::from_millis(200);

/// Prints how far a long input has been read.
#[derive(Debug)]
pub(crate) struct Progress {
    on: bool,
    total: Option<u64>,
    done: u64,
    since_look: usize,
    started: Instant,
    printed: Option<Instant>,
}

impl Progress {
    /// Progress over `files`; only printed when standard error is a terminal, or if `forced`.
    pub(crate) fn new(files: &[String], forced: bool) -> Self {
        let plain = !files.is_empty() && files.iter().all(|f| !f.ends_with(".gz"));
        let total = if plain { files.iter().map(|f| input::length(f)).sum() } else { None };
        let now = Instant::now();
        Self {
            on: forced || std::io::stderr().is_terminal(),
            total,
            done: 0,
            since_look: 0,
            started: now,
            printed: None,
        }
    }

    /// Keeps quiet unless `wanted`.
    pub(crate) fn only_if(mut self, wanted: bool) -> Self {
        self.on &= wanted;
        self
    }

    /// Counts a line of so many bytes.
    #[inline]
    pub(crate) fn line(&mut self, bytes: usize) {
        self.done += bytes as u64;
        self.since_look += bytes;
        if self.on && self.since_look >= STRIDE {
            self.since_look = 0;
            self.look();
        }
    }

    fn look(&mut self) {
        let now = Instant::now();
        let running = now.duration_since(self.started);
        if running < QUIET || self.printed.is_some_and(|at| now.duration_since(at) < EVERY) {
            return;
        }
        self.printed = Some(now);
        let rate = self.done as f64 / running.as_secs_f64();
        let share = match self.total {
            Some(total) if total > 0 => format!(" of {} ({}%)", mib(total), self.done.min(total) * 100 / total),
            _ => String::new(),
        };
        print(&format!("\r{}{share}, {}/s\x1b[K", mib(self.done), mib(rate as u64)));
    }

    /// Takes the progress off the screen.
    pub(crate) fn finish(&mut self) {
        if self.printed.take().is_some() {
            print("\r\x1b[K");
        }
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / 1_048_576.0)
}

/// Nobody needs to know when standard error is gone.
fn print(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
