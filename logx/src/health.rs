//! The logger's own figures: what was written, lost, or went wrong.
//!
//! Every thread counts for itself, so that counting costs no shared write; [`health`] adds the threads up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::level::Kind;

/// Figures since the process began. They only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Lines that a writer took, by kind in the order of [`Kind::ALL`].
    pub lines: [u64; 9],
    /// Bytes that logx's own sinks took.
    pub bytes: u64,
    /// Lines lost: a full queue that drops, a writer that failed, a close that ran out of time.
    pub dropped: u64,
    /// Lines for which a writer reported an error.
    pub write_errors: u64,
    /// Panics of values and writers that were caught.
    pub panics: u64,
    /// Values that could not be printed and stand as `!error: ...`.
    pub bad_values: u64,
    /// Lines not written because they were logged while another line's value was being rendered, too deep.
    pub reentrant: u64,
    /// Lines that reached no writer because logging was closed, and went to stderr.
    pub after_close: u64,
}

impl Health {
    /// Lines of one kind.
    #[must_use]
    pub fn lines_of(&self, kind: Kind) -> u64 {
        self.lines[kind as usize]
    }

    /// Lines of all kinds.
    #[must_use]
    pub fn total_lines(&self) -> u64 {
        self.lines.iter().sum()
    }
}

/// What one thread counts; only that thread adds to it. Aligned so that no two threads' figures share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ThreadCounters {
    lines: [AtomicU64; 9],
    bytes: AtomicU64,
}

impl ThreadCounters {
    /// Counters that [`health`] knows of.
    pub(crate) fn register() -> Arc<Self> {
        let counters = Arc::new(Self::default());
        THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&counters));
        counters
    }

    /// Adds without a locked instruction: nobody else writes here.
    #[inline]
    fn add(counter: &AtomicU64, n: u64) {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn count_line(&self, kind: Kind) {
        Self::add(&self.lines[kind as usize], 1);
    }

    #[inline]
    pub(crate) fn count_bytes(&self, n: usize) {
        Self::add(&self.bytes, n as u64);
    }

    /// The thread ends: its figures stay, its entry goes.
    pub(crate) fn retire(self: &Arc<Self>) {
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|t| !Arc::ptr_eq(t, self));
        for (total, own) in ENDED.lines.iter().zip(&self.lines) {
            total.fetch_add(own.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        ENDED.bytes.fetch_add(self.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

static THREADS: Mutex<Vec<Arc<ThreadCounters>>> = Mutex::new(Vec::new());
/// The sum of the threads that ended, and of lines from threads that cannot count any more.
static ENDED: ThreadCounters = ThreadCounters { lines: [const { AtomicU64::new(0) }; 9], bytes: AtomicU64::new(0) };

macro_rules! shared_counters {
    ($($counter:ident, $count:ident, $doc:literal;)*) => { $(
        static $counter: AtomicU64 = AtomicU64::new(0);

        #[doc = $doc]
        #[cold]
        pub(crate) fn $count() {
            $counter.fetch_add(1, Ordering::Relaxed);
        }
    )* };
}
shared_counters! {
    WRITE_ERRORS, count_write_error, "A writer reported an error.";
    PANICS, count_panic, "A panic was caught.";
    BAD_VALUES, count_bad_value, "A value could not be printed.";
    REENTRANT, count_reentrant, "A line was logged too deep inside another.";
    AFTER_CLOSE, count_after_close, "A line found no writer.";
}

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines were lost. Adapters that lose lines count them here.
pub fn count_dropped(lines: u64) {
    DROPPED.fetch_add(lines, Ordering::Relaxed);
}

/// A line was written by a thread that has no counters any more.
#[cold]
pub(crate) fn count_line_without_thread(kind: Kind) {
    ENDED.lines[kind as usize].fetch_add(1, Ordering::Relaxed);
}

/// Bytes of such a thread.
#[cold]
pub(crate) fn count_bytes_without_thread(n: usize) {
    ENDED.bytes.fetch_add(n as u64, Ordering::Relaxed);
}

/// The logger's own figures up to now.
#[must_use]
pub fn health() -> Health {
    let mut health = Health {
        dropped: DROPPED.load(Ordering::Relaxed),
        write_errors: WRITE_ERRORS.load(Ordering::Relaxed),
        panics: PANICS.load(Ordering::Relaxed),
        bad_values: BAD_VALUES.load(Ordering::Relaxed),
        reentrant: REENTRANT.load(Ordering::Relaxed),
        after_close: AFTER_CLOSE.load(Ordering::Relaxed),
        ..Health::default()
    };
    let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    for counters in threads.iter().map(|t| &**t).chain([&ENDED]) {
        for (total, own) in health.lines.iter_mut().zip(&counters.lines) {
            *total += own.load(Ordering::Relaxed);
        }
        health.bytes += counters.bytes.load(Ordering::Relaxed);
    }
    health
}
