//! Having an account erased, and coming back before that.
//!
//! Asking deactivates the account at once and sets `erase_after`; until then its owner can sign in, which takes it back.
//! When the time has come a job sets `erase_after` to [`ERASURE_BEGUN`] and nobody comes back any more. Both steps compare
//! the moment they read, so that of the two exactly one succeeds.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_letters::{Letterhead, Reader};
use dzinza_ports::{ERASURE_BEGUN, Given, User, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::deactivate::end_everything;
use crate::erasure_trees::{self, Planned};
use crate::owner::Owner;
use crate::tokens::{cleared_cookies, signed};
use crate::wire::{AccountLeaving, DeleteAccountRequest, ErrorBody};
use crate::{AuthPorts, Service, audit, last_admin, letters};

/// Have the caller's account erased, with the trees in which nobody else works. It is deactivated at once and erased after
/// the days of grace; signing in before then takes that back.
#[utoipa::path(
    post, path = "/api/auth/delete-account", tag = "auth", operation_id = "deleteAccount",
    security(("bearer" = []), ("cookie" = [])),
    request_body = DeleteAccountRequest,
    responses(
        (status = 200, description = "Will be erased; all sessions have ended, the cookies are cleared", body = AccountLeaving),
        (status = 400, description = "The password or the code is missing or wrong, or the sign-in is too long ago; or it is not said what becomes of trees in which others work, which `trees` names", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 409, description = "It is the only administrator's, or the account or a tree changed at the same moment", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn delete_account(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let owner = Owner::of(&service, &client, &caller, "ACCOUNT_ERASURE_REFUSED").await?;
    let user = &owner.user;
    // First, so that a code is not used up for nothing.
    let planned = erasure_trees::plan(ports, user, &body).await?;
    owner.confirm(&body, true).await?;
    last_admin::check(ports, user).await?;
    let now = ports.clock.now();
    let erase_after = now.checked_add(signed(ports.rules.erasure_grace)).unwrap_or(Timestamp::MAX);
    let change = request(ports, user, &planned, now, erase_after).await?;
    erasure_trees::write(ports, user, &planned).await?;
    end_everything(ports, &caller).await?;
    if ports.users.update(&user.id, change, now).await?.is_none() {
        return Err(last_admin::refusal(ports, user).await?);
    }
    // Whoever signed in since the first time.
    end_everything(ports, &caller).await?;
    erasure_trees::tell(ports, &planned).await;
    let trees = erasure_trees::wire(&planned);
    let details = json!({ "eraseAfter": format!("{erase_after:.6}"), "sharedTrees": trees.len() });
    audit::record(ports, "ACCOUNT_ERASURE_REQUESTED", Some(&user.id), &client, details).await;
    letters::announce(ports);
    let message = "Your account will be erased. If you change your mind, sign in before that.".to_owned();
    let answer = AccountLeaving { message, erase_after: format!("{erase_after:.6}"), trees };
    Ok((cleared_cookies(ports)?, Json(answer)).into_response())
}

async fn request(
    ports: &AuthPorts,
    user: &User,
    planned: &[Planned],
    now: Timestamp,
    erase_after: Timestamp,
) -> Result<UserChange, Problem> {
    let day = erase_after.to_zoned(TimeZone::UTC).date();
    let planned_letter = |head: &Letterhead, reader: &Reader<'_>| head.erasure_planned(reader, day);
    let mut told = vec![letters::news(ports, user, planned_letter).await?];
    let owner = erasure_trees::full_name(user);
    for (heir, trees) in erasure_trees::heirs(planned) {
        let wanted = |head: &Letterhead, reader: &Reader<'_>| head.heir(reader, &owner, &trees, day);
        told.push(letters::news(ports, heir, wanted).await?);
    }
    Ok(UserChange {
        given: last_admin::staying(user),
        letters: told,
        is_active: Some(false),
        deleted_at: Some(Some(now)),
        erase_after: Some(Some(erase_after)),
        ..UserChange::default()
    })
}

/// Whether an account that is not active can be signed in to, which takes its erasure back.
pub(crate) fn may_come_back(user: &User) -> bool {
    user.erase_after.is_some_and(|at| at != ERASURE_BEGUN)
}

/// The account of someone who has just proved to be its owner, active again if they had asked for its erasure. An active
/// one is as it was; any other is 403.
pub(crate) async fn come_back(ports: &AuthPorts, user: User, client: &ClientInfo) -> Result<User, Problem> {
    if user.is_active && user.erase_after.is_none() {
        return Ok(user);
    }
    let gone =
        || Problem::new(StatusCode::FORBIDDEN, "ACCOUNT_INACTIVE", "This account has been deactivated");
    let erase_after = user.erase_after.filter(|_| may_come_back(&user)).ok_or_else(gone)?;
    let change = UserChange {
        given: Given { erase_after: Some(erase_after), ..Given::default() },
        letters: vec![letters::news(ports, &user, Letterhead::erasure_taken_back).await?],
        is_active: Some(true),
        deleted_at: Some(None),
        erase_after: Some(None),
        ..UserChange::default()
    };
    let Some(back) = ports.users.update(&user.id, change, ports.clock.now()).await? else {
        // Another sign-in was faster, or the erasure.
        let present = ports.users.by_id(&user.id).await?;
        return present.filter(|present| present.is_active).ok_or_else(gone);
    };
    // What is left of the wishes does nothing while the account is active.
    if erasure_trees::withdraw(ports, &back).await.is_err() {
        tracing::error!("wishes for trees were not taken back");
    }
    audit::record(ports, "ACCOUNT_ERASURE_CANCELLED", Some(&back.id), client, json!({})).await;
    letters::announce(ports);
    Ok(back)
}
