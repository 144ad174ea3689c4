//! The post office: what was written is sealed for the outbox, in the name that the platform has at present.

use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::import::JOBS_QUEUE;
use dzinza_domain::site::Site;
use dzinza_ports::{Clock, Ids, Letter, NewMessage, Outbox, Queue, SiteSettings, TokenHash, User};
use dzinza_sealing::{LETTERS, Sealer};
use jiff::{SignedDuration, Timestamp};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

use crate::{Letterhead, Reader, WriteError, Written};

/// A letter without a token in it: later than this nobody wants to know.
const NEWS: SignedDuration = SignedDuration::from_hours(72);

/// Where letters come from.
#[derive(Clone)]
pub struct PostOffice {
    /// Where they wait until a job sends them.
    pub outbox: Arc<dyn Outbox>,
    /// Where that job is called.
    pub queue: Arc<dyn Queue>,
    /// Seals them.
    pub sealer: Arc<Sealer>,
    /// What the platform calls itself.
    pub site: Arc<dyn SiteSettings>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn Ids>,
    /// Where people get help; blank for nowhere.
    pub support: String,
    /// Where people use the platform; blank for nowhere but at the API.
    pub home: String,
    /// Where links in letters lead, without a slash at the end.
    pub public_url: String,
    /// How long a token that proves an address may wait.
    pub proof_lifetime: Duration,
}

/// A letter could not be posted.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It could not be sealed.
    #[error("a letter cannot be sealed")]
    Seal,
}

/// A token that proves an address: what is stored of it, until when it is good, and the letter that brings it.
pub type Proof = ((TokenHash, Timestamp), Letter);

impl PostOffice {
    /// Who writes. If the settings cannot be read it is the platform under its first name: better than no letter.
    pub async fn head(&self) -> Letterhead {
        let stored = self.site.read().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a letter goes without the name of the platform");
            None
        });
        let Site { name, .. } = stored.map(|record| Site::read(&record.data)).unwrap_or_default();
        Letterhead { name, support: self.support.clone(), site: self.home.clone() }
    }

    /// News for the owner of an account, in the language of the account: `news(&user, Letterhead::mfa_on)`.
    ///
    /// # Errors
    /// If it cannot be written or sealed.
    pub async fn news(
        &self,
        user: &User,
        write: impl FnOnce(&Letterhead, &Reader<'_>) -> Written,
    ) -> Result<Letter, PostError> {
        self.seal(write(&self.head().await, &Reader::of(user)), NEWS)
    }

    /// A new token that proves the address of a reader, good for [`PostOffice::proof_lifetime`].
    ///
    /// # Errors
    /// If the letter cannot be written or sealed.
    pub async fn proof_of_address(
        &self,
        reader: &Reader<'_>,
        write: impl FnOnce(&Letterhead, &Reader<'_>, &str, u64) -> Written,
    ) -> Result<Proof, PostError> {
        let token = new_token();
        let link = format!("{}/api/auth/verify-email/{token}", self.public_url);
        let written = write(&self.head().await, reader, &link, self.proof_lifetime.as_secs() / 3600);
        let lifetime = SignedDuration::try_from(self.proof_lifetime).unwrap_or(SignedDuration::MAX);
        let letter = self.seal(written, lifetime)?;
        Ok(((token_hash(&token), letter.expires_at), letter))
    }

    /// A letter that was written, for the outbox; of no use after `lifetime`.
    ///
    /// # Errors
    /// If it was not written, or cannot be sealed.
    pub fn seal(&self, written: Written, lifetime: SignedDuration) -> Result<Letter, PostError> {
        let text = serde_json::to_string(&written?).map_err(|_| PostError::Seal)?;
        let created_at = self.clock.now();
        Ok(Letter {
            id: self.ids.new_id(),
            sealed: self.sealer.seal(LETTERS, &text).map_err(|_| PostError::Seal)?,
            created_at,
            expires_at: created_at.checked_add(lifetime).unwrap_or(Timestamp::MAX),
        })
    }

    /// Tells the job that something waits. It looks by itself every minute, so nothing is lost if this fails.
    pub async fn announce(&self) {
        let body = serde_json::json!({ "job": "letters" });
        let message = NewMessage { queue: JOBS_QUEUE, body, delay: Duration::ZERO };
        if let Err(error) = self.queue.send(message).await {
            tracing::warn!(%error, "the letters job was not called");
        }
    }
}

/// A new token for a link in a letter: 256 random bits as 64 hexadecimal digits.
pub fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// What is stored of a token.
pub fn token_hash(token: &str) -> TokenHash {
    format!("{:x}", Sha256::digest(token))
}
