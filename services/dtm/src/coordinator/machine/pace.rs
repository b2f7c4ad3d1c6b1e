//! How long a repetition waits, and how long a text may be.

use super::Machine;

/// Pauses between calls, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Before the first repetition, unless the saga says otherwise.
    pub interval: i64,
    /// The longest.
    pub most: i64,
}

impl Machine {
    pub(super) fn interval(&self) -> i64 {
        let options = &self.plan.options;
        let millis = |seconds: u64| i64::try_from(seconds).unwrap_or(0) * 1000;
        match (options.retry_interval, options.timeout_to_fail) {
            (0, 0) => self.pace.interval,
            (0, timeout) => self.pace.interval.min(millis(timeout)),
            (interval, _) => millis(interval),
        }
    }

    /// Doubled with each attempt up to the longest, and spread by a tenth either way so that what failed together does not return together.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of some days")]
    pub(super) fn backoff(&self, attempts: u32, jitter: f64) -> i64 {
        let interval = self.interval();
        let doubled = interval.saturating_mul(1 << attempts.saturating_sub(1).min(20));
        let pause = doubled.min(self.pace.most.max(interval));
        pause + (pause as f64 * (jitter.clamp(0.0, 1.0) - 0.5) / 5.0) as i64
    }
}

/// At most `most` bytes, cut on a character boundary, with a mark where it was cut.
pub fn shorten(text: &str, most: usize) -> String {
    const MARK: &str = "...";
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most - MARK.len()).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}{MARK}", &text[..end])
}
