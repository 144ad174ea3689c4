//! The end of signing in with a provider.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use dzinza_ports::{Given, User, UserChange};
use dzinza_web::{ClientInfo, Problem};
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::attempt;
use super::provider::refused;
use crate::lockout::Lockout;
use crate::login::inactive;
use crate::mfa::SecondFactor;
use crate::wire::{SignedIn, UserView};
use crate::{AuthPorts, Service, audit, erasure, session};

/// Begins a session for whom a provider knows (name and subject).
pub(super) async fn sign_in(
    ports: &AuthPorts,
    client: &ClientInfo,
    user: User,
    (provider, subject): (&str, &str),
    message: &str,
) -> Result<Response, Problem> {
    Lockout::of(ports, &user.email).clear().await?;
    let user = erasure::come_back(ports, user, client).await?;
    let now = ports.clock.now();
    let change = UserChange {
        given: Given { is_active: Some(true), ..Given::default() },
        failed_login_attempts: Some(0),
        locked_until: Some(None),
        last_login: Some((now, client.ip.clone(), client.user_agent.clone())),
        ..UserChange::default()
    };
    let user = ports.users.update(&user.id, change, now).await?.ok_or_else(inactive)?;
    let pair = session::begin(ports, &user, client).await?;
    // Whoever deactivates an account or removes an identity ends what it opens, also what opens in that moment.
    let identity = ports.identities.find(provider, subject).await?;
    let present = ports.users.by_id(&user.id).await?;
    let stands = identity.is_some_and(|identity| identity.user_id == user.id)
        && present.is_some_and(|present| present.is_active);
    if !stands {
        session::end(ports, &pair.row.session_id, "identity_removed").await?;
        return Err(refused());
    }
    let details = json!({ "sessionId": pair.row.session_id, "method": "oauth", "provider": provider });
    audit::record(ports, "LOGIN_SUCCESS", Some(&user.id), client, details).await;
    metrics::counter!("auth_service_logins_successful_total").increment(1);
    let mut headers = pair.headers(ports)?;
    headers.append(header::SET_COOKIE, attempt::set_cookie(ports, "")?);
    Ok((headers, Json(SignedIn::new(message, &user, pair.wire()))).into_response())
}

/// The answer to having linked an identity: the session goes on as it is.
pub(super) fn linked(ports: &AuthPorts, user: &User) -> Result<Response, Problem> {
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, attempt::set_cookie(ports, "")?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let answer = SignedIn {
        message: "The identity is linked to your account".to_owned(),
        user: Some(UserView::of(user)),
        tokens: None,
        require_mfa: false,
        mfa_methods: None,
    };
    Ok((headers, Json(answer)).into_response())
}

/// Uses up a second factor. Wrong ones count towards the lock, before anybody else gets the turn.
pub(super) async fn second_factor(
    service: &Service,
    client: &ClientInfo,
    user: &User,
    factor: SecondFactor,
) -> Result<(), Problem> {
    let ports = &service.ports;
    let lockout = Lockout::of(ports, &user.email);
    lockout.check(Some(user)).await?;
    let turn = service.passwords.turn().await?;
    // Others may have used up the attempts while this one waited.
    lockout.check(Some(user)).await?;
    let (turn, found) = factor.check(ports, client, turn, user).await?;
    if found.is_some() {
        return Ok(());
    }
    lockout.failed(Some(user)).await?;
    drop(turn);
    metrics::counter!("auth_service_logins_failed_total", "reason" => "invalid_mfa").increment(1);
    audit::record(ports, "LOGIN_FAILED_INVALID_MFA", Some(&user.id), client, json!({})).await;
    Err(Problem::unauthorized("Invalid verification code"))
}
