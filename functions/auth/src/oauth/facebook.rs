//! Facebook: OAuth 2.0, and the Graph API for who somebody is.

use dzinza_web::Problem;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreJsonWebKeySet, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, CsrfToken, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, Scope, TokenUrl,
};
use serde::Deserialize;

use super::provider::{Invitation, Profile, Registration, away, refused, token_problem};
use super::web::Web;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// Facebook.
pub(crate) struct Facebook {
    client: Client,
    graph: String,
    web: Web,
}

#[derive(Deserialize)]
struct Me {
    id: String,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
}

impl Facebook {
    pub(crate) fn new(dialog: &str, graph: String, us: Registration) -> Result<Self, &'static str> {
        let bad = "its addresses must be https, or on this machine";
        let web = Web::to(&graph).ok_or(bad)?;
        let asks = AuthUrl::new(format!("{dialog}/dialog/oauth")).map_err(|_| bad)?;
        let answers = TokenUrl::new(format!("{graph}/oauth/access_token")).map_err(|_| bad)?;
        let issuer = IssuerUrl::new(dialog.to_owned()).map_err(|_| bad)?;
        let client = CoreClient::new(us.client_id, issuer, CoreJsonWebKeySet::new(Vec::new()))
            .set_client_secret(us.client_secret)
            .set_auth_uri(asks)
            .set_token_uri(answers)
            .set_redirect_uri(us.redirect)
            .set_auth_type(AuthType::RequestBody)
            .disable_openid_scope();
        Ok(Self { client, graph, web })
    }

    pub(crate) fn invite(&self) -> Invitation {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("public_profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Invitation {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        }
    }

    pub(crate) async fn identify(
        &self,
        code: String,
        verifier: PkceCodeVerifier,
    ) -> Result<Profile, Problem> {
        let request = self.client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
        let tokens: Result<CoreTokenResponse, _> = request.request_async(&self.web).await;
        let tokens = tokens.map_err(|error| token_problem(&error))?;
        let url = format!("{}/me?fields=id,name,first_name,last_name,email", self.graph);
        // The token is in a header, as addresses are logged along the way.
        let request = http::Request::get(url)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", tokens.access_token().secret()))
            .body(Vec::new())
            .map_err(|error| away(&error))?;
        let answer = self.web.ask(request).await.map_err(|error| away(&error))?;
        if !answer.status().is_success() {
            return Err(refused());
        }
        let me: Me = serde_json::from_slice(answer.body()).map_err(|error| away(&error))?;
        Ok(Profile {
            subject: me.id,
            email: me.email,
            // Facebook does not say whether an address was proved, so it proves nothing.
            email_verified: false,
            first_name: me.first_name.or(me.name),
            last_name: me.last_name,
        })
    }
}
