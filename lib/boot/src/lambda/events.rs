//! What calls the jobs function: batches of Amazon SQS, and schedules with their input.

use dzinza_ports::Message;
use lambda_runtime::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Jobs;

/// An event of a queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    #[serde(default)]
    approximate_receive_count: String,
}

/// Does what the event asks for. Of a batch the answer names what failed; a schedule's job that fails is an error, so
/// that it is tried again.
pub(super) async fn handle<J: Jobs + ?Sized>(jobs: &J, event: Value, id: String) -> Result<Value, Error> {
    if event.get("Records").is_none() {
        let message = Message { id: id.clone(), receipt: id, body: event, attempts: 1 };
        let failed = jobs.handle(vec![message]).await;
        return if failed.is_empty() { Ok(Value::Null) } else { Err(Error::from("the job failed")) };
    }
    let batch: Batch = serde_json::from_value(event)?;
    let mut failed = Vec::new();
    let mut messages = Vec::new();
    for record in batch.records {
        match serde_json::from_str(&record.body) {
            Ok(body) => messages.push(Message {
                id: record.message_id,
                receipt: record.receipt_handle,
                body,
                attempts: record.attributes.approximate_receive_count.parse().unwrap_or(1),
            }),
            // It fails alone, until the queue puts it aside.
            Err(error) => {
                tracing::error!(message = record.message_id, %error, "not a message of ours");
                failed.push(record.message_id);
            }
        }
    }
    if !messages.is_empty() {
        failed.extend(jobs.handle(messages).await);
    }
    let failures: Vec<Value> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Ok(json!({ "batchItemFailures": failures }))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// Keeps what it is given, and fails what says so.
    #[derive(Default)]
    struct Kept(Mutex<Vec<Message>>);

    #[async_trait]
    impl Jobs for Kept {
        async fn handle(&self, messages: Vec<Message>) -> Vec<String> {
            let failed = messages.iter().filter(|message| message.body["fails"] == true);
            let failed = failed.map(|message| message.id.clone()).collect();
            self.0.lock().unwrap().extend(messages);
            failed
        }
    }

    fn record(id: &str, body: &str) -> Value {
        json!({
            "messageId": id, "receiptHandle": format!("r-{id}"), "body": body, "md5OfBody": "?",
            "attributes": { "ApproximateReceiveCount": "2", "SentTimestamp": "1520621625029" },
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-west-2",
            "eventSourceARN": "arn:aws:sqs:us-west-2:123456789012:SQSQueue",
        })
    }

    #[tokio::test]
    async fn each_message_of_a_batch_fails_for_itself() {
        let jobs = Kept::default();
        let records =
            [record("1", "{\"job\":\"a\"}"), record("2", "{\"fails\":true}"), record("3", "no JSON")];
        let answer = handle(&jobs, json!({ "Records": records }), "id".into()).await.unwrap();
        assert_eq!(
            answer,
            json!({ "batchItemFailures": [{ "itemIdentifier": "3" }, { "itemIdentifier": "2" }] })
        );
        let seen = jobs.0.into_inner().unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[0].receipt.as_str(), seen[0].attempts), ("r-1", 2));
        assert_eq!(seen[0].body, json!({ "job": "a" }));
    }

    #[tokio::test]
    async fn a_schedule_gives_its_input_and_is_told_of_failure() {
        let jobs = Kept::default();
        assert!(handle(&jobs, json!({ "job": "clean-up" }), "id".into()).await.is_ok());
        assert!(handle(&jobs, json!({ "fails": true }), "id".into()).await.is_err());
        assert!(handle(&jobs, json!({ "Records": [{}] }), "id".into()).await.is_err());
        assert_eq!(jobs.0.into_inner().unwrap()[0].body, json!({ "job": "clean-up" }));
    }
}
