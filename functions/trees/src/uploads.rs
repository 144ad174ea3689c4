//! Files in pieces: tus 1.0 (core, creation, expiration, termination), so that existing clients can send them, with
//! the errors and bodies of this API. A piece is there whole or not at all.
//!
//! See <https://tus.io/protocols/resumable-upload>.

mod direct;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dzinza_domain::collections::UPLOADS;
use dzinza_domain::fields::bool_value;
use dzinza_domain::upload::{
    self, Chunk, LIFETIME_HOURS, MAX_CHUNKS, MAX_OPEN, MAX_OPEN_BYTES, MAX_SIZE, NewUpload,
};
use dzinza_ports::{Batch, Body, ByteStream, Document, Filter, Query, StoreError, StoreErrorKind};
use dzinza_web::{Edit, JsonBody, Problem, QueryParams, Retry, TreeAccess, retry_stale, timestamp};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use serde_json::Value;

use crate::TreesPorts;
use crate::imports::{Options, Upload, answer, start_import_with};
use crate::schema::UploadInput;

const TUS: &str = "1.0.0";
const CHUNK_TYPE: &str = "application/offset+octet-stream";

/// Announces a file that will come in pieces: by `Upload-Length` and `Upload-Metadata` (`filename`, `sha256`) as tus
/// has it, or as JSON. The file is then sent with PATCH, in pieces of at most 10 MiB. With `direct` the answer also has
/// `direct`: `url`, `method`, `headers` and `expiresAt` of a request that sends all of it at once, however large.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/uploads", tag = "uploads", security(("bearer" = []), ("cookie" = [])), request_body = UploadInput,
    params(("treeId" = String, Path), ("Upload-Length" = Option<u64>, Header, description = "Bytes of the whole file"), ("Upload-Metadata" = Option<String>, Header, description = "tus metadata: filename, sha256"), ("Tus-Resumable" = Option<String>, Header)),
    responses((status = 201, description = "Announced; Location is where to send it"), (status = 400, description = "No size, or a bad one"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller"), (status = 409, description = "Too many unfinished uploads"), (status = 412, description = "Another version of tus"), (status = 413, description = "Too large")))]
pub async fn create(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    speaks_tus(&headers)?;
    let wanted = Wanted::read(&headers, &input)?;
    let id = ports.ids.new_id();
    let offer = if wanted.direct { Some(direct::offer(&ports, &id, &wanted).await?) } else { None };
    let (ports, access, id, wanted, offer) = (&ports, &access, &id, &wanted, offer.as_ref());
    let body = retry_stale(|| async move {
        let user = access.caller.user_id.as_str();
        // Read first: whoever announces another one meanwhile has changed it.
        let guard_id = format!("user:{user}");
        let guard = ports.documents.get(&UPLOADS, &guard_id).await?;
        let own = Query::new(Filter::eq("userId", user)).limit(MAX_OPEN as u32 + 1);
        let open = ports.documents.find(&UPLOADS, own).await?;
        let bytes: u64 = open.iter().map(|one| upload::size(&one.body)).sum();
        if open.len() >= MAX_OPEN || bytes + wanted.size > MAX_OPEN_BYTES {
            let message = "You have too many unfinished uploads. Finish or delete one first.";
            return Err(Problem::new(StatusCode::CONFLICT, "TOO_MANY_UPLOADS", message).into());
        }
        let new = NewUpload {
            tree_id: access.id(),
            user_id: user,
            file_name: &wanted.file_name,
            size: wanted.size,
            sha256: wanted.sha256.as_deref(),
            signed: offer.map(|offer| offer.signed.clone()),
        };
        let body = new.into_body(&timestamp(&ports.clock), &expires(ports));
        let mut batch = Batch::new();
        match &guard {
            Some(guard) => batch.replace(&UPLOADS, guard, Body::new()),
            None => batch.insert(&UPLOADS, guard_id, Body::new()),
        }
        batch.insert(&UPLOADS, id.as_str(), body.clone());
        match ports.documents.commit(batch).await {
            Err(error) if error.kind() == StoreErrorKind::Conflict => Err(Retry::Stale),
            result => Ok(result.map(|()| body)?),
        }
    })
    .await?;
    let mut view = upload::view(id, &body);
    if let Some(offer) = offer {
        view.insert("direct".into(), offer.view());
    }
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    let location = format!("/api/family-trees/{}/uploads/{id}", access.id());
    set(response.headers_mut(), header::LOCATION, &location);
    describe(response.headers_mut(), &body);
    Ok(response)
}

/// How much of a file has come: in the body, and in `Upload-Offset` (also for HEAD).
#[utoipa::path(get, path = "/api/family-trees/{treeId}/uploads/{uploadId}", tag = "uploads", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("uploadId" = String, Path)),
    responses((status = 200, description = "The upload"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such upload of this caller"), (status = 412, description = "Another version of tus")))]
pub async fn show(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    speaks_tus(&headers)?;
    let found = direct::arrived(&ports, find(&ports, &access, &id).await?).await?;
    let mut response = Json(upload::view(&id, &found.body)).into_response();
    describe(response.headers_mut(), &found.body);
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    Ok(response)
}

/// Adds a piece at `Upload-Offset`. The last piece may come again; at any other place the answer is 409 with the
/// right offset. `Upload-Checksum` is not needed: what is kept is compared at the end with the announced SHA-256.
#[utoipa::path(patch, path = "/api/family-trees/{treeId}/uploads/{uploadId}", tag = "uploads", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("uploadId" = String, Path), ("Upload-Offset" = u64, Header), ("Tus-Resumable" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Added; Upload-Offset is where to go on"), (status = 400, description = "No offset, or more than was announced"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such upload of this caller"), (status = 409, description = "Another offset is due"), (status = 412, description = "Another version of tus"), (status = 413, description = "The piece is too large"), (status = 415, description = "Not application/offset+octet-stream")))]
pub async fn append(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let found = find(&ports, &access, &id).await?;
    speaks_tus(request.headers())?;
    let at = offset_of(request.headers())?;
    let due = upload::offset(&found.body);
    let last = upload::chunks(&found.body).last().map_or(0, |chunk| chunk.size);
    let again = at < due && at + last == due;
    if at != due && !again {
        return Err(elsewhere(due));
    }
    if !again && upload::chunks(&found.body).len() >= MAX_CHUNKS {
        let message = format!("An upload has at most {MAX_CHUNKS} pieces; begin again with larger ones");
        return Err(Problem::field("body", "too_many_pieces", message));
    }
    let key = format!("uploads/{id}/{at}-{}", ports.ids.new_id());
    let room = if again { last } else { upload::size(&found.body) - due };
    let bytes = bounded(request.into_body(), room);
    let info = ports.blobs.put(&key, "application/octet-stream", bytes).await.map_err(|error| {
        if error.kind() == StoreErrorKind::Invalid {
            let message = "The piece broke off, or is more than was announced";
            return Problem::field("body", "invalid_piece", message);
        }
        error.into()
    })?;
    let chunk = Chunk { key, size: info.size, sha256: info.sha256 };
    let kept = keep(&ports, &found, at, &chunk).await;
    if !matches!(kept, Ok((_, true))) {
        ports.blobs.delete(&chunk.key).await?;
    }
    let (body, _) = kept?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    describe(response.headers_mut(), &body);
    Ok(response)
}

/// Notes a piece that was stored; whether it is a new one.
async fn keep(ports: &TreesPorts, found: &Document, at: u64, chunk: &Chunk) -> Result<(Body, bool), Problem> {
    let due = upload::offset(&found.body);
    if at < due {
        let again = upload::is_repeat(&found.body, at, chunk.size, &chunk.sha256);
        return if again { Ok((found.body.clone(), false)) } else { Err(elsewhere(due)) };
    }
    if chunk.size == 0 {
        return Ok((found.body.clone(), false));
    }
    let body = upload::with_chunk(&found.body, chunk, &timestamp(&ports.clock), &expires(ports));
    let mut batch = Batch::new();
    batch.replace(&UPLOADS, found, body.clone());
    match ports.documents.commit(batch).await {
        Ok(()) => Ok((body, true)),
        Err(error) if error.kind() == StoreErrorKind::Stale => {
            let now = ports.documents.get(&UPLOADS, &found.id).await?;
            Err(elsewhere(now.map_or(0, |now| upload::offset(&now.body))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives an upload up and removes what has come of it.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/uploads/{uploadId}", tag = "uploads", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("uploadId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such upload of this caller")))]
pub async fn remove(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = find(&ports, &access, &id).await?;
    forget(&ports, &found).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set(response.headers_mut(), HeaderName::from_static("tus-resumable"), TUS);
    Ok(response)
}

/// Imports a file that has come whole; takes the same parameters as an upload in one piece, and answers alike.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/uploads/{uploadId}/import", tag = "uploads", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("uploadId" = String, Path), ("dryRun" = Option<bool>, Query), ("mode" = Option<String>, Query, description = "`add` or `update`"), ("previousImportId" = Option<String>, Query), ("removeMissing" = Option<bool>, Query)),
    responses((status = 200, description = "Imported, or what the import would do"), (status = 202, description = "Being imported"), (status = 400, description = "Not GEDCOM, or not the file that was announced"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such upload of this caller"), (status = 409, description = "Parts of it are missing")))]
pub async fn import(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    Path((_tree, id)): Path<(String, String)>,
    query: QueryParams,
) -> Result<Response, Problem> {
    let found = find(&ports, &access, &id).await?;
    let options = Options::read(&query)?;
    let found = direct::arrived(&ports, found).await?;
    let (offset, size) = (upload::offset(&found.body), upload::size(&found.body));
    if offset != size {
        let message = format!("Only {offset} of {size} bytes have come so far");
        let problem = Problem::new(StatusCode::CONFLICT, "UPLOAD_INCOMPLETE", message);
        return Err(problem.with("offset", offset));
    }
    let text = |key: &str| found.body.get(key).and_then(Value::as_str);
    let file = Upload { file_name: text("fileName").unwrap_or("upload.ged"), bytes: joined(&ports, &found) };
    let options = Options { sha256: text("sha256").map(str::to_owned), ..options };
    let import = start_import_with(&ports, &access, file, &options).await?;
    forget(&ports, &found).await?;
    answer(&ports, access.id(), &import).await
}

/// The pieces one after the other.
fn joined(ports: &TreesPorts, upload: &Document) -> ByteStream {
    let blobs = ports.blobs.clone();
    let pieces = stream::iter(upload::chunks(&upload.body)).then(move |chunk| {
        let blobs = blobs.clone();
        async move {
            let gone = || StoreError::new(StoreErrorKind::Corrupt, "a piece of an upload is gone");
            Ok::<_, StoreError>(blobs.get(&chunk.key, None).await?.ok_or_else(gone)?.bytes)
        }
    });
    pieces.try_flatten().boxed()
}

async fn forget(ports: &TreesPorts, upload: &Document) -> Result<(), Problem> {
    let mut batch = Batch::new();
    // As it was read: a piece that comes meanwhile would be left lying.
    match upload::over(&upload.body, &timestamp(&ports.clock)) {
        Some(rest) => batch.replace(&UPLOADS, upload, rest),
        None => batch.delete(&UPLOADS, upload),
    }
    ports.documents.commit(batch).await?;
    for key in upload::blobs(&upload.body) {
        ports.blobs.delete(&key).await?;
    }
    Ok(())
}

/// An upload of this caller to this tree.
async fn find(ports: &TreesPorts, access: &TreeAccess<Edit>, id: &str) -> Result<Document, Problem> {
    let found = ports.documents.get(&UPLOADS, id).await?;
    let now = timestamp(&ports.clock);
    let usable = |found: &Document| {
        let text = |key: &str| found.body.get(key).and_then(Value::as_str);
        text("familyTreeId") == Some(access.id())
            && text("userId") == Some(&access.caller.user_id)
            && text("expiresAt") > Some(now.as_str())
            && !upload::is_over(&found.body)
    };
    found.filter(usable).ok_or_else(|| Problem::not_found("Upload not found"))
}

/// What was announced.
struct Wanted {
    file_name: String,
    size: u64,
    sha256: Option<String>,
    direct: bool,
}

impl Wanted {
    fn read(headers: &HeaderMap, input: &Body) -> Result<Self, Problem> {
        let metadata = metadata(headers)?;
        let given = |names: &[&str], key: &str| {
            let named = metadata.iter().find(|(name, _)| names.contains(&name.as_str()));
            named.map(|(_, value)| value.clone()).or_else(|| input.get(key)?.as_str().map(str::to_owned))
        };
        let size = match headers.get("upload-length") {
            Some(length) => length.to_str().ok().and_then(|text| text.parse().ok()),
            None => input.get("size").and_then(Value::as_u64),
        };
        let size: u64 = size.ok_or_else(|| {
            Problem::field(
                "size",
                "required",
                "Say with Upload-Length, or size, how many bytes there will be",
            )
        })?;
        if size == 0 {
            return Err(Problem::field("size", "out_of_range", "The file is empty"));
        }
        if size > MAX_SIZE {
            return Err(Problem::too_large(MAX_SIZE));
        }
        let sha256 = given(&["sha256"], "sha256").map(|text| text.trim().to_ascii_lowercase());
        if sha256.as_ref().is_some_and(|sum| sum.len() != 64 || !sum.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(Problem::field("sha256", "invalid", "sha256 must be 64 hexadecimal digits"));
        }
        let direct = bool_value(input.get("direct"), "direct")?;
        let direct = direct == Some(Value::Bool(true));
        let name = given(&["filename", "name"], "name").unwrap_or_default();
        let file_name: String = name.trim().chars().filter(|c| !c.is_control()).take(255).collect();
        let file_name = if file_name.is_empty() { "upload.ged".to_owned() } else { file_name };
        Ok(Self { file_name, size, sha256, direct })
    }
}

/// `Upload-Metadata`: pairs of a name and its value in Base64, separated by commas.
fn metadata(headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let Some(text) = headers.get("upload-metadata") else { return Ok(Vec::new()) };
    let bad = || Problem::field("Upload-Metadata", "invalid", "Upload-Metadata is not as tus has it");
    let pairs = text.to_str().map_err(|_| bad())?.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let read = pairs.map(|pair| {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let bytes = BASE64_STANDARD.decode(value.trim()).map_err(|_| bad())?;
        Ok((name.to_ascii_lowercase(), String::from_utf8(bytes).map_err(|_| bad())?))
    });
    read.collect()
}

fn offset_of(headers: &HeaderMap) -> Result<u64, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case(CHUNK_TYPE) {
        let message = format!("Send the piece as {CHUNK_TYPE}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let offset = headers.get("upload-offset").and_then(|text| text.to_str().ok()?.parse().ok());
    offset.filter(|offset| *offset <= MAX_SIZE).ok_or_else(|| {
        Problem::field("Upload-Offset", "required", "Say with Upload-Offset where the piece belongs")
    })
}

/// A version that is named must be ours; clients that do not speak tus name none.
fn speaks_tus(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("tus-resumable").is_none_or(|version| version == TUS) {
        return Ok(());
    }
    let message = format!("This address speaks tus {TUS}");
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "TUS_VERSION", message).with("tusVersion", TUS))
}

fn elsewhere(due: u64) -> Problem {
    let message = format!("The next piece begins at {due}");
    Problem::new(StatusCode::CONFLICT, "OFFSET_MISMATCH", message).with("offset", due)
}

/// The body as a stream that breaks off rather than run over `room` bytes.
fn bounded(body: axum::body::Body, room: u64) -> ByteStream {
    let broken = |context| StoreError::new(StoreErrorKind::Invalid, context);
    let bytes = body.into_data_stream().map_err(move |_| broken("the piece broke off"));
    let mut left = room;
    bytes
        .and_then(move |bytes| {
            let fits = left.checked_sub(bytes.len() as u64);
            left = fits.unwrap_or(0);
            std::future::ready(fits.map(|_| bytes).ok_or_else(|| broken("more than was announced")))
        })
        .boxed()
}

/// Uploads that nothing is added to are kept until then.
fn expires(ports: &TreesPorts) -> String {
    format!("{:.6}", ports.clock.now() + SignedDuration::from_hours(LIFETIME_HOURS))
}

/// What tus says in headers.
fn describe(headers: &mut HeaderMap, upload: &Body) {
    let (offset, size) = (upload::offset(upload).to_string(), upload::size(upload).to_string());
    for (name, value) in [("tus-resumable", TUS), ("upload-offset", &offset), ("upload-length", &size)] {
        set(headers, HeaderName::from_static(name), value);
    }
    let expires = upload.get("expiresAt").and_then(|at| at.as_str()?.parse::<jiff::Timestamp>().ok());
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    if let Some(text) = expires.and_then(|at| printer.timestamp_to_rfc9110_string(&at).ok()) {
        set(headers, HeaderName::from_static("upload-expires"), &text);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
