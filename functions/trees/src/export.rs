//! GEDCOM out, while the caller waits: streamed, for the eyes that ask for it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::export::ExportRequest;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Batch, Body};
use dzinza_transfer::{ExportError, LOSS_LIMIT, Made, Progress, Source, make};
use dzinza_web::{PageQuery, Paged, Problem, QueryParams, TreeAccess, View, timestamp};
use http::{HeaderName, header};
use serde_json::{Value, json};

use crate::TreesPorts;

const PAGES: PageQuery = PageQuery { default: 100, max: 1000 };
/// How many losses a file that was converted has.
const LOSSES: HeaderName = HeaderName::from_static("x-export-losses");

/// Downloads the tree, or a part of it, as GEDCOM. Those who may only look get it without what they may not see.
///
/// `version` is that of the tree's own file unless it is given. `living`: `show` (as far as the caller may), `reduce` (name
/// and facts go, places in families stay) or `omit`. `root` with `branch`: only the persons within so many `generations`.
/// A file that had to be converted says in `X-Export-Losses` how many lines the version could not say as they were.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/export/gedcom", tag = "gedcom", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("version" = Option<String>, Query, description = "5.5.1 or 7.0"), ("format" = Option<String>, Query, description = "gedcom or gedzip"), ("living" = Option<String>, Query, description = "show, reduce or omit"), ("root" = Option<String>, Query, description = "Id of the person a branch grows from"), ("branch" = Option<String>, Query, description = "ancestors, descendants or both"), ("generations" = Option<u32>, Query, minimum = 1, maximum = 1000), ("includeSources" = Option<bool>, Query), ("includeNotes" = Option<bool>, Query), ("includeMedia" = Option<bool>, Query)),
    responses((status = 200, description = "The file", content_type = "application/x-gedcom"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn download(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Response, Problem> {
    let request = asked(&query)?;
    let made = made(&ports, &access, &request).await?;
    if access.role >= TreeRole::Editor {
        let mut set = Body::new();
        set.insert("lastGedcomExport".into(), json!(timestamp(&ports.clock)));
        let mut batch = Batch::new();
        batch.adjust(&FAMILY_TREES, access.id(), Vec::new(), set);
        ports.documents.commit(batch).await?;
    }
    let (extension, media_type) = request.kind();
    let disposition = format!("attachment; filename=\"{}_{}.{extension}\"", safe_name(&access), access.id());
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    let mut response = (headers, HttpBody::from_stream(made.bytes)).into_response();
    if made.converted {
        response.headers_mut().insert(LOSSES, made.losses.total().into());
    }
    Ok(response)
}

/// Says what the file would lose in another version, without making it: the first 1000 in pages, and how many there are.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/export/gedcom/losses", tag = "gedcom", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("version" = Option<String>, Query, description = "5.5.1 or 7.0"), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000)),
    responses((status = 200, description = "A page of losses"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn losses(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let request = ExportRequest { zip: false, ..asked(&query)? };
    let made = made(&ports, &access, &request).await?;
    let all = made.losses.list();
    let shown = all.iter().skip(page.skip as usize).take(page.limit as usize).cloned().collect();
    let mut body = Paged::new(page, all.len().min(LOSS_LIMIT) as u64).body(&["losses", "items"], shown);
    body["total"] = json!(made.losses.total());
    Ok(Json(body))
}

/// What the query string asks for.
fn asked(query: &QueryParams) -> Result<ExportRequest, Problem> {
    let given =
        ExportRequest::FIELDS.iter().filter_map(|key| Some(((*key).to_owned(), json!(query.text(&[key])?))));
    Ok(ExportRequest::read(&given.collect())?)
}

async fn made(
    ports: &TreesPorts,
    access: &TreeAccess<View>,
    request: &ExportRequest,
) -> Result<Made, Problem> {
    let source = Source { documents: ports.documents.clone(), blobs: ports.blobs.clone() };
    let progress = Arc::new(Progress::default());
    make(&source, &access.tree, access.viewer, request, &progress).await.map_err(refused)
}

fn safe_name(access: &TreeAccess<View>) -> String {
    let name = access.tree.body.get("name").and_then(Value::as_str).unwrap_or("family tree");
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// The branch grows from nobody.
pub fn unknown_root() -> Problem {
    Problem::field("root", "unknown_person", "root must be a person of this family tree")
}

/// What is said of an export that cannot be.
fn refused(error: ExportError) -> Problem {
    match error {
        ExportError::Store(error) => error.into(),
        ExportError::Root(_) => unknown_root(),
        ExportError::Io(error) => {
            tracing::error!(error = %error, "an export could not be put together");
            Problem::internal()
        }
    }
}
