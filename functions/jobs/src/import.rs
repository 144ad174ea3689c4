//! Importing a GEDCOM file.
//!
//! Everything is written under the import's id, which stands in the tree's `pendingImports` until the last batch
//! takes it out: until then nobody sees any of it. A run that begins again first clears away what the last one left.
//!
//! A run that ends in an error counts as a failure and comes again, up to [`MAX_FAILURES`]; one that was cut off is
//! noticed by the next and counts as an interruption, up to [`MAX_INTERRUPTIONS`]. A run that was told to stop counts
//! as neither. However it goes, it ends complete or failed, with a report.

use std::fs::File;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;

use dzinza_domain::collections::{FAMILY_TREES, IMPORTS};
use dzinza_domain::import::{self, Phase};
use dzinza_gedcom::Severity;
use dzinza_ports::{Batch, Message};
use futures::{FutureExt as _, TryStreamExt as _};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::hold::{BEAT, Held};
use crate::reading::{Outcome, Piece, Reading};
use crate::settle::{Failure, complete, fail};
use crate::{
    DEAD_AFTER, JobError, JobsPorts, MAX_FAILURES, MAX_INTERRUPTIONS, clear, now, recover, unpack, update,
};

/// Runs an import to its end.
pub async fn run(ports: &JobsPorts, id: &str, message: &Message) -> Result<(), JobError> {
    let Some(mut held) = start(ports, id, message).await? else { return Ok(()) };
    let run = held.number("runs");
    let result = AssertUnwindSafe(attempt(&mut held)).catch_unwind().await;
    match result.unwrap_or_else(|_| Err(JobError::Io(std::io::Error::other("the import panicked")))) {
        Ok(()) => Ok(()),
        Err(JobError::Overtaken) => Err(JobError::Overtaken),
        Err(error) => stumble(ports, id, run, error).await,
    }
}

/// Takes the import for this run, unless it is over or another run is at it.
async fn start<'p>(ports: &'p JobsPorts, id: &str, message: &Message) -> Result<Option<Held<'p>>, JobError> {
    loop {
        let Some(document) = ports.documents.get(&IMPORTS, id).await? else { return Ok(None) };
        let silence = recover::silence(&document.body, ports.clock.now());
        let mut held = Held::new(ports, document);
        match import::status(&held.document.body) {
            "queued" => {}
            "running" => {
                let same = held.text("runBy") == message.id;
                if !same && silence < DEAD_AFTER {
                    return Ok(None);
                }
                // The same delivery again: it was released, which is no fault of the run.
                if !(same && held.number("attempts") == u64::from(message.attempts)) {
                    held.count("interruptions");
                }
            }
            _ => return Ok(None),
        }
        held.set("status", "running");
        held.set("runBy", message.id.as_str());
        held.set("attempts", message.attempts);
        held.document.body.remove("requeued");
        held.count("runs");
        match held.save(Batch::new()).await {
            Ok(()) => return Ok(Some(held)),
            // Perhaps the last batch of a run that is dead by now.
            Err(JobError::Overtaken) => {}
            Err(error) => return Err(error),
        }
    }
}

/// From clearing up after an earlier run to the end.
async fn attempt(held: &mut Held<'_>) -> Result<(), JobError> {
    let ports = held.ports;
    if let Some(failure) = given_up(held) {
        return fail(held, failure).await;
    }
    let phase = Phase::of(&held.document.body);
    if held.number("runs") > 1 && phase == Phase::Add {
        clear::remove_import(held).await?;
    }
    let tree_id = held.text("familyTreeId").to_owned();
    if ports.documents.get(&FAMILY_TREES, &tree_id).await?.is_none() {
        return fail(held, Failure::new("tree_deleted", "The family tree has been deleted")).await;
    }
    let Some(file) = fetch(held).await? else {
        return fail(held, Failure::new("file_missing", "The uploaded file is no longer there")).await;
    };
    let file = match unpack::records(held, file, phase != Phase::Preview).await? {
        Ok(file) => file,
        Err(failure) => return fail(held, failure).await,
    };
    let outcome = match phase {
        Phase::Add => Some(read_in(held, file).await?),
        Phase::Preview => update::preview(held, file).await?,
        Phase::Apply => update::apply(held, file).await?,
    };
    let Some(outcome) = outcome else { return Ok(()) };
    match outcome {
        Outcome::Complete(totals) => complete(held, *totals).await,
        Outcome::Unreadable(reason, mut report) => {
            report.add(0, Severity::Error, "unreadable", reason.as_str());
            fail(held, Failure { code: "unreadable", reason, report: *report }).await
        }
    }
}

