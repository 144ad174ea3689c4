//! Notifications of the signed-in user (contract 1.7).
#![warn(missing_docs)]

#[cfg(feature = "boot")]
pub mod boot;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use dzinza_domain::collections::NOTIFICATIONS;
use dzinza_domain::notification::{is_read, view};
use dzinza_ports::{Batch, Body, Clock, Direction, Document, Documents, Filter, Query, StoreErrorKind};
use dzinza_web::{
    ApiRouter, AuthState, Caller, HasAuth, PageQuery, Paged, Problem, QueryParams, Routes, finish,
    retry_stale, routes, timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};

/// What this group needs of the outside world.
#[derive(Clone)]
pub struct NotificationPorts {
    /// The notifications.
    pub documents: Arc<dyn Documents>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Who calls.
    pub auth: AuthState,
}

impl HasAuth for NotificationPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };
/// Documents a batch when many change at once.
const CHUNK: u32 = 500;

/// The routes of this group.
pub fn api(ports: NotificationPorts) -> ApiRouter {
    let routes = Routes::new()
        .routes(routes!(list))
        .routes(routes!(summary))
        .routes(routes!(mark_all, post_mark_all))
        .routes(routes!(remove_all))
        .routes(routes!(mark, post_mark, put_mark))
        .routes(routes!(patch_mark_read))
        .routes(routes!(remove));
    finish(routes, ports)
}

fn of(caller: &Caller) -> Filter {
    Filter::eq("userId", caller.user_id.as_str())
}

