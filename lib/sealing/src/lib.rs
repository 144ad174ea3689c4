//! Sealing what no reader of a store may read: XChaCha20-Poly1305 (RFC 8439, draft-irtf-cfrg-xchacha) with a random
//! nonce, bound to a purpose, under a key that can be changed.
//!
//! A sealed text is `sealed.1.<key id>.<base64url of nonce and ciphertext>`. The key id is the first 8 hex digits of
//! the SHA-256 of the key in use, so that texts of a former key are opened with it as long as it is given.
#![warn(missing_docs)]

use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// The purpose of letters that wait to be sent.
pub const LETTERS: &str = "letter";

const PREFIX: &str = "sealed.1.";
const NONCE: usize = 24;

/// Why a text could not be sealed or opened. More is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed with a key that is not given.
    #[error("sealed with a key that is not known here")]
    UnknownKey,
    /// It was changed, sealed for another purpose, or is no sealed text.
    #[error("not a text that was sealed for this purpose")]
    Broken,
}

struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl Key {
    /// The secret may have any length and alphabet: its digest is the key.
    fn new(secret: &[u8]) -> Self {
        let key = Sha256::digest([b"dzinza data key".as_slice(), secret].concat());
        let id = Sha256::digest(key).iter().take(4).fold(String::new(), |mut id, byte| {
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        Self { id, cipher: XChaCha20Poly1305::new(&key) }
    }
}

/// Seals with the present key, opens with that and a former one.
pub struct Sealer {
    keys: Vec<Key>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

impl Sealer {
    /// Takes the present secret, and the one before while texts of it are about.
    pub fn new(present: &[u8], former: Option<&[u8]>) -> Self {
        Self { keys: std::iter::once(present).chain(former).map(Key::new).collect() }
    }

    /// Seals a text for a purpose, such as `mfa:<user id>`: it opens for no other.
    pub fn seal(&self, purpose: &str, text: &str) -> Result<String, SealError> {
        let key = self.keys.first().ok_or(SealError::UnknownKey)?;
        let mut nonce = [0_u8; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: purpose.as_bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Broken)?;
        Ok(format!("{PREFIX}{}.{}", key.id, URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what was sealed for this purpose.
    ///
    /// # Errors
    /// If the key is not known, or anything about it is not as it was sealed.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<String, SealError> {
        let rest = sealed.strip_prefix(PREFIX).ok_or(SealError::Broken)?;
        let (id, text) = rest.split_once('.').ok_or(SealError::Broken)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(SealError::UnknownKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Broken)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(SealError::Broken)?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        let opened = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Broken)?;
        String::from_utf8(opened).map_err(|_| SealError::Broken)
    }

    /// Whether this text was sealed with the present key: others are to be sealed again when they are used, or the
    /// former key could never be given up.
    pub fn is_present(&self, text: &str) -> bool {
        let id = text.strip_prefix(PREFIX).and_then(|rest| rest.split('.').next());
        self.keys.first().is_some_and(|key| Some(key.id.as_str()) == id)
    }

    /// Whether this is a sealed text at all: stores of older versions hold plain ones.
    pub fn is_sealed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone_and_never_looks_the_same() {
        let sealer = Sealer::new(b"one secret", None);
        let sealed = sealer.seal("mfa:u1", "JBSWY3DPEHPK3PXP").unwrap();
        assert!(Sealer::is_sealed(&sealed) && !sealed.contains("JBSW"));
        assert_ne!(sealed, sealer.seal("mfa:u1", "JBSWY3DPEHPK3PXP").unwrap());
        assert_eq!(sealer.open("mfa:u1", &sealed).unwrap(), "JBSWY3DPEHPK3PXP");
        assert_eq!(sealer.open("mfa:u2", &sealed), Err(SealError::Broken));
    }

    #[test]
    fn a_former_key_opens_as_long_as_it_is_given() {
        let old = Sealer::new(b"old", None).seal("letter", "text").unwrap();
        assert_eq!(Sealer::new(b"new", Some(b"old")).open("letter", &old).unwrap(), "text");
        assert_eq!(Sealer::new(b"new", None).open("letter", &old), Err(SealError::UnknownKey));
        let both = Sealer::new(b"new", Some(b"old"));
        assert!(!both.is_present(&old) && both.is_present(&both.seal("letter", "text").unwrap()));
        let new = Sealer::new(b"new", Some(b"old")).seal("letter", "text").unwrap();
        assert_eq!(Sealer::new(b"new", None).open("letter", &new).unwrap(), "text");
    }

    #[test]
    fn what_was_changed_or_is_no_sealed_text_does_not_open() {
        let sealer = Sealer::new(b"key", None);
        let sealed = sealer.seal("letter", "text").unwrap();
        let mut changed = sealed.clone();
        changed.pop();
        for text in ["", "text", "sealed.1.", "sealed.1.00000000.!", &changed, &format!("{sealed}A")] {
            assert!(sealer.open("letter", text).is_err(), "{text}");
        }
    }
}
