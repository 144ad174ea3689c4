//! GEDCOM out, by a job: for trees that take longer than anyone waits. The file is fetched from a signed address.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::{EXPORTS, PEOPLE};
use dzinza_domain::export::{self, ExportRequest, MOST_UNFINISHED, NewExport};
use dzinza_domain::tree;
use dzinza_ports::{Batch, Body, Direction, Document, Filter, Query, StoreErrorKind};
use dzinza_web::{JsonBody, PageQuery, Paged, Problem, QueryParams, TreeAccess, View, timestamp};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::TreesPorts;
use crate::export::unknown_root;
use crate::schema::ExportInput;

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };
/// How long its address is good for.
const SIGNED: Duration = Duration::from_mins(15);

/// Has the tree, or a part of it, exported by a job, with the caller's rights as they are now.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/exports", tag = "exports", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)), request_body = ExportInput,
    responses((status = 202, description = "Being made; Location says where to look"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller"), (status = 409, description = "Too many exports are being made for this caller")))]
pub async fn begin(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let request = ExportRequest::read(&input)?;
    check_root(&ports, &access, &request).await?;
    let own = Filter::eq("userId", access.caller.user_id.as_str());
    let unfinished = own.and(Filter::any_of("status", ["queued", "running"]));
    if ports.documents.count(&EXPORTS, unfinished).await? >= MOST_UNFINISHED {
        return Err(Problem::conflict("Wait until one of your other exports is finished"));
    }
    let id = ports.ids.new_id();
    let new = NewExport {
        tree_id: access.id(),
        user_id: &access.caller.user_id,
        is_admin: access.caller.is_admin(),
        viewer: access.viewer,
        request: &request,
    };
    let expires_at = format!("{:.6}", ports.clock.now() + export::KEPT);
    ports.documents.commit(new.begin(&id, &timestamp(&ports.clock), &expires_at)).await?;
    let found = find(&ports, &access, &id).await?;
    let location = format!("/api/family-trees/{}/exports/{id}", access.id());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(export::view(&id, &found.body)))
        .into_response())
}

/// A branch grows from a person of the tree, and an import that nobody sees yet is not part of it.
async fn check_root(
    ports: &TreesPorts,
    access: &TreeAccess<View>,
    request: &ExportRequest,
) -> Result<(), Problem> {
    let Some(branch) = &request.options.branch else { return Ok(()) };
    let root = ports.documents.get(&PEOPLE, &branch.root).await?.ok_or_else(unknown_root)?;
    let text = |key: &str| root.body.get(key).and_then(Value::as_str);
    let pending = tree::pending_imports(&access.tree.body);
    let hidden = text("importId").is_some_and(|import| pending.iter().any(|pending| pending == import));
    if text("familyTreeId") != Some(access.id()) || hidden { Err(unknown_root()) } else { Ok(()) }
}

/// An export is for the one who asked for it, and for nobody else.
async fn find(ports: &TreesPorts, access: &TreeAccess<View>, id: &str) -> Result<Document, Problem> {
    let found = ports.documents.get(&EXPORTS, id).await?;
    let own = found.filter(|export| {
        export.body.get("familyTreeId") == Some(&json!(access.id()))
            && export.body.get("userId") == Some(&json!(access.caller.user_id))
    });
    own.ok_or_else(|| Problem::not_found("Export not found"))
}

/// Lists the caller's exports of a tree, newest first, without their losses.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/exports", tag = "exports", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of exports"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn list(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let filter =
        Filter::eq("familyTreeId", access.id()).and(Filter::eq("userId", access.caller.user_id.as_str()));
    let total = ports.documents.count(&EXPORTS, filter.clone()).await?;
    let newest =
        Query::new(filter).sort("createdAt", Direction::Descending).skip(page.skip).limit(page.limit);
    let found = ports.documents.find(&EXPORTS, newest).await?;
    let shown = found.iter().map(|found| {
        let mut view = export::view(&found.id, &found.body);
        view.remove("losses");
        Value::Object(view)
    });
    Ok(Json(Paged::new(page, total).body(&["exports", "items"], shown.collect())))
}

/// How an export fares; when it is complete, the address of its file, good for 15 minutes.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/exports/{exportId}", tag = "exports", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("exportId" = String, Path)),
    responses((status = 200, description = "The export"), (status = 401, description = "Not signed in"), (status = 403, description = "The caller had more rights when it was made"), (status = 404, description = "No such export for this caller")))]
pub async fn show(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<Json<Body>, Problem> {
    let found = find(&ports, &access, &id).await?;
    if !export::still_may(export::asked_as(&found.body, access.viewer.year), access.viewer) {
        return Err(Problem::forbidden("Your rights have changed since. Please export again."));
    }
    let mut view = export::view(&id, &found.body);
    if export::status(&found.body) == "completed" {
        let key = found.body.get("blobKey").and_then(Value::as_str).unwrap_or_default();
        view.insert("url".into(), json!(ports.blobs.get_url(key, SIGNED).await?));
        view.insert("urlExpiresAt".into(), json!(format!("{:.6}", ports.clock.now() + SIGNED)));
    }
    Ok(Json(view))
}

/// Removes an export and its file, or stops one that is being made.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/exports/{exportId}", tag = "exports", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("exportId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 404, description = "No such export for this caller")))]
pub async fn remove(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let found = find(&ports, &access, &id).await?;
    let mut batch = Batch::new();
    batch.delete_any(&EXPORTS, found.id.as_str());
    ports.documents.commit(batch).await?;
    // A run that is at it notices that its document is gone, and removes what it writes.
    let key = found.body.get("blobKey").and_then(Value::as_str).unwrap_or_default();
    match ports.blobs.delete(key).await {
        Err(error) if error.kind() != StoreErrorKind::Invalid => Err(error.into()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
