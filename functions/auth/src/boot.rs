//! This function from what a process of functions shares.

use std::time::Duration;

use dzinza_boot::House;
use dzinza_config::{ProviderSecrets, Settings};
use dzinza_web::ApiRouter;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    AuthPorts, AuthRules, OAuth, OAuthConfig, OAuthError, ProviderConfig, ProviderKind, RelyingParty,
};

/// What this function needs of the house.
///
/// # Errors
/// If an identity provider cannot be used as it is named.
pub fn ports(house: &House) -> anyhow::Result<AuthPorts> {
    let stores = &house.stores;
    Ok(AuthPorts {
        users: stores.users.clone(),
        sessions: stores.sessions.clone(),
        audit: stores.audit.clone(),
        limits: stores.limits.clone(),
        identities: stores.identities.clone(),
        passkeys: stores.passkeys.clone(),
        access_tokens: stores.access_tokens.clone(),
        site: stores.site.clone(),
        outbox: stores.outbox.clone(),
        queue: stores.queue.clone(),
        sealer: house.sealer.clone(),
        clock: stores.clock.clone(),
        ids: stores.ids.clone(),
        auth: house.auth.clone(),
        oauth: oauth(&house.settings, &stores.secrets.providers)?,
        rules: rules(&house.settings),
        documents: stores.documents.clone(),
        blobs: stores.blobs.clone(),
    })
}

/// Its routes over them.
///
/// # Errors
/// As [`ports`].
pub fn api(house: &House) -> anyhow::Result<ApiRouter> {
    Ok(crate::api(ports(house)?))
}

fn rules(settings: &Settings) -> AuthRules {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let mut rules = AuthRules {
        access_lifetime: minutes(settings.access_token_expire_minutes),
        refresh_lifetime: Duration::from_secs(settings.refresh_token_expire_days * 86_400),
        max_login_attempts: settings.max_login_attempts,
        lockout: minutes(settings.account_lockout_minutes),
        bcrypt_cost: settings.bcrypt_rounds,
        credential_limit: settings.auth_rate_limit_max_requests,
        allow_registration: settings.allow_registration,
        erasure_grace: Duration::from_hours(24 * settings.account_erasure_days),
        public_url: settings.public_api_url.trim_end_matches('/').to_owned(),
        mfa_issuer: settings.mfa_issuer.trim().to_owned(),
        relying_party: RelyingParty::new(
            &settings.webauthn_rp_id,
            &settings.webauthn_origins,
            &settings.public_api_url,
            &settings.allowed_origins,
        ),
        frontend_url: settings.frontend_url.trim_end_matches('/').to_owned(),
        password_reset_url: settings.password_reset_url.clone(),
        support_email: settings.support_email.clone(),
        reset_lifetime: minutes(settings.password_reset_expire_minutes),
        verification_lifetime: minutes(settings.email_verification_expire_hours * 60),
        ..AuthRules::default()
    };
    if rules.credential_limit == 0 {
        (rules.email_limit, rules.user_limit, rules.refresh_limit) = (0, 0, 0);
    }
    rules
}

/// The providers that are configured.
///
/// # Errors
/// If one cannot be used.
fn oauth(settings: &Settings, secrets: &ProviderSecrets) -> Result<OAuth, OAuthError> {
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
