//! Signing in with a provider, identities, access tokens, sessions.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthInvitation {
    /// An address of the provider.
    pub auth_url: String,
}

/// What the provider sent the browser back with.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OAuthCallback {
    /// From the address the browser came back to.
    #[schema(max_length = 4096)]
    pub state: String,
    /// From the address the browser came back to; absent in the second call with `mfaCode` or `passkey`.
    #[schema(max_length = 4096)]
    pub code: Option<String>,
    /// The code of the second factor, if that was asked for.
    #[schema(max_length = 20)]
    pub mfa_code: Option<String>,
    /// In its place: what a passkey answered to `/api/auth/passkeys/login/options`, `AuthenticationResponseJSON`.
    #[schema(value_type = Option<Object>)]
    pub passkey: Option<Value>,
}

/// Who the caller is at a provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Identity)]
pub struct IdentityView {
    /// Names it here.
    pub id: String,
    /// `google`, `facebook`, or the name of a configured issuer.
    pub provider: String,
    /// The address the provider told.
    pub email: Option<String>,
    /// When it was linked.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The caller's identities.
#[derive(Debug, Serialize, ToSchema)]
pub struct Identities {
    /// The oldest first.
    pub identities: Vec<IdentityView>,
}

/// A token for a program.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AccessTokenRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// `read` (GET and HEAD) or `write` (everything but account, credentials and administration).
    #[schema(min_items = 1)]
    pub scopes: Vec<String>,
    /// Days until it ends; 90 if absent.
    #[schema(minimum = 1, maximum = 365)]
    pub expires_in_days: Option<u64>,
    /// Wanted if the sign-in is more than ten minutes ago.
    #[schema(format = Password)]
    pub password: Option<String>,
}

/// A token of the caller's programs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessToken)]
pub struct AccessTokenView {
    /// Names it here.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was last used, to the hour.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

/// The caller's tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessTokenList {
    /// The oldest first; ended ones too.
    pub tokens: Vec<AccessTokenView>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct NewAccessToken {
    /// For `Authorization: Bearer`. It is never shown again.
    pub token: String,
    /// The same fields as in the list.
    #[serde(flatten)]
    pub shown: AccessTokenView,
}

/// A session of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionView {
    /// Names it here.
    pub id: String,
    /// Whether this request belongs to it.
    pub current: bool,
    /// `pc`, `smartphone`, `mobilephone`, ... if it can be told.
    pub device: Option<String>,
    /// Such as `Firefox`.
    pub browser: Option<String>,
    /// Such as `Android`.
    pub os: Option<String>,
    /// Where it was last refreshed from.
    pub ip: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last refreshed.
    #[schema(format = DateTime)]
    pub last_used_at: String,
    /// When it ends if it is not refreshed.
    #[schema(format = DateTime)]
    pub expires_at: String,
}
