//! Requests that bring a token which was mailed, or are about passwords.

use serde::Serialize;
use utoipa::ToSchema;

/// A token that was mailed.
#[derive(Debug, ToSchema)]
pub struct TokenRequest {
    /// 64 hexadecimal digits.
    pub token: String,
}

/// A new password, where the address of the request names the token.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewPasswordRequest {
    /// By the rules of signing up. May also be called `new_password` or `password`.
    #[schema(min_length = 8, format = Password)]
    pub new_password: String,
}

/// Changing the password. Both fields may also be written in snake_case.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ChangePasswordRequest {
    /// The present one.
    #[schema(format = Password)]
    pub current_password: String,
    /// By the rules of signing up, and another one than the present.
    #[schema(min_length = 8, format = Password)]
    pub new_password: String,
}

/// Asking how good a password is. It is not stored.
#[derive(Debug, ToSchema)]
pub struct PasswordRequest {
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// How good a password is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordVerdict {
    /// Whether one may sign up with it.
    pub is_valid: bool,
    /// `weak`, `medium` (3 or 4 rules kept) or `strong` (all 5).
    pub strength: &'static str,
    /// Rule by rule.
    pub validation: PasswordRules,
    /// How many of the rules it keeps, 0 to 5.
    pub score: u8,
}

/// Which rules a password keeps.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are what the contract names")]
pub struct PasswordRules {
    /// At least 8 characters.
    pub min_length: bool,
    /// An uppercase letter.
    pub has_uppercase: bool,
    /// A lowercase letter.
    pub has_lowercase: bool,
    /// A digit.
    pub has_number: bool,
    /// Neither letter, digit nor space.
    pub has_special_char: bool,
}
