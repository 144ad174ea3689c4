//! Exchanging refresh tokens (contract 4.3).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::fields::Input;
use dzinza_letters::Letterhead;
use dzinza_ports::{Body, RefreshToken, User};
use dzinza_web::{ClientInfo, JsonBody, Problem};
use serde_json::{Value, json};

use crate::limits::fingerprint;
use crate::tokens::{Pair, Session, signed};
use crate::wire::{ErrorBody, RefreshRequest, Refreshed};
use crate::{AuthPorts, Service, audit, letters, session};

/// Exchange a refresh token for a new pair (contract E3).
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "auth", operation_id = "refresh",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "A new pair; the access cookie is renewed", body = Refreshed),
        (status = 400, description = "The body is not a JSON object", body = ErrorBody),
        (status = 401, description = "The token is missing, unknown, spent or over; sign in again", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn refresh(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let row = match presented(&body) {
        Some(token) => stored(ports, token).await?,
        None => None,
    };
    let exchange = Exchange { ports, client: &client };
    let pair = exchange.run(row.ok_or_else(over)?).await?;
    let details = json!({ "sessionId": pair.row.session_id });
    audit::record(ports, "TOKEN_REFRESHED", Some(&pair.row.user_id), &client, details).await;
    metrics::counter!("auth_service_token_refreshes_total").increment(1);
    let answer = Refreshed::new("Your session has been renewed", pair.wire());
    Ok((pair.headers(ports)?, Json(answer)).into_response())
}

/// The refresh token of a request. The frontend may send the words `undefined` and `null`.
pub(crate) fn presented(body: &Body) -> Option<&str> {
    let token = Input(body).get(&["refreshToken", "refresh_token"]).and_then(Value::as_str)?.trim();
    Some(token).filter(|token| !matches!(*token, "" | "undefined" | "null"))
}

/// What is stored of a refresh token that we signed.
pub(crate) async fn stored(ports: &AuthPorts, token: &str) -> Result<Option<RefreshToken>, Problem> {
    let Ok(claims) = ports.auth.keys.read_refresh(token, ports.clock.now()) else { return Ok(None) };
    let row = ports.sessions.find(&claims.jti).await?;
    Ok(row.filter(|row| row.token == fingerprint(token) && row.user_id == claims.user_id))
}

/// One text for every reason; the frontend shows it in place of the error that led here.
fn over() -> Problem {
    Problem::unauthorized("Your session has ended. Please sign in again.")
}

struct Exchange<'a> {
    ports: &'a AuthPorts,
    client: &'a ClientInfo,
}

impl Exchange<'_> {
    async fn run(&self, row: RefreshToken) -> Result<Pair, Problem> {
        let ports = self.ports;
        let now = ports.clock.now();
        let family = Session { id: row.session_id.clone(), started_at: row.session_started_at };
        if row.expires_at <= now || family.ends_at(ports) <= now {
            return Err(over());
        }
        if row.revoked_at.is_some() {
            self.check_repetition(&row).await?;
        }
        let user = ports.users.by_id(&row.user_id).await?.filter(|user| user.is_active).ok_or_else(over)?;
        if row.revoked_at.is_none() {
            let pair = Pair::sign(ports, &user, &family, self.client)?;
            if ports.sessions.rotate(&row.jti, pair.row.clone(), now).await? {
                return Ok(pair);
            }
            // Another request was faster: this one repeats it.
            let row = ports.sessions.find(&row.jti).await?.ok_or_else(over)?;
            self.check_repetition(&row).await?;
        }
        self.sibling(&user, &family).await
    }

    /// Whether a token that is not valid any more may yet be answered: it was exchanged a moment ago, as two
    /// tabs share one. One that was exchanged earlier is in the wrong hands, or its successor is: the whole
    /// session ends.
    async fn check_repetition(&self, row: &RefreshToken) -> Result<(), Problem> {
        let Some(revoked_at) = row.revoked_at.filter(|_| row.revoked_reason.as_deref() == Some("rotated"))
        else {
            return Err(over());
        };
        let ports = self.ports;
        if ports.clock.now() <= revoked_at + signed(ports.rules.grace) {
            return Ok(());
        }
        let ended = session::end(ports, &row.session_id, "reuse").await?;
        let details = json!({ "sessionId": row.session_id });
        audit::record(ports, "REFRESH_TOKEN_REUSE", Some(&row.user_id), self.client, details).await;
        metrics::counter!("auth_service_refresh_reuse_total").increment(1);
        tracing::warn!(user_id = row.user_id, "a refresh token was used again; its session has been ended");
        // Whoever sends it once more ends nothing, and gets nobody another letter.
        if ended > 0
            && let Some(user) = ports.users.by_id(&row.user_id).await?
        {
            ports.outbox.post(vec![letters::news(ports, &user, Letterhead::token_reuse).await?]).await?;
            letters::announce(ports);
        }
        Err(over())
    }

    /// Another pair beside the one that replaced the token, unless the session has ended. Looked at before,
    /// so that nothing is added to an ended session, and after, as it may end in between.
    async fn sibling(&self, user: &User, family: &Session) -> Result<Pair, Problem> {
        let ports = self.ports;
        if !session::is_alive(ports, &user.id, &family.id).await? {
            return Err(over());
        }
        let pair = Pair::sign(ports, user, family, self.client)?;
        ports.sessions.insert(pair.row.clone()).await?;
        if session::is_alive(ports, &user.id, &family.id).await? {
            return Ok(pair);
        }
        session::end(ports, &family.id, "logout").await?;
        Err(over())
    }
}
