//! GEDCOM in: an upload becomes a file and a job; how the job fares, and undoing it.

pub mod preview;
mod start;

use std::time::Duration;

use axum::Json;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::collections::{FAMILY_TREES, IMPORTS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::{import, tree};
use dzinza_ports::{Batch, Body, Direction, Document, Filter, Query, StoreError, StoreErrorKind};
use dzinza_web::{Edit, PageQuery, Paged, Problem, QueryParams, Retry, TreeAccess, retry_stale, timestamp};
use futures::stream::{self, StreamExt as _};
use http::StatusCode;
use serde_json::{Value, json};

use crate::TreesPorts;
use crate::schema::GedcomUpload;

pub use start::{Options, Upload, start_import, start_import_with};

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };

/// Uploads a GEDCOM file into the tree. A small one is answered when it is in; a large one with 202 and where to
/// look. `dryRun` only says what would happen; `mode=update` matches a newer version of a file with what is there,
/// and says what it would change: both are `previewed` until they are confirmed.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/import/gedcom", tag = "gedcom", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("dryRun" = Option<bool>, Query), ("mode" = Option<String>, Query, description = "`add` or `update`"), ("previousImportId" = Option<String>, Query), ("removeMissing" = Option<bool>, Query)),
    request_body(content = GedcomUpload, content_type = "multipart/form-data"),
    responses((status = 200, description = "Imported"), (status = 202, description = "Being imported"), (status = 400, description = "No file, or not GEDCOM"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller"), (status = 413, description = "Too large"), (status = 415, description = "Not multipart/form-data")))]
pub async fn upload(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    query: QueryParams,
    multipart: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Problem> {
    let options = Options::read(&query)?;
    let mut multipart = multipart.map_err(|_| {
        let message = "Send the file as multipart/form-data in the field gedcomFile";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
    })?;
    let unreadable = |error: axum::extract::multipart::MultipartError| {
        Problem::new(error.status(), "INVALID_UPLOAD", "The upload could not be read to its end")
    };
    let mut import = None;
    while let Some(field) = multipart.next_field().await.map_err(unreadable)? {
        let named = matches!(field.name(), Some("gedcomFile" | "gedcom_file" | "file"));
        if !named || import.is_some() {
            continue;
        }
        let file_name: String = field.file_name().unwrap_or("upload.ged").chars().take(255).collect();
        // The field borrows the request, a stored stream must not: hand the bytes through a channel of one.
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, StoreError>>(1);
        let bytes =
            stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) })
                .boxed();
        let pump = async {
            let mut field = field;
            loop {
                let piece = match field.chunk().await {
                    Ok(Some(piece)) => Ok(piece),
                    Ok(None) => break Ok(()),
                    Err(error) => {
                        let _ = sender
                            .send(Err(StoreError::new(StoreErrorKind::Invalid, "upload broke off")))
                            .await;
                        break Err(unreadable(error));
                    }
                };
                if sender.send(piece).await.is_err() {
                    break Ok(());
                }
            }
            .inspect(|()| drop(sender))
        };
        let upload = Upload { file_name: &file_name, bytes };
        let (pumped, started) = tokio::join!(pump, start_import_with(&ports, &access, upload, &options));
        pumped?;
        import = Some(started?);
    }
    let id =
        import.ok_or_else(|| Problem::field("gedcomFile", "required", "Choose a GEDCOM file to import"))?;
    answer(&ports, access.id(), &id).await
}

/// Waits a while for the import to end, or to be looked at.
pub async fn answer(ports: &TreesPorts, tree_id: &str, id: &str) -> Result<Response, Problem> {
    let mut waited = Duration::ZERO;
    let step = Duration::from_millis(25);
    loop {
        let import = find(ports, tree_id, id).await?;
        let mut body = import::view(id, &import.body);
        if import::is_settled(&import.body) {
            let message = match import::status(&import.body) {
                "completed" => "GEDCOM file imported successfully",
                "previewed" => "This is what the import would do. Nothing has been changed yet.",
                _ => return Err(refused(body)),
            };
            body.insert("message".into(), json!(message));
            return Ok((StatusCode::OK, Json(body)).into_response());
        }
        if waited >= ports.import_wait {
            body.insert("message".into(), json!("The GEDCOM file is being imported"));
            let location = format!("/api/family-trees/{tree_id}/imports/{id}");
            return Ok(
                (StatusCode::ACCEPTED, [(http::header::LOCATION, location)], Json(body)).into_response()
            );
        }
        tokio::time::sleep(step).await;
        waited += step;
    }
}

