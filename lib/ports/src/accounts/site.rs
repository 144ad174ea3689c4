//! What administrators set for the whole platform.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::StoreError;

/// The settings: the one row of table `site_settings`.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRecord {
    /// Counts changes, from 1.
    pub version: i64,
    /// An object.
    pub data: Value,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// Table `site_settings`.
#[async_trait]
pub trait SiteSettings: Send + Sync + 'static {
    /// What is set, if anything ever was.
    async fn read(&self) -> Result<Option<SiteRecord>, StoreError>;
    /// Replaces it, if it is at this version still (0: if there is none). `false`, and nothing done, otherwise.
    async fn write(
        &self,
        data: Value,
        by: Option<&str>,
        expected: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
