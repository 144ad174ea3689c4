//! Attempts that are under way: sealed, in [`Limits`](dzinza_ports::Limits), found by the hash of their state, and of use
//! only to the browser that began them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dzinza_web::{Problem, cookies};
use http::{HeaderMap, HeaderValue};
use rand::RngCore as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::provider::{Profile, refused};
use crate::AuthPorts;
use crate::limits::fingerprint;

/// How long somebody may be away at a provider.
const LIFETIME: Duration = Duration::from_mins(10);
/// How long the second factor is waited for.
const SECOND_FACTOR: Duration = Duration::from_mins(5);

/// What must be remembered while somebody is away at a provider.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) provider: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    /// Hash of the cookie.
    pub(crate) browser: String,
    /// The account that asked to have an identity linked, if that is what it is for.
    pub(crate) link_to: Option<String>,
}

/// Somebody whom a provider knows, and of whom a second factor is wanted.
#[derive(Serialize, Deserialize)]
pub(crate) struct Half {
    pub(crate) provider: String,
    pub(crate) browser: String,
    pub(crate) user_id: String,
    pub(crate) profile: Profile,
}

/// A new secret for the browser's cookie.
pub(crate) fn new_browser() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) async fn keep(ports: &AuthPorts, state: &str, attempt: &Attempt) -> Result<(), Problem> {
    put(ports, &attempt_key(state), attempt, LIFETIME).await
}

/// The attempt with this state, which is over with this, if it was begun by this browser with this provider.
pub(crate) async fn take(
    ports: &AuthPorts,
    provider: &str,
    state: &str,
    headers: &HeaderMap,
) -> Result<Attempt, Problem> {
    let key = attempt_key(state);
    let sealed = ports.limits.take(&key).await?.ok_or_else(refused)?;
    let attempt: Attempt = open(ports, &key, &sealed)?;
    let ours = attempt.provider == provider && is_browser(ports, headers, &attempt.browser);
    if ours { Ok(attempt) } else { Err(refused()) }
}

pub(crate) async fn keep_half(ports: &AuthPorts, state: &str, half: &Half) -> Result<(), Problem> {
    put(ports, &half_key(state), half, SECOND_FACTOR).await
}

/// The half-finished sign-in of this state, which stays: a code may be mistyped.
pub(crate) async fn half(
    ports: &AuthPorts,
    provider: &str,
    state: &str,
    headers: &HeaderMap,
) -> Result<Half, Problem> {
    let key = half_key(state);
    let sealed = ports.limits.get(&[&key]).await?.into_iter().next().flatten().ok_or_else(refused)?;
    let half: Half = open(ports, &key, &sealed)?;
    let ours = half.provider == provider && is_browser(ports, headers, &half.browser);
    if ours { Ok(half) } else { Err(refused()) }
}

/// Uses up a half-finished sign-in: of many with the right code one gets it.
pub(crate) async fn take_half(ports: &AuthPorts, state: &str) -> Result<(), Problem> {
    ports.limits.take(&half_key(state)).await?.map(|_| ()).ok_or_else(refused)
}

async fn put<T: Serialize + Sync>(
    ports: &AuthPorts,
    key: &str,
    value: &T,
    lifetime: Duration,
) -> Result<(), Problem> {
    let text = serde_json::to_string(value).map_err(|_| Problem::internal())?;
    let sealed = ports.sealer.seal(key, &text).map_err(|_| {
        tracing::error!("an attempt to sign in could not be sealed");
        Problem::internal()
    })?;
    Ok(ports.limits.put(key, &sealed, lifetime).await?)
}

fn open<T: DeserializeOwned>(ports: &AuthPorts, key: &str, sealed: &str) -> Result<T, Problem> {
    let text = ports.sealer.open(key, sealed).map_err(|_| refused())?;
    serde_json::from_str(&text).map_err(|_| refused())
}

fn attempt_key(state: &str) -> String {
    format!("oauth_state:{}", fingerprint(state))
}

fn half_key(state: &str) -> String {
    format!("oauth_half:{}", fingerprint(state))
}

/// `__Host-` keeps other hosts of the same site from planting a cookie of theirs; browsers want `Secure` with it.
fn cookie_name(ports: &AuthPorts) -> &'static str {
    if ports.auth.secure_cookies { "__Host-dzinza_oauth" } else { "dzinza_oauth" }
}

/// The header that gives a browser its secret, or takes it away if that is empty.
pub(crate) fn set_cookie(ports: &AuthPorts, browser: &str) -> Result<HeaderValue, Problem> {
    let name = cookie_name(ports);
    let secure = if ports.auth.secure_cookies { "; Secure" } else { "" };
    let age = if browser.is_empty() { 0 } else { (LIFETIME + SECOND_FACTOR).as_secs() };
    HeaderValue::try_from(format!("{name}={browser}; HttpOnly; SameSite=Lax; Path=/; Max-Age={age}{secure}"))
        .map_err(|_| Problem::internal())
}

fn is_browser(ports: &AuthPorts, headers: &HeaderMap, hash: &str) -> bool {
    let name = cookie_name(ports);
    cookies(headers).any(|cookie| cookie.name() == name && fingerprint(cookie.value()) == hash)
}
