use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_ports::RefreshToken;
use dzinza_web::user_view::wire_time;
use dzinza_web::{Caller, ClientInfo, Problem};
use http::HeaderMap;
use serde_json::json;

use crate::devices::Device;
use crate::tokens::cleared_cookies;
use crate::wire::keys::SessionView;
use crate::wire::{ErrorBody, Message};
use crate::{Service, audit, session};

/// Where the caller is signed in.
#[utoipa::path(
    get, path = "/api/auth/sessions", tag = "auth", operation_id = "sessions",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The sessions, the one that was used last first", body = Vec<SessionView>),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
    )
)]
pub(crate) async fn sessions(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<Vec<SessionView>>, Problem> {
    let ports = &service.ports;
    let mut active = ports.sessions.active(&caller.user_id, ports.clock.now()).await?;
    active.sort_by(|a, b| (b.created_at, &b.session_id).cmp(&(a.created_at, &a.session_id)));
    Ok(Json(active.into_iter().map(|token| view(token, &caller)).collect()))
}

/// Sign out there.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{sessionId}", tag = "auth", operation_id = "endSession",
    params(("sessionId" = String, Path, description = "The session")),
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The session has ended; if it is this one, the cookies are cleared", body = Message),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs, or the cookie came from a page that may not send it", body = ErrorBody),
        (status = 404, description = "The caller has no such session", body = ErrorBody),
    )
)]
pub(crate) async fn end_session(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let active = ports.sessions.active(&caller.user_id, ports.clock.now()).await?;
    if !active.iter().any(|token| token.session_id == id) {
        return Err(Problem::not_found("There is no such session"));
    }
    session::end(ports, &id, "signed_out_there").await?;
    let details = json!({ "sessionId": id });
    audit::record(ports, "SESSION_REVOKED", Some(&caller.user_id), &client, details).await;
    let own = caller.session_id.as_ref() == Some(&id);
    let headers = if own { cleared_cookies(ports)? } else { HeaderMap::new() };
    Ok((headers, Json(Message { message: "The session has ended".to_owned() })).into_response())
}

fn view(token: RefreshToken, caller: &Caller) -> SessionView {
    let device = Device::of(token.user_agent.as_deref().unwrap_or_default());
    SessionView {
        current: caller.session_id.as_ref() == Some(&token.session_id),
        id: token.session_id,
        device: device.kind,
        browser: device.browser,
        os: device.os,
        ip: token.ip_address,
        created_at: wire_time(token.session_started_at),
        last_used_at: wire_time(token.created_at),
        expires_at: wire_time(token.expires_at),
    }
}
