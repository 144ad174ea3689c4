//! Addresses that give leave to read or to send one blob (SigV4 in the query).

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dzinza_ports::{StoreError, StoreErrorKind, Upload, UploadUrl};

use super::{S3Blobs, SHA256};
use crate::error::unavailable;

/// Addresses begin at whole multiples of this, so that they can be cached.
const STEP: u64 = 300;
/// What S3 allows.
const LONGEST: Duration = Duration::from_hours(7 * 24);

impl S3Blobs {
    pub(super) async fn signed_get(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        let request = self.public.get_object().bucket(&self.bucket).key(key);
        let signed = request.presigned(self.span(lifetime)?).await;
        Ok(signed.map_err(|error| unavailable("S3: sign", error))?.uri().to_owned())
    }

    pub(super) async fn signed_put(
        &self,
        key: &str,
        upload: &Upload,
        lifetime: Duration,
    ) -> Result<UploadUrl, StoreError> {
        let invalid = |what: &'static str| StoreError::new(StoreErrorKind::Invalid, what);
        let digest = digest(&upload.sha256).ok_or_else(|| invalid("a checksum that is none"))?;
        let size = i64::try_from(upload.size).map_err(|_| invalid("a blob that is too large"))?;
        if upload.content_type.is_empty()
            || !upload.content_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            return Err(invalid("a media type that is no header"));
        }
        let (algorithm, key_id) = self.encryption();
        let request = self
            .public
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(&upload.content_type)
            .content_length(size)
            .checksum_sha256(STANDARD.encode(digest))
            .metadata(SHA256, &upload.sha256)
            .set_server_side_encryption(algorithm)
            .set_ssekms_key_id(key_id);
        let signed = request.presigned(self.span(lifetime)?).await;
        let signed = signed.map_err(|error| unavailable("S3: sign", error))?;
        Ok(UploadUrl { url: signed.uri().to_owned(), headers: headers(&signed) })
    }

    fn span(&self, lifetime: Duration) -> Result<PresigningConfig, StoreError> {
        let now = u64::try_from(self.clock.now().as_second()).unwrap_or_default();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(now / STEP * STEP);
        let lifetime = lifetime.saturating_add(Duration::from_secs(STEP)).min(LONGEST);
        let span = PresigningConfig::builder().start_time(start).expires_in(lifetime).build();
        span.map_err(|error| StoreError::with_source(StoreErrorKind::Invalid, "S3: a lifetime", error))
    }
}

/// What the sender has to send along; the length goes with the body.
fn headers(signed: &PresignedRequest) -> Vec<(String, String)> {
    let lower = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.to_owned());
    signed.headers().map(lower).filter(|(name, _)| name != "content-length" && name != "host").collect()
}

/// The bytes of a SHA-256 in lowercase hex.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let is_plain = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    is_plain.then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checksum_in_lowercase_hex_is_one() {
        assert_eq!(digest(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["", "0f", &"0F".repeat(32), &"0f".repeat(33), &"é".repeat(32), &"+f".repeat(32)] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }
}
