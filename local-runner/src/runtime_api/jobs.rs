//! The jobs function in a process of its own: batches as Amazon SQS sends them, schedules with their input.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dzinza_ports::Message;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::RuntimeApi;
use crate::invoker::InvokeError;
use crate::queues::JobHandler;

/// How long until work that nobody takes is offered again.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Remote {
    pub(super) runtime: Arc<RuntimeApi>,
    pub(super) function: String,
    pub(super) timeout: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    #[serde(default)]
    batch_item_failures: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Remote {
    /// What the function says. That nobody runs it is no failure of the work: it waits, until whoever asked gives up.
    async fn call(&self, event: &Value) -> Result<Bytes, InvokeError> {
        let event = Bytes::from(event.to_string());
        loop {
            let until = Instant::now() + self.timeout;
            match self.runtime.call(&self.function, event.clone(), until).await {
                Err(InvokeError::Busy | InvokeError::Unreachable) => sleep(AGAIN).await,
                other => return other,
            }
        }
    }
}

#[async_trait]
impl JobHandler for Remote {
    async fn handle(&self, messages: Vec<Message>) -> Vec<String> {
        let event = json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() });
        let verdict = self.call(&event).await;
        let verdict = verdict.map(|bytes| serde_json::from_slice::<Option<Verdict>>(&bytes));
        match verdict {
            // As from SQS: null is that all is well.
            Ok(Ok(verdict)) => {
                let failures = verdict.map(|verdict| verdict.batch_item_failures).unwrap_or_default();
                failures.into_iter().map(|failure| failure.item_identifier).collect()
            }
            other => {
                tracing::error!(function = self.function, why = ?other.err(), "the batch was not done");
                messages.into_iter().map(|message| message.id).collect()
            }
        }
    }

    async fn scheduled(&self, message: Message) -> Vec<String> {
        match self.call(&message.body).await {
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::error!(function = self.function, %error, "the schedule was not done");
                vec![message.id]
            }
        }
    }
}

/// A message as SQS puts it into an event.
fn record(message: &Message) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body.to_string(),
        "attributes": { "ApproximateReceiveCount": message.attempts.to_string() },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:local:000000000000:jobs",
        "awsRegion": "local",
    })
}
