//! Reading, whole or in part.

use std::collections::HashMap;

use aws_sdk_s3::primitives;
use dzinza_ports::{BlobInfo, BlobRead, ByteRange, ByteStream, StoreError, StoreErrorKind};
use futures::{StreamExt as _, TryStreamExt as _};

use super::{CHECKSUM, S3Blobs, SHA256, UNTYPED, beside, status};
use crate::error::unavailable;

/// The largest number that every store understands in a range.
const LARGEST: u64 = i64::MAX as u64;

/// What S3 says of a blob.
pub(super) struct Seen {
    size: u64,
    content_type: String,
    sha256: Option<String>,
    /// Where the checksum is, if not here.
    pub(super) beside: Option<String>,
}

impl Seen {
    fn new(
        size: Option<u64>,
        content_type: Option<String>,
        metadata: Option<HashMap<String, String>>,
    ) -> Result<Self, StoreError> {
        let mut metadata = metadata.unwrap_or_default();
        let no_size = || StoreError::new(StoreErrorKind::Unavailable, "S3: an answer without a size");
        Ok(Self {
            size: size.ok_or_else(no_size)?,
            content_type: content_type.filter(|_| !metadata.contains_key(UNTYPED)).unwrap_or_default(),
            sha256: metadata.remove(SHA256),
            beside: metadata.remove(CHECKSUM),
        })
    }
}

impl S3Blobs {
    pub(super) async fn look(&self, key: &str) -> Result<Option<Seen>, StoreError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => {
                let size = found.content_length.and_then(|size| u64::try_from(size).ok());
                Seen::new(size, found.content_type, found.metadata).map(Some)
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(unavailable("S3: head", error)),
        }
    }

    /// With the checksum, wherever it is.
    pub(super) async fn facts(&self, seen: Seen) -> Result<BlobInfo, StoreError> {
        let Seen { size, content_type, sha256, beside: id } = seen;
        let sha256 = match (sha256, id) {
            (Some(sha256), _) => sha256,
            (None, Some(id)) => self.checksum(&id).await?,
            (None, None) => String::new(),
        };
        Ok(BlobInfo { size, content_type, sha256 })
    }

    async fn checksum(&self, id: &str) -> Result<String, StoreError> {
        let found = self.client.get_object().bucket(&self.bucket).key(beside(id)).send().await;
        let body = match found {
            Ok(found) => found.body.collect().await,
            // The blob was deleted after we had seen it.
            Err(error) if status(&error) == Some(404) => return Ok(String::new()),
            Err(error) => return Err(unavailable("S3: get", error)),
        };
        let bytes =
            body.map_err(|error| StoreError::with_source(StoreErrorKind::Unavailable, "S3: get", error))?;
        Ok(String::from_utf8_lossy(&bytes.into_bytes()).into_owned())
    }

    pub(super) async fn read(
        &self,
        key: &str,
        range: Option<ByteRange>,
    ) -> Result<Option<BlobRead>, StoreError> {
        let outside = || StoreError::new(StoreErrorKind::Invalid, "a range outside of the blob");
        if range.is_some_and(|range| range.start > range.end || range.start > LARGEST) {
            // S3 would send all of it, or not understand.
            return if self.look(key).await?.is_some() { Err(outside()) } else { Ok(None) };
        }
        let request = self.client.get_object().bucket(&self.bucket).key(key).set_range(range.map(header));
        let found = match request.send().await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) && is_no_key(&error) => return Ok(None),
            Err(error) if range.is_some() && status(&error) == Some(416) => return Err(outside()),
            Err(error) => return Err(unavailable("S3: get", error)),
        };
        let length = found.content_length.and_then(|size| u64::try_from(size).ok());
        let size = found.content_range.as_deref().map_or(length, total);
        let seen = Seen::new(size, found.content_type, found.metadata)?;
        let info = self.facts(seen).await?;
        Ok(Some(BlobRead { info, bytes: chunks(found.body) }))
    }
}

/// A bucket that is not there is no blob that is not there.
fn is_no_key<E: aws_sdk_s3::error::ProvideErrorMetadata>(error: &aws_sdk_s3::error::SdkError<E>) -> bool {
    use aws_sdk_s3::error::ProvideErrorMetadata as _;
    error.code() != Some("NoSuchBucket")
}

fn header(ByteRange { start, end }: ByteRange) -> String {
    if end > LARGEST { format!("bytes={start}-") } else { format!("bytes={start}-{end}") }
}

/// Of `bytes 3-5/10` the 10.
fn total(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.parse().ok()
}

fn chunks(body: primitives::ByteStream) -> ByteStream {
    let next = |mut body: primitives::ByteStream| async { Some((body.next().await?, body)) };
    futures::stream::unfold(body, next)
        .map_err(|error| StoreError::with_source(StoreErrorKind::Unavailable, "S3: get", error))
        .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_and_read_as_http_has_them() {
        assert_eq!(header(ByteRange { start: 3, end: 5 }), "bytes=3-5");
        assert_eq!(header(ByteRange { start: 4, end: u64::MAX }), "bytes=4-");
        assert_eq!(total("bytes 3-5/10"), Some(10));
        assert_eq!(total("bytes 3-5/*"), None);
    }
}
