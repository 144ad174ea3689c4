//! Signed addresses of files (HMAC-SHA256): what they give leave to, and until when.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dzinza_ports::{Clock, StoreError, Upload, UploadUrl, check_blob_key};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::error::invalid;

/// Addresses expire at whole multiples of this, so that they can be cached.
const EXPIRY_STEP: i64 = 300;

/// Signs addresses of files and checks them, wherever the files are.
#[derive(Clone)]
pub struct BlobUrls {
    key: Arc<[u8]>,
    base_path: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl BlobUrls {
    /// Addresses that begin with `base_path`, such as `/blobs`, signed with this key.
    pub fn new(key: &[u8], base_path: &str, clock: Arc<dyn Clock>) -> Self {
        Self { key: key.into(), base_path: base_path.trim_end_matches('/').into(), clock }
    }

    /// Where the file of this key can be read for so long. `Invalid` for a malformed key.
    pub fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        check_blob_key(key)?;
        let expires = self.expiry(lifetime);
        let signature = self.sign(&reading(key, expires))?;
        Ok(format!("{}/{key}?expires={expires}&signature={signature}", self.base_path))
    }

    /// Where this upload can be sent for so long. `Invalid` for a malformed key, checksum or media type.
    pub fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError> {
        check_blob_key(key)?;
        let Upload { content_type, size, sha256 } = upload;
        if sha256.len() != 64 || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(invalid("a checksum that is none"));
        }
        let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if content_type.is_empty() || !content_type.bytes().all(plain) {
            return Err(invalid("a media type that is no header"));
        }
        let expires = self.expiry(lifetime);
        let signature = self.sign(&sending(key, upload, expires))?;
        let url = format!(
            "{}/{key}?expires={expires}&size={size}&sha256={sha256}&signature={signature}",
            self.base_path
        );
        Ok(UploadUrl { url, headers: vec![("content-type".to_owned(), content_type.clone())] })
    }

    /// Whether this signature gives leave to read the key now; `expires` is in seconds since 1970 UTC.
    pub fn may_read(&self, key: &str, expires: i64, signature: &str) -> bool {
        self.is_signed(&reading(key, expires), signature) && self.clock.now().as_second() < expires
    }

    /// Whether this signature gives leave to send this upload under the key now.
    pub fn may_send(&self, key: &str, upload: &Upload, expires: i64, signature: &str) -> bool {
        self.is_signed(&sending(key, upload, expires), signature) && self.clock.now().as_second() < expires
    }

    fn expiry(&self, lifetime: Duration) -> i64 {
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let wanted = self.clock.now().as_second().saturating_add(lifetime).min(i64::MAX - EXPIRY_STEP);
        (wanted / EXPIRY_STEP + 1) * EXPIRY_STEP
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    fn sign(&self, text: &str) -> Result<String, StoreError> {
        let mac = self.mac(text).ok_or_else(|| invalid("the signing key"))?;
        Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn is_signed(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.mac(text).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    }
}

fn reading(key: &str, expires: i64) -> String {
    format!("GET\n{key}\n{expires}")
}

/// No part has a line break in it, or it would not be what it is.
fn sending(key: &str, upload: &Upload, expires: i64) -> String {
    let Upload { content_type, size, sha256 } = upload;
    format!("PUT\n{key}\n{expires}\n{size}\n{sha256}\n{content_type}")
}
