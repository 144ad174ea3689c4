use std::time::Duration;

use async_trait::async_trait;
use dzinza_domain::store::NewMessage;
use serde_json::Value;

use crate::StoreError;

/// A message that was received, and is leased to the receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message, the same at every delivery.
    pub id: String,
    /// This delivery; void once the lease has ended.
    pub receipt: String,
    /// The job.
    pub body: Value,
    /// How often it has been received, this time included.
    pub attempts: u32,
}

/// How much a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Waiting, delayed ones included.
    pub waiting: u64,
    /// Leased; where it cannot be told apart, also given back and not due yet.
    pub in_flight: u64,
    /// In the dead-letter queue.
    pub dead: u64,
}

/// A queue with leases, shaped like Amazon SQS: at least once, in no promised order. A body or a delay that the
/// store has no room for is `Invalid`.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends one message.
    async fn send(&self, message: NewMessage) -> Result<(), StoreError>;

    /// Sends many, and gives the result of each in their order: some may be sent and others not.
    async fn send_many(&self, messages: Vec<NewMessage>) -> Vec<Result<(), StoreError>> {
        let mut results = Vec::with_capacity(messages.len());
        for message in messages {
            results.push(self.send(message).await);
        }
        results
    }

    /// Leases up to `max` messages. One that has been received `max_receives` times already goes to the
    /// dead-letter queue instead.
    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        max_receives: u32,
    ) -> Result<Vec<Message>, StoreError>;

    /// Makes the lease last `lease` from now. `false` if it had ended.
    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError>;

    /// Removes a message that is done. `false` if the lease had ended.
    async fn delete(&self, receipt: &str) -> Result<bool, StoreError>;

    /// Gives a message back, to be received again after `delay`. `false` if the lease had ended.
    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError>;

    /// Gives a message back at once and as if it had not been received: whoever had it was told to stop, which says
    /// nothing of the message. Where deliveries cannot be uncounted, this one counts. `false` if the lease had ended.
    async fn release(&self, receipt: &str) -> Result<bool, StoreError>;

    /// How much the queue holds.
    async fn depth(&self, queue: &str) -> Result<QueueDepth, StoreError>;
}
