//! A new password for who has forgotten the old one (contract E11 to E13).
//!
//! A token opens an account for an hour and once. Two values hold it: `password_reset:{hash}` says whose it is and
//! is taken in one step, so that of many uses one wins; `password_reset_of:{user id}` says which is the newest,
//! and no other is good.

use axum::Json;
use axum::extract::{Form, FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::{ClientInfo, JsonBody, Problem};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rand::RngCore as _;
use serde_json::{Value, json};

use crate::input::{note, secret};
use crate::limits::{Allowance, Scope, fingerprint};
use crate::lockout::Lockout;
use crate::passwords::check_new;
use crate::wire::{ErrorBody, ForgotPasswordRequest, Message, ResetPasswordRequest};
use crate::{AuthPorts, Service, audit, email, oauth, reset_mail, reset_page, session};

const DONE: &str = "Your password has been changed. You can sign in with it now.";

/// Ask for a mail with a link to set a new password (contract E11). The answer does not tell whether there is
/// such an account, and neither does the time it takes.
#[utoipa::path(
    post, path = "/api/auth/forgot-password", tag = "auth", operation_id = "forgotPassword",
    request_body = ForgotPasswordRequest,
    responses(
        (status = 200, description = "If there is such an account, a mail is on its way", body = Message),
        (status = 400, description = "This is not an address", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn forgot_password(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let email = email::read(Input(&body))?;
    let allowance = Allowance::draw(ports, Scope::Reset, &email).await?;
    if let Some(refusal) = allowance.and_then(|allowance| allowance.refusal()) {
        return Ok(refusal);
    }
    let user = ports.users.by_email(&email).await?.filter(|user| user.is_active);
    let token = new_token();
    let hash = fingerprint(&token);
    // Without an account the same is stored, for an account that never will be.
    let id = user.as_ref().map_or_else(|| ports.ids.new_id(), |user| user.id.clone());
    let lifetime = ports.rules.reset_lifetime;
    ports.limits.put(&owner_key(&hash), &id, lifetime).await?;
    ports.limits.put(&newest_key(&id), &hash, lifetime).await?;
    let known = user.as_ref().map(|user| user.id.as_str());
    audit::record(ports, "PASSWORD_RESET_REQUESTED", known, &client, json!({})).await;
    if let Some(user) = user {
        reset_mail::send(ports, reset_mail::link(&ports.rules, &user, &token));
    }
    let message = "If there is an account with this address, a mail with a link to set a new password is on \
        its way. The link is good for an hour.";
    Ok(Json(Message { message: message.to_owned() }).into_response())
}

/// Set a new password with the token that was mailed (contract E12). Ends all sessions of the account.
#[utoipa::path(
    post, path = "/api/auth/reset-password", tag = "auth", operation_id = "resetPassword",
    request_body = ResetPasswordRequest,
    responses(
        (status = 200, description = "The password is changed; all sessions have ended", body = Message),
        (status = 400, description = "The token is unknown, used or over, or the password breaks a rule", body = ErrorBody),
        (status = 415, description = "The request is neither JSON nor our own form", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn reset_password(
    State(service): State<Service>,
    client: ClientInfo,
    request: Request,
) -> Result<Response, Problem> {
    if !is_form(request.headers()) {
        let JsonBody(body) = JsonBody::from_request(request, &()).await?;
        service.reset(&client, &body).await?;
        return Ok((no_store(), Json(Message { message: DONE.to_owned() })).into_response());
    }
    let Ok(Form(fields)) = Form::<Vec<(String, String)>>::from_request(request, &()).await else {
        return Err(Problem::bad_request("The form could not be read"));
    };
    // As in JSON: what nobody could sign in with must not become a password.
    if fields.iter().any(|(_, value)| value.contains('\0')) {
        return Err(Problem::bad_request("The form could not be read"));
    }
    let body: Body = fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    Ok(match service.reset(&client, &body).await {
        Ok(()) => reset_page::page(StatusCode::OK, DONE, None),
        Err(problem) => {
            let token = body.get("token").and_then(Value::as_str);
            reset_page::page(problem.status(), problem.message(), token.filter(|token| is_token(token)))
        }
    })
}

/// The page that the mailed link opens: a form for the new password (contract E13).
#[utoipa::path(
    get, path = "/api/auth/reset-password/{token}", tag = "auth", operation_id = "resetPasswordPage",
    params(("token" = String, Path, description = "The token that was mailed")),
    responses(
        (status = 200, description = "A form", content_type = "text/html", body = String),
        (status = 400, description = "This cannot be a token; says so on a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn reset_password_page(Path(token): Path<String>) -> Response {
    if is_token(&token) {
        reset_page::page(StatusCode::OK, "Choose a new password.", Some(&token))
    } else {
        reset_page::page(StatusCode::BAD_REQUEST, spent().message(), None)
    }
}

impl Service {
    async fn reset(&self, client: &ClientInfo, body: &Body) -> Result<(), Problem> {
        let ports = &self.ports;
        let (token, password) = read(body)?;
        let hash = fingerprint(&token);
        let user = owner(ports, &hash).await?.ok_or_else(spent)?;
        let turn = self.passwords.turn().await?;
        let (turn, same) = turn.verify(password.clone(), Some(user.password_hash)).await?;
        drop(turn);
        if same {
            let message = "The new password must be another one than the present";
            return Err(FieldProblem::new("newPassword", "unchanged", message).into());
        }
        let password_hash = self.passwords.hash(password).await?;
        // Not before all is well, so that a bad choice does not cost the token; of many at once one gets here.
        let taken = ports.limits.take(&owner_key(&hash)).await?;
        if taken.is_none() {
            return Err(spent());
        }
        let change = UserChange {
            password_hash: Some(password_hash),
            failed_login_attempts: Some(0),
            locked_until: Some(None),
            ..UserChange::default()
        };
        let user = ports.users.update(&user.id, change, ports.clock.now()).await?.ok_or_else(spent)?;
        let revoked_tokens = session::end_all(ports, &user.id, None, "password_reset").await?;
        if !user.email_verified {
            oauth::remove_keys(ports, &user.id).await?;
        }
        Lockout::of(ports, &user.email).clear().await?;
        let details = json!({ "revokedTokens": revoked_tokens });
        audit::record(ports, "PASSWORD_RESET_COMPLETED", Some(&user.id), client, details).await;
        reset_mail::send(ports, reset_mail::notice(&user));
        Ok(())
    }
}

/// Whom a token belongs to, if it is the newest of an active account.
async fn owner(ports: &AuthPorts, hash: &str) -> Result<Option<User>, Problem> {
    let Some(id) = ports.limits.get(&[&owner_key(hash)]).await?.into_iter().next().flatten() else {
        return Ok(None);
    };
    let newest = ports.limits.get(&[&newest_key(&id)]).await?.into_iter().next().flatten();
    if newest.as_deref() != Some(hash) {
        return Ok(None);
    }
    Ok(ports.users.by_id(&id).await?.filter(|user| user.is_active))
}

fn read(body: &Body) -> Result<(String, String), Problem> {
    let input = Input(body);
    let mut problems = Vec::new();
    let token = secret(input, &["token"], "token").and_then(|token| {
        let message = "The token is missing. Please open the link in the mail again.";
        token.ok_or_else(|| FieldProblem::new("token", "required", message))
    });
    let token = note(token, &mut problems);
    let password = secret(input, &["newPassword", "new_password", "password"], "newPassword")
        .and_then(|password| {
            let missing = || FieldProblem::new("newPassword", "required", "Please choose a new password");
            password.ok_or_else(missing)
        })
        .and_then(|password| check_new(&password, "newPassword").map(|()| password));
    let password = note(password, &mut problems);
    match (token, password) {
        (Some(token), Some(password)) => Ok((token.trim().to_owned(), password)),
        _ => Err(problems.into()),
    }
}

/// One text for every reason.
fn spent() -> Problem {
    Problem::field(
        "token",
        "invalid_token",
        "This link is not valid (any more). Please ask for a new one and use the newest mail.",
    )
}

/// 256 random bits, as 64 hexadecimal digits.
fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn owner_key(hash: &str) -> String {
    format!("password_reset:{hash}")
}

fn newest_key(user_id: &str) -> String {
    format!("password_reset_of:{user_id}")
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}
