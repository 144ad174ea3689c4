use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::{ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::input::{filled_line, note, secret};
use crate::lockout::Lockout;
use crate::passwords::check_length;
use crate::wire::{ErrorBody, LoginRequest, SignedIn};
use crate::{AuthPorts, Service, audit, email, erasure, session};

/// Sign in (contract E2). The order is: lock, password, active, second factor.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth", operation_id = "login",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in, with the access cookie; or a second factor is wanted", body = SignedIn),
        (status = 400, description = "A field breaks a rule", body = ErrorBody),
        (status = 401, description = "Unknown address, wrong password or wrong second factor", body = ErrorBody),
        (status = 403, description = "The account is deactivated", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn login(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let given = Credentials::read(&body)?;
    let user = ports.users.by_email(&given.email).await?;
    let attempt = Attempt { ports, client: &client, lockout: Lockout::of(ports, &given.email) };
    let user = attempt.prove(&service, user, given.password).await?;
    if !user.is_active && !erasure::may_come_back(&user) {
        attempt.note_failure("LOGIN_FAILED_ACCOUNT_INACTIVE", "inactive", Some(&user)).await;
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "ACCOUNT_INACTIVE",
            "This account has been deactivated",
        ));
    }
    if user.mfa_enabled {
        return attempt.second_factor(&user, given.mfa_code.is_some()).await;
    }
    attempt.lockout.clear().await?;
    let now = ports.clock.now();
    let change = UserChange {
        failed_login_attempts: Some(0),
        locked_until: Some(None),
        last_login: Some((now, client.ip.clone(), client.user_agent.clone())),
        ..UserChange::default()
    };
    let proved = user.password_hash;
    let user = ports.users.update(&user.id, change, now).await?.ok_or_else(wrong)?;
    let user = erasure::come_back(ports, user, &client).await?;
    let pair = session::begin(ports, &user, &client).await?;
    // A new password ends all sessions. One that began on the old password in that moment ends here.
    let present = ports.users.by_id(&user.id).await?;
    if present.is_none_or(|present| present.password_hash != proved || !present.is_active) {
        session::end(ports, &pair.row.session_id, "password_reset").await?;
        return Err(wrong());
    }
    let details = json!({ "sessionId": pair.row.session_id });
    audit::record(ports, "LOGIN_SUCCESS", Some(&user.id), &client, details).await;
    metrics::counter!("auth_service_logins_successful_total").increment(1);
    let answer = SignedIn::new("You are signed in", &user, pair.wire());
    Ok((pair.headers(ports)?, Json(answer)).into_response())
}

struct Credentials {
    email: String,
    password: String,
    mfa_code: Option<String>,
}

impl Credentials {
    fn read(body: &Body) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let email = note(email::read(input), &mut problems);
        let password = secret(input, &["password"], "password")
            .and_then(|password| password.ok_or_else(|| FieldProblem::required("password")))
            .and_then(|password| check_length(&password, "password").map(|()| password));
        let password = note(password, &mut problems);
        let code = input.get(&["mfaCode", "mfa_code"]).filter(|code| !matches!(code.as_str(), Some("")));
        let code = code.filter(|code| !code.is_null());
        let mfa_code = note(filled_line(code, "mfaCode", 20), &mut problems).flatten();
        match (email, password) {
            (Some(email), Some(password)) if problems.is_empty() => Ok(Self { email, password, mfa_code }),
            _ => Err(problems.into()),
        }
    }
}

/// One text for the unknown address and the wrong password.
fn wrong() -> Problem {
    Problem::unauthorized("Invalid e-mail address or password")
}

struct Attempt<'a> {
    ports: &'a AuthPorts,
    client: &'a ClientInfo,
    lockout: Lockout<'a>,
}

impl Attempt<'_> {
    /// The account, if the password is its own. While the address is locked no password is looked at.
    async fn prove(&self, service: &Service, user: Option<User>, password: String) -> Result<User, Problem> {
        self.check_lock(user.as_ref()).await?;
        let turn = service.passwords.turn().await?;
        // Others may have used up the attempts while this one waited.
        self.check_lock(user.as_ref()).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let (turn, right) = turn.verify(password, hash).await?;
        let user = match user {
            Some(user) if right => return Ok(user),
            user => user,
        };
        // Counted before the turn is given back: see `Passwords::turn`.
        self.lockout.failed(user.as_ref()).await?;
        drop(turn);
        let (action, reason) = match user {
            Some(_) => ("LOGIN_FAILED_INVALID_PASSWORD", "invalid_password"),
            None => ("LOGIN_FAILED_USER_NOT_FOUND", "user_not_found"),
        };
        self.note_failure(action, reason, user.as_ref()).await;
        Err(wrong())
    }

    async fn check_lock(&self, user: Option<&User>) -> Result<(), Problem> {
        let outcome = self.lockout.check(user).await;
        if outcome.as_ref().is_err_and(|problem| problem.status() == http::StatusCode::LOCKED) {
            self.note_failure("LOGIN_FAILED_ACCOUNT_LOCKED", "locked", user).await;
        }
        outcome
    }

    /// Second factors cannot be checked here yet, and a password alone must not do for an account that has
    /// one: it is asked for, and no code is right.
    async fn second_factor(&self, user: &User, given: bool) -> Result<Response, Problem> {
        if !given {
            return Ok(Json(SignedIn::second_factor_wanted()).into_response());
        }
        self.lockout.failed(Some(user)).await?;
        self.note_failure("LOGIN_FAILED_INVALID_MFA", "invalid_mfa", Some(user)).await;
        Err(Problem::unauthorized("Invalid verification code"))
    }

    async fn note_failure(&self, action: &str, reason: &'static str, user: Option<&User>) {
        metrics::counter!("auth_service_logins_failed_total", "reason" => reason).increment(1);
        audit::record(self.ports, action, user.map(|user| user.id.as_str()), self.client, json!({})).await;
    }
}
