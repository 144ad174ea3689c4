//! From settings and secrets to identity providers.

use dzinza_auth::{OAuth, OAuthConfig, OAuthError, ProviderConfig, ProviderKind};
use dzinza_config::{ProviderSecrets, Settings};
use secrecy::{ExposeSecret as _, SecretString};

/// The providers that are configured.
///
/// # Errors
/// If one cannot be used.
pub fn oauth(settings: &Settings, secrets: &ProviderSecrets) -> Result<OAuth, OAuthError> {
    let named = |name: &str, kind, (id, secret): &(SecretString, SecretString)| ProviderConfig {
        name: name.to_owned(),
        kind,
        client_id: id.expose_secret().to_owned(),
        client_secret: secret.clone(),
    };
    let google = secrets.google.as_ref().map(|pair| named("google", ProviderKind::google(), pair));
    let facebook = secrets.facebook.as_ref().map(|pair| named("facebook", ProviderKind::facebook(), pair));
    let issuer = Some(settings.oidc_issuer.clone()).filter(|issuer| !issuer.is_empty());
    let oidc = issuer.map(|issuer| ProviderConfig {
        name: settings.oidc_name.clone(),
        kind: ProviderKind::Oidc { issuer },
        client_id: settings.oidc_client_id.clone(),
        client_secret: secrets.oidc.clone().unwrap_or_default(),
    });
    let bases = [&settings.oauth_redirect_base, &settings.frontend_url];
    let base = bases.into_iter().find(|base| !base.is_empty()).unwrap_or(&settings.public_api_url);
    OAuth::new(OAuthConfig {
        redirect_base: base.clone(),
        providers: [google, facebook, oidc].into_iter().flatten().collect(),
    })
}
