//! Places at destinations for recovered transactions.
//!
//! *What it promises*: at most `limit` of them call one destination at once. *When it acts*: when all places are taken, some stand in line, and the
//! others are told when to come back: one after the other, at the pace at which places have become free there. So a destination is kept busy
//! however many wait for it, and one that is dead costs little however long its queue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Destinations that are remembered; beyond it the idle ones are forgotten.
const MAX_DESTINATIONS: usize = 1024;
/// The longest time for which a transaction is sent away, in ms.
const MAX_PAUSE: f64 = 60_000.0;
/// How long the pace of a destination is measured, in ms.
const WINDOW: i64 = 200;
/// Milliseconds between two places that become free, as long as nothing is known. Rather too short: who comes too early is sent away again,
/// but a destination that waits for its callers is time lost.
const FIRST_GAP: f64 = 0.25;
const MIN_GAP: f64 = 0.1;
const MAX_GAP: f64 = 1000.0;
/// Those sent away are asked back a little sooner than they are needed, so that the line does not run dry.
const SOONER: f64 = 0.9;
/// How much sooner when it has run dry.
const MUCH_SOONER: f64 = 0.5;

#[derive(Debug)]
pub(crate) struct Places {
    destinations: Mutex<HashMap<String, Arc<Destination>>>,
    limit: u32,
}

#[derive(Debug)]
struct Destination {
    free: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

impl Places {
    pub(super) fn new(limit: u32) -> Self {
        Self { destinations: Mutex::default(), limit: limit.max(1) }
    }

    /// A place at a destination. When all are taken: waits for one with `may_wait`, else says how many milliseconds later to come back.
    ///
    /// # Errors
    /// The pause.
    pub(super) async fn take(
        &self,
        destination: &str,
        may_wait: bool,
        now: impl Fn() -> i64,
    ) -> Result<OwnedSemaphorePermit, i64> {
        let destination = self.destination(destination);
        let free = Arc::clone(&destination.free);
        if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
            lock(&destination.pace).taken(now(), true);
            return Ok(permit);
        }
        if may_wait && let Ok(permit) = free.acquire_owned().await {
            lock(&destination.pace).taken(now(), false);
            return Ok(permit);
        }
        Err(lock(&destination.pace).book(now()))
    }

    fn destination(&self, name: &str) -> Arc<Destination> {
        let mut destinations = lock(&self.destinations);
        if let Some(known) = destinations.get(name) {
            return Arc::clone(known);
        }
        if destinations.len() >= MAX_DESTINATIONS {
            destinations.retain(|_, destination| Arc::strong_count(&destination.free) > 1);
        }
        let free = Arc::new(Semaphore::new(self.limit as usize));
        let new = Arc::new(Destination { free, pace: Mutex::default() });
        Arc::clone(destinations.entry(name.to_owned()).or_insert(new))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half-changed.
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

/// How often places become free at a destination, and until when those that come are taken.
#[derive(Debug)]
struct Pace {
    /// Milliseconds between two places that become free.
    gap: f64,
    /// When the last of those sent away comes back, in ms.
    booked: f64,
    window: i64,
    taken: u32,
    ran_dry: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { gap: FIRST_GAP, booked: 0.0, window: 0, taken: 0, ran_dry: false }
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of some years")]
impl Pace {
    /// A place was taken, `at_once` or after waiting in line.
    fn taken(&mut self, now: i64, at_once: bool) {
        // Places that nobody is waiting for are no measure, unless somebody was sent away who could have had them.
        let (waiting, elapsed) = (self.booked > now as f64, now - self.window);
        if at_once && !waiting {
            (self.window, self.taken, self.ran_dry) = (now, 0, false);
            return;
        }
        self.taken += 1;
        self.ran_dry |= at_once;
        if elapsed >= WINDOW {
            let gap =
                if self.ran_dry { self.gap * MUCH_SOONER } else { elapsed as f64 / f64::from(self.taken) * SOONER };
            self.gap = gap.clamp(MIN_GAP, MAX_GAP);
            (self.window, self.taken, self.ran_dry) = (now, 0, false);
        }
    }

    /// The pause after which the next one that is sent away is to come back, in ms.
    fn book(&mut self, now: i64) -> i64 {
        let now = now as f64;
        self.booked = (self.booked.max(now) + self.gap).min(now + MAX_PAUSE);
        (self.booked - now).ceil() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A destination where a place becomes free every `gap` ms, with a line that is never empty.
    fn busy(pace: &mut Pace, from: i64, gap: i64) -> i64 {
        pace.taken(from, true);
        let places = (0..100).map(|i| from + i * gap);
        places.inspect(|&at| pace.taken(at, false)).last().unwrap()
    }

    #[test]
    fn those_sent_away_come_back_at_the_pace_of_the_places() {
        for gap in [4, 25] {
            let mut pace = Pace::default();
            let now = busy(&mut pace, 1_000_000, gap);
            let pauses: Vec<i64> = (0..100).map(|_| pace.book(now)).collect();
            assert!(pauses.is_sorted());
            let last = pauses[99];
            assert!((70 * gap..=110 * gap).contains(&last), "a gap of {gap}: {last}");
        }
    }

    #[test]
    fn a_line_that_runs_dry_shortens_the_pauses() {
        let mut pace = Pace::default();
        let now = busy(&mut pace, 1_000_000, 100);
        let before = pace.gap;
        pace.booked = now as f64 + 60_000.0;
        for at in (now..now + 1000).step_by(10) {
            pace.taken(at, true);
        }
        assert!(pace.gap < before / 4.0, "{} of {before}", pace.gap);
    }

    #[test]
    fn a_pause_has_a_bound() {
        let mut pace = Pace::default();
        let now = busy(&mut pace, 1_000_000, 3000);
        let last = (0..100_000).map(|_| pace.book(now)).last();
        assert_eq!(last, Some(60_000));
    }

    #[tokio::test]
    async fn no_more_than_the_limit_have_a_place_and_one_that_waits_gets_the_next() {
        let places = Arc::new(Places::new(2));
        let first = places.take("a", false, || 0).await.unwrap();
        let _second = places.take("a", false, || 0).await.unwrap();
        assert!(places.take("a", false, || 0).await.is_err());
        let _elsewhere = places.take("b", false, || 0).await.unwrap();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take("a", true, || 0).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap());
    }
}
