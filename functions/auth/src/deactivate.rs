use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_letters::Letterhead;
use dzinza_ports::UserChange;
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::owner::Owner;
use crate::tokens::cleared_cookies;
use crate::wire::{DeactivateRequest, ErrorBody, Message};
use crate::{AuthPorts, Service, audit, last_admin, letters, session};

/// Give up the caller's account without erasing anything (contract E17). Only an administrator can take that back.
#[utoipa::path(
    post, path = "/api/auth/deactivate", tag = "auth", operation_id = "deactivate",
    security(("bearer" = []), ("cookie" = [])),
    request_body = DeactivateRequest,
    responses(
        (status = 200, description = "Deactivated; all sessions have ended, the cookies are cleared", body = Message),
        (status = 400, description = "The password is missing or wrong, or the sign-in is too long ago", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 409, description = "It is the only administrator's, or the account changed at the same moment", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn deactivate(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let owner = Owner::of(&service, &client, &caller, "ACCOUNT_DEACTIVATION_REFUSED").await?;
    owner.confirm(&body, false).await?;
    let user = &owner.user;
    last_admin::check(ports, user).await?;
    let now = ports.clock.now();
    let change = UserChange {
        given: last_admin::staying(user),
        is_active: Some(false),
        deleted_at: Some(Some(now)),
        letters: vec![letters::news(ports, user, Letterhead::deactivated).await?],
        ..UserChange::default()
    };
    end_everything(ports, &caller).await?;
    if ports.users.update(&user.id, change, now).await?.is_none() {
        return Err(last_admin::refusal(ports, user).await?);
    }
    // Whoever signed in since the first time.
    let ended = end_everything(ports, &caller).await?;
    let details = json!({ "revokedTokens": ended });
    audit::record(ports, "ACCOUNT_DEACTIVATED", Some(&user.id), &client, details).await;
    letters::announce(ports);
    let answer = Message { message: "Your account is deactivated".to_owned() };
    Ok((cleared_cookies(ports)?, Json(answer)).into_response())
}

/// Ends all sessions and removes the tokens of programs; says how many refresh tokens were left. Done before an account
/// is deactivated, so that nothing is left of it if a store fails in between, and again after.
pub(crate) async fn end_everything(ports: &AuthPorts, caller: &Caller) -> Result<u64, Problem> {
    let current = caller.session_id.as_deref();
    let ended = session::end_all(ports, &caller.user_id, current, "deactivated").await?;
    ports.access_tokens.remove_all(&caller.user_id).await?;
    Ok(ended)
}
