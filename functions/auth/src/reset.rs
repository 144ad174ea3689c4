//! A new password for who has forgotten the old one (contract E11 to E14).
//!
//! A token opens an account for an hour and once: the account holds what is stored of the newest, and setting the
//! password demands in the same step that it is still there, so that of many uses one wins.

use axum::Json;
use axum::extract::{Form, FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::{Letterhead, Page};
use dzinza_ports::{Body, Given, TokenHash, User, UserChange};
use dzinza_web::{ClientInfo, JsonBody, Language, Problem};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::change_password::unchanged_problem;
use crate::input::{note, secret};
use crate::limits::{Allowance, Scope, fingerprint};
use crate::lockout::Lockout;
use crate::mailed::{is_good, new_password, read_token, spent};
use crate::passwords::check_new;
use crate::wire::{ErrorBody, ForgotPasswordRequest, Message, ResetPasswordRequest};
use crate::wire_mailed::{NewPasswordRequest, TokenRequest};
use crate::{AuthPorts, Service, audit, email, guessing, letters, oauth, reset_page, session};

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
    let (token, letter) = new_password(ports, user.as_ref()).await?;
    // Without an account a letter to nobody goes the same way: the time that a write takes must not tell.
    match &user {
        Some(user) => {
            let change = UserChange {
                given: Given { is_active: Some(true), ..Given::default() },
                letters: vec![letter],
                password_reset: Some(Some(token)),
                ..UserChange::default()
            };
            ports.users.update(&user.id, change, ports.clock.now()).await?;
        }
        None => ports.outbox.post(vec![letter]).await?,
    }
    let known = user.as_ref().map(|user| user.id.as_str());
    audit::record(ports, "PASSWORD_RESET_REQUESTED", known, &client, json!({})).await;
    letters::announce(ports);
    let minutes = ports.rules.reset_lifetime.as_secs() / 60;
    let message = format!(
        "If there is an account with this address, a mail with a link to set a new password is on its way. \
         The link is good for {minutes} minutes."
    );
    Ok(Json(Message { message }).into_response())
}

