use axum::Json;
use axum::extract::{Path, State};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::Letterhead;
use dzinza_ports::Letter;
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::input::filled_line;
use crate::mfa::REFUSED;
use crate::owner::{Owner, Proof};
use crate::wire::mfa::SetUpRequest;
use crate::wire::passkeys::{PasskeyList, PasskeyName, PasskeyView};
use crate::wire::{ErrorBody, Message};
use crate::{AuthPorts, Service, audit, letters};

/// The caller's passkeys, the oldest first.
#[utoipa::path(
    get, path = "/api/auth/passkeys", tag = "auth", operation_id = "listPasskeys",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "All of them", body = PasskeyList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<PasskeyList>, Problem> {
    let all = service.ports.passkeys.of_user(&caller.user_id).await?;
    Ok(Json(PasskeyList { passkeys: all.iter().map(PasskeyView::of).collect() }))
}

/// Call a passkey something else.
#[utoipa::path(
    patch, path = "/api/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "renamePasskey",
    security(("bearer" = []), ("cookie" = [])),
    params(("passkeyId" = String, Path, description = "Its id in the list")),
    request_body = PasskeyName,
    responses(
        (status = 200, description = "The passkey as it is now", body = PasskeyView),
        (status = 400, description = "The name is missing or too long", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 404, description = "The caller has no such passkey", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn rename(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<PasskeyView>, Problem> {
    let passkeys = &service.ports.passkeys;
    // Whose it is comes before what is wrong with the request.
    let known = passkeys.of_user(&caller.user_id).await?;
    let mut passkey = known.into_iter().find(|passkey| passkey.id == id).ok_or_else(none)?;
    let name = filled_line(Input(&body).get(&["name"]), "name", 100)?;
    passkey.name = name.ok_or_else(|| FieldProblem::required("name"))?;
    if !passkeys.rename(&caller.user_id, &id, &passkey.name).await? {
        return Err(none());
    }
    Ok(Json(PasskeyView::of(&passkey)))
}

/// Remove a passkey. Takes the password, unless the sign-in was within ten minutes.
#[utoipa::path(
    delete, path = "/api/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "removePasskey",
    security(("bearer" = []), ("cookie" = [])),
    params(("passkeyId" = String, Path, description = "Its id in the list")),
    request_body = Option<SetUpRequest>,
    responses(
        (status = 200, description = "It cannot be used any more", body = Message),
        (status = 400, description = "The password is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 404, description = "The caller has no such passkey", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn remove(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    let known = ports.passkeys.of_user(&owner.user.id).await?;
    if !known.iter().any(|passkey| passkey.id == id) {
        return Err(none());
    }
    owner.fresh_or_password(Proof::read(&body)?).await?;
    if !ports.passkeys.remove(&owner.user.id, &id).await? {
        return Err(none());
    }
    let details = json!({ "passkeyId": id });
    audit::record(ports, "PASSKEY_REMOVED", Some(&owner.user.id), &client, details).await;
    tell(ports, letters::news(ports, &owner.user, Letterhead::passkey_removed).await).await;
    Ok(Json(Message { message: "The passkey is removed".to_owned() }))
}

/// Posts what the owner is told. The deed is done, so a letter that cannot be posted does not undo it, but cries out.
pub(super) async fn tell(ports: &AuthPorts, letter: Result<Letter, Problem>) {
    // Why it could not be written has been logged.
    let Ok(letter) = letter else { return };
    match ports.outbox.post(vec![letter]).await {
        Ok(()) => letters::announce(ports),
        Err(error) => tracing::error!(%error, "a letter was lost"),
    }
}

fn none() -> Problem {
    Problem::not_found("You have no such passkey")
}
