//! What all providers have in common: an address to send people to, and a person for the code that comes back.

use dzinza_web::Problem;
use jiff::Timestamp;
use openidconnect::core::CoreErrorResponseType;
use openidconnect::{
    ClientId, ClientSecret, Nonce, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::facebook::Facebook;
use super::oidc::Oidc;
use super::web::WebError;
use super::{ProviderConfig, ProviderKind};

/// Where a person is sent, and what must come back.
pub(crate) struct Invitation {
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// Who somebody is, as a provider says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The provider's own id of the person.
    pub(crate) subject: String,
    /// An address, as the provider spells it.
    pub(crate) email: Option<String>,
    /// Whether the provider says that the address is the person's.
    pub(crate) email_verified: bool,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

/// Whom a provider knows us as.
pub(crate) struct Registration {
    pub(crate) client_id: ClientId,
    pub(crate) client_secret: ClientSecret,
    pub(crate) redirect: RedirectUrl,
}

/// A provider that is configured.
pub(crate) struct Provider {
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    Oidc(Box<Oidc>),
    Facebook(Box<Facebook>),
}

impl Provider {
    pub(super) fn new(config: ProviderConfig, redirect_base: &str) -> Result<Self, &'static str> {
        let redirect = format!("{}/auth/oauth/callback/{}", redirect_base.trim_end_matches('/'), config.name);
        let us = Registration {
            client_id: ClientId::new(config.client_id),
            client_secret: ClientSecret::new(config.client_secret.expose_secret().to_owned()),
            redirect: RedirectUrl::new(redirect).map_err(|_| "OAUTH_REDIRECT_BASE is no address")?,
        };
        let kind = match config.kind {
            ProviderKind::Oidc { issuer } => Kind::Oidc(Box::new(Oidc::new(issuer, us)?)),
            ProviderKind::Facebook { dialog, graph } => {
                Kind::Facebook(Box::new(Facebook::new(&dialog, graph, us)?))
            }
        };
        Ok(Self { name: config.name, kind })
    }

    /// Where to send a person.
    pub(crate) async fn invite(&self, now: Timestamp) -> Result<Invitation, Problem> {
        match &self.kind {
            Kind::Oidc(oidc) => oidc.invite(now).await,
            Kind::Facebook(facebook) => Ok(facebook.invite()),
        }
    }

    /// Who has come back with this code.
    ///
    /// # Errors
    /// 400 if the provider does not take the code, or what it says of the person cannot be trusted; 503 if it cannot
    /// be asked.
    pub(crate) async fn identify(
        &self,
        code: String,
        verifier: String,
        nonce: String,
        now: Timestamp,
    ) -> Result<Profile, Problem> {
        let verifier = PkceCodeVerifier::new(verifier);
        let profile = match &self.kind {
            Kind::Oidc(oidc) => oidc.identify(code, verifier, &Nonce::new(nonce), now).await?,
            Kind::Facebook(facebook) => facebook.identify(code, verifier).await?,
        };
        let printable =
            |text: &str| !text.is_empty() && text.len() <= 255 && !text.contains(char::is_control);
        if printable(&profile.subject) { Ok(profile) } else { Err(refused()) }
    }
}

/// One text for every reason why a code, a state or what a provider says is not taken.
pub(crate) fn refused() -> Problem {
    Problem::new(
        http::StatusCode::BAD_REQUEST,
        "OAUTH_FAILED",
        "Signing in with the provider did not work or took too long. Please try again.",
    )
}

/// The provider cannot be asked. That is for the operator to know, and for the person to try again.
pub(crate) fn away(error: &dyn std::error::Error) -> Problem {
    tracing::warn!(%error, "an identity provider does not answer as it should");
    Problem::unavailable()
}

pub(crate) type TokenError = RequestTokenError<WebError, StandardErrorResponse<CoreErrorResponseType>>;

/// Whether the code was not taken, or the provider could not say.
pub(crate) fn token_problem(error: &TokenError) -> Problem {
    match error {
        RequestTokenError::ServerResponse(said) if *said.error() == CoreErrorResponseType::InvalidClient => {
            tracing::error!("an identity provider does not know us: check client id and secret");
            Problem::unavailable()
        }
        RequestTokenError::ServerResponse(_) => refused(),
        // Facebook has a form of its own.
        RequestTokenError::Parse(_, body) if is_error(body) => refused(),
        RequestTokenError::Request(error) => away(error),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            tracing::warn!("an identity provider gave no readable token");
            Problem::unavailable()
        }
    }
}

fn is_error(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|body| body.get("error").is_some())
}
