//! GEDCOM in: an upload becomes a file and a job; how the job fares, and undoing it.

use std::time::Duration;

use axum::Json;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::collections::{FAMILY_TREES, IMPORTS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::import::{self, NewImport};
use dzinza_domain::{gedcom, tree};
use dzinza_ports::{Batch, Body, ByteStream, Direction, Document, Filter, Query, StoreError, StoreErrorKind};
use dzinza_web::{Edit, PageQuery, Paged, Problem, QueryParams, Retry, TreeAccess, retry_stale, timestamp};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use serde_json::{Value, json};

use crate::TreesPorts;
use crate::schema::GedcomUpload;

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };

/// Uploads a GEDCOM file into the tree. A small one is answered when it is in; a large one with 202 and where to
/// look.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/import/gedcom", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    request_body(content = GedcomUpload, content_type = "multipart/form-data"),
    responses((status = 200, description = "Imported"), (status = 202, description = "Being imported"), (status = 400, description = "No file, or not GEDCOM"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller"), (status = 413, description = "Too large"), (status = 415, description = "Not multipart/form-data")))]
pub async fn upload(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    multipart: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Problem> {
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
        let (pumped, started) = tokio::join!(pump, start_import(&ports, &access, upload));
        pumped?;
        import = Some(started?);
    }
    let id =
        import.ok_or_else(|| Problem::field("gedcomFile", "required", "Choose a GEDCOM file to import"))?;
    answer(&ports, &access, &id).await
}

/// A file to be imported.
pub struct Upload<'a> {
    /// Its name as the user knows it.
    pub file_name: &'a str,
    /// Its content.
    pub bytes: ByteStream,
}

/// Keeps the file, and queues its import; answers the import's id. Nothing of it can be seen before it is complete.
///
/// # Errors
/// 400 if it is not GEDCOM.
pub async fn start_import(
    ports: &TreesPorts,
    access: &TreeAccess<Edit>,
    upload: Upload<'_>,
) -> Result<String, Problem> {
    let id = ports.ids.new_id();
    let key = format!("imports/{id}.ged");
    let info = ports.blobs.put(&key, "application/x-gedcom", upload.bytes).await.map_err(|error| {
        if error.kind() == StoreErrorKind::Invalid {
            return Problem::bad_request("The upload could not be read to its end");
        }
        error.into()
    })?;
    if let Err(problem) = check(ports, &key, info.size).await {
        ports.blobs.delete(&key).await?;
        return Err(problem);
    }
    let new = NewImport {
        tree_id: access.id(),
        user_id: &access.caller.user_id,
        blob_key: &key,
        file_name: upload.file_name,
        size: info.size,
    };
    let body = new.into_body(&timestamp(&ports.clock));
    let (ours, body) = (&id, &body);
    let queued = retry_stale(|| async move {
        let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?;
        let tree = tree.ok_or_else(|| Problem::not_found("Family tree not found"))?;
        ports.documents.commit(import::begin(ours, &tree, body.clone())).await?;
        Ok(())
    });
    if let Err(problem) = queued.await {
        ports.blobs.delete(&key).await?;
        return Err(problem);
    }
    Ok(id)
}

/// Whether the file begins as GEDCOM does; the rest is the job's to read.
async fn check(ports: &TreesPorts, key: &str, size: u64) -> Result<(), Problem> {
    let bad = |message: String| Problem::field("gedcomFile", "not_gedcom", message);
    if size == 0 {
        return Err(bad("The file is empty".to_owned()));
    }
    let range = Some(dzinza_ports::ByteRange { start: 0, end: 65_535 });
    let Some(read) = ports.blobs.get(key, range).await? else { return Err(Problem::internal()) };
    let beginning: Vec<Bytes> = read.bytes.try_collect().await?;
    let beginning = beginning.concat();
    gedcom::check_beginning(&beginning).map_err(bad)
}

/// Waits a while for the import to end.
async fn answer(ports: &TreesPorts, access: &TreeAccess<Edit>, id: &str) -> Result<Response, Problem> {
    let mut waited = Duration::ZERO;
    let step = Duration::from_millis(25);
    loop {
        let import = find(ports, access.id(), id).await?;
        let mut body = import::view(id, &import.body);
        if import::is_settled(&import.body) {
            if import::status(&import.body) != "completed" {
                return Err(refused(body));
            }
            body.insert("message".into(), json!("GEDCOM file imported successfully"));
            return Ok((StatusCode::OK, Json(body)).into_response());
        }
        if waited >= ports.import_wait {
            body.insert("message".into(), json!("The GEDCOM file is being imported"));
            let location = format!("/api/family-trees/{}/imports/{id}", access.id());
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

/// Undoes an import, or stops one that is running. What it brought is out of sight at once and removed by a job;
/// persons that were edited since go too, their history stays.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/imports/{importId}", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("importId" = String, Path)),
    responses((status = 202, description = "Being undone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such import for this caller"), (status = 409, description = "Undone already")))]
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
        let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?;
        let tree = tree.ok_or_else(|| Problem::not_found("Family tree not found"))?;
        let now = timestamp(&ports.clock);
        let mut import = found.body.clone();
        import.insert("status".into(), json!("undoing"));
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
