//! The pump: brings messages from the queues to the function, as SQS does with Lambda on AWS.
//!
//! A batch is leased, the lease is kept alive while the handler runs, what succeeded is deleted and what failed
//! is given back to be tried later. At least once, so jobs are idempotent. What is running when the runner stops is
//! released as if it had not begun.

mod depth;
pub mod recovery;
mod schedules;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Message, Queue, StoreError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::template::{Function, QueueSource, Template};

/// Short, so that a crash delays a job by no more.
const LEASE: Duration = Duration::from_secs(10);
const EXTEND_EVERY: Duration = Duration::from_secs(3);
/// How long a new message waits if nothing wakes the pump.
const POLL: Duration = Duration::from_millis(500);
/// How long a batch may go on once the runner stops.
const GRACE: Duration = Duration::from_secs(5);
/// The longest wait after an error of the queue itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest a failed message waits for its next chance.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Does the jobs; the jobs function behind its event adapter, or in-process.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Works on a batch. Returns the ids of the messages that failed; the others are done.
    async fn handle(&self, messages: Vec<Message>) -> Vec<String>;

    /// Does what a schedule asks for, in the same way.
    async fn scheduled(&self, message: Message) -> Vec<String> {
        self.handle(vec![message]).await
    }
}

/// Something that resolves when a message may have come.
pub type WakeUp = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// What [`Pump::drain_once`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Messages done and deleted.
    pub done: usize,
    /// Messages given back.
    pub failed: usize,
}

#[derive(Debug, Clone)]
struct Source {
    queue: QueueSource,
    /// The function's: a batch that takes longer has failed.
    timeout: Duration,
}

/// Pumps every queue and schedule of a template.
#[derive(Clone)]
pub struct Pump {
    queue: Arc<dyn Queue>,
    handler: Arc<dyn JobHandler>,
    sources: Vec<Source>,
    functions: Vec<Function>,
    wake_up: Option<WakeUp>,
}

impl Pump {
    /// A pump from `queue` to `handler` for all queues and schedules of `template`.
    pub fn new(template: &Template, queue: Arc<dyn Queue>, handler: Arc<dyn JobHandler>) -> Self {
        let sources = template.functions.iter().flat_map(|function| {
            function.queues.iter().map(|queue| Source { queue: queue.clone(), timeout: function.timeout })
        });
        Self {
            queue,
            handler,
            sources: sources.collect(),
            functions: template.functions.clone(),
            wake_up: None,
        }
    }

    /// Receives as soon as the future `wake_up` makes resolves, not only at every poll.
    #[must_use]
    pub fn wake_by(mut self, wake_up: WakeUp) -> Self {
        self.wake_up = Some(wake_up);
        self
    }

    /// Pumps until `stop` is cancelled, and then until the running batches are done or have been given back.
    pub async fn run(&self, stop: &CancellationToken) {
        let queues = self.sources.iter().map(|source| self.run_queue(source, stop).boxed());
        let schedules = self.functions.iter().flat_map(|function| {
            let run = |schedule| schedules::run(schedule, function.timeout, &self.handler, stop).boxed();
            function.schedules.iter().map(run)
        });
        let names: Vec<_> = self.sources.iter().map(|source| source.queue.queue.clone()).collect();
        let depth = std::iter::once(depth::watch(&self.queue, &names, stop).boxed());
        futures::future::join_all(queues.chain(schedules).chain(depth)).await;
    }

    /// Works on what is there now, and returns when the queues hold nothing to be received: for tests and tools.
    ///
    /// # Errors
    /// If the queue fails.
    pub async fn drain_once(&self) -> Result<Drained, StoreError> {
        let never = CancellationToken::new();
        let mut total = Drained::default();
        for source in &self.sources {
            loop {
                let batch = self.receive(source).await?;
                if batch.is_empty() {
                    break;
                }
                let drained = self.work(source, batch, &never).await;
                total.done += drained.done;
                total.failed += drained.failed;
            }
        }
        Ok(total)
    }

