//! Table `refresh_tokens`.

use async_trait::async_trait;
use jiff::Timestamp;

use super::TokenHash;
use crate::StoreError;

/// A row of table `refresh_tokens`. The rows of one sign-in share `session_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshToken {
    /// The token's own id.
    pub jti: String,
    /// Whose it is.
    pub user_id: String,
    /// The session (token family), the `sid` of access tokens.
    pub session_id: String,
    /// See [`TokenHash`].
    pub token: TokenHash,
    /// When this token was issued.
    pub created_at: Timestamp,
    /// When the session began; it ends 30 days later whatever is refreshed.
    pub session_started_at: Timestamp,
    /// End of this token.
    pub expires_at: Timestamp,
    /// When it stopped to be valid.
    pub revoked_at: Option<Timestamp>,
    /// `rotated`, `logout`, `reuse`, `session_limit`, ...
    pub revoked_reason: Option<String>,
    /// The token that took its place.
    pub replaced_by_jti: Option<String>,
    /// Client address at sign-in or refresh.
    pub ip_address: Option<String>,
    /// Client's own name.
    pub user_agent: Option<String>,
}

/// Table `refresh_tokens`.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Adds a token.
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError>;
    /// The token with this id.
    async fn find(&self, jti: &str) -> Result<Option<RefreshToken>, StoreError>;
    /// Revokes the old token as `rotated` and adds the new one, in one step. `false`, and nothing done, if the
    /// old one was revoked already: of many callers one wins.
    async fn rotate(&self, old_jti: &str, new: RefreshToken, now: Timestamp) -> Result<bool, StoreError>;
    /// Revokes what is left of a session; says how many tokens that were.
    async fn revoke_session(&self, session_id: &str, reason: &str, now: Timestamp)
    -> Result<u64, StoreError>;
    /// The sessions of a user with a valid token, oldest first, each by its newest token.
    async fn active(&self, user_id: &str, now: Timestamp) -> Result<Vec<RefreshToken>, StoreError>;
    /// The newest tokens of a user, whatever has become of them, newest first.
    async fn recent(&self, user_id: &str, limit: u32) -> Result<Vec<RefreshToken>, StoreError>;
    /// Deletes rows that expired or were revoked before this moment; says how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError>;
}
