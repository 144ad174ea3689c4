//! What requests and answers look like. Requests are described here for readers of the API; they are read
//! field by field, as each has several spellings.

mod leaving;
pub mod mfa;
pub mod passkeys;

use dzinza_web::FieldError;
pub use dzinza_web::UserView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use leaving::*;

/// Signing up: both names, or `name` alone. Every field may also be written in snake_case.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RegisterRequest {
    /// The address, without regard to case.
    #[schema(max_length = 255, format = Email, example = "tendai@example.org")]
    pub email: String,
    /// 8 characters to 72 bytes, with a lowercase and an uppercase letter, a digit and a special character.
    #[schema(min_length = 8, format = Password)]
    pub password: String,
    /// Given names, together with `lastName`.
    #[schema(max_length = 50)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(max_length = 50)]
    pub last_name: Option<String>,
    /// In place of the two: the first word is the first name.
    #[schema(max_length = 101)]
    pub name: Option<String>,
    /// `en`, `sn` or `nd`.
    pub preferred_language: Option<String>,
    /// Letters, digits and underscores; derived from the address if absent.
    #[schema(min_length = 3, max_length = 50)]
    pub username: Option<String>,
    /// Such as `Africa/Harare`.
    #[schema(max_length = 50)]
    pub timezone: Option<String>,
}

/// Signing in.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LoginRequest {
    /// The address.
    #[schema(max_length = 255, format = Email)]
    pub email: String,
    /// The password.
    #[schema(format = Password)]
    pub password: String,
    /// The code of the second factor.
    #[schema(max_length = 20)]
    pub mfa_code: Option<String>,
    /// In its place: the answer of a passkey to the options of `/api/auth/passkeys/login/options`.
    #[schema(value_type = Option<Object>)]
    pub passkey: Option<Value>,
}

/// Asking for a new password.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ForgotPasswordRequest {
    /// The address of the account.
    #[schema(max_length = 255, format = Email)]
    pub email: String,
}

/// Setting a new password.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ResetPasswordRequest {
    /// The token that was mailed.
    pub token: String,
    /// By the rules of signing up. May also be called `new_password` or `password`.
    #[schema(min_length = 8, format = Password)]
    pub new_password: String,
}

/// Renewing a session.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RefreshRequest {
    /// The refresh token, good for one exchange.
    pub refresh_token: String,
}

/// Signing out.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LogoutRequest {
    /// The refresh token of the session to end.
    pub refresh_token: Option<String>,
}

/// What may be changed of an account; what is absent stays. Every field may also be written in snake_case.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ProfileRequest {
    /// Given names.
    #[schema(min_length = 1, max_length = 50)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(min_length = 1, max_length = 50)]
    pub last_name: Option<String>,
    /// A date or an RFC 3339 time, not in the future; blank or `null` clears.
    pub date_of_birth: Option<String>,
    /// `en`, `sn` or `nd`.
    pub preferred_language: Option<String>,
    /// Such as `Africa/Harare`.
    #[schema(max_length = 50)]
    pub timezone: Option<String>,
    /// Any part of the preferences.
    #[schema(value_type = Option<Object>)]
    pub preferences: Option<Value>,
    /// Letters, digits and underscores.
    #[schema(min_length = 3, max_length = 50)]
    pub username: Option<String>,
    /// A new address, with `currentPassword`.
    #[schema(max_length = 255, format = Email)]
    pub email: Option<String>,
    /// Wanted with a new address.
    #[schema(format = Password)]
    pub current_password: Option<String>,
    /// Telephone number.
    #[schema(max_length = 20)]
    pub phone: Option<String>,
    /// Free text.
    #[schema(max_length = 20)]
    pub gender: Option<String>,
    /// Free text.
    #[schema(max_length = 2000)]
    pub bio: Option<String>,
    /// `{country, state, city, coordinates}`.
    #[schema(value_type = Option<Object>)]
    pub location: Option<Value>,
}

/// A pair of tokens.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access_token: String,
    /// For one exchange.
    pub refresh_token: String,
    /// Seconds the access token is good for.
    pub expires_in: u64,
}

/// The answer to signing up and in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// For people.
    pub message: String,
    /// The account; `null` while the second factor is wanted.
    pub user: Option<UserView>,
    /// The tokens; `null` while the second factor is wanted.
    pub tokens: Option<Tokens>,
    /// Whether to sign in again with `mfaCode` or `passkey`.
    pub require_mfa: bool,
    /// While the second factor is wanted, what would do: `totp`, `passkey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_methods: Option<Vec<&'static str>>,
}

/// A new pair of tokens, at the top and under `tokens`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// For the `Authorization` header.
    pub access_token: String,
    /// For one exchange.
    pub refresh_token: String,
    /// Seconds the access token is good for.
    pub expires_in: u64,
    /// The same three.
    pub tokens: Tokens,
    /// For people.
    pub message: String,
}

impl Refreshed {
    pub(crate) fn new(message: &str, tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expires_in: tokens.expires_in,
            tokens,
            message: message.to_owned(),
        }
    }
}

/// A text for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// For people.
    pub message: String,
}

/// The answer to signing out everywhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedOutEverywhere {
    /// For people.
    pub message: String,
    /// How many refresh tokens were valid before.
    pub revoked_tokens: u64,
}

/// The caller's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnUser {
    /// The account.
    pub user: UserView,
}

/// The one error body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub struct ErrorBody {
    /// A stable code.
    pub error: String,
    /// For people.
    pub message: String,
    /// The same.
    pub detail: String,
    /// The HTTP status.
    pub status_code: u16,
    /// Names the request in the log.
    pub request_id: Option<String>,
    /// The fields that break a rule.
    pub errors: Option<Vec<FieldError>>,
    /// The same.
    pub details: Option<Vec<FieldError>>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
}
