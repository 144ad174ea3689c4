//! Jobs that are stored with the documents they follow from, brought to a queue elsewhere.
//!
//! A batch of documents and its jobs are one write, which a queue elsewhere can be no part of. So jobs wait beside the
//! documents until somebody receives, and are moved first. A process that dies in between sends a job a second time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Message, NewMessage, Queue, QueueDepth, StoreError};

/// What is moved at once.
const BATCH: u32 = 10;
/// Others leave it alone for so long.
const LEASE: Duration = Duration::from_secs(30);
/// Until what could not be sent is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// A queue elsewhere, and the one beside the documents.
pub(crate) struct Relayed {
    pub(crate) name: &'static str,
    pub(crate) own: Arc<dyn Queue>,
    pub(crate) far: Arc<dyn Queue>,
}

impl Relayed {
    async fn relay(&self) -> Result<(), StoreError> {
        loop {
            // However often it failed, it is nobody's fault but ours.
            let waiting = self.own.receive(self.name, BATCH, LEASE, u32::MAX).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let sent = self.far.send_many(waiting.iter().map(|message| self.again(message)).collect()).await;
            let mut failed = None;
            for (message, sent) in waiting.iter().zip(sent) {
                if let Err(error) = sent {
                    self.own.give_back(&message.receipt, PAUSE).await?;
                    failed = Some(error);
                } else {
                    self.own.delete(&message.receipt).await?;
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    fn again(&self, message: &Message) -> NewMessage {
        NewMessage { queue: self.name, body: message.body.clone(), delay: Duration::ZERO }
    }
}

#[async_trait]
impl Queue for Relayed {
    async fn send(&self, message: NewMessage) -> Result<(), StoreError> {
        self.far.send(message).await
    }

    async fn send_many(&self, messages: Vec<NewMessage>) -> Vec<Result<(), StoreError>> {
        self.far.send_many(messages).await
    }

    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        max_receives: u32,
    ) -> Result<Vec<Message>, StoreError> {
        if queue == self.name {
            self.relay().await?;
        }
        self.far.receive(queue, max, lease, max_receives).await
    }

    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError> {
        self.far.extend(receipt, lease).await
    }

    async fn delete(&self, receipt: &str) -> Result<bool, StoreError> {
        self.far.delete(receipt).await
    }

    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.far.give_back(receipt, delay).await
    }

    async fn release(&self, receipt: &str) -> Result<bool, StoreError> {
        self.far.release(receipt).await
    }

    async fn depth(&self, queue: &str) -> Result<QueueDepth, StoreError> {
        let (own, far) = (self.own.depth(queue).await?, self.far.depth(queue).await?);
        Ok(QueueDepth {
            waiting: own.waiting + own.in_flight + far.waiting,
            in_flight: far.in_flight,
            dead: own.dead + far.dead,
        })
    }
}

#[cfg(test)]
mod tests {
    use dzinza_domain::collections;
    use dzinza_ports::{StoreErrorKind, SystemClock, SystemIds};
    use dzinza_sqlite::SqliteStore;
    use serde_json::json;

    use super::*;

    fn store(folder: &std::path::Path, name: &str) -> Arc<SqliteStore> {
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        SqliteStore::open(&folder.join(name), clock, ids, collections::ALL).unwrap()
    }

    fn job(number: u32) -> NewMessage {
        NewMessage { queue: "jobs", body: json!(number), delay: Duration::ZERO }
    }

    #[tokio::test]
    async fn what_waits_beside_the_documents_comes_out_of_the_queue_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (own, far) = (store(folder.path(), "own.db"), store(folder.path(), "far.db"));
        let queue = Relayed { name: "jobs", own: own.clone(), far: far.clone() };
        for number in 0..25 {
            own.send(job(number)).await.unwrap();
        }
        queue.send(job(25)).await.unwrap();
        assert_eq!(queue.depth("jobs").await.unwrap().waiting, 26);
        let received = queue.receive("jobs", 100, LEASE, 3).await.unwrap();
        let mut numbers: Vec<_> = received.iter().filter_map(|message| message.body.as_u64()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..26).collect::<Vec<_>>());
        for message in received {
            assert!(queue.delete(&message.receipt).await.unwrap());
        }
        assert_eq!(queue.depth("jobs").await.unwrap(), QueueDepth::default());
    }

    /// A queue elsewhere that cannot be reached.
    struct Away(Arc<SqliteStore>);

    #[async_trait]
    impl Queue for Away {
        async fn send(&self, _: NewMessage) -> Result<(), StoreError> {
            Err(StoreError::new(StoreErrorKind::Unavailable, "nobody there"))
        }
        async fn receive(&self, a: &str, b: u32, c: Duration, d: u32) -> Result<Vec<Message>, StoreError> {
            self.0.receive(a, b, c, d).await
        }
        async fn extend(&self, a: &str, b: Duration) -> Result<bool, StoreError> {
            self.0.extend(a, b).await
        }
        async fn delete(&self, a: &str) -> Result<bool, StoreError> {
            self.0.delete(a).await
        }
        async fn give_back(&self, a: &str, b: Duration) -> Result<bool, StoreError> {
            self.0.give_back(a, b).await
        }
        async fn release(&self, a: &str) -> Result<bool, StoreError> {
            self.0.release(a).await
        }
        async fn depth(&self, a: &str) -> Result<QueueDepth, StoreError> {
            self.0.depth(a).await
        }
    }

    #[tokio::test]
    async fn what_cannot_be_sent_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (own, far) = (store(folder.path(), "own.db"), store(folder.path(), "far.db"));
        own.send(job(1)).await.unwrap();
        let queue = Relayed { name: "jobs", own: own.clone(), far: Arc::new(Away(far)) };
        let error = queue.receive("jobs", 1, LEASE, 3).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(own.depth("jobs").await.unwrap().waiting, 1);
    }
}
