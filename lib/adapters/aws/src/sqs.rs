//! [`Queue`] on SQS.
//!
//! How often a message is received before it is dead is the redrive policy of its queue, not what a receiver says. A
//! receipt is good in the process that received it, which remembers until when: SQS itself takes late ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use dzinza_ports::{Clock, Message, NewMessage, Queue, QueueDepth, StoreError, StoreErrorKind};
use jiff::Timestamp;

use crate::Account;
use crate::account::{Later, later};
use crate::error::unavailable;

/// The largest body in bytes; also of all bodies of a batch together.
pub const LARGEST_BODY: usize = 256 * 1024;
const LONGEST_DELAY: Duration = Duration::from_mins(15);
const LONGEST_LEASE: Duration = Duration::from_hours(12);
/// What SQS takes and gives at once.
const BATCH: usize = 10;

/// Where a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// Its address.
    pub url: String,
    /// That of its dead-letter queue, to tell how much is in it.
    pub dead_letters: Option<String>,
}

/// The queues by the names that jobs are sent to.
#[derive(Debug, Clone)]
pub struct SqsSettings {
    /// Where each is.
    pub queues: BTreeMap<String, QueueUrls>,
    /// How long receiving waits for a message, up to 20 s.
    pub wait: Duration,
}

struct Lease {
    url: String,
    until: Timestamp,
}

/// [`Queue`] whose queues are there already.
pub struct SqsQueue {
    client: Later<Client>,
    queues: BTreeMap<String, QueueUrls>,
    wait: i32,
    clock: Arc<dyn Clock>,
    /// By receipt.
    leases: Mutex<HashMap<String, Lease>>,
}

impl SqsQueue {
    /// Makes everything ready without going anywhere.
    pub fn new(account: &Account, settings: SqsSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        let SqsSettings { queues, wait } = settings;
        let wait = wait.as_secs().min(20) as i32;
        let sdk = account.sdk().clone();
        let client = later(move || Client::new(&sdk));
        Arc::new(Self { client, queues, wait, clock, leases: Mutex::default() })
    }

    fn urls(&self, queue: &str) -> Result<&QueueUrls, StoreError> {
        self.queues
            .get(queue)
            .ok_or_else(|| invalid(format!("SQS: no address is known of the queue {queue}")))
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the message of this receipt is, while it is leased.
    fn leased(&self, receipt: &str) -> Option<String> {
        let now = self.clock.now();
        self.leases().get(receipt).filter(|lease| now < lease.until).map(|lease| lease.url.clone())
    }

    fn until(&self, lease: Duration) -> Timestamp {
        self.clock.now().checked_add(lease).unwrap_or(Timestamp::MAX)
    }

    /// Gives the message of this receipt another time to be seen again. `false` if the lease had ended.
    async fn show_after(&self, receipt: &str, span: Duration) -> Result<bool, StoreError> {
        let Some(url) = self.leased(receipt) else { return Ok(false) };
        let seconds = seconds(span.min(LONGEST_LEASE));
        let request = self.client.change_message_visibility();
        let sent = request.queue_url(url).receipt_handle(receipt).visibility_timeout(seconds).send().await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) if is_late(error.code()) => Ok(false),
            Err(error) => Err(unavailable("SQS: change visibility", error)),
        }
    }

    /// The same, and the lease is over.
    async fn let_go(&self, receipt: &str, span: Duration) -> Result<bool, StoreError> {
        let shown = self.show_after(receipt, span).await?;
        self.leases().remove(receipt);
        Ok(shown)
    }

    async fn count(&self, url: &str) -> Result<HashMap<QueueAttributeName, String>, StoreError> {
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let counted = asked.send().await.map_err(|error| unavailable("SQS: depth", error))?;
        Ok(counted.attributes.unwrap_or_default())
    }

    /// Sends up to ten that fit together; gives the error of each that was not sent.
    async fn send_batch(&self, url: &str, bodies: &[Ready]) -> Vec<(usize, StoreError)> {
        let mut entries = Vec::with_capacity(bodies.len());
        for ready in bodies {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(ready.place.to_string())
                .message_body(&ready.body)
                .delay_seconds(ready.delay)
                .build();
            // Id and body are all it needs.
            entries.extend(entry.ok());
        }
        let request = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
        match request.send().await {
            Ok(sent) => sent
                .failed
                .into_iter()
                .filter_map(|failed| {
                    let kind = if failed.sender_fault {
                        StoreErrorKind::Invalid
                    } else {
                        StoreErrorKind::Unavailable
                    };
                    let place = failed.id.parse().ok()?;
                    Some((place, StoreError::new(kind, format!("SQS: send: {}", failed.code))))
                })
                .collect(),
            Err(error) => {
                let error = unavailable("SQS: send", error);
                let same = || StoreError::new(error.kind(), error.context());
                bodies.iter().map(|ready| (ready.place, same())).collect()
            }
        }
    }
}

/// A message as SQS will have it.
struct Ready {
    /// Among those that were given.
    place: usize,
    body: String,
    delay: i32,
}

impl Ready {
    fn new(place: usize, message: &NewMessage) -> Result<Self, StoreError> {
        if message.delay > LONGEST_DELAY {
            return Err(invalid("SQS: a delay of more than 15 minutes"));
        }
        // What SQS takes for no text stands in texts only, where JSON has another way to say it.
        let body = message.body.to_string();
        let body = body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
        if body.len() > LARGEST_BODY {
            let length = body.len();
            return Err(invalid(format!("SQS: a job of {length} bytes, where {LARGEST_BODY} are the most")));
        }
        Ok(Self { place, body, delay: seconds(message.delay) })
    }
}

