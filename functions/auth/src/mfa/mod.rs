//! Second factors: one-time codes of an app (TOTP, RFC 6238) and backup codes (contract 3.2).
//!
//! What is used up is used up by compare-and-set on the account, so that of many who send the same code at the same
//! moment one passes. Wrong codes count towards the lock of the address, like wrong passwords.

mod backup;
mod disable;
mod factor;
mod regenerate;
mod second;
mod setup;
mod totp;
mod verify;

pub(crate) use factor::check;
pub(crate) use second::{SecondFactor, methods};

use crate::Service;
use dzinza_web::{Routes, routes};

/// What the audit calls asking for another protection without proof.
pub(crate) const REFUSED: &str = "MFA_CHANGE_REFUSED";

/// The routes under `/api/auth/mfa`.
pub(crate) fn routes() -> Routes<Service> {
    Routes::new()
        .routes(routes!(setup::set_up))
        .routes(routes!(verify::verify))
        .routes(routes!(disable::disable))
        .routes(routes!(regenerate::regenerate))
}
