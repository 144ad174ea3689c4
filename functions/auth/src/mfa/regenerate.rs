use axum::Json;
use axum::extract::State;
use axum::response::Response;
use dzinza_ports::{Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use super::setup::unkept;
use super::{REFUSED, backup};
use crate::owner::{Owner, Proof};
use crate::wire::ErrorBody;
use crate::wire::mfa::{BackupCodes, FactorRequest};
use crate::{Service, audit};

/// New backup codes in place of the old (contract E22). Takes a code, unless the sign-in was within ten minutes.
#[utoipa::path(
    post, path = "/api/auth/mfa/backup-codes/regenerate", tag = "auth", operation_id = "regenerateBackupCodes",
    security(("bearer" = []), ("cookie" = [])),
    request_body = Option<FactorRequest>,
    responses(
        (status = 200, description = "The codes, shown this once; no earlier one is good any more", body = BackupCodes),
        (status = 400, description = "There is no second factor, or the code is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 423, description = "Too many wrong codes; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn regenerate(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    if !owner.user.mfa_enabled {
        return Err(off());
    }
    if proof.code.is_some() {
        owner.prove(proof).await?;
    } else if !owner.is_fresh().await? {
        let message = "You signed in more than ten minutes ago: give a code of your app or a backup code";
        return Err(Problem::field("code", "required", message));
    }
    let (shown, hashed) = backup::generate(ports, service.passwords.turn().await?).await?;
    let change = UserChange {
        given: Given { mfa_enabled: Some(true), ..Given::default() },
        mfa_backup_codes: Some(Some(hashed)),
        ..UserChange::default()
    };
    ports.users.update(&owner.user.id, change, ports.clock.now()).await?.ok_or_else(off)?;
    audit::record(ports, "MFA_BACKUP_CODES_REGENERATED", Some(&owner.user.id), &client, json!({})).await;
    let message = "Keep these backup codes: they are not shown again, and the earlier ones are void";
    Ok(unkept(Json(BackupCodes::new(message, shown))))
}

fn off() -> Problem {
    Problem::bad_request("Two-step sign-in is not on")
}
