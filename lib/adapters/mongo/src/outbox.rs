//! Jobs on their way from a transaction to a queue.
//!
//! A job is written by the transaction that it follows from, sent when that has taken place, and removed when the queue
//! has it. What a process that ended in between left behind is sent by another one, some time later. A job can arrive
//! twice, if a process ends between the last two steps, and never not at all.

use std::time::Duration;

use dzinza_ports::{NewMessage, StoreError};
use mongodb::ClientSession;
use mongodb::bson::{DateTime, Document as Bsons, doc};
use serde_json::Value;

use crate::error::{Fault, store_error};
use crate::store::{MongoStore, Ready};
use crate::table::OUTBOX;

/// How long the process that wrote a job has to send it before others do.
const LEASE: Duration = Duration::from_secs(30);
/// Jobs that one sweep sends.
const MOST: usize = 500;

/// A job as its document will be.
pub(crate) struct Outgoing {
    pub id: String,
    document: Bsons,
}

fn later(now: DateTime, span: Duration) -> DateTime {
    DateTime::from_millis(now.timestamp_millis().saturating_add(span.as_millis() as i64))
}

pub(crate) async fn insert(
    ready: &Ready,
    session: &mut ClientSession,
    jobs: &[Outgoing],
) -> Result<(), Fault> {
    let outbox = ready.database.collection::<Bsons>(OUTBOX);
    outbox.insert_many(jobs.iter().map(|job| &job.document)).session(session).await?;
    Ok(())
}

impl MongoStore {
    fn moment(&self) -> DateTime {
        DateTime::from_millis(self.clock.now().as_millisecond())
    }

    pub(crate) fn outgoing(&self, job: &NewMessage) -> Outgoing {
        let (id, now) = (self.ids.new_id(), self.moment());
        let document = doc! {
            "_id": &id,
            "queue": job.queue,
            "body": job.body.to_string(),
            "dueAt": later(now, job.delay),
            "leasedUntil": later(now, LEASE),
        };
        Outgoing { id, document }
    }

    /// Sends the jobs of a transaction that took place. What does not arrive now is sent by a sweep.
    pub(crate) async fn send(&self, ready: &Ready, jobs: Vec<Outgoing>) {
        for job in jobs {
            if let Err(error) = self.forward(ready, job.document).await {
                tracing::warn!(%error, job = job.id, "a job waits in the outbox");
            }
        }
    }

    async fn forward(&self, ready: &Ready, job: Bsons) -> Result<(), StoreError> {
        if let Some(message) = self.message(&job) {
            self.queue.send(message).await?;
        } else {
            tracing::error!(queue = job.get_str("queue").ok(), "a job for a queue that nobody knows is kept");
            return Ok(());
        }
        let outbox = ready.database.collection::<Bsons>(OUTBOX);
        let sent = doc! { "_id": job.get_str("_id").unwrap_or_default() };
        outbox.delete_one(sent).await.map(drop).map_err(store_error)
    }

    fn message(&self, job: &Bsons) -> Option<NewMessage> {
        let named = job.get_str("queue").ok()?;
        let queue = self.queues.iter().copied().find(|queue| *queue == named)?;
        let body: Value = serde_json::from_str(job.get_str("body").ok()?).ok()?;
        let due = job.get_datetime("dueAt").ok()?.timestamp_millis();
        let delay = Duration::from_millis(due.saturating_sub(self.moment().timestamp_millis()).max(0) as u64);
        Some(NewMessage { queue, body, delay })
    }

    /// Sends jobs that were left in the outbox; says how many.
    ///
    /// # Errors
    /// If the database or the queue is away; what was not sent stays.
    pub async fn relay(&self) -> Result<usize, StoreError> {
        let ready = self.ready().await?;
        let outbox = ready.database.collection::<Bsons>(OUTBOX);
        for sent in 0..MOST {
            let now = self.moment();
            // To one process at a time.
            let left = doc! { "leasedUntil": { "$lt": now }, "queue": { "$in": self.queues.to_vec() } };
            let take = doc! { "$set": { "leasedUntil": later(now, LEASE) } };
            let taken = outbox.find_one_and_update(left, take).await.map_err(store_error)?;
            let Some(job) = taken else { return Ok(sent) };
            self.forward(ready, job).await?;
        }
        Ok(MOST)
    }
}
