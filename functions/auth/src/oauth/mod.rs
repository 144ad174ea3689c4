//! Signing in with who one is elsewhere (contract E23 and E24): OpenID Connect Core 1.0 with discovery, and OAuth 2.0 for
//! Facebook, both with PKCE (RFC 7636) and by the rules of RFC 9700.
//!
//! An attempt lives in [`Limits`](dzinza_ports::Limits) for ten minutes, sealed, and is taken once. It belongs to one
//! browser by a cookie, so that nobody can be signed in to somebody else's account by a link (login CSRF). Which account a
//! person gets is decided in [`linking`].

mod attempt;
mod begin;
mod callback;
mod facebook;
mod linking;
mod oidc;
mod provider;
mod reclaim;
mod sign_in;
mod web;

use std::collections::BTreeMap;
use std::sync::Arc;

use dzinza_web::Problem;
use http::StatusCode;
use secrecy::SecretString;

pub(crate) use begin::{__path_begin_linking, __path_begin_oauth, begin_linking, begin_oauth};
pub(crate) use callback::{__path_finish_oauth, finish_oauth};
pub(crate) use reclaim::remove_keys;

use provider::Provider;

/// Where Facebook asks people, and where it answers programs.
const FACEBOOK: (&str, &str) = ("https://www.facebook.com/v23.0", "https://graph.facebook.com/v23.0");
/// Google's issuer.
const GOOGLE: &str = "https://accounts.google.com";
/// Names that exist whether or not they are configured.
const WELL_KNOWN: [&str; 2] = ["google", "facebook"];

/// Which providers there are. Printing it prints no secret.
#[derive(Debug, Clone, Default)]
pub struct OAuthConfig {
    /// Where providers send people back to, without `/auth/oauth/callback/{provider}`.
    pub redirect_base: String,
    /// The providers.
    pub providers: Vec<ProviderConfig>,
}

/// One provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// What addresses and identities call it: lowercase letters, digits and `-`.
    pub name: String,
    /// How it is spoken to.
    pub kind: ProviderKind,
    /// Whom it knows us as.
    pub client_id: String,
    /// How it knows that it is us.
    pub client_secret: SecretString,
}

/// How a provider is spoken to.
#[derive(Debug, Clone)]
pub enum ProviderKind {
    /// OpenID Connect; everything else is discovered.
    Oidc {
        /// The issuer, exactly as it calls itself.
        issuer: String,
    },
    /// OAuth 2.0 and the Graph API.
    Facebook {
        /// Where people are asked.
        dialog: String,
        /// Where programs are answered.
        graph: String,
    },
}

impl ProviderKind {
    /// Google.
    pub fn google() -> Self {
        Self::Oidc { issuer: GOOGLE.to_owned() }
    }

    /// Facebook.
    pub fn facebook() -> Self {
        Self::Facebook { dialog: FACEBOOK.0.to_owned(), graph: FACEBOOK.1.to_owned() }
    }
}

/// Why providers cannot be used, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity provider {name:?} cannot be used: {problem}")]
pub struct OAuthError {
    name: String,
    problem: &'static str,
}

/// The providers, ready to be asked.
#[derive(Clone, Default)]
pub struct OAuth {
    providers: Arc<BTreeMap<String, Provider>>,
}

impl OAuth {
    /// Checks the configuration. Nobody is asked yet.
    ///
    /// # Errors
    /// If a name is not possible or given twice, or an address is neither https nor on this machine.
    pub fn new(config: OAuthConfig) -> Result<Self, OAuthError> {
        let mut providers = BTreeMap::new();
        for provider in config.providers {
            let name = provider.name.clone();
            let failed = |problem| OAuthError { name: name.clone(), problem };
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > 30 || !name.chars().all(plain) {
                return Err(failed("its name must have 1 to 30 lowercase letters, digits or hyphens"));
            }
            let made = Provider::new(provider, &config.redirect_base).map_err(failed)?;
            if providers.insert(name.clone(), made).is_some() {
                return Err(failed("there are two of this name"));
            }
        }
        Ok(Self { providers: Arc::new(providers) })
    }

    /// The provider of this name.
    ///
    /// # Errors
    /// 501 if it only needs to be configured, 404 if there is no such thing.
    pub(crate) fn provider(&self, name: &str) -> Result<&Provider, Problem> {
        match self.providers.get(name) {
            Some(provider) => Ok(provider),
            None if WELL_KNOWN.contains(&name) => Err(Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "PROVIDER_NOT_CONFIGURED",
                "Signing in with this provider is not set up here",
            )),
            None => Err(Problem::not_found("There is no such identity provider")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, issuer: &str) -> Result<OAuth, OAuthError> {
        let provider = ProviderConfig {
            name: name.to_owned(),
            kind: ProviderKind::Oidc { issuer: issuer.to_owned() },
            client_id: "dzinza".to_owned(),
            client_secret: "secret".to_owned().into(),
        };
        let redirect_base = "https://app.dzinza.org".to_owned();
        OAuth::new(OAuthConfig { redirect_base, providers: vec![provider] })
    }

    #[test]
    fn names_and_addresses_are_checked_at_the_start() {
        assert!(with("home", "https://id.example.org").is_ok());
        assert!(with("home", "http://127.0.0.1:4000").is_ok());
        for (name, issuer) in [
            ("", "https://id.example.org"),
            ("Home", "https://id.example.org"),
            ("a/b", "https://id.example.org"),
            ("home", "http://id.example.org"),
            ("home", "id.example.org"),
        ] {
            assert!(with(name, issuer).is_err(), "{name} {issuer}");
        }
    }

    #[test]
    fn what_could_be_configured_is_501_and_anything_else_404() {
        let none = OAuth::default();
        let status = |name: &str| none.provider(name).err().map(|problem| problem.status().as_u16());
        assert_eq!((status("google"), status("facebook"), status("home")), (Some(501), Some(501), Some(404)));
        assert!(with("home", "https://id.example.org").unwrap().provider("home").is_ok());
    }
}
