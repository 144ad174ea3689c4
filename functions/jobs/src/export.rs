//! Making an export that somebody asked for.
//!
//! Every run writes the whole file, which is there when it is complete and not before, so that a run that begins again
//! does no harm; the document, replaced at the version this run knows, says which run is ahead.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::account_export;
use dzinza_domain::collections::{EXPORTS, FAMILY_TREES, NOTIFICATIONS};
use dzinza_domain::export::{self, ExportRequest};
use dzinza_domain::notification::NewNotification;
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree;
use dzinza_ports::{Batch, Body, Document, Filter, Message, Query, StoreErrorKind};
use dzinza_transfer::{ExportError, Made, Progress, Source, make};
use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::recover::silence;
use crate::{DEAD_AFTER, JobError, JobsPorts, MAX_FAILURES, MAX_INTERRUPTIONS, now};

/// A run says at least this often that it lives.
pub const BEAT: Duration = Duration::from_secs(2);

/// An export as one run holds it.
pub struct Held<'p> {
    /// What the run needs.
    pub ports: &'p JobsPorts,
    /// As this run knows it.
    pub document: Document,
}

impl Held<'_> {
    /// A text of the document.
    pub fn text(&self, key: &str) -> &str {
        self.document.body.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, key: &str) -> u64 {
        self.document.body.get(key).and_then(Value::as_u64).unwrap_or(0)
    }

    /// Sets a field, to be saved.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.document.body.insert(key.to_owned(), value.into());
    }

    /// Writes the batch and the document.
    pub async fn save(&mut self, mut batch: Batch) -> Result<(), JobError> {
        self.set("updatedAt", now(self.ports));
        batch.replace(&EXPORTS, &self.document, self.document.body.clone());
        match self.ports.documents.commit(batch).await {
            Ok(()) => {
                self.document.version += 1;
                Ok(())
            }
            Err(error) if error.kind() == StoreErrorKind::Stale => Err(JobError::Overtaken),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why there is no file, and never will be: a word for programs, and a sentence.
type Refusal = (&'static str, &'static str);

/// Runs an export to its end.
pub async fn run(ports: &JobsPorts, id: &str, message: &Message) -> Result<(), JobError> {
    let Some(mut held) = start(ports, id, message).await? else { return Ok(()) };
    let attempt = AssertUnwindSafe(attempt(&mut held)).catch_unwind().await;
    let panicked = |_| Err(JobError::Io(std::io::Error::other("the export panicked")));
    match attempt.unwrap_or_else(panicked) {
        Ok(()) => Ok(()),
        Err(JobError::Overtaken) => {
            // Deleted meanwhile: nobody would ever look for what was written.
            if ports.documents.get(&EXPORTS, id).await?.is_none() {
                ports.blobs.delete(held.text("blobKey")).await?;
            }
            Err(JobError::Overtaken)
        }
        Err(error) => {
            held.set("failures", held.number("failures") + 1);
            if held.number("failures") >= MAX_FAILURES {
                tracing::error!(export = id, error = %error, "export given up");
                return fail(&mut held, ("gave_up", "The export could not be made. Please try again.")).await;
            }
            held.set("status", "queued");
            held.save(Batch::new()).await?;
            Err(error)
        }
    }
}

/// Takes the export for this run, unless it is over or another run is at it.
async fn start<'p>(ports: &'p JobsPorts, id: &str, message: &Message) -> Result<Option<Held<'p>>, JobError> {
    let Some(document) = ports.documents.get(&EXPORTS, id).await? else { return Ok(None) };
    let mut held = Held { ports, document };
    match export::status(&held.document.body) {
        "queued" => {}
        "running" => {
            let quiet = silence(&held.document.body, ports.clock.now());
            if held.text("runBy") != message.id && quiet < DEAD_AFTER {
                return Ok(None);
            }
        }
        _ => return Ok(None),
    }
    held.set("status", "running");
    held.set("runBy", message.id.as_str());
    held.set("runs", held.number("runs") + 1);
    held.document.body.remove("requeued");
    match held.save(Batch::new()).await {
        Ok(()) => Ok(Some(held)),
        Err(JobError::Overtaken) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn attempt(held: &mut Held<'_>) -> Result<(), JobError> {
    if held.number("runs") > MAX_INTERRUPTIONS {
        return fail(held, ("interrupted", "The export was interrupted again and again. Please try again."))
            .await;
    }
    if account_export::is_account(&held.document.body) {
        return crate::account_export::attempt(held).await;
    }
    let (tree, viewer) = match rights(held).await? {
        Ok(rights) => rights,
        Err(refusal) => return fail(held, refusal).await,
    };
    let asked = held.document.body.get("request").and_then(Value::as_object);
    let Some(request) = asked.and_then(|asked| ExportRequest::read(asked).ok()) else {
        return fail(held, ("invalid", "The export was asked for in a way that is not understood")).await;
    };
    let source = Source { documents: held.ports.documents.clone(), blobs: held.ports.blobs.clone() };
    let (progress, key) = (Arc::new(Progress::default()), held.text("blobKey").to_owned());
    let (_, media_type) = request.kind();
    let (blobs, told) = (held.ports.blobs.clone(), progress.clone());
    let writing = async move {
        let Made { bytes, losses, .. } = make(&source, &tree, viewer, &request, &told).await?;
        Ok::<_, ExportError>((blobs.put(&key, media_type, bytes).await?, losses))
    };
    let mut writing = std::pin::pin!(writing);
    let (info, losses) = loop {
        let Ok(written) = tokio::time::timeout(BEAT, &mut writing).await else {
            held.set("progress", shown(&progress));
            held.save(Batch::new()).await?;
            continue;
        };
        match written {
            Ok(written) => break written,
            Err(ExportError::Root(_)) => {
                return fail(held, ("unknown_person", "The person the branch grows from is gone")).await;
            }
            Err(ExportError::Store(error)) => return Err(error.into()),
            Err(ExportError::Io(error)) => return Err(error.into()),
        }
    };
    let (persons, _) = progress.persons();
    held.set("progress", json!({ "personsTotal": persons, "personsDone": persons, "percent": 100 }));
    held.set("losses", json!({ "total": losses.total(), "items": losses.list() }));
    held.set("size", info.size);
    complete(held).await
}

/// The tree as it is now, and what both the rights of then and those of now allow.
async fn rights(held: &Held<'_>) -> Result<Result<(Document, Viewer), Refusal>, JobError> {
    let Some(tree) = held.ports.documents.get(&FAMILY_TREES, held.text("familyTreeId")).await? else {
        return Ok(Err(("tree_deleted", "The family tree has been deleted")));
    };
    let is_admin = held.document.body.get("isAdmin") == Some(&json!(true));
    let Some(role) = tree::role_of(&tree.body, held.text("userId"), is_admin) else {
        return Ok(Err(("no_access", "You may not see this family tree any more")));
    };
    let year = i64::from(held.ports.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year());
    let now = Viewer { role, shows_living: tree::shows_living(&tree.body), year };
    Ok(Ok((tree, export::lesser(export::asked_as(&held.document.body, year), now))))
}

fn shown(progress: &Progress) -> Value {
    let (total, done) = progress.persons();
    json!({ "personsTotal": total, "personsDone": done, "percent": (done * 100 / total.max(1)).min(99) })
}

/// Says that the file is there.
pub async fn complete(held: &mut Held<'_>) -> Result<(), JobError> {
    let at = now(held.ports);
    held.set("status", "completed");
    held.set("completedAt", at);
    held.set("expiresAt", format!("{:.6}", held.ports.clock.now() + export::KEPT));
    let days = export::KEPT.as_hours() / 24;
    if account_export::is_account(&held.document.body) {
        let message = format!("The archive of your data is ready. It is kept for {days} days.");
        return settle(held, ("data_export", "Your data is ready", &message)).await;
    }
    let persons = held
        .document
        .body
        .get("progress")
        .map_or(0, |progress| progress["personsTotal"].as_u64().unwrap_or(0));
    let message = format!("The file of {persons} people is ready. It is kept for {days} days.");
    settle(held, ("gedcom_export", "Your GEDCOM export is ready", &message)).await
}

/// Says that there is no file, and never will be.
pub async fn fail(held: &mut Held<'_>, (code, reason): Refusal) -> Result<(), JobError> {
    held.set("status", "failed");
    held.set("errorCode", code);
    held.set("error", reason);
    held.ports.blobs.delete(held.text("blobKey")).await?;
    if account_export::is_account(&held.document.body) {
        held.ports.blobs.delete(held.text("partKey")).await?;
        return settle(held, ("data_export_failed", "Your data could not be exported", reason)).await;
    }
    settle(held, ("gedcom_export_failed", "Your GEDCOM export failed", reason)).await
}

/// Ends an export in one batch with a notification.
async fn settle(held: &mut Held<'_>, (kind, title, message): (&str, &str, &str)) -> Result<(), JobError> {
    let (tree_id, user_id) = (held.text("familyTreeId").to_owned(), held.text("userId").to_owned());
    let (link, resource) = if account_export::is_account(&held.document.body) {
        (format!("/api/auth/export-data/{}", held.document.id), ("User", &user_id))
    } else {
        (format!("/api/family-trees/{tree_id}/exports/{}", held.document.id), ("FamilyTree", &tree_id))
    };
    let new = NewNotification {
        user_id: &user_id,
        kind,
        title,
        message,
        link: "/family-tree",
        resource: (resource.0, resource.1),
        data: json!({ "exportId": held.document.id, "familyTreeId": tree_id, "export": link }),
    };
    let mut batch = Batch::new();
    batch.insert(&NOTIFICATIONS, held.ports.ids.new_id(), new.into_body(&now(held.ports)));
    held.save(batch).await
}

/// Removes exports that have been kept long enough, with their files.
pub async fn remove_expired(ports: &JobsPorts) -> Result<(), JobError> {
    remove(ports, &Filter::Range("expiresAt", None, Some(json!(now(ports))))).await
}

/// Removes these exports, with their files.
pub async fn remove(ports: &JobsPorts, filter: &Filter) -> Result<(), JobError> {
    loop {
        let found = ports.documents.find(&EXPORTS, Query::new(filter.clone()).limit(100)).await?;
        if found.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for export in found {
            for key in ["blobKey", "partKey"] {
                if let Some(key) = export.body.get(key).and_then(Value::as_str) {
                    ports.blobs.delete(key).await?;
                }
            }
            batch.delete_any(&EXPORTS, export.id);
        }
        ports.documents.commit(batch).await?;
    }
}

/// Queues again what has come to a stop: its run died, or its message was lost. As with imports, a message too many is
/// harmless, and those that are sent again come further and further apart.
pub async fn requeue(ports: &JobsPorts) -> Result<u64, JobError> {
    let mut queued = 0;
    for status in ["queued", "running"] {
        let query = Query::new(Filter::eq("status", status)).limit(1000);
        for document in ports.documents.find(&EXPORTS, query).await? {
            let sent = document.body.get("requeued").and_then(Value::as_u64).unwrap_or(0);
            let patience = if status == "running" { DEAD_AFTER } else { DEAD_AFTER * (1 << sent.min(5)) };
            if silence(&document.body, ports.clock.now()) < patience {
                continue;
            }
            let mut body: Body = document.body.clone();
            body.insert("requeued".into(), json!(sent + 1));
            body.insert("status".into(), json!("queued"));
            body.insert("updatedAt".into(), json!(now(ports)));
            let mut batch = Batch::new();
            batch.replace(&EXPORTS, &document, body);
            batch.job(export::job(&document.id));
            match ports.documents.commit(batch).await {
                Ok(()) => queued += 1,
                Err(error) if error.kind() == StoreErrorKind::Stale => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(queued)
}
