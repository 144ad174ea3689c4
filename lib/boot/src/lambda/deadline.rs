//! Nobody waits for an answer after the deadline.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::Clock;
use tokio_util::task::AbortOnDropHandle;

/// Work that does not even stop when it is dropped keeps a process from being of use to anybody.
const STUCK: Duration = Duration::from_secs(2);

/// When an invocation has to be over.
pub(super) struct Deadline {
    left: Duration,
}

impl Deadline {
    /// By a clock, in milliseconds since 1970 as the runtime tells it.
    pub(super) fn new(clock: &Arc<dyn Clock>, deadline: u64) -> Self {
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or_default();
        Self { left: Duration::from_millis(deadline.saturating_sub(now)) }
    }

    /// What comes of the work, if it ends in time; else it is dropped. A process in which it goes on all the same ends, and
    /// whoever started it starts another.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left = self.left;
        let _watch = AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(left.saturating_add(STUCK)).await;
            tracing::error!("stuck: the process ends");
            std::process::exit(1);
        }));
        tokio::time::timeout(left, work).await.ok()
    }
}
