use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use http::{HeaderMap, HeaderValue, header};

use super::attempt::{self, Attempt};
use super::provider::Provider;
use crate::limits::fingerprint;
use crate::owner::{Owner, Proof};
use crate::wire::ErrorBody;
use crate::wire::keys::OAuthInvitation;
use crate::wire::mfa::SetUpRequest;
use crate::{AuthPorts, Service};

/// Begin signing in with a provider (contract E23). It does not matter who calls: a cookie may be left over from somebody
/// else.
#[utoipa::path(
    get, path = "/api/auth/oauth/{provider}", tag = "auth", operation_id = "beginOAuth",
    params(("provider" = String, Path, description = "`google`, `facebook`, or the name of a configured issuer")),
    responses(
        (status = 200, description = "Where to send the browser; a short-lived cookie ties the attempt to it", body = OAuthInvitation),
        (status = 404, description = "There is no such provider", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 501, description = "The provider is not configured", body = ErrorBody),
        (status = 503, description = "The provider or a store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn begin_oauth(
    State(service): State<Service>,
    Path(provider): Path<String>,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    invite(ports, ports.oauth.provider(&provider)?, None).await
}

/// Begin to link an identity at a provider to the caller's account. Takes the password, unless the sign-in was within ten
/// minutes: whoever is linked can sign in from then on. It is finished as signing in is, by the same caller.
#[utoipa::path(
    post, path = "/api/auth/oauth/{provider}/link", tag = "auth", operation_id = "beginLinking",
    security(("bearer" = []), ("cookie" = [])),
    params(("provider" = String, Path, description = "`google`, `facebook`, or the name of a configured issuer")),
    request_body = Option<SetUpRequest>,
    responses(
        (status = 200, description = "Where to send the browser; a short-lived cookie ties the attempt to it", body = OAuthInvitation),
        (status = 400, description = "The password is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "Not for programs; or the cookie came from a page that may not send it", body = ErrorBody),
        (status = 404, description = "There is no such provider", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 501, description = "The provider is not configured", body = ErrorBody),
        (status = 503, description = "The provider or a store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn begin_linking(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    Path(provider): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let provider = ports.oauth.provider(&provider)?;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, "IDENTITY_LINK_REFUSED").await?;
    owner.fresh_or_password(proof).await?;
    invite(ports, provider, Some(owner.user.id)).await
}

/// Sends a browser to a provider: to sign in, or to link who comes back to this account.
async fn invite(
    ports: &AuthPorts,
    provider: &Provider,
    link_to: Option<String>,
) -> Result<Response, Problem> {
    let invitation = provider.invite(ports.clock.now()).await?;
    let browser = attempt::new_browser();
    let begun = Attempt {
        provider: provider.name.clone(),
        nonce: invitation.nonce,
        verifier: invitation.verifier,
        browser: fingerprint(&browser),
        link_to,
    };
    attempt::keep(ports, &invitation.state, &begun).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, attempt::set_cookie(ports, &browser)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, Json(OAuthInvitation { auth_url: invitation.url })).into_response())
}
