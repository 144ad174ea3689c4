use axum::Json;
use axum::extract::State;
use dzinza_letters::{Letterhead, Reader};
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::{AnyCaller, Caller, ClientInfo, JsonBody, Problem};
use serde_json::json;

use crate::mailed::proof_of_address;
use crate::owner::{Owner, Proof, own};
use crate::profile_change::ProfileChange;
use crate::wire::{ErrorBody, OwnUser, ProfileRequest, UserView};
use crate::{AuthPorts, Service, account, audit, letters};

/// The caller's account (contract E6).
#[utoipa::path(
    get, path = "/api/auth/me", tag = "auth", operation_id = "me",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The account", body = OwnUser),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
    )
)]
pub(crate) async fn me(
    State(service): State<Service>,
    AnyCaller(caller): AnyCaller,
) -> Result<Json<OwnUser>, Problem> {
    let user = own(&service, &caller).await?;
    Ok(Json(OwnUser { user: UserView::of(&user) }))
}

/// The caller's account without a wrapper (contract E6).
#[utoipa::path(
    get, path = "/api/users/me", tag = "auth", operation_id = "ownUser",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The account", body = UserView),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
    )
)]
pub(crate) async fn own_user(
    State(service): State<Service>,
    AnyCaller(caller): AnyCaller,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(UserView::of(&own(&service, &caller).await?)))
}

/// Change the caller's account (contract E7).
#[utoipa::path(
    patch, path = "/api/auth/profile", tag = "auth", operation_id = "changeProfile",
    security(("bearer" = []), ("cookie" = [])),
    request_body = ProfileRequest,
    responses(
        (status = 200, description = "The account as it is now", body = OwnUser),
        (status = 400, description = "A field breaks a rule, or the current password is wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "Roles and activity are not the caller's to set", body = ErrorBody),
        (status = 409, description = "The address or the user name is taken", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
    )
)]
pub(crate) async fn change_profile(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<OwnUser>, Problem> {
    let user = change(&service, &client, &caller, &body).await?;
    Ok(Json(OwnUser { user: UserView::of(&user) }))
}

/// The same, answered without a wrapper (contract E7).
#[utoipa::path(
    put, path = "/api/users/me", tag = "auth", operation_id = "replaceOwnUser",
    security(("bearer" = []), ("cookie" = [])),
    request_body = ProfileRequest,
    responses(
        (status = 200, description = "The account as it is now", body = UserView),
        (status = 400, description = "A field breaks a rule, or the current password is wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "Roles and activity are not the caller's to set", body = ErrorBody),
        (status = 409, description = "The address or the user name is taken", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
    )
)]
pub(crate) async fn replace_own_user(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(UserView::of(&change(&service, &client, &caller, &body).await?)))
}

async fn change(
    service: &Service,
    client: &ClientInfo,
    caller: &Caller,
    body: &Body,
) -> Result<User, Problem> {
    let ports = &service.ports;
    let owner = Owner::of(service, client, caller, "PROFILE_UPDATE_REFUSED").await?;
    let user = &owner.user;
    let wanted = ProfileChange::read(body, user, ports.clock.now())?;
    if wanted.fields.is_empty() {
        return Ok(owner.user);
    }
    let mut change = wanted.change;
    let moves = change.email.is_some();
    if moves {
        confirm(&owner, wanted.current_password).await?;
        tell(ports, user, &mut change).await?;
    }
    let changed = ports.users.update(&user.id, change, ports.clock.now()).await;
    let changed = changed.map_err(|error| account::write_problem(&error))?;
    let gone = || {
        if moves {
            return Problem::conflict("Your account has just been changed elsewhere. Please try again.");
        }
        Problem::unauthorized("This account is gone")
    };
    let changed = changed.ok_or_else(gone)?;
    if moves {
        letters::announce(ports);
    }
    let details = json!({ "fields": wanted.fields });
    audit::record(ports, "PROFILE_UPDATED", Some(&user.id), client, details).await;
    Ok(changed)
}

/// Asks for the password before the address changes.
async fn confirm(owner: &Owner<'_>, password: Option<String>) -> Result<(), Problem> {
    let Some(password) = password else {
        let message = "Give your current password to change the e-mail address";
        return Err(Problem::field("currentPassword", "required", message));
    };
    owner.prove(Proof::password("currentPassword", password)).await
}

/// A new address has to be proved; the old one is told, and a link to set a password that was mailed to it is void.
async fn tell(ports: &AuthPorts, user: &User, change: &mut UserChange) -> Result<(), Problem> {
    let Some(address) = &change.email else { return Ok(()) };
    let reader = Reader::of(user).at(address);
    let (token, arrived) = proof_of_address(ports, &reader, Letterhead::email_arrived).await?;
    change.letters = vec![letters::news(ports, user, Letterhead::email_left).await?, arrived];
    change.email_verification = Some(Some(token));
    change.password_reset = Some(None);
    change.given.email = Some(user.email.clone());
    change.given.password_hash = Some(user.password_hash.clone());
    Ok(())
}
