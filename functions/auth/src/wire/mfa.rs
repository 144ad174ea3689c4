//! What requests and answers about second factors look like.

use serde::Serialize;
use utoipa::ToSchema;

/// Beginning to set up one-time codes.
#[derive(Debug, ToSchema)]
pub struct SetUpRequest {
    /// Wanted if the sign-in is more than ten minutes ago.
    #[schema(format = Password)]
    pub password: Option<String>,
}

/// A one-time code. May also be called `mfa_code` or `token`.
#[derive(Debug, ToSchema)]
pub struct CodeRequest {
    /// Six digits.
    #[schema(max_length = 20)]
    pub code: String,
}

/// Proof that this is the account's owner.
#[derive(Debug, ToSchema)]
pub struct FactorRequest {
    /// A one-time code or a backup code. May also be called `mfa_code` or `token`.
    #[schema(max_length = 20)]
    pub code: Option<String>,
    /// The password.
    #[schema(format = Password)]
    pub password: Option<String>,
}

/// What an app needs to make one-time codes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetUp {
    /// For people.
    pub message: String,
    /// A picture to be scanned, as a `data:` address.
    pub qr_code: String,
    /// The secret in base32, to be typed in.
    pub secret: String,
    /// Empty: they come when a code has shown that the app is set up.
    pub backup_codes: Vec<String>,
    /// The address in the picture.
    pub otp_auth_url: String,
    /// The secret, as older versions call it.
    #[serde(rename = "otp_secret")]
    pub otp_secret: String,
    /// The address, as older versions call it.
    #[serde(rename = "otp_auth_url")]
    pub otp_auth_url_snake: String,
}

/// Backup codes, shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupCodes {
    /// For people.
    pub message: String,
    /// Each good for one use.
    pub backup_codes: Vec<String>,
    /// The same.
    #[serde(rename = "backup_codes")]
    pub backup_codes_snake: Vec<String>,
    /// The same.
    #[serde(rename = "recovery_codes")]
    pub recovery_codes: Vec<String>,
}

impl BackupCodes {
    pub(crate) fn new(message: &str, codes: Vec<String>) -> Self {
        Self {
            message: message.to_owned(),
            backup_codes_snake: codes.clone(),
            recovery_codes: codes.clone(),
            backup_codes: codes,
        }
    }
}
