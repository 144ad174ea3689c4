//! How much waits in the queues, for metrics.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::Queue;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How old the figures get.
const EVERY: Duration = Duration::from_secs(15);

/// Asks until `stop`. Whoever cannot be asked keeps the figures that it had.
pub(super) async fn watch(queue: &Arc<dyn Queue>, names: &[String], stop: &CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        for name in names {
            let Ok(depth) = queue.depth(name).await else { continue };
            for (state, count) in
                [("waiting", depth.waiting), ("in_flight", depth.in_flight), ("dead", depth.dead)]
            {
                metrics::gauge!("queue_messages", "queue" => name.clone(), "state" => state)
                    .set(count as f64);
            }
        }
    }
}
