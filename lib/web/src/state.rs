use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{Blobs, Clock, Documents, Limits, StoreError};

use crate::TokenKeys;

/// What is needed to know a caller.
#[derive(Clone)]
pub struct AuthState {
    /// The signing keys.
    pub keys: TokenKeys,
    /// Revocations.
    pub limits: Arc<dyn Limits>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Origins that may send cookies, such as `http://localhost:5173`.
    pub allowed_origins: Arc<[String]>,
    /// Whether cookies carry `Secure`; off only on plain http.
    pub secure_cookies: bool,
}

/// State that can tell callers.
pub trait HasAuth: Send + Sync {
    /// See [`AuthState`].
    fn auth(&self) -> &AuthState;
}

/// State that can reach the documents.
pub trait HasDocuments: HasAuth {
    /// The document store.
    fn documents(&self) -> &Arc<dyn Documents>;
}

/// Turns the addresses that documents hold into ones a browser can open.
#[derive(Clone)]
pub struct Links(Arc<dyn Blobs>);

impl Links {
    /// Links to the blobs of this store.
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self(blobs)
    }

    /// `blob:<key>` becomes a signed address for an hour; anything else stays as it is.
    ///
    /// # Errors
    /// If the store cannot sign.
    pub async fn open(&self, address: &str) -> Result<String, StoreError> {
        match address.strip_prefix("blob:") {
            Some(key) => self.0.get_url(key, Duration::from_secs(3600)).await,
            None => Ok(address.to_owned()),
        }
    }
}
