use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use dzinza_domain::FieldProblem;
use dzinza_letters::Letterhead;
use dzinza_ports::{Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use super::setup::unkept;
use super::totp::OneTimeCodes;
use super::{REFUSED, backup};
use crate::limits::fingerprint;
use crate::owner::{Owner, Proof};
use crate::wire::ErrorBody;
use crate::wire::mfa::{BackupCodes, CodeRequest};
use crate::{AuthPorts, Service, audit, letters};

/// Codes that may be tried on one secret.
const MAX_ATTEMPTS: u64 = 5;
/// Longer than a secret waits.
const ATTEMPTS_WINDOW: Duration = Duration::from_mins(15);

/// Complete the set-up of one-time codes with the first of them (contract E20).
#[utoipa::path(
    post, path = "/api/auth/mfa/verify", tag = "auth", operation_id = "verifyMfa",
    security(("bearer" = []), ("cookie" = [])),
    request_body = CodeRequest,
    responses(
        (status = 200, description = "One-time codes are asked for from now on; backup codes, shown this once", body = BackupCodes),
        (status = 400, description = "The code is wrong, or nothing is being set up (any more)", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn verify(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let code = Proof::read(&body)?.code.ok_or_else(|| FieldProblem::required("code"))?;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    let user = &owner.user;
    let now = ports.clock.now();
    let pending = user.pending_mfa.clone().filter(|(_, until)| !user.mfa_enabled && *until > now);
    let (sealed, _) = pending.ok_or_else(nothing)?;
    let codes = OneTimeCodes::stored(&ports.sealer, &user.id, &sealed)?;
    check_attempts(ports, &sealed).await?;
    let code: String = code.text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let Some(step) = codes.step_of(&code, now) else {
        owner.refused("setup_code").await;
        let message = "The code is not right. Is the clock of your device?";
        return Err(Problem::field("code", "wrong_code", message));
    };
    let (shown, hashed) = backup::generate(ports, service.passwords.turn().await?).await?;
    let given = Given { mfa_enabled: Some(false), pending_mfa: Some(sealed.clone()), ..Given::default() };
    let change = UserChange {
        given,
        letters: vec![letters::news(ports, user, Letterhead::mfa_on).await?],
        mfa_enabled: Some(true),
        mfa_secret: Some(Some(sealed)),
        pending_mfa: Some(None),
        mfa_backup_codes: Some(Some(hashed)),
        mfa_last_used_step: Some(Some(step)),
        ..UserChange::default()
    };
    ports.users.update(&user.id, change, now).await?.ok_or_else(nothing)?;
    letters::announce(ports);
    audit::record(ports, "MFA_ENABLED", Some(&user.id), &client, json!({ "method": "totp" })).await;
    let message = "Two-step sign-in is on. Keep the backup codes: they are not shown again";
    Ok(unkept(Json(BackupCodes::new(message, shown))))
}

/// Counted before the code is looked at, so that parallel attempts count too.
async fn check_attempts(ports: &AuthPorts, sealed: &str) -> Result<(), Problem> {
    let key = format!("mfa_setup:{}", fingerprint(sealed));
    let attempts = ports.limits.hit(&key, ATTEMPTS_WINDOW).await?.count;
    if attempts <= MAX_ATTEMPTS {
        return Ok(());
    }
    Err(Problem::bad_request("Too many wrong codes. Please begin the set-up anew"))
}

fn nothing() -> Problem {
    Problem::bad_request("Nothing is being set up (any more). Please begin the set-up anew")
}