fn invalid(what: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, what)
}

/// Whole ones, not fewer.
fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs() + u64::from(span.subsec_nanos() > 0)).unwrap_or(i32::MAX)
}

/// Whether SQS says that a receipt is of no use any more.
fn is_late(code: Option<&str>) -> bool {
    let code = code.map(|code| code.rsplit('.').next().unwrap_or(code));
    matches!(code, Some("MessageNotInflight" | "ReceiptHandleIsInvalid" | "InvalidParameterValue"))
}

fn read(message: aws_sdk_sqs::types::Message) -> Option<(String, Message)> {
    let receipt = message.receipt_handle?;
    let counted = message.attributes.unwrap_or_default();
    let attempts = counted.get(&MessageSystemAttributeName::ApproximateReceiveCount);
    let body = serde_json::from_str(&message.body?).ok()?;
    let attempts = attempts.and_then(|count| count.parse().ok()).unwrap_or(1);
    Some((receipt.clone(), Message { id: message.message_id?, receipt, body, attempts }))
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, message: NewMessage) -> Result<(), StoreError> {
        self.send_many(vec![message]).await.pop().unwrap_or(Ok(()))
    }

    async fn send_many(&self, messages: Vec<NewMessage>) -> Vec<Result<(), StoreError>> {
        let mut results: Vec<Result<(), StoreError>> = Vec::with_capacity(messages.len());
        let mut batches: BTreeMap<&str, Vec<Vec<Ready>>> = BTreeMap::new();
        for (place, message) in messages.iter().enumerate() {
            let ready = self.urls(message.queue).and_then(|urls| Ok((urls, Ready::new(place, message)?)));
            results.push(ready.map(|(urls, ready)| {
                let batches = batches.entry(&urls.url).or_default();
                match batches.last_mut().filter(|batch| fits(batch, &ready)) {
                    Some(batch) => batch.push(ready),
                    None => batches.push(vec![ready]),
                }
            }));
        }
        for (url, batches) in &batches {
            for batch in batches {
                for (place, error) in self.send_batch(url, batch).await {
                    if let Some(result) = results.get_mut(place) {
                        *result = Err(error);
                    }
                }
            }
        }
        results
    }

    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        _max_receives: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let url = &self.urls(queue)?.url;
        if max == 0 {
            return Ok(Vec::new());
        }
        let lease = lease.min(LONGEST_LEASE);
        let request = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(max.min(BATCH as u32) as i32)
            .visibility_timeout(seconds(lease))
            .wait_time_seconds(self.wait)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let received = request.send().await.map_err(|error| unavailable("SQS: receive", error))?;
        // A lease begins while we wait for the answer: better for too short than for too long.
        let (now, until) = (self.clock.now(), self.until(lease));
        let mut messages = Vec::new();
        let mut leases = self.leases();
        leases.retain(|_, lease| now < lease.until);
        for message in received.messages.unwrap_or_default() {
            if let Some((receipt, message)) = read(message) {
                leases.insert(receipt, Lease { url: url.clone(), until });
                messages.push(message);
            } else {
                tracing::warn!(queue, "a message that is no job of ours; the queue gives it up by itself");
            }
        }
        Ok(messages)
    }

    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError> {
        let until = self.until(lease.min(LONGEST_LEASE));
        let extended = self.show_after(receipt, lease).await?;
        if let Some(lease) = self.leases().get_mut(receipt).filter(|_| extended) {
            lease.until = until;
        }
        Ok(extended)
    }

    async fn delete(&self, receipt: &str) -> Result<bool, StoreError> {
        let Some(url) = self.leased(receipt) else { return Ok(false) };
        match self.client.delete_message().queue_url(url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(self.leases().remove(receipt).is_some()),
            Err(error) if is_late(error.code()) => Ok(false),
            Err(error) => Err(unavailable("SQS: delete", error)),
        }
    }

    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.let_go(receipt, delay).await
    }

    async fn release(&self, receipt: &str) -> Result<bool, StoreError> {
        self.let_go(receipt, Duration::ZERO).await
    }

    async fn depth(&self, queue: &str) -> Result<QueueDepth, StoreError> {
        let urls = self.urls(queue)?;
        let counts = self.count(&urls.url).await?;
        let dead = match &urls.dead_letters {
            Some(url) => self.count(url).await?,
            None => HashMap::new(),
        };
        let number = |counts: &HashMap<_, String>, name| {
            counts.get(&name).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0)
        };
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        let delayed = number(&counts, QueueAttributeName::ApproximateNumberOfMessagesDelayed);
        Ok(QueueDepth {
            waiting: number(&counts, visible.clone()) + delayed,
            in_flight: number(&counts, QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            dead: number(&dead, visible),
        })
    }
}

fn fits(batch: &[Ready], next: &Ready) -> bool {
    let length: usize = batch.iter().map(|ready| ready.body.len()).sum();
    batch.len() < BATCH && length + next.body.len() <= LARGEST_BODY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_seconds_and_not_shorter() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(30)), 30);
    }

    #[test]
    fn a_delay_that_sqs_does_not_have_is_refused() {
        let message = |delay| NewMessage { queue: "q", body: serde_json::json!(1), delay };
        assert!(Ready::new(0, &message(LONGEST_DELAY)).is_ok());
        let refused = Ready::new(0, &message(LONGEST_DELAY + Duration::from_secs(1)));
        assert_eq!(refused.err().map(|error| error.kind()), Some(StoreErrorKind::Invalid));
    }
}
