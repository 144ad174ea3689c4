//! Table `audit_logs`.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::StoreError;

/// A row of table `audit_logs`.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: String,
    /// Whom it concerns, if known.
    pub user_id: Option<String>,
    /// `LOGIN_SUCCESS`, `USER_REGISTERED`, ...; at most 50 characters.
    pub action: String,
    /// Client address.
    pub ip_address: Option<String>,
    /// Client's own name.
    pub user_agent: Option<String>,
    /// When.
    pub timestamp: Timestamp,
    /// More, never secrets or addresses.
    pub details: Value,
}

/// Table `audit_logs`: written, never changed.
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// Adds an entry.
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError>;
    /// The newest entries of a user, newest first.
    async fn of_user(&self, user_id: &str, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}
