//! Proving an address by the link that was mailed to it (contract E9 and E10).

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::fields::Input;
use dzinza_letters::{Letterhead, Page, Reader};
use dzinza_ports::{Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Language, Problem};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::limits::{fingerprint, per_user};
use crate::mailed::{is_good, proof_of_address, read_token, spent};
use crate::owner::own;
use crate::wire::{ErrorBody, Message};
use crate::wire_mailed::TokenRequest;
use crate::{AuthPorts, Service, audit, letters, reset_page};

const VERIFIED: &str = "Your e-mail address is confirmed.";

/// Prove an address with the token that was mailed to it (contract E9).
#[utoipa::path(
    post, path = "/api/auth/verify-email", tag = "auth", operation_id = "verifyEmail",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "The address is confirmed", body = Message),
        (status = 400, description = "The token is unknown, used or over", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn verify_email(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Problem> {
    let token = read_token(Input(&body))?;
    prove(&service.ports, &client, &token).await?;
    Ok(Json(Message { message: VERIFIED.to_owned() }))
}

/// The link in the letter (contract E9): proves the address and leads on to the page to sign in, or says what came of it
/// on a page of its own where there is none. Programs that accept JSON get an answer instead.
#[utoipa::path(
    get, path = "/api/auth/verify-email/{token}", tag = "auth", operation_id = "verifyEmailLink",
    params(("token" = String, Path, description = "The token that was mailed")),
    responses(
        (status = 200, description = "The address is confirmed; to programs", body = Message),
        (status = 302, description = "To the page to sign in, with `verified=1` or, if the token is not good, `verified=0`"),
        (status = 400, description = "The token is unknown, used or over; to programs", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn verify_email_link(
    State(service): State<Service>,
    client: ClientInfo,
    language: Language,
    method: Method,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    if method == Method::HEAD {
        // Programs that look into mail before people do must not use the link up.
        return Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response());
    }
    let rules = &service.ports.rules;
    let outcome = prove(&service.ports, &client, &token).await;
    if wants_json(&headers) {
        return outcome.map(|()| Json(Message { message: VERIFIED.to_owned() }).into_response());
    }
    let verified = match outcome {
        Ok(()) => 1,
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => 0,
        Err(problem) => return Err(problem),
    };
    if rules.frontend_url.is_empty() {
        let (status, shown) = match verified {
            1 => (StatusCode::OK, Page::Verified),
            _ => (StatusCode::BAD_REQUEST, Page::VerificationLinkSpent),
        };
        return reset_page::answer(&service.ports, language, status, shown).await;
    }
    let place = format!("{}/login?verified={verified}", rules.frontend_url);
    let place = HeaderValue::from_str(&place).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, place),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// Ask for another letter with a link that proves the caller's address (contract E10).
#[utoipa::path(
    post, path = "/api/auth/resend-verification", tag = "auth", operation_id = "resendVerification",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A mail is on its way; links of earlier ones are void", body = Message),
        (status = 400, description = "The address is confirmed already", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 429, description = "Too many letters", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn resend_verification(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    per_user(ports, "resend_verification", &caller.user_id).await?;
    let user = own(&service, &caller).await?;
    if user.email_verified {
        return Err(Problem::bad_request("Your e-mail address is confirmed already"));
    }
    let (token, letter) = proof_of_address(ports, &Reader::of(&user), Letterhead::verify).await?;
    let change = UserChange {
        given: Given { email: Some(user.email.clone()), ..Given::default() },
        letters: vec![letter],
        email_verification: Some(Some(token)),
        ..UserChange::default()
    };
    let changed = ports.users.update(&user.id, change, ports.clock.now()).await?;
    changed.ok_or_else(|| Problem::conflict("Your address has just changed. Please try again."))?;
    audit::record(ports, "EMAIL_VERIFICATION_REQUESTED", Some(&user.id), &client, json!({})).await;
    letters::announce(ports);
    let message = "A mail with a link to confirm your address is on its way.";
    Ok(Json(Message { message: message.to_owned() }))
}

/// Of many who use one token at once one gets through.
async fn prove(ports: &AuthPorts, client: &ClientInfo, token: &str) -> Result<(), Problem> {
    let hash = fingerprint(token.trim());
    let now = ports.clock.now();
    let user = ports.users.by_email_verification(&hash).await?;
    let good = |user: &dzinza_ports::User| user.is_active && is_good(user.email_verification.as_ref(), now);
    let user = user.filter(good).ok_or_else(spent)?;
    let change = UserChange {
        given: Given { email_verification: Some(hash), ..Given::default() },
        email_verified: Some(true),
        email_verification: Some(None),
        ..UserChange::default()
    };
    ports.users.update(&user.id, change, now).await?.ok_or_else(spent)?;
    audit::record(ports, "EMAIL_VERIFIED", Some(&user.id), client, json!({})).await;
    Ok(())
}

/// Whether this is a program and no browser, which names HTML when it follows a link.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepted = accepted.to_ascii_lowercase();
    accepted.contains("application/json") && !accepted.contains("text/html")
}