/// Why there is no sense in another attempt, if that is so.
fn given_up(held: &Held<'_>) -> Option<Failure> {
    if held.document.body.contains_key("error") || held.number("failures") >= MAX_FAILURES {
        return Some(Failure::new("gave_up", "The import could not be finished. Please try again."));
    }
    let cut_off = held.number("interruptions") > MAX_INTERRUPTIONS;
    cut_off
        .then(|| Failure::new("interrupted", "The import was interrupted again and again. Please try again."))
}

/// Counts an attempt that ended in an error. The message comes again, or the import has failed.
async fn stumble(ports: &JobsPorts, id: &str, run: u64, error: JobError) -> Result<(), JobError> {
    // Read again: whether the last batch took place may be unknown.
    let Some(document) = ports.documents.get(&IMPORTS, id).await? else { return Ok(()) };
    let mut held = Held::new(ports, document);
    if held.number("runs") != run || import::status(&held.document.body) != "running" {
        return Err(JobError::Overtaken);
    }
    held.count("failures");
    if held.number("failures") >= MAX_FAILURES {
        tracing::error!(import = id, error = %error, "import given up");
        if let Some(failure) = given_up(&held) {
            return fail(&mut held, failure).await;
        }
    }
    held.set("status", "queued");
    held.save(Batch::new()).await?;
    Err(error)
}

/// The upload as a local file, which both passes read.
async fn fetch(held: &mut Held<'_>) -> Result<Option<File>, JobError> {
    let Some(mut read) = held.ports.blobs.get(held.text("blobKey"), None).await? else { return Ok(None) };
    let mut file = tempfile::tempfile()?;
    while let Some(bytes) = read.bytes.try_next().await? {
        file.write_all(&bytes)?;
        held.beat().await?;
    }
    Ok(Some(file))
}

/// Reads on a thread of its own while batches are written here.
async fn read_in(held: &mut Held<'_>, file: File) -> Result<Outcome, JobError> {
    let (sender, mut pieces) = mpsc::channel(1);
    let reading = Reading {
        ids: held.ports.ids.clone(),
        import_id: held.id().to_owned(),
        tree_id: held.text("familyTreeId").to_owned(),
        user_id: held.text("userId").to_owned(),
        now: now(held.ports),
        suffix: import::pointer_suffix(&held.document.body),
        sender,
    };
    let reader = tokio::task::spawn_blocking(move || reading.run(&file));
    let mut total = 0;
    loop {
        // The first pass, and a slow disk, say nothing for long.
        let Ok(piece) = timeout(BEAT, pieces.recv()).await else {
            held.save(Batch::new()).await?;
            continue;
        };
        let (writes, done) = match piece {
            Some(Piece::Scanned { records }) => {
                total = records;
                (Vec::new(), 0)
            }
            Some(Piece::Writes { writes, done }) => (writes, done),
            None => break,
        };
        let percent = done * 100 / total.max(1);
        held.set("progress", json!({ "recordsTotal": total, "recordsDone": done, "percent": percent }));
        held.save(Batch { writes, jobs: Vec::new() }).await?;
    }
    reader.await.map_err(|error| JobError::Io(std::io::Error::other(error)))?
}
