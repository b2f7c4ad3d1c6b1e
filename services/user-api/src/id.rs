//! Ids of 63 bits that grow with time: 41 bits of milliseconds, 10 of worker, 12 of sequence.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WORKER_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const LAST_SEQUENCE: u16 = (1 << SEQUENCE_BITS) - 1;
/// 2024-01-01T00:00:00Z in Unix milliseconds; 41 bits last from there to 2093.
const EPOCH: u64 = 1_704_067_200_000;

/// A worker number for an instance that was given none.
pub(crate) fn random_worker() -> u16 {
    (RandomState::new().hash_one(0_u8) as u16) & ((1 << WORKER_BITS) - 1)
}

/// The worker number of an instance with this number.
pub(crate) fn worker(unique: i64) -> u16 {
    (unique.rem_euclid(1 << WORKER_BITS)) as u16
}

/// Makes ids. No two of one `Ids` are equal, whatever the clock does.
#[derive(Debug)]
pub(crate) struct Ids {
    worker: u16,
    clock: fn() -> SystemTime,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Milliseconds since the epoch of the latest id.
    last: u64,
    sequence: u16,
}

impl Ids {
    /// Ids of worker 0 to 1023.
    pub(crate) fn new(worker: u16, clock: fn() -> SystemTime) -> Self {
        Self { worker, clock, state: Mutex::default() }
    }

    /// The next id. Waits while the clock stands before the latest one, and when a millisecond's 4096 ids are used up.
    pub(crate) async fn next(&self) -> i64 {
        loop {
            let taken =
                self.state.lock().unwrap_or_else(PoisonError::into_inner).take(millis((self.clock)()), self.worker);
            match taken {
                Ok(id) => return id,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }
}

impl State {
    /// The id for this moment, or how long to wait for a moment that has one.
    fn take(&mut self, now: u64, worker: u16) -> Result<i64, Duration> {
        if now < self.last {
            return Err(Duration::from_millis(self.last - now));
        }
        if now > self.last {
            *self = Self { last: now, sequence: 0 };
        } else if self.sequence == LAST_SEQUENCE {
            return Err(Duration::from_millis(1));
        } else {
            self.sequence += 1;
        }
        let id =
            self.last << (WORKER_BITS + SEQUENCE_BITS) | u64::from(worker) << SEQUENCE_BITS | u64::from(self.sequence);
        Ok(id as i64)
    }
}

fn millis(now: SystemTime) -> u64 {
    let unix = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // 1 and not 0: an id is positive even with a clock that stands before the epoch.
    (unix.as_millis() as u64).saturating_sub(EPOCH).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_never_repeats_an_id() {
        let mut state = State::default();
        let mut seen = std::collections::BTreeSet::new();
        for now in [5, 5, 9, 4, 8, 9, 9, 10, 3, 11] {
            match state.take(now, 7) {
                Ok(id) => {
                    assert!(seen.last().is_none_or(|last| *last < id), "{id} at {now}");
                    seen.insert(id);
                }
                Err(wait) => assert_eq!(wait.as_millis() as u64, state.last - now),
            }
        }
        assert_eq!(seen.len(), 7);
    }

    #[test]
    fn a_lease_gives_its_remainder() {
        assert_eq!([0, 1023, 1024, 7_587_891_234_567_890_123, -1].map(worker), [0, 1023, 0, 203, 1023]);
    }

    #[test]
    fn a_full_millisecond_waits_for_the_next() {
        let mut state = State::default();
        let ids: Vec<i64> = (0..=LAST_SEQUENCE).map(|_| state.take(1, 1023).unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(state.take(1, 1023), Err(Duration::from_millis(1)));
        assert!(state.take(2, 0).unwrap() > ids[ids.len() - 1]);
    }

    #[test]
    fn the_parts_stand_where_they_belong() {
        let mut state = State::default();
        let most = (1_u64 << 41) - 1;
        let id = state.take(most, 1023).unwrap();
        assert!(id > 0);
        assert_eq!(id >> 22, most as i64);
        assert_eq!(id >> 12 & 1023, 1023);
        assert_eq!(id & 4095, 0);
    }

    #[test]
    fn a_clock_before_the_epoch_still_gives_a_positive_id() {
        assert_eq!(millis(UNIX_EPOCH), 1);
        assert!(millis(SystemTime::now()) > 1);
    }
}
