//! Requests with one idempotency key run one after another within this process; the coordinator keeps several processes apart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Locks = Mutex<HashMap<String, Arc<AsyncMutex<()>>>>;

/// The keys that are being worked on.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Arc<Locks>);

/// One key is ours until this goes.
#[derive(Debug)]
pub(super) struct Turn {
    locks: Arc<Locks>,
    name: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl InFlight {
    /// Waits for the turn of `name`.
    pub(super) async fn turn(&self, name: String) -> Turn {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(name.clone()).or_default())
        };
        // Made before the wait: a caller that gives up cleans up as well.
        let mut turn = Turn { locks: Arc::clone(&self.0), name, guard: None };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the map itself holds it: nobody waits.
        if locks.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_key_is_one_at_a_time_and_leaves_nothing_behind() {
        let keys = Arc::new(InFlight::default());
        let running = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (keys, running) = (Arc::clone(&keys), Arc::clone(&running));
            tasks.spawn(async move {
                let _turn = keys.turn("a".into()).await;
                assert_eq!(running.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                tokio::task::yield_now().await;
                running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        assert!(keys.0.lock().unwrap().is_empty());
    }
}
