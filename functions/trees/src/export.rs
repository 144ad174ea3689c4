//! GEDCOM out: streamed, for the eyes that ask for it.

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::gedcom::ExportOptions;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Batch, Body};
use dzinza_transfer::{ExportError, prepare};
use dzinza_web::{Problem, TreeAccess, View, timestamp};
use http::header as http_header;
use serde_json::{Value, json};

use crate::TreesPorts;

/// Downloads the tree as GEDCOM. Those who may only look get it without what they may not see.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/export/gedcom", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 200, description = "The file", content_type = "application/x-gedcom"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn download(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
) -> Result<Response, Problem> {
    let name = access.tree.body.get("name").and_then(Value::as_str).unwrap_or("family tree");
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{safe}_{}.ged\"", access.id());
    let options = ExportOptions::default();
    let prepared = prepare(ports.documents.clone(), &access.tree, access.viewer, options);
    let prepared = prepared.await.map_err(refused)?;
    if access.role >= TreeRole::Editor {
        let mut set = Body::new();
        set.insert("lastGedcomExport".into(), json!(timestamp(&ports.clock)));
        let mut batch = Batch::new();
        batch.adjust(&FAMILY_TREES, access.id(), Vec::new(), set);
        ports.documents.commit(batch).await?;
    }
    let headers = [
        (http_header::CONTENT_TYPE, "application/x-gedcom".to_owned()),
        (http_header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, HttpBody::from_stream(prepared.stream())).into_response())
}

/// What is said of an export that cannot be.
fn refused(error: ExportError) -> Problem {
    match error {
        ExportError::Store(error) => error.into(),
        ExportError::Root(_) => {
            Problem::field("root", "unknown_person", "root must be a person of this family tree")
        }
    }
}