/// Set a new password with the token that was mailed (contract E12). Ends all sessions of the account and removes its
/// passkeys, identities elsewhere and tokens of programs; one-time codes stay on.
#[utoipa::path(
    post, path = "/api/auth/reset-password", tag = "auth", operation_id = "resetPassword",
    request_body = ResetPasswordRequest,
    responses(
        (status = 200, description = "The password is changed; all sessions and other ways to sign in have ended", body = Message),
        (status = 400, description = "The token is unknown, used or over, or the password breaks a rule", body = ErrorBody),
        (status = 415, description = "The request is neither JSON nor our own form", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn reset_password(
    State(service): State<Service>,
    client: ClientInfo,
    language: Language,
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
    let ports = &service.ports;
    match service.reset(&client, &body).await {
        Ok(()) => reset_page::answer(ports, language, StatusCode::OK, Page::PasswordChanged).await,
        Err(problem) => {
            let token = body.get("token").and_then(Value::as_str).unwrap_or_default();
            reset_page::refusal(ports, language, token.trim(), &problem).await
        }
    }
}

/// The same with the token in the address, as the first version had it (contract E12).
#[utoipa::path(
    post, path = "/api/auth/reset-password/{token}", tag = "auth", operation_id = "resetPasswordWith",
    params(("token" = String, Path, description = "The token that was mailed")),
    request_body = NewPasswordRequest,
    responses(
        (status = 200, description = "The password is changed; all sessions and other ways to sign in have ended", body = Message),
        (status = 400, description = "The token is unknown, used or over, or the password breaks a rule", body = ErrorBody),
        (status = 415, description = "The request is not JSON", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn reset_password_with(
    State(service): State<Service>,
    client: ClientInfo,
    Path(token): Path<String>,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    body.insert("token".to_owned(), Value::String(token));
    service.reset(&client, &body).await?;
    Ok((no_store(), Json(Message { message: DONE.to_owned() })).into_response())
}

/// Ask whether a token would set a new password (contract E14). It is good afterwards as it was before.
#[utoipa::path(
    post, path = "/api/auth/validate-password-reset-token", tag = "auth", operation_id = "validateResetToken",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "It would", body = Message),
        (status = 400, description = "The token is unknown, used or over", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn validate_token(
    State(service): State<Service>,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Problem> {
    let token = read_token(Input(&body))?;
    owner(&service.ports, &fingerprint(&token)).await?.ok_or_else(spent)?;
    Ok(Json(Message { message: "This link is good. Please choose a new password.".to_owned() }))
}

/// The page that the mailed link opens: a form for the new password (contract E13), in the language that the browser asks for.
#[utoipa::path(
    get, path = "/api/auth/reset-password/{token}", tag = "auth", operation_id = "resetPasswordPage",
    params(("token" = String, Path, description = "The token that was mailed")),
    responses(
        (status = 200, description = "A form", content_type = "text/html", body = String),
        (status = 400, description = "This cannot be a token; says so on a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn reset_password_page(
    State(service): State<Service>,
    language: Language,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    reset_page::form(&service.ports, language, &token).await
}

impl Service {
    async fn reset(&self, client: &ClientInfo, body: &Body) -> Result<(), Problem> {
        let ports = &self.ports;
        let (token, password) = read(body)?;
        let hash = fingerprint(&token);
        let user = owner(ports, &hash).await?.ok_or_else(spent)?;
        guessing::check(&password, &user.email, "newPassword")?;
        let turn = self.passwords.turn().await?;
        let (turn, same) = turn.verify(password.clone(), Some(user.password_hash.clone())).await?;
        drop(turn);
        if same {
            return Err(unchanged_problem().into());
        }
        let change = UserChange {
            // Not before all is well, so that a bad choice does not cost the token.
            given: Given { password_reset: Some(hash), is_active: Some(true), ..Given::default() },
            letters: vec![letters::news(ports, &user, Letterhead::password_reset).await?],
            password_hash: Some(self.passwords.hash(password).await?),
            password_reset: Some(None),
            // The token was mailed to the address, so that it is proved.
            email_verified: Some(true),
            email_verification: Some(None),
            failed_login_attempts: Some(0),
            locked_until: Some(None),
            ..UserChange::default()
        };
        let user = ports.users.update(&user.id, change, ports.clock.now()).await?.ok_or_else(spent)?;
        let revoked_tokens = session::end_all(ports, &user.id, None, "password_reset").await?;
        // Whoever has only the mailbox may be the owner of an address that somebody else signed up with, or let in:
        // what that one knows or has added opens nothing any more.
        oauth::remove_keys(ports, &user.id).await?;
        Lockout::of(ports, &user.email).clear().await?;
        let details = json!({ "revokedTokens": revoked_tokens });
        audit::record(ports, "PASSWORD_RESET_COMPLETED", Some(&user.id), client, details).await;
        letters::announce(ports);
        Ok(())
    }
}

/// Whom a token belongs to, if it is still good and the account active.
async fn owner(ports: &AuthPorts, hash: &TokenHash) -> Result<Option<User>, Problem> {
    let now = ports.clock.now();
    let found = ports.users.by_password_reset(hash).await?;
    Ok(found.filter(|user| user.is_active && is_good(user.password_reset.as_ref(), now)))
}

fn read(body: &Body) -> Result<(String, String), Problem> {
    let input = Input(body);
    let mut problems = Vec::new();
    let token = note(read_token(input), &mut problems);
    let password = secret(input, &["newPassword", "new_password", "password"], "newPassword")
        .and_then(|password| {
            let missing = || FieldProblem::new("newPassword", "required", "Please choose a new password");
            password.ok_or_else(missing)
        })
        .and_then(|password| check_new(&password, "newPassword").map(|()| password));
    let password = note(password, &mut problems);
    match (token, password) {
        (Some(token), Some(password)) => Ok((token, password)),
        _ => Err(problems.into()),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}
