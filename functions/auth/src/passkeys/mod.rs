//! Passkeys (WebAuthn Level 3): a second factor, and a way to sign in without a password (ADR 0012).
//!
//! A challenge is kept for five minutes and taken once. The user must have been verified by the authenticator, so that
//! a passkey counts as two factors.

mod assertion;
mod ceremony;
mod manage;
mod party;
mod register;
mod sign_in;
mod stored;

pub(crate) use assertion::check;
pub(crate) use ceremony::credential;
pub use party::RelyingParty;

use crate::Service;
use dzinza_web::{Routes, routes};

/// The routes under `/api/auth/passkeys` that take proof of who somebody is.
pub(crate) fn proving_routes() -> Routes<Service> {
    Routes::new()
        .routes(routes!(register::options))
        .routes(routes!(register::register))
        .routes(routes!(sign_in::options))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(manage::remove))
}

/// The others.
pub(crate) fn routes() -> Routes<Service> {
    Routes::new().routes(routes!(manage::list)).routes(routes!(manage::rename))
}
