//! A new password for who knows the present one (contract E15).

use axum::Json;
use axum::extract::State;
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::Letterhead;
use dzinza_ports::{Body, Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::input::{note, secret};
use crate::limits::per_user;
use crate::owner::{Owner, Proof};
use crate::passwords::{check_length, check_new};
use crate::wire::{ErrorBody, Message};
use crate::wire_mailed::ChangePasswordRequest;
use crate::{AuthPorts, Service, audit, guessing, letters, session};

/// Change the caller's password (contract E15). Ends all other sessions of the account.
#[utoipa::path(
    post, path = "/api/auth/change-password", tag = "auth", operation_id = "changePassword",
    security(("bearer" = []), ("cookie" = [])),
    request_body = ChangePasswordRequest,
    responses(
        (status = 200, description = "The password is changed; all other sessions have ended", body = Message),
        (status = 400, description = "The current password is wrong, or the new one breaks a rule", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 409, description = "The password was changed by another request in the same moment", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn change_password(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    per_user(ports, "change_password", &caller.user_id).await?;
    let owner = Owner::of(&service, &client, &caller, "PASSWORD_CHANGE_REFUSED").await?;
    let user = &owner.user;
    let (current, new) = read(&body)?;
    guessing::check(&new, &user.email, "newPassword")?;
    let unchanged = current == new;
    owner.prove(Proof::password("currentPassword", current)).await?;
    if unchanged {
        return Err(unchanged_problem().into());
    }
    let change = UserChange {
        // Of two at once one wins, and a link that was mailed before is void.
        given: Given { password_hash: Some(user.password_hash.clone()), ..Given::default() },
        letters: vec![letters::news(ports, user, Letterhead::password_changed).await?],
        password_hash: Some(service.passwords.hash(new).await?),
        password_reset: Some(None),
        ..UserChange::default()
    };
    let changed = ports.users.update(&user.id, change, ports.clock.now()).await?;
    changed.ok_or_else(|| Problem::conflict("The password has just been changed already"))?;
    let revoked_tokens = end_others(ports, &user.id, caller.session_id.as_deref()).await?;
    let details = json!({ "revokedTokens": revoked_tokens });
    audit::record(ports, "PASSWORD_CHANGED", Some(&user.id), &client, details).await;
    letters::announce(ports);
    let message = "Your password has been changed. All other devices are signed out.";
    Ok(Json(Message { message: message.to_owned() }))
}

/// Ends every session but this one.
async fn end_others(ports: &AuthPorts, user_id: &str, current: Option<&str>) -> Result<u64, Problem> {
    let mut ended = 0;
    for row in ports.sessions.active(user_id, ports.clock.now()).await? {
        if current != Some(row.session_id.as_str()) {
            ended += session::end(ports, &row.session_id, "password_changed").await?;
        }
    }
    Ok(ended)
}

/// What every new password that is the old one is told.
pub(crate) fn unchanged_problem() -> FieldProblem {
    let message = "The new password must be another one than the present";
    FieldProblem::new("newPassword", "unchanged", message)
}

fn read(body: &Body) -> Result<(String, String), Problem> {
    let input = Input(body);
    let mut problems = Vec::new();
    let current = secret(input, &["currentPassword", "current_password"], "currentPassword")
        .and_then(|password| password.ok_or_else(|| FieldProblem::required("currentPassword")))
        .and_then(|password| check_length(&password, "currentPassword").map(|()| password));
    let current = note(current, &mut problems);
    let new = secret(input, &["newPassword", "new_password"], "newPassword")
        .and_then(|password| password.ok_or_else(|| FieldProblem::required("newPassword")))
        .and_then(|password| check_new(&password, "newPassword").map(|()| password));
    let new = note(new, &mut problems);
    match (current, new) {
        (Some(current), Some(new)) => Ok((current, new)),
        _ => Err(problems.into()),
    }
}
