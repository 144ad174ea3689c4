//! What EventBridge Scheduler does: calls a function by the clock, with the input the template has.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::Message;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::{JobHandler, guarded};
use crate::template::Schedule;

/// The first call: late enough not to slow the start, early enough for a laptop that is never on for a day.
const FIRST: Duration = Duration::from_mins(1);

/// Calls `handler` until `stop` is cancelled. A call that fails is logged; the next one is the retry.
pub(super) async fn run(
    schedule: &Schedule,
    limit: Duration,
    handler: &Arc<dyn JobHandler>,
    stop: &CancellationToken,
) {
    let mut ticks = interval_at(Instant::now() + FIRST.min(schedule.every), schedule.every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for count in 1_u64.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let id = format!("schedule-{}-{count}", schedule.name);
        let message = Message { id: id.clone(), receipt: id, body: schedule.input.clone(), attempts: 1 };
        let handler = handler.clone();
        let work = async move { handler.scheduled(message).await };
        tokio::select! {
            outcome = guarded(work, limit) => match outcome {
                Ok(failed) if failed.is_empty() => {}
                Ok(_) => tracing::error!(schedule = schedule.name, "the scheduled job failed"),
                Err(why) => tracing::error!(schedule = schedule.name, why, "the scheduled job did not end"),
            },
            () = stop.cancelled() => return,
        }
    }
}