/// What is said of an import that failed. Only the file's own fault is the caller's.
fn refused(import: Body) -> Problem {
    let text = |key: &str| import.get(key).and_then(Value::as_str);
    let reason = text("error").unwrap_or("The GEDCOM file could not be imported").to_owned();
    let problem = if text("errorCode") == Some("unreadable") {
        Problem::field("gedcomFile", "not_gedcom", reason)
    } else {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "IMPORT_FAILED", reason)
    };
    problem.with("import", Value::Object(import))
}

async fn find(ports: &TreesPorts, tree_id: &str, id: &str) -> Result<Document, Problem> {
    let import = ports.documents.get(&IMPORTS, id).await?;
    let own = import.filter(|import| import.body.get("familyTreeId") == Some(&json!(tree_id)));
    own.ok_or_else(|| Problem::not_found("Import not found"))
}

/// Lists the imports of a tree, newest first, without their reports.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/imports", tag = "gedcom", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of imports"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
pub async fn list(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let filter = Filter::eq("familyTreeId", access.id());
    let total = ports.documents.count(&IMPORTS, filter.clone()).await?;
    let newest =
        Query::new(filter).sort("createdAt", Direction::Descending).skip(page.skip).limit(page.limit);
    let imports = ports.documents.find(&IMPORTS, newest).await?;
    let shown = imports.iter().map(|import| {
        let mut view = import::view(&import.id, &import.body);
        view.remove("report");
        Value::Object(view)
    });
    Ok(Json(Paged::new(page, total).body(&["imports", "items"], shown.collect())))
}

/// How an import fares: state, progress, and when it has ended the report with line numbers.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/imports/{importId}", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("importId" = String, Path)),
    responses((status = 200, description = "The import"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such import for this caller")))]
pub async fn show(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<Json<Body>, Problem> {
    let import = find(&ports, access.id(), &id).await?;
    Ok(Json(import::view(&id, &import.body)))
}

/// Undoes an import, stops one that is running, or gives up one that was only looked at. What it changed becomes what
/// it was, except where someone has edited it since. What it brought is out of sight at once and removed by a job;
/// persons that were edited since go too, their history stays.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/imports/{importId}", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("importId" = String, Path)),
    responses((status = 202, description = "Being undone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such import for this caller"), (status = 409, description = "Undone already, or too late")))]
pub async fn undo(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (ports, access, id) = (&ports, &access, &id);
    let body = retry_stale(|| async move {
        let found = find(ports, access.id(), id).await?;
        if matches!(import::status(&found.body), "undoing" | "undone" | "failed") {
            return Err(Retry::Problem(Problem::conflict("This import has been undone already")));
        }
        if import::is_undo_over(&found.body, ports.clock.now()) {
            let message = "It is too late to undo this import";
            return Err(Retry::Problem(Problem::new(StatusCode::CONFLICT, "UNDO_EXPIRED", message)));
        }
        let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?;
        let tree = tree.ok_or_else(|| Problem::not_found("Family tree not found"))?;
        let now = timestamp(&ports.clock);
        let mut import = found.body.clone();
        import.insert("status".into(), json!("undoing"));
        import.remove("expiresAt");
        import.insert("updatedAt".into(), json!(now));
        let mut body = tree::with_pending_import(&tree.body, id, true);
        body.insert("updatedAt".into(), json!(now));
        if import::status(&found.body) == "completed" {
            // Whoever adds or removes one of them meanwhile changes the tree, which was read before.
            let brought = Filter::eq("familyTreeId", access.id()).and(Filter::eq("importId", id.as_str()));
            let persons = ports.documents.count(&PEOPLE, brought.clone()).await?;
            let relationships = ports.documents.count(&RELATIONSHIPS, brought).await?;
            import::subtract(&mut import, &mut body, persons, relationships);
        }
        if let Some(root) = body.get("rootPersonId").and_then(Value::as_str) {
            let root = ports.documents.get(&PEOPLE, root).await?;
            if root.is_some_and(|root| root.body.get("importId") == Some(&json!(id))) {
                body.insert("rootPersonId".into(), Value::Null);
            }
        }
        let mut batch = Batch::new();
        batch.replace(&IMPORTS, &found, import.clone());
        batch.replace(&FAMILY_TREES, &tree, body);
        batch.job(import::job("undo-import", id));
        ports.documents.commit(batch).await?;
        Ok(import)
    })
    .await?;
    Ok((StatusCode::ACCEPTED, Json(import::view(id, &body))).into_response())
}
