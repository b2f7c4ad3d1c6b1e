//! Named places at which a test can end the process, as a power cut would.
//!
//! The places are `insert`, `save` and `claim`, each `before-` and `after-` the commit, and `before-call` and `after-call` of a branch. Without
//! the cargo feature `fail-points` nothing of this is compiled in.

#[cfg(feature = "fail-points")]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Ends the process when a named place has been passed a number of times.
#[derive(Clone, Debug, Default)]
pub struct FailPoint {
    #[cfg(feature = "fail-points")]
    armed: Option<Arc<(String, AtomicI64)>>,
}

impl FailPoint {
    /// From `name` or `name:count`: at the first or at the count-th passing. An empty text arms nothing.
    #[cfg(feature = "fail-points")]
    pub fn parse(text: &str) -> Self {
        let (name, count) = text.split_once(':').unwrap_or((text, "1"));
        let count = count.parse().unwrap_or(1);
        Self { armed: (!name.is_empty()).then(|| Arc::new((name.to_owned(), AtomicI64::new(count)))) }
    }

    /// Passes a place.
    #[cfg(feature = "fail-points")]
    pub fn pass(&self, name: &str) {
        let Some(armed) = &self.armed else { return };
        if armed.0 == name && armed.1.fetch_sub(1, Ordering::SeqCst) == 1 {
            // SIGKILL: no handler and no destructor runs, nothing is flushed.
            let own = std::process::id().to_string();
            let _ = std::process::Command::new("kill").args(["-9", &own]).status();
            // Where there is no such program.
            std::process::abort();
        }
    }

    /// Passes a place; nothing happens.
    #[cfg(not(feature = "fail-points"))]
    #[allow(clippy::unused_self, reason = "the same call with the feature")]
    pub const fn pass(&self, _name: &str) {}
}
