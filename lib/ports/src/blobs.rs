use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::StoreError;

/// The bytes of a blob.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// What is known of a stored blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Size in bytes.
    pub size: u64,
    /// The media type it was stored with.
    pub content_type: String,
    /// SHA-256 of the content, lowercase hex.
    pub sha256: String,
}

/// A part of a blob, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// Last byte; beyond the end means up to the end.
    pub end: u64,
}

/// A blob being read.
pub struct BlobRead {
    /// The whole blob's facts.
    pub info: BlobInfo,
    /// The bytes asked for.
    pub bytes: ByteStream,
}

/// Files. Keys are `/`-separated segments of `[A-Za-z0-9._-]+`, none of them `.` or `..`, at most 500 bytes;
/// other keys are `Invalid`.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Stores a blob, in place of any other. All of it is there, durably, or nothing: a stream that fails
    /// leaves what was there before.
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError>;

    /// The blob or a part of it, if it is there. A range that starts behind the end is `Invalid`.
    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError>;

    /// What is known of the blob, if it is there.
    async fn head(&self, key: &str) -> Result<Option<BlobInfo>, StoreError>;

    /// The keys of all blobs, in no promised order. One that is put or deleted meanwhile may be among them or not.
    fn list(&self) -> BoxStream<'static, Result<String, StoreError>>;

    /// Removes the blob; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// An address from which anyone who has it can read the blob until it expires. May be relative to the
    /// platform's origin.
    async fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError>;
}
