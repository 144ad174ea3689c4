use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_web::{Caller, MaybeCaller, Problem, QueryParams};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::attempt::{self, Attempt};
use crate::Service;
use crate::confirm::{is_fresh, own};
use crate::limits::fingerprint;
use crate::wire::ErrorBody;
use crate::wire::keys::OAuthInvitation;

/// Begin signing in with a provider (contract E23). With `?link=true` a signed-in caller begins to link an identity to the
/// account instead, within ten minutes of signing in; only then does it matter who calls, as a cookie may be left over from
/// somebody else.
#[utoipa::path(
    get, path = "/api/auth/oauth/{provider}", tag = "auth", operation_id = "beginOAuth",
    params(
        ("provider" = String, Path, description = "`google`, `facebook`, or the name of a configured issuer"),
        ("link" = Option<bool>, Query, description = "Link to the caller's account instead of signing in"),
    ),
    responses(
        (status = 200, description = "Where to send the browser; a short-lived cookie ties the attempt to it", body = OAuthInvitation),
        (status = 400, description = "`link` is neither true nor false", body = ErrorBody),
        (status = 401, description = "Linking was asked for by nobody", body = ErrorBody),
        (status = 403, description = "Linking was asked for by a program, or more than ten minutes after signing in (`SIGN_IN_AGAIN`)", body = ErrorBody),
        (status = 404, description = "There is no such provider", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 501, description = "The provider is not configured", body = ErrorBody),
        (status = 503, description = "The provider or a store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn begin_oauth(
    State(service): State<Service>,
    Path(provider): Path<String>,
    query: QueryParams,
    caller: Result<MaybeCaller, Problem>,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let provider = ports.oauth.provider(&provider)?;
    let linking = query.flag(&["link"])?.unwrap_or(false);
    let link_to = if linking { Some(owner(&service, &session_of(caller?)?).await?) } else { None };
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

/// The account of a caller who is its owner, and not someone at an open browser: an identity is one more way in.
async fn owner(service: &Service, caller: &Caller) -> Result<String, Problem> {
    let user = own(service, caller).await?;
    if is_fresh(service, caller).await? {
        return Ok(user.id);
    }
    let message = "You signed in more than ten minutes ago: sign in again to link an identity";
    Err(Problem::new(StatusCode::FORBIDDEN, "SIGN_IN_AGAIN", message))
}

/// Who asks to have an identity linked.
pub(super) fn session_of(caller: MaybeCaller) -> Result<Caller, Problem> {
    caller.0.ok_or_else(|| Problem::unauthorized("Please sign in to continue"))
}
