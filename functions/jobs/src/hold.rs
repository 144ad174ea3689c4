//! An import's document as one run holds it.
//!
//! Every batch of a run also replaces this document at the version the run knows. So of two runs of one job only one
//! can write, the other learns that it has been overtaken; and everyone can see when the run last lived.

use std::time::Duration;

use dzinza_domain::collections::IMPORTS;
use dzinza_ports::{Batch, Document, StoreErrorKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{JobError, JobsPorts, now};

/// A run writes at least this often; well within [`DEAD_AFTER`](crate::DEAD_AFTER).
pub const BEAT: Duration = Duration::from_secs(3);

/// See the module.
pub struct Held<'p> {
    pub ports: &'p JobsPorts,
    pub document: Document,
    saved: Timestamp,
}

impl<'p> Held<'p> {
    /// Holds what was just read.
    pub fn new(ports: &'p JobsPorts, document: Document) -> Self {
        Self { ports, document, saved: ports.clock.now() }
    }

    pub fn id(&self) -> &str {
        &self.document.id
    }

    pub fn text(&self, key: &str) -> &str {
        self.document.body.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn number(&self, key: &str) -> u64 {
        self.document.body.get(key).and_then(Value::as_u64).unwrap_or(0)
    }

    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.document.body.insert(key.to_owned(), value.into());
    }

    /// Adds one to a number.
    pub fn count(&mut self, key: &str) {
        self.set(key, self.number(key) + 1);
    }

    /// Writes the batch and the document. `false`, and nothing written, if something else in the batch has changed
    /// since it was read.
    ///
    /// # Errors
    /// [`JobError::Overtaken`] if the document itself has.
    pub async fn try_save(&mut self, mut batch: Batch) -> Result<bool, JobError> {
        self.set("updatedAt", json!(now(self.ports)));
        batch.replace(&IMPORTS, &self.document, self.document.body.clone());
        match self.ports.documents.commit(batch).await {
            Ok(()) => {
                self.document.version += 1;
                self.saved = self.ports.clock.now();
                Ok(true)
            }
            Err(error) if error.kind() == StoreErrorKind::Stale => {
                let stored = self.ports.documents.get(&IMPORTS, self.id()).await?;
                let ours = stored.is_some_and(|stored| stored.version == self.document.version);
                if ours { Ok(false) } else { Err(JobError::Overtaken) }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same for a batch that nobody else can stand in the way of.
    ///
    /// # Errors
    /// As [`Held::try_save`].
    pub async fn save(&mut self, batch: Batch) -> Result<(), JobError> {
        if self.try_save(batch).await? { Ok(()) } else { Err(JobError::Overtaken) }
    }

    /// Says that the run lives, if that has not been said for a while.
    ///
    /// # Errors
    /// As [`Held::save`].
    pub async fn beat(&mut self) -> Result<(), JobError> {
        let quiet = self.ports.clock.now().duration_since(self.saved);
        if quiet.unsigned_abs() < BEAT { Ok(()) } else { self.save(Batch::new()).await }
    }
}
