//! What requests look like, for the API description; they are read field by field, as each has several spellings.
#![expect(dead_code, reason = "only described, never built")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What may be changed of an account; what is absent stays. Every field may also be written in snake_case.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AccountInput {
    /// Given names.
    #[schema(min_length = 1, max_length = 50)]
    first_name: Option<String>,
    /// Family name.
    #[schema(min_length = 1, max_length = 50)]
    last_name: Option<String>,
    /// `false` deactivates.
    is_active: Option<bool>,
    /// Any of `user`, `moderator`, `admin`; the highest counts.
    roles: Option<Vec<String>>,
    /// A new address.
    #[schema(max_length = 255, format = Email)]
    email: Option<String>,
    /// Letters, digits and underscores.
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    /// Whether the address counts as proved.
    email_verified: Option<bool>,
    /// Only `false`: the second factor, its backup codes and all passkeys are removed.
    mfa_enabled: Option<bool>,
    /// Only `null`: the lock after wrong passwords is lifted.
    locked_until: Option<String>,
    /// `en`, `sn` or `nd`.
    preferred_language: Option<String>,
    /// Such as `Africa/Harare`.
    #[schema(max_length = 50)]
    timezone: Option<String>,
}

/// What may be changed of the settings; what is absent stays. Every field may also be written in snake_case.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SettingsInput {
    /// What the platform calls itself.
    #[schema(min_length = 1, max_length = 100)]
    site_name: Option<String>,
    /// Whether only administrators may change anything.
    maintenance_mode: Option<bool>,
    /// Whether anyone may sign up.
    allow_new_registrations: Option<bool>,
    /// `en`, `sn` or `nd`.
    default_language: Option<String>,
    /// Where people can write to; blank or `null` clears.
    #[schema(max_length = 255, format = Email)]
    contact_email: Option<String>,
    /// All of them: those not named are gone.
    feature_flags: Option<BTreeMap<String, bool>>,
}
