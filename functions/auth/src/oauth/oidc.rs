//! OpenID Connect Core 1.0: discovery, the code flow, and the checks of an ID token (section 3.1.3.7).

use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dzinza_web::Problem;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, LocalizedClaim, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, Scope, SignatureVerificationError, TokenResponse as _,
};
use tokio::sync::Mutex;

use super::provider::{Invitation, Profile, Registration, away, refused, token_problem};
use super::web::Web;

/// How long what was discovered is believed.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// New keys are looked for this often at most, and an issuer that is away is asked again after this.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// An issuer.
pub(crate) struct Oidc {
    issuer: IssuerUrl,
    us: Registration,
    web: Web,
    /// What it says of itself, and since when that is known; `None` if it could not say.
    known: Mutex<Option<(Timestamp, Option<Arc<CoreProviderMetadata>>)>>,
}

impl Oidc {
    pub(crate) fn new(issuer: String, us: Registration) -> Result<Self, &'static str> {
        let web = Web::to(&issuer).ok_or("its issuer must be https, or on this machine")?;
        let issuer = IssuerUrl::new(issuer).map_err(|_| "its issuer is no address")?;
        Ok(Self { issuer, us, web, known: Mutex::new(None) })
    }

    pub(crate) async fn invite(&self, now: Timestamp) -> Result<Invitation, Problem> {
        let metadata = self.metadata(now, FRESH).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = self
            .client(&metadata)
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Invitation {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    pub(crate) async fn identify(
        &self,
        code: String,
        verifier: PkceCodeVerifier,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Profile, Problem> {
        let metadata = self.metadata(now, FRESH).await?;
        let client = self.client(&metadata);
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| away(&error))?;
        let tokens = request.set_pkce_verifier(verifier).request_async(&self.web).await;
        let tokens: CoreTokenResponse = tokens.map_err(|error| token_problem(&error))?;
        let id_token = tokens.id_token().ok_or_else(refused)?;
        let mut profile = match self.read(&metadata, id_token, nonce, now) {
            Ok(profile) => profile,
            // The issuer may have changed its keys since.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let metadata = self.metadata(now, PAUSE).await?;
                self.read(&metadata, id_token, nonce, now).map_err(|_| refused())?
            }
            Err(error) => {
                tracing::warn!(reason = reason(&error), "an ID token was refused");
                return Err(refused());
            }
        };
        // Many issuers tell the address only there (Core 5.4).
        if profile.email.is_none() && metadata.userinfo_endpoint().is_some() {
            let subject = openidconnect::SubjectIdentifier::new(profile.subject.clone());
            let request = client.user_info(tokens.access_token().clone(), Some(subject));
            let more: CoreUserInfoClaims =
                request.map_err(|error| away(&error))?.request_async(&self.web).await.map_err(|_| {
                    tracing::warn!("an identity provider gave no readable user info");
                    refused()
                })?;
            profile = of_user_info(&more);
        }
        Ok(profile)
    }

    /// What the issuer says of itself, asked anew if what is known is older than `age`.
    async fn metadata(
        &self,
        now: Timestamp,
        age: SignedDuration,
    ) -> Result<Arc<CoreProviderMetadata>, Problem> {
        // Whoever comes while somebody asks waits for that answer.
        let mut known = self.known.lock().await;
        match &*known {
            Some((since, Some(metadata))) if now.duration_since(*since) < age => return Ok(metadata.clone()),
            Some((since, None)) if now.duration_since(*since) < PAUSE => return Err(Problem::unavailable()),
            _ => {}
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.web).await;
        let found = found.map(Arc::new).inspect_err(|error| {
            tracing::warn!(%error, issuer = self.issuer.as_str(), "an identity provider cannot be discovered");
        });
        *known = Some((now, found.as_ref().ok().cloned()));
        found.map_err(|_| Problem::unavailable())
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let us = &self.us;
        // Without a secret we are a public client, and PKCE alone ties the code to us.
        let secret = Some(us.client_secret.clone()).filter(|secret| !secret.secret().is_empty());
        let client = CoreClient::from_provider_metadata(metadata.clone(), us.client_id.clone(), secret)
            .set_redirect_uri(us.redirect.clone());
        // Basic is what holds where nothing is said (Discovery 3).
        let takes = metadata.token_endpoint_auth_methods_supported();
        let by_body =
            takes.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        client.set_auth_type(if by_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    /// Checks signature, issuer, audience, time and nonce of an ID token. Without the client's secret in the verifier,
    /// tokens signed with it (HS256) or not at all are refused whatever the issuer announces.
    fn read(
        &self,
        metadata: &CoreProviderMetadata,
        token: &CoreIdToken,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Profile, ClaimsVerificationError> {
        let moment = DateTime::<Utc>::from_timestamp(now.as_second(), 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let client_id = self.us.client_id.clone();
        let verifier =
            CoreIdTokenVerifier::new_public_client(client_id, self.issuer.clone(), metadata.jwks().clone())
                .set_allowed_algs(asymmetric())
                .set_other_audience_verifier_fn(|_| false)
                .set_time_fn(move || moment);
        let claims = token.claims(&verifier, nonce)?;
        if claims.authorized_party().is_some_and(|party| **party != *self.us.client_id.as_str()) {
            return Err(ClaimsVerificationError::InvalidAudience("issued to another".to_owned()));
        }
        Ok(Profile {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
            first_name: plain(claims.given_name()).or_else(|| plain(claims.name())),
            last_name: plain(claims.family_name()),
        })
    }
}

fn of_user_info(claims: &CoreUserInfoClaims) -> Profile {
    Profile {
        subject: claims.subject().to_string(),
        email: claims.email().map(|email| email.to_string()),
        email_verified: claims.email_verified().unwrap_or(false),
        first_name: plain(claims.given_name()).or_else(|| plain(claims.name())),
        last_name: plain(claims.family_name()),
    }
}

/// A name in whatever language comes without a tag.
fn plain<N: Deref<Target = String>>(claim: Option<&LocalizedClaim<N>>) -> Option<String> {
    claim.and_then(|claim| claim.get(None)).map(|name| name.to_string())
}

fn asymmetric() -> [CoreJwsSigningAlgorithm; 9] {
    use CoreJwsSigningAlgorithm as Algorithm;
    [
        Algorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::RsaSsaPssSha256,
        Algorithm::RsaSsaPssSha384,
        Algorithm::RsaSsaPssSha512,
        Algorithm::EcdsaP256Sha256,
        Algorithm::EcdsaP384Sha384,
        Algorithm::EdDsa,
    ]
}

/// What was wrong, without what the token says.
fn reason(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "expired",
        ClaimsVerificationError::InvalidAudience(_) => "audience",
        ClaimsVerificationError::InvalidIssuer(_) => "issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "other",
    }
}
