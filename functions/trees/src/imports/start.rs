//! Beginning an import: the file is kept, looked at, and queued.

use bytes::Bytes;
use dzinza_domain::collections::{FAMILY_TREES, IMPORTS};
use dzinza_domain::gedcom;
use dzinza_domain::import::{self, NewImport};
use dzinza_ports::{ByteStream, Direction, Document, Filter, Query, StoreErrorKind};
use dzinza_web::{Edit, Problem, QueryParams, TreeAccess, retry_stale, timestamp};
use futures::stream::TryStreamExt as _;
use serde_json::{Value, json};

use crate::TreesPorts;

/// So many earlier imports are asked whether they were of the same file.
const ASKED: u32 = 200;

/// A file to be imported.
pub struct Upload<'a> {
    /// Its name as the user knows it.
    pub file_name: &'a str,
    /// Its content.
    pub bytes: ByteStream,
}

/// How it is to be imported.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only say what would happen.
    pub dry_run: bool,
    /// Match what is there and change it; that is always looked at first.
    pub update: bool,
    /// The import that this is a newer version of.
    pub previous: Option<String>,
    /// Whether facts and links that the file no longer has go.
    pub remove_missing: bool,
    /// What the file's SHA-256 must be.
    pub sha256: Option<String>,
}

impl Options {
    /// Reads `mode`, `dryRun`, `previousImportId` and `removeMissing`.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn read(query: &QueryParams) -> Result<Self, Problem> {
        let update = query.word(&["mode"], &["add", "update"])? == Some("update");
        let previous = query.text(&["previousImportId"]).map(str::to_owned);
        let remove_missing = query.flag(&["removeMissing"])?.unwrap_or(false);
        if remove_missing && !update {
            let message = "removeMissing goes with mode=update only";
            return Err(Problem::field("removeMissing", "not_allowed", message));
        }
        let dry_run = query.flag(&["dryRun"])?.unwrap_or(false);
        Ok(Self { dry_run, update, previous, remove_missing, sha256: None })
    }
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
    start_import_with(ports, access, upload, &Options::default()).await
}

/// The same in another way than adding everything at once.
///
/// # Errors
/// Also if the file is not the one that was announced, or the earlier import is none of this tree.
pub async fn start_import_with(
    ports: &TreesPorts,
    access: &TreeAccess<Edit>,
    upload: Upload<'_>,
    options: &Options,
) -> Result<String, Problem> {
    let known = known_previous(ports, access, options).await?;
    let id = ports.ids.new_id();
    let key = format!("imports/{id}.ged");
    let file_name = upload.file_name;
    let info = ports.blobs.put(&key, "application/x-gedcom", upload.bytes).await.map_err(|error| {
        if error.kind() == StoreErrorKind::Invalid {
            return Problem::bad_request("The upload could not be read to its end");
        }
        error.into()
    })?;
    let queued = async {
        if options.sha256.as_ref().is_some_and(|sum| *sum != info.sha256) {
            let message = "What has come is not the file that was announced: its SHA-256 is another";
            return Err(Problem::field("sha256", "checksum_mismatch", message));
        }
        let source = check(ports, &key, info.size).await?;
        let new = NewImport {
            tree_id: access.id(),
            user_id: &access.caller.user_id,
            blob_key: &key,
            file_name,
            size: info.size,
        };
        let mut body = new.into_body(&timestamp(&ports.clock));
        let previous = match known {
            Some(known) => Some(known),
            None => latest_version(ports, access, file_name, &source).await?,
        };
        if let Some(previous) = previous {
            body.insert("newerVersionOf".into(), json!(previous.id));
            body.insert("lineage".into(), json!(import::lineage(&previous.id, &previous.body)));
        }
        for (key, value) in [
            ("source", source),
            ("mode", json!(if options.update { "update" } else { "add" })),
            ("removeMissing", json!(options.remove_missing)),
        ] {
            body.insert(key.into(), value);
        }
        let (ours, body, preview) = (&id, &body, options.dry_run || options.update);
        retry_stale(|| async move {
            let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?;
            let tree = tree.ok_or_else(|| Problem::not_found("Family tree not found"))?;
            let batch = if preview {
                import::begin_preview(ours, access.id(), body.clone())
            } else {
                import::begin(ours, &tree, body.clone())
            };
            Ok(ports.documents.commit(batch).await?)
        })
        .await
    };
    if let Err(problem) = queued.await {
        ports.blobs.delete(&key).await?;
        return Err(problem);
    }
    Ok(id)
}

/// Whether the file begins as GEDCOM does; the rest is the job's to read. Answers what it says of its source.
async fn check(ports: &TreesPorts, key: &str, size: u64) -> Result<Value, Problem> {
    let bad = |message: String| Problem::field("gedcomFile", "not_gedcom", message);
    if size == 0 {
        return Err(bad("The file is empty".to_owned()));
    }
    let range = Some(dzinza_ports::ByteRange { start: 0, end: 65_535 });
    let Some(read) = ports.blobs.get(key, range).await? else { return Err(Problem::internal()) };
    let beginning: Vec<Bytes> = read.bytes.try_collect().await?;
    let beginning = beginning.concat();
    gedcom::check_beginning(&beginning).map_err(bad)?;
    Ok(import::source_of(&beginning))
}

/// The earlier import that the caller names.
async fn known_previous(
    ports: &TreesPorts,
    access: &TreeAccess<Edit>,
    options: &Options,
) -> Result<Option<Document>, Problem> {
    let Some(id) = options.previous.as_deref() else { return Ok(None) };
    let found = ports.documents.get(&IMPORTS, id).await?.filter(|found| {
        found.body.get("familyTreeId") == Some(&json!(access.id()))
            && import::status(&found.body) == "completed"
    });
    let unknown = || {
        let message = "There is no complete import with this id in this tree";
        Problem::field("previousImportId", "unknown_import", message)
    };
    found.map(Some).ok_or_else(unknown)
}

/// The newest complete import of a file that looks like an earlier version of this one.
async fn latest_version(
    ports: &TreesPorts,
    access: &TreeAccess<Edit>,
    file_name: &str,
    source: &Value,
) -> Result<Option<Document>, Problem> {
    let own = Filter::eq("familyTreeId", access.id()).and(Filter::eq("status", "completed"));
    let newest = Query::new(own).sort("createdAt", Direction::Descending).limit(ASKED);
    let all = ports.documents.find(&IMPORTS, newest).await?;
    Ok(all.into_iter().find(|earlier| import::looks_like(&earlier.body, file_name, source)))
}
