use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_web::{Caller, ClientInfo, JsonBody, MaybeCaller, Problem};
use http::StatusCode;
use serde_json::json;

use crate::refresh::{presented, stored};
use crate::tokens::cleared_cookies;
use crate::wire::{ErrorBody, LoggedOutEverywhere, LogoutRequest, Message};
use crate::{Service, audit, session};

/// Sign out (contract E4): ends the session of the refresh token, else that of the access token.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth", operation_id = "logout",
    request_body = Option<LogoutRequest>,
    responses(
        (status = 200, description = "Signed out, or was not signed in; the cookies are cleared", body = Message),
        (status = 503, description = "A store cannot be reached; the session may live on", body = ErrorBody),
    )
)]
pub(crate) async fn logout(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Result<MaybeCaller, Problem>,
    body: Result<JsonBody, Problem>,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let caller = match caller {
        Ok(MaybeCaller(caller)) => caller,
        // A page of somebody else's may not end a session with our cookie, but signing out never fails.
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => None,
        Err(problem) => return Err(problem),
    };
    let body = body.unwrap_or_default().0;
    let row = match presented(&body) {
        Some(token) => stored(ports, token).await?,
        None => None,
    };
    let by_access = caller.and_then(|caller| Some((caller.user_id, caller.session_id?)));
    let session = row.map(|row| (row.user_id, row.session_id)).or(by_access);
    if let Some((user_id, session_id)) = session {
        session::end(ports, &session_id, "logout").await?;
        let details = json!({ "sessionId": session_id });
        audit::record(ports, "LOGOUT", Some(&user_id), &client, details).await;
    }
    let answer = Message { message: "You are signed out".to_owned() };
    Ok((cleared_cookies(ports)?, Json(answer)).into_response())
}

/// End all sessions of the caller (contract E5).
#[utoipa::path(
    post, path = "/api/auth/logout-all", tag = "auth", operation_id = "logoutAll",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "All sessions have ended; the cookies are cleared", body = LoggedOutEverywhere),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn logout_all(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let revoked_tokens =
        session::end_all(ports, &caller.user_id, caller.session_id.as_deref(), "logout_all").await?;
    let details = json!({ "revokedTokens": revoked_tokens });
    audit::record(ports, "LOGOUT_ALL", Some(&caller.user_id), &client, details).await;
    let message = "You are signed out on all devices".to_owned();
    let answer = LoggedOutEverywhere { message, revoked_tokens };
    Ok((cleared_cookies(ports)?, Json(answer)).into_response())
}
