//! Storing what fits into one part; what is larger goes to `multipart`.

use std::collections::HashMap;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives;
use bytes::Bytes;
use dzinza_ports::{BlobInfo, ByteStream, StoreError, StoreErrorKind};

use super::pieces::Pieces;
use super::{S3Blobs, SHA256, UNTYPED, status};
use crate::error::unavailable;

/// What a blob is stored as.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) key: &'a str,
    pub(super) content_type: &'a str,
    /// Only where there is none.
    pub(super) only_new: bool,
}

impl Target<'_> {
    pub(super) fn content_type(&self) -> Option<String> {
        Some(self.content_type.to_owned()).filter(|text| !text.is_empty())
    }

    /// What is kept beside the type.
    pub(super) fn metadata(&self, name: &str, value: &str) -> HashMap<String, String> {
        let mut metadata = HashMap::from([(name.to_owned(), value.to_owned())]);
        if self.content_type.is_empty() {
            metadata.insert(UNTYPED.to_owned(), "yes".to_owned());
        }
        metadata
    }

    pub(super) fn condition(&self) -> Option<String> {
        self.only_new.then(|| "*".to_owned())
    }

    /// Of two that put at once S3 tells the later that there is one (412), or that it cannot say yet (409).
    pub(super) fn problem<E>(&self, what: &'static str, error: SdkError<E>) -> StoreError
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if self.only_new && matches!(status(&error), Some(409 | 412)) {
            return StoreError::new(StoreErrorKind::Conflict, "a blob of this key");
        }
        unavailable(what, error)
    }
}

impl S3Blobs {
    pub(super) async fn store(
        &self,
        key: &str,
        content_type: &str,
        bytes: ByteStream,
        only_new: bool,
    ) -> Result<BlobInfo, StoreError> {
        if !content_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(StoreError::new(StoreErrorKind::Invalid, "a media type that is no header"));
        }
        let target = Target { key, content_type, only_new };
        let mut pieces = Pieces::new(bytes);
        let first = pieces.next().await?;
        let (size, sha256) = if pieces.ended() {
            let (size, sha256) = pieces.sum();
            self.put_whole(target, first, &sha256).await?;
            (size, sha256)
        } else {
            self.put_parts(target, first, &mut pieces).await?
        };
        Ok(BlobInfo { size, content_type: content_type.to_owned(), sha256 })
    }

    async fn put_whole(&self, target: Target<'_>, bytes: Bytes, sha256: &str) -> Result<(), StoreError> {
        let (algorithm, key_id) = self.encryption();
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(target.key)
            .set_content_type(target.content_type())
            .set_if_none_match(target.condition())
            .set_metadata(Some(target.metadata(SHA256, sha256)))
            .set_server_side_encryption(algorithm)
            .set_ssekms_key_id(key_id)
            .body(primitives::ByteStream::from(bytes))
            .send();
        put.await.map(drop).map_err(|error| target.problem("S3: put", error))
    }
}
