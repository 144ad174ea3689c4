//! What an import that was looked at first would change, and having it done.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use dzinza_domain::collections::{FAMILY_TREES, IMPORT_CHANGES};
use dzinza_domain::import;
use dzinza_ports::{Direction, Filter, Query};
use dzinza_web::{Edit, PageQuery, Paged, Problem, QueryParams, TreeAccess, retry_stale, timestamp};
use serde_json::{Value, json};

use super::{answer, find};
use crate::TreesPorts;

const PAGES: PageQuery = PageQuery { default: 50, max: 200 };

/// What an import that was looked at first would change, or has changed: a page of persons and records, in the order
/// of the file, each with its facts before and after. Long differences are cut, and only the first ten thousand are
/// kept; the counts in the import are complete.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/imports/{importId}/changes", tag = "gedcom", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("importId" = String, Path), ("kind" = Option<String>, Query, description = "`added`, `changed`, `missing` or `conflict`"), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "A page of changes"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such import for this caller")))]
pub async fn changes(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    find(&ports, access.id(), &id).await?;
    let page = PAGES.read(&query)?;
    let mut filter = Filter::eq("importId", id.as_str());
    if let Some(kind) = query.word(&["kind"], &["added", "changed", "missing", "conflict"])? {
        filter = filter.and(Filter::eq("kind", kind));
    }
    let total = ports.documents.count(&IMPORT_CHANGES, filter.clone()).await?;
    let in_order = Query::new(filter).sort("number", Direction::Ascending).skip(page.skip).limit(page.limit);
    let found = ports.documents.find(&IMPORT_CHANGES, in_order).await?;
    let shown = found.into_iter().map(|change| {
        let mut view = change.body;
        for key in ["familyTreeId", "importId"] {
            view.remove(key);
        }
        view.insert("id".into(), json!(change.id));
        Value::Object(view)
    });
    Ok(Json(Paged::new(page, total).body(&["changes", "items"], shown.collect())))
}

/// Has an import done that was looked at first. Persons are matched as they were shown; what was edited since then
/// stays as it was edited.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/imports/{importId}/apply", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("importId" = String, Path)),
    responses((status = 200, description = "Done"), (status = 202, description = "Being done"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such import for this caller"), (status = 409, description = "Nothing to confirm")))]
pub async fn apply(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (all, access_id, one) = (&ports, access.id(), &id);
    retry_stale(|| async move {
        let found = find(all, access_id, one).await?;
        let tree = all.documents.get(&FAMILY_TREES, access_id).await?;
        let tree = tree.ok_or_else(|| Problem::not_found("Family tree not found"))?;
        let message =
            "Only an import that has been looked at, and neither done nor given up, can be confirmed";
        let (_, batch) = import::confirm(&found, &tree, &timestamp(&all.clock))
            .ok_or_else(|| Problem::conflict(message))?;
        Ok(all.documents.commit(batch).await?)
    })
    .await?;
    answer(&ports, access.id(), &id).await
}
