//! Removing what was kept for a time only: pieces of uploads, and what imports keep to be undone or confirmed.

use dzinza_domain::collections::{IMPORT_BACKUPS, IMPORT_CHANGES, IMPORTS, UPLOADS};
use dzinza_domain::import::{self, plan_key};
use dzinza_domain::upload;
use dzinza_ports::{Batch, Body, Document, Filter, Query, StoreErrorKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{JobError, JobsPorts, clear, now};

/// Documents a read.
const CHUNK: u32 = 100;
/// How long an import that was looked at waits to be confirmed.
const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Until when what just came to this state is kept: to be undone, or to be confirmed.
pub fn until(ports: &JobsPorts, status: &str) -> Option<String> {
    let window = match status {
        "completed" => SignedDuration::try_from(ports.undo_window).ok()?,
        "previewed" => CONFIRM_WITHIN,
        _ => return None,
    };
    Some(written(ports.clock.now().checked_add(window).ok()?))
}

fn written(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Those that nothing has been added to for a day.
pub async fn uploads(ports: &JobsPorts) -> Result<(), JobError> {
    remove_uploads(ports, Filter::Range("expiresAt", None, Some(json!(now(ports))))).await
}

/// Removes uploads with their pieces.
pub async fn remove_uploads(ports: &JobsPorts, filter: Filter) -> Result<(), JobError> {
    loop {
        let found = ports.documents.find(&UPLOADS, Query::new(filter.clone()).limit(CHUNK)).await?;
        if found.is_empty() {
            return Ok(());
        }
        for upload in found {
            let mut batch = Batch::new();
            batch.delete(&UPLOADS, &upload);
            match ports.documents.commit(batch).await {
                // Somebody goes on with it after all.
                Err(error) if error.kind() == StoreErrorKind::Stale => continue,
                result => result?,
            }
            for key in upload::blobs(&upload.body) {
                ports.blobs.delete(&key).await?;
            }
        }
    }
}

/// Imports that cannot be undone any more lose what was kept for it; those that nobody confirmed are given up.
pub async fn imports(ports: &JobsPorts) -> Result<(), JobError> {
    let over = Filter::Range("expiresAt", None, Some(json!(now(ports))));
    loop {
        let found = ports.documents.find(&IMPORTS, Query::new(over.clone()).limit(CHUNK)).await?;
        if found.is_empty() {
            return Ok(());
        }
        for import in found {
            expire(ports, &import).await?;
        }
    }
}

/// First it is said, so that nobody confirms or undoes it meanwhile; then what was kept goes. Cut off in between, the
/// next clean-up goes on, for it still finds the import.
async fn expire(ports: &JobsPorts, import: &Document) -> Result<(), JobError> {
    let mut body = import.body.clone();
    match import::status(&body) {
        "completed" => drop(body.insert("undoOver".into(), json!(true))),
        "previewed" => drop(body.insert("status".into(), json!("undone"))),
        _ => {}
    }
    if !replace(ports, import, body.clone()).await? {
        return Ok(());
    }
    forget(ports, &import.id, body.get("blobKey").and_then(Value::as_str)).await?;
    body.remove("expiresAt");
    let said = Document { version: import.version + 1, ..import.clone() };
    replace(ports, &said, body).await.map(drop)
}

/// `false` if somebody else was faster.
async fn replace(ports: &JobsPorts, import: &Document, body: Body) -> Result<bool, JobError> {
    let mut batch = Batch::new();
    batch.replace(&IMPORTS, import, body);
    match ports.documents.commit(batch).await {
        Err(error) if error.kind() == StoreErrorKind::Stale => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Removes the file, the plan, what would change and what was before.
pub async fn forget(ports: &JobsPorts, id: &str, blob_key: Option<&str>) -> Result<(), JobError> {
    for collection in [&IMPORT_CHANGES, &IMPORT_BACKUPS] {
        clear::remove_all(ports, collection, &Filter::eq("importId", id)).await?;
    }
    ports.blobs.delete(&plan_key(id)).await?;
    if let Some(key) = blob_key {
        ports.blobs.delete(key).await?;
    }
    Ok(())
}
