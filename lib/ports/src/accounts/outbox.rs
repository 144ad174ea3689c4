//! Letters that wait to be sent, written together with the change of an account that they follow from.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// A letter for the outbox: a row of table `mail_outbox`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Lowercase UUID.
    pub id: String,
    /// The mail, sealed: it may hold a token that nobody may read in a store.
    pub sealed: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// No sense in sending it later: what it holds is over.
    pub expires_at: Timestamp,
}

/// A letter that somebody is sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingLetter {
    /// The letter.
    pub letter: Letter,
    /// Of this lease; void once it has ended.
    pub receipt: String,
    /// How often it has been leased, this time included.
    pub attempts: u32,
}

/// Table `mail_outbox`.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Adds letters that follow from no change of an account.
    async fn post(&self, letters: Vec<Letter>) -> Result<(), StoreError>;
    /// Leases letters that are due, the oldest first: nobody else gets them while the lease lasts.
    async fn lease(
        &self,
        max: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<OutgoingLetter>, StoreError>;
    /// Removes a letter that was sent, or never will be. `false` if the lease had ended and another has it.
    async fn done(&self, receipt: &str) -> Result<bool, StoreError>;
    /// Gives a letter back, to be leased again at this moment. `false` as for done.
    async fn retry(&self, receipt: &str, at: Timestamp) -> Result<bool, StoreError>;
    /// How many letters wait.
    async fn waiting(&self) -> Result<u64, StoreError>;
}
