use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{AccessTokens, Blobs, Body, Clock, Documents, Limits};
use serde_json::Value;

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
    /// Tokens of programs; without it none is known.
    pub access_tokens: Option<Arc<dyn AccessTokens>>,
}

/// State that can tell callers.
pub trait HasAuth: Send + Sync {
    /// See [`AuthState`].
    fn auth(&self) -> &AuthState;

    /// Whether [`Caller`](crate::Caller) may be a program that acts for somebody. Where it may not, as where credentials
    /// change, a route has to ask for [`AnyCaller`](crate::AnyCaller) to let one in.
    fn admits_programs(&self) -> bool {
        true
    }
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

    /// The address of a file, signed for an hour. A file that cannot be signed is no reason to show nothing: then there
    /// is none.
    pub async fn open(&self, key: &str) -> Option<String> {
        let signed = self.0.get_url(key, Duration::from_hours(1)).await;
        signed.inspect_err(|error| tracing::warn!(error = %error, "a file cannot be signed")).ok()
    }

    /// Makes the photo of a shown person one that a browser can open: `blob:<key>` becomes an address, or is left out.
    pub async fn open_photo(&self, view: &mut Body) {
        let stored = view.get("profilePhotoUrl").and_then(Value::as_str);
        let Some(key) = stored.and_then(|url| url.strip_prefix("blob:")) else { return };
        let url = self.open(key).await.map_or(Value::Null, Value::String);
        for key in ["profilePhotoUrl", "profileImageUrl", "profilePhoto"] {
            if let Some(shown) = view.get_mut(key) {
                *shown = url.clone();
            }
        }
    }
}
