//! Other keys to an account than its password: identities elsewhere, passkeys, access tokens for programs.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::TokenHash;
use crate::StoreError;

/// Who somebody is at another provider: a row of table `user_identities`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Lowercase UUID.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// `google`, `facebook`, or the name an operator gave.
    pub provider: String,
    /// The provider's own id of the person.
    pub provider_user_id: String,
    /// The address the provider told.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
}

/// Table `user_identities`.
#[async_trait]
pub trait Identities: Send + Sync + 'static {
    /// Adds one. `Conflict` with context `user_identities.provider,provider_user_id` if somebody has it.
    async fn link(&self, identity: Identity) -> Result<(), StoreError>;
    /// Who this is.
    async fn find(&self, provider: &str, provider_user_id: &str) -> Result<Option<Identity>, StoreError>;
    /// All of an account, the oldest first.
    async fn of_user(&self, user_id: &str) -> Result<Vec<Identity>, StoreError>;
    /// Removes one of an account; `false` if it had none of this id.
    async fn unlink(&self, user_id: &str, id: &str) -> Result<bool, StoreError>;
}

/// A passkey (WebAuthn credential): a row of table `user_passkeys`.
#[derive(Debug, Clone, PartialEq)]
pub struct Passkey {
    /// Lowercase UUID.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The authenticator's id of it, base64url without padding.
    pub credential_id: String,
    /// What its owner calls it.
    pub name: String,
    /// Public key and counters, as the library wants them.
    pub data: Value,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Table `user_passkeys`.
#[async_trait]
pub trait Passkeys: Send + Sync + 'static {
    /// Adds one. `Conflict` with context `user_passkeys.credential_id` if it is known.
    async fn add(&self, passkey: Passkey) -> Result<(), StoreError>;
    /// By the authenticator's id.
    async fn find(&self, credential_id: &str) -> Result<Option<Passkey>, StoreError>;
    /// All of an account, the oldest first.
    async fn of_user(&self, user_id: &str) -> Result<Vec<Passkey>, StoreError>;
    /// Notes a use. `false`, and nothing done, if it was used since the caller read it: its counter may have moved.
    async fn used(
        &self,
        id: &str,
        data: Value,
        last_used_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Renames one of an account; `false` if it had none of this id.
    async fn rename(&self, user_id: &str, id: &str, name: &str) -> Result<bool, StoreError>;
    /// Removes one of an account; `false` if it had none of this id.
    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError>;
}

/// A token that a program acts with: a row of table `user_access_tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Lowercase UUID.
    pub id: String,
    /// For whom it acts.
    pub user_id: String,
    /// What its owner calls it.
    pub name: String,
    /// Of the token; unique.
    pub token: TokenHash,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour or so.
    pub last_used_at: Option<Timestamp>,
}

/// Table `user_access_tokens`.
#[async_trait]
pub trait AccessTokens: Send + Sync + 'static {
    /// Adds one.
    async fn add(&self, token: AccessToken) -> Result<(), StoreError>;
    /// The one with this hash, with the account's role and whether it is active; expired ones too.
    async fn find(&self, token: &TokenHash) -> Result<Option<(AccessToken, super::User)>, StoreError>;
    /// All of an account, the oldest first.
    async fn of_user(&self, user_id: &str) -> Result<Vec<AccessToken>, StoreError>;
    /// Notes a use.
    async fn used(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Removes one of an account; `false` if it had none of this id.
    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError>;
    /// Removes all of an account; says how many.
    async fn remove_all(&self, user_id: &str) -> Result<u64, StoreError>;
}
