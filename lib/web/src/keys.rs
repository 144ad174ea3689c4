//! The keys of one kind of token: one that signs, and perhaps the one before it.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::token::{KeyError, TokenError};

/// HS256 wants as many bytes as its digest has (RFC 7518, 3.2).
const SHORTEST: usize = 32;

/// One key of HS256 and its name.
struct Key {
    /// The first 8 hex digits of SHA-256 of the key: says which it is, and nothing of a key that is not guessable anyway.
    id: String,
    signer: EncodingKey,
    verifier: DecodingKey,
}

impl Key {
    fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < SHORTEST {
            return Err(KeyError::TooShort);
        }
        let digest = format!("{:x}", Sha256::digest(bytes));
        Ok(Self {
            id: digest.chars().take(8).collect(),
            signer: EncodingKey::from_secret(bytes),
            verifier: DecodingKey::from_secret(bytes),
        })
    }
}

/// A key that signs, and the one before, of which tokens are still about. Every request clones it.
#[derive(Clone)]
pub(crate) struct KeyRing {
    present: Arc<Key>,
    previous: Option<Arc<Key>>,
}

impl KeyRing {
    pub(crate) fn new(present: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { present: Arc::new(Key::new(present)?), previous: None })
    }

    pub(crate) fn with_previous(self, previous: Option<&[u8]>) -> Result<Self, KeyError> {
        Ok(Self { previous: previous.map(Key::new).transpose()?.map(Arc::new), ..self })
    }

    /// Signs with the present key, which the header names.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        let header = Header { kid: Some(self.present.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &self.present.signer).map_err(|_| TokenError)
    }

    /// What a token says that the key it names has signed, or one of ours if it names none, as those of earlier versions
    /// do. Nothing but HS256 is accepted: what a header says of keys elsewhere (`jku`, `jwk`, `x5u`) is not looked at, and
    /// one that demands to be understood (`crit`) is refused.
    pub(crate) fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        rules: &jsonwebtoken::Validation,
    ) -> Result<T, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError)?;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if header.alg != Algorithm::HS256 || !is_jwt || header.crit.is_some() {
            return Err(TokenError);
        }
        let named = |key: &&Arc<Key>| header.kid.as_ref().is_none_or(|kid| *kid == key.id);
        std::iter::once(&self.present)
            .chain(&self.previous)
            .filter(named)
            .find_map(|key| jsonwebtoken::decode(token, &key.verifier, rules).ok())
            .map(|data| data.claims)
            .ok_or(TokenError)
    }
}
