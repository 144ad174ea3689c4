use axum::Json;
use axum::extract::{Path, State};
use dzinza_web::user_view::wire_time;
use dzinza_web::{Caller, ClientInfo, Problem};
use serde_json::json;

use crate::passwords::NO_PASSWORD;
use crate::wire::keys::{Identities, IdentityView};
use crate::wire::{ErrorBody, Message};
use crate::{Service, audit};

/// Who the caller is at identity providers.
#[utoipa::path(
    get, path = "/api/auth/identities", tag = "auth", operation_id = "identities",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The linked identities", body = Identities),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
    )
)]
pub(crate) async fn identities(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<Identities>, Problem> {
    let found = service.ports.identities.of_user(&caller.user_id).await?;
    let identities = found.into_iter().map(|identity| IdentityView {
        id: identity.id,
        provider: identity.provider,
        email: identity.email,
        created_at: wire_time(identity.created_at),
    });
    Ok(Json(Identities { identities: identities.collect() }))
}

/// Remove an identity, unless nothing else is left to sign in with.
#[utoipa::path(
    delete, path = "/api/auth/identities/{identityId}", tag = "auth", operation_id = "removeIdentity",
    params(("identityId" = String, Path, description = "The identity")),
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Removed", body = Message),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
        (status = 404, description = "The caller has no such identity", body = ErrorBody),
        (status = 409, description = "It is the only way to sign in", body = ErrorBody),
    )
)]
pub(crate) async fn remove_identity(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    let missing = || Problem::not_found("There is no such identity");
    let linked = ports.identities.of_user(&caller.user_id).await?;
    let identity = linked.iter().find(|identity| identity.id == id).ok_or_else(missing)?;
    let user = ports.users.by_id(&caller.user_id).await?.ok_or_else(missing)?;
    let others = user.password_hash != NO_PASSWORD
        || linked.len() > 1
        || !ports.passkeys.of_user(&user.id).await?.is_empty();
    if !others {
        let message = "This is the only way to sign in to your account. Choose a password first.";
        return Err(Problem::conflict(message));
    }
    if !ports.identities.unlink(&user.id, &id).await? {
        return Err(missing());
    }
    let details = json!({ "provider": identity.provider });
    audit::record(ports, "IDENTITY_UNLINKED", Some(&user.id), &client, details).await;
    Ok(Json(Message { message: "The identity is removed".to_owned() }))
}
