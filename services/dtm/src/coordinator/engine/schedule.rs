//! Finding transactions whose time has come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::drive::Start;
use super::{Engine, now};
use crate::coordinator::store::{Record, StoreError};

/// Transactions taken in hand with one commit.
const CLAIM: u32 = 64;
/// Looks between which finished transactions are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The pause after the store failed.
const FAILED: Duration = Duration::from_secs(1);

impl Engine {
    /// Looks for due transactions and runs them, until [`Engine::stop`].
    pub(crate) async fn run(self: Arc<Self>) {
        let sweeper = Arc::clone(&self);
        self.spawn(async move { sweeper.sweep_now_and_then().await });
        if let Some(lease) = self.store.lease() {
            let renewer = Arc::clone(&self);
            self.spawn(async move { renewer.renew_now_and_then(lease).await });
        }
        while !self.stop.is_cancelled() {
            if let Err(error) = self.look().await {
                logx::error!(error:% = error; "dtm: due transactions cannot be read");
                self.pause(FAILED).await;
            }
        }
    }

    async fn look(self: &Arc<Self>) -> Result<(), StoreError> {
        let permit = tokio::select! {
            permit = Arc::clone(&self.recovery).acquire_owned() => permit.map_err(|_| StoreError::Closed)?,
            () = self.stop.cancelled() => return Ok(()),
        };
        let free = u32::try_from(self.recovery.available_permits()).unwrap_or(u32::MAX);
        let records = self.store.claim(now(), CLAIM.min(free + 1)).await?;
        let mut permits = Some(permit);
        let found = !records.is_empty();
        for record in records {
            let permit = match permits.take() {
                Some(permit) => permit,
                None => Arc::clone(&self.recovery).acquire_owned().await.map_err(|_| StoreError::Closed)?,
            };
            self.take_in_hand(record, permit);
        }
        drop(permits);
        if !found {
            self.sleep_until_due().await?;
        }
        Ok(())
    }

    async fn sleep_until_due(&self) -> Result<(), StoreError> {
        self.next_wake.store(i64::MAX, Ordering::Release);
        // What is parked from here on wakes the sleep; what was parked before is in the answer.
        let due = self.store.next_due().await?.unwrap_or(i64::MAX);
        self.next_wake.fetch_min(due, Ordering::AcqRel);
        let most = i64::from(self.conf.trans_cron_interval) * 1000;
        let pause = due.saturating_sub(now()).clamp(0, most);
        self.pause(Duration::from_millis(u64::try_from(pause).unwrap_or_default())).await;
        Ok(())
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.wake.notified() => {}
            () = self.stop.cancelled() => {}
        }
    }

    fn take_in_hand(self: &Arc<Self>, record: Record, permit: OwnedSemaphorePermit) {
        match self.active.enter(&record.plan) {
            Ok(hold) => self.spawn_drive(hold, Start::Due(Box::new(record), permit)),
            Err(mut taken) => {
                // A submitter is just looking at it. When he is gone, what was read here may be old.
                let engine = Arc::clone(self);
                self.spawn(async move {
                    while taken.view.changed().await.is_ok() {}
                    match engine.store.load(&record.plan.gid).await {
                        Ok(Some(record)) if record.owner.starts_with(engine.owner()) && !record.state.status.is_final() => engine.take_in_hand(record, permit),
                        Ok(_) => {}
                        Err(error) => logx::error!(gid = record.plan.gid.as_str(), error:% = error; "dtm: transaction cannot be read"),
                    }
                });
            }
        }
    }

    /// Three times a lease, so that one failure loses nothing. A stop takes less than a lease.
    async fn renew_now_and_then(&self, lease: Duration) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(lease / 3) => {}
                () = self.stop.cancelled() => return,
            }
            if let Err(error) = self.store.renew(self.active.gids()).await {
                logx::error!(error:% = error; "dtm: leases not renewed");
            }
        }
    }

    async fn sweep_now_and_then(&self) {
        let keep = i64::try_from(self.conf.store.finished_data_expire).unwrap_or(0) * 1000;
        while keep > 0 && !self.stop.is_cancelled() {
            match self.store.sweep(now() - keep).await {
                Ok(0) => {}
                Ok(count) => logx::info!(count = count; "dtm: finished transactions deleted"),
                Err(error) => logx::error!(error:% = error; "dtm: finished transactions not deleted"),
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}
