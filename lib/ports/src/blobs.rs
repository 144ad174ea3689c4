use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::{StoreError, StoreErrorKind};

/// The bytes of a blob.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// What is known of a stored blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Size in bytes.
    pub size: u64,
    /// The media type it was stored with.
    pub content_type: String,
    /// SHA-256 of the content, lowercase hex. Empty for a blob that another program stored without telling it.
    pub sha256: String,
}

/// What may be sent to a signed address, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of it, lowercase hex.
    pub sha256: String,
}

/// An address to which whoever has it can send one blob by `PUT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadUrl {
    /// The address. May be relative to the platform's origin.
    pub url: String,
    /// Headers that have to be sent along exactly so, by lowercase name. What browsers set by themselves
    /// (`content-length`) is not among them.
    pub headers: Vec<(String, String)>,
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

/// The longest key in bytes.
const LONGEST_KEY: usize = 500;

/// Whether this can be the key of a blob; every adapter refuses what cannot.
///
/// # Errors
/// `Invalid` if not.
pub fn check_blob_key(key: &str) -> Result<(), StoreError> {
    let plain = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(allowed)
    };
    if key.len() <= LONGEST_KEY && key.split('/').all(plain) {
        Ok(())
    } else {
        Err(StoreError::new(StoreErrorKind::Invalid, "a malformed blob key"))
    }
}

/// Files. Keys are `/`-separated segments of `[A-Za-z0-9._-]+`, none of them `.` or `..`, at most 500 bytes;
/// other keys are `Invalid`.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Stores a blob, in place of any other. All of it is there, durably, or nothing: a stream that fails
    /// leaves what was there before.
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError>;

    /// The same where there is no blob yet, or else `Conflict`: of many at once one is stored.
    async fn put_new(&self, key: &str, content_type: &str, bytes: ByteStream)
    -> Result<BlobInfo, StoreError>;

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

    /// An address to which anyone who has it can send just this upload until it expires, in place of any other
    /// blob of this key. A checksum that is none, or a media type that is no header, is `Invalid`.
    async fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError>;
}
