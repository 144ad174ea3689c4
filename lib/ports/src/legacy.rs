//! Reading what older programs left, table by table.

use async_trait::async_trait;
use dzinza_domain::store::Body;

use crate::StoreError;

/// A row or document of an older program.
#[derive(Debug, Clone, PartialEq)]
pub struct LegacyRow {
    /// Where to go on; means something to the source only.
    pub position: String,
    /// Its id, as text.
    pub id: String,
    /// All its fields, under their names; ids as text, moments as RFC 3339, days as `YYYY-MM-DD`.
    pub body: Body,
}

/// A store of older programs. Reading changes nothing in it.
#[async_trait]
pub trait Legacy: Send + Sync + 'static {
    /// What is there of trees and families, and how many rows each has.
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// Up to `limit` rows of a table in an order that stays, those behind `after`.
    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError>;
}