    async fn run_queue(&self, source: &Source, stop: &CancellationToken) {
        let mut pause = POLL;
        while !stop.is_cancelled() {
            // Made before the queue is asked, so that what comes in between still wakes us.
            let woken = self.woken();
            match self.receive(source).await {
                Ok(batch) if batch.is_empty() => {
                    pause = POLL;
                    tokio::select! {
                        () = woken => {}
                        () = sleep(POLL) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Ok(batch) => {
                    pause = POLL;
                    self.work(source, batch, stop).await;
                }
                Err(error) => {
                    tracing::warn!(queue = source.queue.queue, %error, "the queue cannot be read");
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = stop.cancelled() => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn woken(&self) -> BoxFuture<'static, ()> {
        match &self.wake_up {
            Some(wake_up) => wake_up(),
            None => futures::future::pending().boxed(),
        }
    }

    async fn receive(&self, source: &Source) -> Result<Vec<Message>, StoreError> {
        let QueueSource { queue, batch_size, max_receives } = &source.queue;
        self.queue.receive(queue, *batch_size, LEASE, *max_receives).await
    }

    /// Runs one batch to its end: done, failed, out of time, or given back because the runner stops.
    async fn work(&self, source: &Source, batch: Vec<Message>, stop: &CancellationToken) -> Drained {
        let (handler, messages) = (self.handler.clone(), batch.clone());
        let work = async move { handler.handle(messages).await };
        let outcome = tokio::select! {
            outcome = guarded(work, source.timeout) => Some(outcome),
            () = self.keep_alive(&batch) => None,
            () = async { stop.cancelled().await; sleep(GRACE).await } => None,
        };
        let mut drained = Drained::default();
        for message in &batch {
            let failed = match &outcome {
                None => {
                    drained.failed += 1;
                    // Interrupted by us, which must not use up one of its chances.
                    report(self.queue.release(&message.receipt).await, message, "release");
                    continue;
                }
                Some(Ok(failed)) => failed.contains(&message.id),
                Some(Err(why)) => {
                    tracing::error!(
                        queue = source.queue.queue,
                        message = message.id,
                        why,
                        "the job did not end"
                    );
                    true
                }
            };
            if failed {
                drained.failed += 1;
                let again = delay(message.attempts);
                report(self.queue.give_back(&message.receipt, again).await, message, "give back");
            } else {
                drained.done += 1;
                report(self.queue.delete(&message.receipt).await, message, "delete");
            }
        }
        drained
    }

    /// Extends the leases for as long as it is polled. Errors are only told: the next extension may succeed, and
    /// if none does, the queue hands the message out again, as jobs must stand anyway.
    async fn keep_alive(&self, batch: &[Message]) {
        let mut ticks = interval_at(Instant::now() + EXTEND_EVERY, EXTEND_EVERY);
        loop {
            ticks.tick().await;
            for message in batch {
                report(self.queue.extend(&message.receipt, LEASE).await, message, "extend");
            }
        }
    }
}

/// The handler's verdict, or why there is none.
async fn guarded(
    work: impl Future<Output = Vec<String>> + Send + 'static,
    limit: Duration,
) -> Result<Vec<String>, &'static str> {
    // A task of its own: a panic costs its batch and not the pump, and work that does not yield does not keep
    // the pump from extending the lease.
    match timeout(limit, AbortOnDropHandle::new(tokio::spawn(work))).await {
        Ok(Ok(failed)) => Ok(failed),
        Ok(Err(_)) => Err("it panicked"),
        Err(_) => Err("it took longer than the function's timeout"),
    }
}

fn report(result: Result<bool, StoreError>, message: &Message, what: &'static str) {
    match result {
        Ok(true) => {}
        Ok(false) => tracing::warn!(message = message.id, what, "the lease had ended"),
        Err(error) => tracing::warn!(message = message.id, what, %error, "the queue failed"),
    }
}

/// 2 s, 8 s, 32 s and so on.
fn delay(attempts: u32) -> Duration {
    let factor = 4_u32.saturating_pow(attempts.saturating_sub(1));
    Duration::from_secs(2).saturating_mul(factor).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests;
