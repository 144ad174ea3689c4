//! A whole tree out as an archive, and in again as a new tree.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use axum::Json;
use axum::body::{Body as HttpBody, BodyDataStream};
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_archive::{Allowed, ArchiveError, Sources, TreePorts, What};
use dzinza_domain::tree::{self, TreeRole};
use dzinza_web::{Caller, Own, Problem, TreeAccess};
use futures::TryStreamExt as _;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use crate::TreesPorts;
use crate::schema::ArchiveUpload;

const ZIP: &str = "application/zip";

/// Downloads everything of the tree as one archive: persons, relationships, records, histories, events, reports of
/// imports and files. What it is like is described in `docs/archive-format.md`.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/export/archive", tag = "trees", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 200, description = "The archive", content_type = "application/zip"), (status = 401, description = "Not signed in"), (status = 403, description = "Only the owner"), (status = 404, description = "No such tree for this caller")))]
pub async fn download(State(ports): State<TreesPorts>, access: TreeAccess<Own>) -> Result<Response, Problem> {
    let sources =
        Sources { archives: ports.archives.clone(), blobs: ports.blobs.clone(), clock: ports.clock.clone() };
    // Whole before the first byte goes out: a slow reader must not hold the moment, and an error is one.
    let file = scratch()?;
    let written = file.try_clone().map_err(broken)?;
    dzinza_archive::write(&sources, What::Tree(access.id()), written).await.map_err(failed)?;
    let file = rewound(file).await?;
    let length = file.metadata().map_err(broken)?.len();
    let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 1 << 16);
    let headers = [
        (header::CONTENT_TYPE, ZIP.to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(&access))),
    ];
    Ok((headers, HttpBody::from_stream(bytes)).into_response())
}

/// Makes a new tree of the caller's from the archive of a tree: with new ids, without its collaborators, and unseen
/// until it is complete. The archive comes as the body (`application/zip`), or as multipart/form-data in the field
/// `archive`.
#[utoipa::path(post, path = "/api/family-trees/restore", tag = "trees", security(("bearer" = []), ("cookie" = [])),
    request_body(content = ArchiveUpload, content_type = "multipart/form-data"),
    responses((status = 201, description = "The tree"), (status = 400, description = "Not the archive of a tree, damaged, or too large unpacked"), (status = 401, description = "Not signed in"), (status = 413, description = "Too large"), (status = 415, description = "Neither application/zip nor multipart/form-data")))]
pub async fn restore(
    State(ports): State<TreesPorts>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let file = received(request).await?;
    let tree_ports = TreePorts {
        documents: ports.documents.clone(),
        blobs: ports.blobs.clone(),
        clock: ports.clock.clone(),
    };
    // On a task of its own: a caller who goes away leaves a whole tree or none.
    let owner = caller.user_id.clone();
    let restoring = tokio::spawn(async move {
        dzinza_archive::restore_tree(file, Allowed::UPLOAD, &tree_ports, &owner).await
    });
    let restored = restoring.await.map_err(|_| Problem::internal())?.map_err(failed)?;
    let mut view = Value::Object(tree::view(&restored.id, &restored.body, TreeRole::Owner));
    view["restored"] = json!({ "documents": restored.documents, "files": restored.blobs });
    Ok((StatusCode::CREATED, Json(view)))
}

fn file_name(access: &TreeAccess<Own>) -> String {
    let name = access.tree.body.get("name").and_then(Value::as_str).unwrap_or("family tree");
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    format!("{safe}_{}.dzinza.zip", access.id())
}

/// The archive in a file that nobody else sees.
async fn received(request: Request) -> Result<File, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut file = scratch()?;
    if kind == "multipart/form-data" {
        let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| unsupported())?;
        while let Some(mut field) =
            multipart.next_field().await.map_err(|error| unfinished(error.status()))?
        {
            if !matches!(field.name(), Some("archive" | "file")) {
                continue;
            }
            while let Some(bytes) = field.chunk().await.map_err(|error| unfinished(error.status()))? {
                file = append(file, bytes).await?;
            }
            return present(file).await;
        }
        return Err(missing());
    }
    if !matches!(kind.as_str(), ZIP | "application/octet-stream") {
        return Err(unsupported());
    }
    let mut body: BodyDataStream = request.into_body().into_data_stream();
    while let Some(bytes) = body.try_next().await.map_err(|_| unfinished(StatusCode::BAD_REQUEST))? {
        file = append(file, bytes).await?;
    }
    present(file).await
}

async fn present(file: File) -> Result<File, Problem> {
    let file = rewound(file).await?;
    if file.metadata().map_err(broken)?.len() == 0 { Err(missing()) } else { Ok(file) }
}

fn missing() -> Problem {
    Problem::field("archive", "required", "Choose the archive of a family tree to restore")
}

fn unsupported() -> Problem {
    let message = "Send the archive as application/zip, or as multipart/form-data in the field archive";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
}

fn unfinished(status: StatusCode) -> Problem {
    Problem::new(status, "INVALID_UPLOAD", "The upload could not be read to its end")
}

fn failed(error: ArchiveError) -> Problem {
    match error {
        ArchiveError::Refused(reason) => Problem::field("archive", "not_restorable", reason),
        ArchiveError::Store(error) => error.into(),
        ArchiveError::Io(error) => broken(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: std::io::Error) -> Problem {
    tracing::error!(%error, "an archive could not be kept in the temporary folder");
    Problem::internal()
}

fn scratch() -> Result<File, Problem> {
    tempfile::tempfile().map_err(broken)
}

async fn append(mut file: File, bytes: Bytes) -> Result<File, Problem> {
    blocking(move || file.write_all(&bytes).map(|()| file)).await
}

async fn rewound(mut file: File) -> Result<File, Problem> {
    blocking(move || file.seek(SeekFrom::Start(0)).map(|_| file)).await
}

async fn blocking(work: impl FnOnce() -> std::io::Result<File> + Send + 'static) -> Result<File, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())?.map_err(broken)
}
