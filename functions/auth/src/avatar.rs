//! The picture of an account (contract E8).

use std::sync::LazyLock;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::avatar;
use dzinza_ports::{User, UserChange};
use dzinza_web::{Caller, ClientInfo, Problem};
use futures::StreamExt as _;
use http::{StatusCode, header};
use rand::RngCore as _;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::avatar_image::{Refusal, ours};
use crate::owner::own;
use crate::wire::{ErrorBody, OwnUser, UserView};
use crate::{Service, audit};

/// The largest file.
const MAX_BYTES: usize = 5 << 20;
/// Pictures that are decoded at the same time, as each may take some hundred megabytes.
static DECODING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// What is behind an address never changes; a month later browsers ask whether it is still there.
const KEPT: &str = "private, max-age=2592000, immutable";

/// Set the picture of the caller's account: a JPEG, PNG, GIF or WebP of at most 5 MiB in the field `avatar` or `file`. It
/// is kept with at most 512 pixels a side and without anything else that was in the file.
#[utoipa::path(
    post, path = "/api/auth/profile/avatar", tag = "auth", operation_id = "setAvatar",
    security(("bearer" = []), ("cookie" = [])),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The account with the address of its picture", body = OwnUser),
        (status = 400, description = "No file, or a damaged one, or too many pixels", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 413, description = "Larger than 5 MiB", body = ErrorBody),
        (status = 415, description = "Not multipart/form-data, or not a picture of these kinds", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn set_avatar(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<OwnUser>, Problem> {
    let ports = &service.ports;
    let user = own(&service, &caller).await?;
    let unsupported = |_| unsupported("Send the picture as multipart/form-data in the field avatar");
    let file = read(multipart.map_err(unsupported)?).await?;
    let (bytes, kind) = decode(file).await?;
    let stream = futures::stream::once(async { Ok(Bytes::from(bytes)) }).boxed();
    ports.blobs.put(&avatar::key(&user.id), kind, stream).await?;
    let mut version = [0_u8; 16];
    rand::rng().fill_bytes(&mut version);
    let address = avatar::address(&user.id, &version.map(|byte| format!("{byte:02x}")).concat());
    change(&service, &client, &user, Some(address)).await
}

/// Remove the picture of the caller's account.
#[utoipa::path(
    delete, path = "/api/auth/profile/avatar", tag = "auth", operation_id = "removeAvatar",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The account without a picture", body = OwnUser),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn remove_avatar(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
) -> Result<Json<OwnUser>, Problem> {
    let user = own(&service, &caller).await?;
    let changed = change(&service, &client, &user, None).await?;
    service.ports.blobs.delete(&avatar::key(&user.id)).await?;
    Ok(changed)
}

async fn change(
    service: &Service,
    client: &ClientInfo,
    user: &User,
    address: Option<String>,
) -> Result<Json<OwnUser>, Problem> {
    let ports = &service.ports;
    let change = UserChange { profile_picture_url: Some(address), ..UserChange::default() };
    let changed = ports.users.update(&user.id, change, ports.clock.now()).await?;
    let changed = changed.ok_or_else(|| Problem::unauthorized("This account is gone"))?;
    let details = json!({ "fields": ["profilePhoto"] });
    audit::record(ports, "PROFILE_UPDATED", Some(&user.id), client, details).await;
    Ok(Json(OwnUser { user: UserView::of(&changed) }))
}

/// The picture behind the address that the account tells. Whoever was shown it may look.
#[utoipa::path(
    get, path = "/api/auth/avatars/{userId}/{version}", tag = "auth", operation_id = "showAvatar",
    params(("userId" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, description = "The picture", content_type = "image/jpeg", body = Vec<u8>),
        (status = 404, description = "There is none, or another one by now", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn show_avatar(
    State(service): State<Service>,
    Path((user_id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("There is no such picture");
    if !avatar::is_version(&version) {
        return Err(missing());
    }
    let user =
        service.ports.users.by_id(&user_id).await?.filter(|user| user.is_active).ok_or_else(missing)?;
    if user.profile_picture_url != Some(avatar::address(&user.id, &version)) {
        return Err(missing());
    }
    let found = service.ports.blobs.get(&avatar::key(&user.id), None).await?.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, found.info.content_type),
        (header::CONTENT_LENGTH, found.info.size.to_string()),
        (header::CACHE_CONTROL, KEPT.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, HttpBody::from_stream(found.bytes)).into_response())
}

fn unsupported(message: &str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
}

/// The file of the form, all of it: it is small.
async fn read(mut multipart: Multipart) -> Result<Vec<u8>, Problem> {
    let broken = |error: MultipartError| {
        Problem::new(error.status(), "INVALID_UPLOAD", "The upload could not be read to its end")
    };
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        if !matches!(field.name(), Some("avatar" | "file")) {
            continue;
        }
        let mut file = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(broken)? {
            if file.len() + piece.len() > MAX_BYTES {
                return Err(Problem::too_large(MAX_BYTES as u64));
            }
            file.extend_from_slice(&piece);
        }
        return Ok(file);
    }
    Err(Problem::field("avatar", "required", "Choose a picture"))
}

async fn decode(file: Vec<u8>) -> Result<(Vec<u8>, &'static str), Problem> {
    let _turn = DECODING.acquire().await.map_err(|_| Problem::unavailable())?;
    let made = tokio::task::spawn_blocking(move || ours(&file)).await.map_err(|error| {
        tracing::error!(%error, "a picture could not be decoded");
        Problem::field("avatar", "unreadable", "This picture cannot be read")
    })?;
    made.map_err(|refusal| match refusal {
        Refusal::Kind => unsupported("The picture must be a JPEG, PNG, GIF or WebP file"),
        Refusal::Size => Problem::field("avatar", "too_large", "The picture has too many pixels"),
        Refusal::Unreadable => Problem::field("avatar", "unreadable", "This picture cannot be read"),
    })
}
