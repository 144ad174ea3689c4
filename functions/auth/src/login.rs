use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::{ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::input::{note, secret};
use crate::lockout::Lockout;
use crate::mfa::{self, SecondFactor};
use crate::passwords::{Turn, check_length};
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
    let (user, turn) = attempt.prove(&service, user, given.password).await?;
    if !user.is_active && !erasure::may_come_back(&user) {
        attempt.note_failure("LOGIN_FAILED_ACCOUNT_INACTIVE", "inactive", Some(&user)).await;
        return Err(inactive());
    }
    let method = if user.mfa_enabled {
        let Some(factor) = given.factor else {
            // Nothing of the account is in this answer but what would do.
            let methods = mfa::methods(ports, &user).await?;
            return Ok(Json(SignedIn::second_factor_wanted(methods)).into_response());
        };
        attempt.second_factor(&user, turn, factor).await?
    } else {
        drop(turn);
        "password"
    };
    attempt.lockout.clear().await?;
    let change =
        UserChange { failed_login_attempts: Some(0), locked_until: Some(None), ..UserChange::default() };
    admit(ports, &client, user, change, method).await
}

/// Begins a session of someone who has proved to be the account's owner, by this method, and notes when and whence.
pub(crate) async fn admit(
    ports: &AuthPorts,
    client: &ClientInfo,
    user: User,
    change: UserChange,
    method: &str,
) -> Result<Response, Problem> {
    let now = ports.clock.now();
    let last_login = Some((now, client.ip.clone(), client.user_agent.clone()));
    let change = UserChange { last_login, ..change };
    let proved = user.password_hash;
    let user = ports.users.update(&user.id, change, now).await?.ok_or_else(wrong)?;
    let user = erasure::come_back(ports, user, client).await?;
    let pair = session::begin(ports, &user, client).await?;
    // A new password ends all sessions. One that began on the old password in that moment ends here.
    let present = ports.users.by_id(&user.id).await?;
    if present.is_none_or(|present| present.password_hash != proved || !present.is_active) {
        session::end(ports, &pair.row.session_id, "password_reset").await?;
        return Err(wrong());
    }
    let details = json!({ "sessionId": pair.row.session_id, "method": method });
    audit::record(ports, "LOGIN_SUCCESS", Some(&user.id), client, details).await;
    metrics::counter!("auth_service_logins_successful_total").increment(1);
    let answer = SignedIn::new("You are signed in", &user, pair.wire());
    Ok((pair.headers(ports)?, Json(answer)).into_response())
}

struct Credentials {
    email: String,
    password: String,
    factor: Option<SecondFactor>,
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
        let factor = SecondFactor::read(input, &mut problems);
        match (email, password) {
            (Some(email), Some(password)) if problems.is_empty() => Ok(Self { email, password, factor }),
            _ => Err(problems.into()),
        }
    }
}

/// The answer to whoever has proved to be the owner of an account that is not active.
pub(crate) fn inactive() -> Problem {
    Problem::new(http::StatusCode::FORBIDDEN, "ACCOUNT_INACTIVE", "This account has been deactivated")
}

/// One text for the unknown address and the wrong password. The frontend's sign-in window takes people to the sign-in page
/// if it says "invalid" or "credentials"; in other languages they stay in the window and read it there.
fn wrong() -> Problem {
    Problem::unauthorized("Invalid e-mail address or password")
}

struct Attempt<'a> {
    ports: &'a AuthPorts,
    client: &'a ClientInfo,
    lockout: Lockout<'a>,
}

impl Attempt<'_> {
    /// The account, if the password is its own, and the turn it was proved in. While the address is locked no
    /// password is looked at.
    async fn prove(
        &self,
        service: &Service,
        user: Option<User>,
        password: String,
    ) -> Result<(User, Turn), Problem> {
        self.check_lock(user.as_ref()).await?;
        let turn = service.passwords.turn().await?;
        // Others may have used up the attempts while this one waited.
        self.check_lock(user.as_ref()).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let (turn, right) = turn.verify(password, hash).await?;
        let user = match user {
            Some(user) if right => return Ok((user, turn)),
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

    /// How the account's owner signed in, if the second factor is right. Only who has the password gets here; a wrong
    /// code counts like a wrong password, before the turn is given back.
    async fn second_factor(
        &self,
        user: &User,
        turn: Turn,
        factor: SecondFactor,
    ) -> Result<&'static str, Problem> {
        let (turn, factor) = factor.check(self.ports, self.client, turn, user).await?;
        if let Some(factor) = factor {
            return Ok(factor.after_password());
        }
        self.lockout.failed(Some(user)).await?;
        drop(turn);
        self.note_failure("LOGIN_FAILED_INVALID_MFA", "invalid_mfa", Some(user)).await;
        Err(Problem::unauthorized("Invalid verification code"))
    }

    async fn note_failure(&self, action: &str, reason: &'static str, user: Option<&User>) {
        metrics::counter!("auth_service_logins_failed_total", "reason" => reason).increment(1);
        audit::record(self.ports, action, user.map(|user| user.id.as_str()), self.client, json!({})).await;
    }
}
