use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// The state of a counter after a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hits {
    /// Hits in the present window, this one included.
    pub count: u64,
    /// When the window ends and the count starts again.
    pub resets_at: Timestamp,
}

/// Rate counters, revocations and short-lived values. Keys are at most 200 bytes and hold no personal data
/// (hash addresses first).
#[async_trait]
pub trait Limits: Send + Sync + 'static {
    /// Counts one hit in a fixed window that starts with the first hit.
    async fn hit(&self, key: &str, window: Duration) -> Result<Hits, StoreError>;

    /// Stores a value for a time, in place of any other.
    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), StoreError>;

    /// The values of these keys, in the same order; `None` where there is none or its time is over.
    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<String>>, StoreError>;

    /// The value, which is gone afterwards: of many callers at most one gets it.
    async fn take(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Forgets values and counters.
    async fn remove(&self, keys: &[&str]) -> Result<(), StoreError>;
}
