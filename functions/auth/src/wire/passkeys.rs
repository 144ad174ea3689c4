//! What requests and answers about passkeys look like. Options and answers are in the JSON form of WebAuthn Level 3,
//! which `PublicKeyCredential.parse...FromJSON` and `toJSON` of browsers read and write.

use dzinza_ports::Passkey;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use dzinza_web::user_view::wire_time;

/// Options for the browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyOptions {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    #[schema(value_type = Object)]
    pub public_key: Value,
}

/// Adding a passkey.
#[derive(Debug, ToSchema)]
pub struct NewPasskey {
    /// What its owner calls it.
    #[schema(max_length = 100)]
    pub name: Option<String>,
    /// `RegistrationResponseJSON`: what the browser answered.
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// Beginning to sign in.
#[derive(Debug, ToSchema)]
pub struct PasskeyLoginOptions {
    /// Changes nothing: the options are the same for everybody.
    pub email: Option<String>,
}

/// Signing in.
#[derive(Debug, ToSchema)]
pub struct PasskeyLogin {
    /// `AuthenticationResponseJSON`: what the browser answered.
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// A new name.
#[derive(Debug, ToSchema)]
pub struct PasskeyName {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// A passkey, without its key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Passkey)]
pub struct PasskeyView {
    /// UUID.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last used.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

impl PasskeyView {
    pub(crate) fn of(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.clone(),
            name: passkey.name.clone(),
            created_at: wire_time(passkey.created_at),
            last_used_at: passkey.last_used_at.map(wire_time),
        }
    }
}

/// All passkeys of an account.
#[derive(Serialize, ToSchema)]
pub struct PasskeyList {
    /// The oldest first.
    pub passkeys: Vec<PasskeyView>,
}
