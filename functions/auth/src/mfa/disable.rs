use axum::Json;
use axum::extract::State;
use dzinza_letters::Letterhead;
use dzinza_ports::{Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use super::REFUSED;
use crate::owner::{Owner, Proof};
use crate::wire::mfa::FactorRequest;
use crate::wire::{ErrorBody, Message};
use crate::{Service, audit, letters};

/// Stop asking for one-time codes (contract E21). Takes the password and a code; the password alone within ten minutes
/// of signing in, and a code alone then if the account has no password.
#[utoipa::path(
    post, path = "/api/auth/mfa/disable", tag = "auth", operation_id = "disableMfa",
    security(("bearer" = []), ("cookie" = [])),
    request_body = FactorRequest,
    responses(
        (status = 200, description = "The password alone does from now on", body = Message),
        (status = 400, description = "There is no second factor, or the password or the code is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords or codes; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn disable(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    if !owner.user.mfa_enabled {
        return Err(off());
    }
    demand(&owner, &proof).await?;
    owner.prove(proof).await?;
    let change = UserChange {
        given: Given { mfa_enabled: Some(true), ..Given::default() },
        letters: vec![letters::news(ports, &owner.user, Letterhead::mfa_off).await?],
        mfa_enabled: Some(false),
        mfa_secret: Some(None),
        pending_mfa: Some(None),
        mfa_backup_codes: Some(None),
        mfa_last_used_step: Some(None),
        ..UserChange::default()
    };
    ports.users.update(&owner.user.id, change, ports.clock.now()).await?.ok_or_else(off)?;
    letters::announce(ports);
    audit::record(ports, "MFA_DISABLED", Some(&owner.user.id), &client, json!({})).await;
    Ok(Json(Message { message: "Two-step sign-in is off".to_owned() }))
}

/// Says what is missing.
async fn demand(owner: &Owner<'_>, proof: &Proof) -> Result<(), Problem> {
    if owner.has_password() && proof.password.is_none() {
        return Err(Problem::field("password", "required", "Give your password"));
    }
    let fresh = owner.is_fresh().await?;
    if !owner.has_password() && !fresh {
        return Err(Problem::bad_request("You signed in more than ten minutes ago: please sign in again"));
    }
    if proof.code.is_none() && !(owner.has_password() && fresh) {
        return Err(Problem::field("code", "required", "Give a code of your app or a backup code"));
    }
    Ok(())
}

fn off() -> Problem {
    Problem::bad_request("Two-step sign-in is not on")
}
