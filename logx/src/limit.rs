//! At most one in a window of time: go-zero's limited executor and less-logger.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Lets one call through in each window and counts those that it stops.
///
/// The time is passed in, so that the rule can be tested without waiting.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    /// Milliseconds of the process when a call was last let through, plus one; 0 before the first.
    last: AtomicI64,
    stopped: AtomicU64,
}

/// What a limiter says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on; so many calls were stopped since the last one.
    Go { stopped: u64 },
    /// Not now.
    Stop,
}

impl Limiter {
    pub(crate) const fn new() -> Self {
        Self { last: AtomicI64::new(0), stopped: AtomicU64::new(0) }
    }

    /// Decides at `now_ms`, a time that does not go back. A window of 0 lets everything through.
    pub(crate) fn decide(&self, now_ms: i64, window_ms: i64) -> Verdict {
        if window_ms <= 0 {
            return Verdict::Go { stopped: 0 };
        }
        let last = self.last.load(Ordering::Acquire);
        // go-zero stops a call at exactly the window's end as well.
        let inside = last != 0 && now_ms + 1 - last <= window_ms;
        let won = !inside && self.last.compare_exchange(last, now_ms + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if won {
            Verdict::Go { stopped: self.stopped.swap(0, Ordering::AcqRel) }
        } else {
            self.stopped.fetch_add(1, Ordering::AcqRel);
            Verdict::Stop
        }
    }
}

impl Limiter {
    /// How many calls were stopped and not yet reported.
    pub(crate) fn take_stopped(&self) -> u64 {
        self.stopped.swap(0, Ordering::AcqRel)
    }
}

/// Milliseconds since the process first asked.
pub(crate) fn process_ms() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// go-zero's less-logger: at most one error line in a window, and a count of those that were left out.
///
/// ```
/// let less = logx::LessLogger::new(std::time::Duration::from_secs(1));
/// for _ in 0..1_000 {
///     less.error("the queue is full");
/// }
/// ```
#[derive(Debug)]
pub struct LessLogger {
    limiter: Limiter,
    window: Duration,
}

impl LessLogger {
    /// A logger that lets one line through in each window; zero lets all through.
    #[must_use]
    pub const fn new(window: Duration) -> Self {
        Self { limiter: Limiter::new(), window }
    }

    /// Logs an error line, or counts it.
    #[track_caller]
    pub fn error(&self, text: impl std::fmt::Display) {
        self.error_at(process_ms(), text);
    }

    #[track_caller]
    fn error_at(&self, now_ms: i64, text: impl std::fmt::Display) {
        if let Verdict::Go { stopped } = self.limiter.decide(now_ms, millis(self.window)) {
            report_stopped(stopped);
            crate::error(text);
        }
    }
}

/// What was left out after the last line is said when the logger goes; go-zero never says it.
impl Drop for LessLogger {
    fn drop(&mut self) {
        report_stopped(self.limiter.take_stopped());
    }
}

/// go-zero's less-writer: passes at most one `write` on in a window, and counts those that it leaves out.
///
/// A write that is left out is a success for whoever writes. The next one that passes, or the end of the writer, logs
/// `Discarded N error messages` as an error line.
#[derive(Debug)]
pub struct LessWriter<W> {
    limiter: Limiter,
    window: Duration,
    out: W,
}

impl<W: io::Write> LessWriter<W> {
    /// A writer to `out` that passes one write on in each window; zero passes all on.
    pub const fn new(out: W, window: Duration) -> Self {
        Self { limiter: Limiter::new(), window, out }
    }

    fn write_at(&mut self, now_ms: i64, bytes: &[u8]) -> io::Result<usize> {
        if let Verdict::Go { stopped } = self.limiter.decide(now_ms, millis(self.window)) {
            report_stopped(stopped);
            self.out.write_all(bytes)?;
        }
        Ok(bytes.len())
    }
}

impl<W: io::Write> io::Write for LessWriter<W> {
    /// Passes all of `bytes` on, or nothing.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_at(process_ms(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W> Drop for LessWriter<W> {
    fn drop(&mut self) {
        report_stopped(self.limiter.take_stopped());
    }
}

fn millis(window: Duration) -> i64 {
    i64::try_from(window.as_millis()).unwrap_or(i64::MAX)
}

/// go-zero's line for what was left out.
#[track_caller]
pub(crate) fn report_stopped(stopped: u64) {
    if stopped > 0 {
        crate::error(format_args!("Discarded {stopped} error messages"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_a_window_passes_and_the_others_are_counted() {
        let limiter = Limiter::new();
        assert_eq!(limiter.decide(0, 100), Verdict::Go { stopped: 0 });
        assert_eq!(limiter.decide(50, 100), Verdict::Stop);
        assert_eq!(limiter.decide(100, 100), Verdict::Stop, "the end belongs to the window");
        assert_eq!(limiter.decide(101, 100), Verdict::Go { stopped: 2 });
        assert_eq!(limiter.decide(102, 0), Verdict::Go { stopped: 0 }, "no window, no limit");
    }

    #[test]
    fn the_less_writer_passes_one_write_in_a_window_and_says_what_it_left_out() {
        let logs = crate::testing::collect();
        let mut out = Vec::new();
        let mut less = LessWriter::new(&mut out, Duration::from_millis(10));
        for (now, text) in [(0, "a"), (1, "b"), (2, "c"), (20, "d"), (21, "e")] {
            assert_eq!(less.write_at(now, text.as_bytes()).unwrap(), 1);
        }
        drop(less);
        assert_eq!(out, b"ad");
        let texts: Vec<String> = logs.records().iter().map(crate::OwnedRecord::text).collect();
        assert_eq!(texts, ["Discarded 2 error messages", "Discarded 1 error messages"]);
    }

    #[test]
    fn the_less_logger_says_how_many_it_left_out_before_the_next_line() {
        let logs = crate::testing::collect();
        let less = LessLogger::new(Duration::from_millis(10));
        for now in [0, 1, 2, 20] {
            less.error_at(now, format_args!("at {now}"));
        }
        let texts: Vec<String> = logs.records().iter().map(crate::OwnedRecord::text).collect();
        assert_eq!(texts, ["at 0", "Discarded 2 error messages", "at 20"]);
        assert!(logs.records().iter().all(|r| r.caller.contains("limit.rs:")), "the user's line");
    }
}
