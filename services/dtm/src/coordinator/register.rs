//! The coordinator's own entry in a service registry.

use std::time::Duration;

use discovery::Target;
use tokio_util::sync::CancellationToken;

use super::conf::MicroService;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Registers the coordinator, trying again while the registry is away, and takes the entry out when it leaves.
pub(super) async fn keep(service: MicroService, leaving: CancellationToken) {
    // The configuration was checked; without a target there is nothing to do.
    let Ok(Target::Etcd(target)) = service.target.parse() else { return };
    let mut pause = FIRST_PAUSE;
    let entry = loop {
        match discovery::register(&target, None, &service.end_point).await {
            Ok(entry) => break entry,
            Err(error) => logx::error!(error:% = error, key = target.key.as_str(); "dtm: not registered, tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = leaving.cancelled() => return,
        }
    };
    logx::info!(key = target.key.as_str(), address = service.end_point.as_str(); "dtm: registered");
    leaving.cancelled().await;
    entry.leave().await;
}
