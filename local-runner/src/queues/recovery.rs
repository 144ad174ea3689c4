//! Picking up imports that a killed process left, as long as the runner runs: the dead are known by their silence,
//! so right after a restart it may be too early to tell.

use std::time::Duration;

use dzinza_jobs::{JobsPorts, recover};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(10);

/// Looks at once, and then again and again until `stop` is cancelled.
pub async fn run(ports: &JobsPorts, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = recover(ports).await {
            tracing::warn!(%error, "imports that came to a stop could not be looked for");
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