/// Lists notifications, newest first; `pagination.totalItems` with `isRead=false` is the unread badge.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    params(("isRead" = Option<bool>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("sortBy" = Option<String>, Query), ("sortOrder" = Option<String>, Query)),
    responses((status = 200, description = "A page of notifications"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in")))]
async fn list(
    State(ports): State<NotificationPorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let mut filter = of(&caller);
    if let Some(read) = query.flag(&["isRead", "read_status", "is_read"])? {
        filter = filter.and(Filter::eq("isRead", i64::from(read)));
    }
    query.word(&["sortBy"], &["createdAt"])?;
    let order = query.word(&["sortOrder"], &["asc", "desc"])?;
    let direction = if order == Some("asc") { Direction::Ascending } else { Direction::Descending };
    let total = ports.documents.count(&NOTIFICATIONS, filter.clone()).await?;
    let sorted = Query::new(filter).sort("createdAt", direction).skip(page.skip).limit(page.limit);
    let found = ports.documents.find(&NOTIFICATIONS, sorted).await?;
    let shown = found.iter().map(|one| Value::Object(view(&one.id, &one.body))).collect();
    Ok(Json(Paged::new(page, total).body(&["data", "items"], shown)))
}

/// Counts all and unread notifications.
#[utoipa::path(get, path = "/api/notifications/summary", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The counts"), (status = 401, description = "Not signed in")))]
async fn summary(State(ports): State<NotificationPorts>, caller: Caller) -> Result<Json<Value>, Problem> {
    let all = ports.documents.count(&NOTIFICATIONS, of(&caller)).await?;
    let unread = ports.documents.count(&NOTIFICATIONS, of(&caller).and(Filter::eq("isRead", 0))).await?;
    Ok(Json(json!({ "total_notifications": all, "unread_notifications": unread })))
}

/// Marks one as read.
#[utoipa::path(patch, path = "/api/notifications/{id}/read", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The notification"), (status = 401, description = "Not signed in"), (status = 403, description = "Someone else's"), (status = 404, description = "No such notification")))]
async fn mark(
    State(ports): State<NotificationPorts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Body>, Problem> {
    let (ports, caller, id) = (&ports, &caller, &id);
    retry_stale(|| async move {
        let found = own(ports, caller, id).await?;
        let read = as_read(&found, &timestamp(&ports.clock));
        if !is_read(&found.body) {
            let mut batch = Batch::new();
            batch.replace(&NOTIFICATIONS, &found, read.clone());
            ports.documents.commit(batch).await?;
        }
        let mut shown = view(id, &read);
        shown.insert("success".into(), json!(true));
        Ok(Json(shown))
    })
    .await
}

/// Marks one as read (older clients).
#[utoipa::path(post, path = "/api/notifications/{id}/read", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The notification"), (status = 401, description = "Not signed in"), (status = 403, description = "Someone else's"), (status = 404, description = "No such notification")))]
async fn post_mark(
    ports: State<NotificationPorts>,
    caller: Caller,
    id: Path<String>,
) -> Result<Json<Body>, Problem> {
    mark(ports, caller, id).await
}

/// Marks one as read (older clients).
#[utoipa::path(put, path = "/api/notifications/{id}/read", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The notification"), (status = 401, description = "Not signed in"), (status = 403, description = "Someone else's"), (status = 404, description = "No such notification")))]
async fn put_mark(
    ports: State<NotificationPorts>,
    caller: Caller,
    id: Path<String>,
) -> Result<Json<Body>, Problem> {
    mark(ports, caller, id).await
}

/// Marks one as read (older clients).
#[utoipa::path(patch, path = "/api/notifications/{id}/mark-read", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The notification"), (status = 401, description = "Not signed in"), (status = 403, description = "Someone else's"), (status = 404, description = "No such notification")))]
async fn patch_mark_read(
    ports: State<NotificationPorts>,
    caller: Caller,
    id: Path<String>,
) -> Result<Json<Body>, Problem> {
    mark(ports, caller, id).await
}

fn as_read(found: &Document, now: &str) -> Body {
    let mut body = found.body.clone();
    body.insert("isRead".into(), json!(true));
    body.insert("updatedAt".into(), json!(now));
    body
}

async fn own(ports: &NotificationPorts, caller: &Caller, id: &str) -> Result<Document, Problem> {
    let missing = || Problem::not_found("Notification not found");
    if id.is_empty() || id.len() > 200 {
        return Err(missing());
    }
    let found = ports.documents.get(&NOTIFICATIONS, id).await?.ok_or_else(missing)?;
    if found.body.get("userId") == Some(&json!(caller.user_id)) {
        return Ok(found);
    }
    Err(Problem::forbidden("This notification is someone else's"))
}

/// Marks all as read.
#[utoipa::path(patch, path = "/api/notifications/mark-all-read", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "How many"), (status = 401, description = "Not signed in")))]
async fn mark_all(State(ports): State<NotificationPorts>, caller: Caller) -> Result<Json<Value>, Problem> {
    let unread = of(&caller).and(Filter::eq("isRead", 0));
    let mut count = 0_u64;
    loop {
        let some = ports.documents.find(&NOTIFICATIONS, Query::new(unread.clone()).limit(CHUNK)).await?;
        if some.is_empty() {
            break;
        }
        let now = timestamp(&ports.clock);
        let mut batch = Batch::new();
        for one in &some {
            batch.replace(&NOTIFICATIONS, one, as_read(one, &now));
        }
        match ports.documents.commit(batch).await {
            Ok(()) => count += some.len() as u64,
            // Another tab marks them at the same moment: whatever is left is read again.
            Err(error) if error.kind() == StoreErrorKind::Stale => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(json!({ "message": "All notifications marked as read", "count": count, "updated_count": count })))
}

/// Marks all as read (older clients).
#[utoipa::path(post, path = "/api/notifications/mark-all-read", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "How many"), (status = 401, description = "Not signed in")))]
async fn post_mark_all(ports: State<NotificationPorts>, caller: Caller) -> Result<Json<Value>, Problem> {
    mark_all(ports, caller).await
}

/// Removes one.
#[utoipa::path(delete, path = "/api/notifications/{id}", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "Someone else's"), (status = 404, description = "No such notification")))]
async fn remove(
    State(ports): State<NotificationPorts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let found = own(&ports, &caller, &id).await?;
    let mut batch = Batch::new();
    batch.delete_any(&NOTIFICATIONS, found.id.as_str());
    ports.documents.commit(batch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes all, or all that are read.
#[utoipa::path(delete, path = "/api/notifications/all", tag = "notifications", security(("bearer" = []), ("cookie" = [])), params(("only_read" = Option<bool>, Query)),
    responses((status = 200, description = "How many"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in")))]
async fn remove_all(
    State(ports): State<NotificationPorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let mut filter = of(&caller);
    if query.flag(&["only_read", "onlyRead"])? == Some(true) {
        filter = filter.and(Filter::eq("isRead", 1));
    }
    let mut count = 0;
    loop {
        let some = ports.documents.find(&NOTIFICATIONS, Query::new(filter.clone()).limit(CHUNK)).await?;
        if some.is_empty() {
            return Ok(Json(json!({ "deleted_count": count })));
        }
        let mut batch = Batch::new();
        for one in &some {
            batch.delete_any(&NOTIFICATIONS, one.id.as_str());
        }
        ports.documents.commit(batch).await?;
        count += some.len();
    }
}
