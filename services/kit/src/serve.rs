//! What HTTP and gRPC servers stop alike.

use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::admin::Ready;
use crate::conf::ShutdownConf;
use crate::telemetry::Telemetry;

/// How long the metrics port may take to close after the service has ended.
const ADMIN_CLOSE: Duration = Duration::from_millis(200);

/// A server that ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[error("the server ended: {0}")]
pub struct ServeError(String);

impl ServeError {
    pub(crate) fn new(reason: impl Display) -> Self {
        Self(reason.to_string())
    }
}

/// Runs the main server beside the admin ports. After `stop` running calls have until the configured time; the admin ports close last.
pub(crate) async fn until_stopped<E: Display>(
    main: impl Future<Output = Result<(), E>>,
    admin: impl Future<Output = ()>,
    admin_stop: CancellationToken,
    ready: Ready,
    stop: CancellationToken,
    shutdown: &ShutdownConf,
    telemetry: &Telemetry,
) -> Result<(), ServeError> {
    ready.set(true);
    let draining = async {
        stop.cancelled().await;
        ready.set(false);
        tokio::time::sleep(shutdown.wait_time).await;
    };
    let main = async {
        let ended = tokio::select! {
            ended = main => ended.map_err(ServeError::new),
            never = telemetry.stat().report() => match never {},
            () = draining => {
                logx::warn!("requests were still running after {:?}, cut off", shutdown.wait_time);
                Ok(())
            }
        };
        ready.set(false);
        // What the last minute's line would have lacked.
        telemetry.stat().print();
        admin_stop.cancel();
        ended
    };
    let admin = async {
        tokio::pin!(admin);
        tokio::select! {
            () = &mut admin => {}
            () = admin_stop.cancelled() => {
                // An idle scraper must not hold the stop up.
                let _ = tokio::time::timeout(ADMIN_CLOSE, admin).await;
            }
        }
    };
    let (ended, ()) = tokio::join!(main, admin);
    ended
}

/// The words of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a text")
}
