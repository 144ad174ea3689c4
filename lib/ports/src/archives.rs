//! Everything at one moment, and putting everything back: what backups need and handlers never see.

use std::sync::Arc;

use async_trait::async_trait;
use dzinza_domain::store::{Body, Collection, Document};

use crate::{Query, StoreError};

/// A table of the accounts that outlives sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTable {
    /// The accounts, password hashes included.
    Users,
    /// What happened to them.
    AuditLogs,
    /// Who they are elsewhere.
    Identities,
    /// Their passkeys.
    Passkeys,
    /// What programs act for them with; hashes only.
    AccessTokens,
    /// What is set for the whole platform.
    SiteSettings,
}

impl AccountTable {
    /// All of them, those that others refer to first.
    pub const ALL: &'static [Self] = &[
        Self::Users,
        Self::AuditLogs,
        Self::Identities,
        Self::Passkeys,
        Self::AccessTokens,
        Self::SiteSettings,
    ];

    /// The table's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::AuditLogs => "audit_logs",
            Self::Identities => "user_identities",
            Self::Passkeys => "user_passkeys",
            Self::AccessTokens => "user_access_tokens",
            Self::SiteSettings => "site_settings",
        }
    }
}

/// What the store held at one moment. Commits made since do not show. Holding one may cost the store space: let it
/// go soon.
#[async_trait]
pub trait Snapshot: Send + Sync + 'static {
    /// As [`Documents::find`](crate::Documents::find).
    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError>;

    /// Up to `limit` rows by id, those behind `after`. A row has its columns by name: moments as whole microseconds
    /// since 1970 UTC, booleans as 0 and 1, JSON as text.
    async fn accounts(&self, table: AccountTable, after: &str, limit: u32) -> Result<Vec<Body>, StoreError>;
}

/// Reading all at one moment, and putting it back exactly.
#[async_trait]
pub trait Archives: Send + Sync + 'static {
    /// The present moment, held still. May wait until another is let go.
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// Whether there is neither an account nor a document.
    async fn is_empty(&self) -> Result<bool, StoreError>;

    /// Adds documents at the versions they have: all of these or none. `Conflict` if an id or a unique value is
    /// taken. May be lost in a power failure until [`Archives::settle`].
    async fn put_documents(
        &self,
        collection: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError>;

    /// Adds rows as [`Snapshot::accounts`] gave them: all of these or none. `Invalid` if a row lacks a column, has an
    /// unknown one or a value that cannot stand there; `Conflict` if an id, address or user name is taken.
    async fn put_accounts(&self, table: AccountTable, rows: Vec<Body>) -> Result<(), StoreError>;

    /// Makes what was put durable, and queries quick.
    async fn settle(&self) -> Result<(), StoreError>;
}
