//! Everything that is the caller's own (contract E18): at once as JSON, or with trees and stories as an archive that a
//! job makes.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::account_export;
use dzinza_domain::collections::{EXPORTS, FAMILY_TREES};
use dzinza_domain::export::{self, KEPT};
use dzinza_domain::tree::role_of;
use dzinza_ports::{Body, Document, Filter, Query, RefreshToken, User, stream};
use dzinza_web::{Caller, ClientInfo, Problem, QueryParams, timestamp};
use futures::{StreamExt as _, TryStreamExt as _};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::owner::own;
use crate::wire::{ErrorBody, UserView};
use crate::{AuthPorts, Service, audit};

/// Entries of the audit trail, the newest ones.
const TRAIL: u32 = 10_000;
/// How long the address of an archive is good for.
const SIGNED: Duration = Duration::from_mins(15);

/// Everything the platform knows of the caller's account, as a JSON file; or, with `format=zip`, an archive that is being
/// made of that and the caller's trees, stories and notifications.
#[utoipa::path(
    get, path = "/api/auth/export-data", tag = "auth", operation_id = "exportData",
    security(("bearer" = []), ("cookie" = [])),
    params(("format" = Option<String>, Query, description = "json (default) or zip")),
    responses(
        (status = 200, description = "A file with the account's own data", content_type = "application/json"),
        (status = 202, description = "The archive is being made; Location says where to look"),
        (status = 400, description = "An unknown format", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn export_data(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    query: QueryParams,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let user = own(&service, &caller).await?;
    let zip = query.word(&["format"], &["json", "zip"])? == Some("zip");
    if zip && let Some(begun) = unfinished(ports, &user.id).await? {
        return Ok(accepted(&begun));
    }
    let details = json!({ "format": if zip { "zip" } else { "json" } });
    audit::record(ports, "DATA_EXPORTED", Some(&user.id), &client, details).await;
    let known = known(ports, &user).await?;
    let text = serde_json::to_vec_pretty(&known).map_err(|_| Problem::internal())?;
    if zip {
        return Ok(accepted(&begin(ports, &user, text).await?));
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"dzinza-account.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

/// How the archive of the caller's data fares; when it is complete, its address, good for 15 minutes.
#[utoipa::path(
    get, path = "/api/auth/export-data/{exportId}", tag = "auth", operation_id = "exportDataStatus",
    security(("bearer" = []), ("cookie" = [])),
    params(("exportId" = String, Path)),
    responses(
        (status = 200, description = "The export"),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 404, description = "No such export of this caller", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn export_data_status(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Body>, Problem> {
    let ports = &service.ports;
    let user = own(&service, &caller).await?;
    let missing = || Problem::not_found("Export not found");
    let found = ports.documents.get(&EXPORTS, &id).await?.filter(|found| is_own(found, &user.id));
    let found = found.ok_or_else(missing)?;
    let mut view = export::view(&id, &found.body);
    if export::status(&found.body) == "completed" {
        let key = found.body.get("blobKey").and_then(Value::as_str).unwrap_or_default();
        view.insert("url".into(), json!(ports.blobs.get_url(key, SIGNED).await?));
        view.insert("urlExpiresAt".into(), json!(moment(ports.clock.now() + SIGNED)));
    }
    Ok(Json(view))
}

fn is_own(export: &Document, user_id: &str) -> bool {
    account_export::is_account(&export.body) && export.body.get("userId") == Some(&json!(user_id))
}

/// An archive that is being made already: asking again makes no second one.
async fn unfinished(ports: &AuthPorts, user_id: &str) -> Result<Option<Document>, Problem> {
    let own = Filter::eq("userId", user_id).and(Filter::any_of("status", ["queued", "running"]));
    let found = ports.documents.find(&EXPORTS, Query::new(own).limit(20)).await?;
    Ok(found.into_iter().find(|found| is_own(found, user_id)))
}

async fn begin(ports: &AuthPorts, user: &User, known: Vec<u8>) -> Result<Document, Problem> {
    let id = ports.ids.new_id();
    let part = account_export::part_key(&id);
    let bytes = futures::stream::once(async { Ok(Bytes::from(known)) }).boxed();
    ports.blobs.put(&part, "application/json", bytes).await?;
    let batch =
        account_export::begin(&id, &user.id, &timestamp(&ports.clock), &moment(ports.clock.now() + KEPT));
    if let Err(error) = ports.documents.commit(batch).await {
        ports.blobs.delete(&part).await?;
        return Err(error.into());
    }
    ports.documents.get(&EXPORTS, &id).await?.ok_or_else(Problem::internal)
}

fn accepted(export: &Document) -> Response {
    let location = format!("/api/auth/export-data/{}", export.id);
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::ACCEPTED, headers, Json(export::view(&export.id, &export.body))).into_response()
}

/// What the platform knows of an account. Of keys it is told what they are called and when they were used, never
/// what opens them.
async fn known(ports: &AuthPorts, user: &User) -> Result<Value, Problem> {
    let id = user.id.as_str();
    let mut account = serde_json::to_value(UserView::of(user)).map_err(|_| Problem::internal())?;
    account["emailVerifiedAt"] = json!(user.email_verified_at.map(moment));
    account["lastLoginIp"] = json!(user.last_login_ip);
    account["lastLoginUserAgent"] = json!(user.last_login_user_agent);
    let identities = ports.identities.of_user(id).await?.into_iter().map(|identity| {
        json!({ "provider": identity.provider, "providerUserId": identity.provider_user_id,
            "email": identity.email, "createdAt": moment(identity.created_at) })
    });
    let passkeys = ports.passkeys.of_user(id).await?.into_iter().map(|passkey| {
        json!({ "name": passkey.name, "createdAt": moment(passkey.created_at),
            "lastUsedAt": passkey.last_used_at.map(moment) })
    });
    let tokens = ports.access_tokens.of_user(id).await?.into_iter().map(|token| {
        json!({ "name": token.name, "scopes": token.scopes, "createdAt": moment(token.created_at),
            "expiresAt": moment(token.expires_at), "lastUsedAt": token.last_used_at.map(moment) })
    });
    let sessions = ports.sessions.active(id, ports.clock.now()).await?;
    let trail = ports.audit.of_user(id, TRAIL).await?.into_iter().map(|entry| {
        json!({ "action": entry.action, "timestamp": moment(entry.timestamp), "ipAddress": entry.ip_address,
            "userAgent": entry.user_agent, "details": entry.details })
    });
    Ok(json!({
        "exportedAt": timestamp(&ports.clock),
        "account": account,
        "identities": identities.collect::<Vec<_>>(),
        "passkeys": passkeys.collect::<Vec<_>>(),
        "accessTokens": tokens.collect::<Vec<_>>(),
        "sessions": sessions.iter().map(session).collect::<Vec<_>>(),
        "familyTrees": trees(ports, id).await?,
        "auditTrail": trail.collect::<Vec<_>>(),
    }))
}

fn session(row: &RefreshToken) -> Value {
    json!({ "id": row.session_id, "startedAt": moment(row.session_started_at), "lastUsedAt": moment(row.created_at),
        "expiresAt": moment(row.expires_at), "ipAddress": row.ip_address, "userAgent": row.user_agent })
}

/// The trees that the account owns or works in, by name.
async fn trees(ports: &AuthPorts, user_id: &str) -> Result<Vec<Value>, Problem> {
    let own = Filter::eq("ownerId", user_id);
    let all = Query::new(Filter::Or(vec![own, Filter::Has("index.memberIds", user_id.to_owned())]));
    let mut found = stream(ports.documents.clone(), &FAMILY_TREES, all.limit(100));
    let mut shown = Vec::new();
    while let Some(tree) = found.try_next().await? {
        let role = role_of(&tree.body, user_id, false).map(dzinza_domain::tree::TreeRole::as_str);
        shown.push(json!({ "id": tree.id, "name": tree.body.get("name"), "role": role,
            "createdAt": tree.body.get("createdAt") }));
    }
    Ok(shown)
}

fn moment(at: Timestamp) -> String {
    format!("{at:.6}")
}
