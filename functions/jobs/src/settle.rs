//! How an import ends: complete, failed or undone, each in one batch with its tree.

use dzinza_domain::collections::{FAMILY_TREES, IMPORTS, NOTIFICATIONS, PEOPLE};
use dzinza_domain::import;
use dzinza_domain::notification::NewNotification;
use dzinza_gedcom::Severity;
use dzinza_ports::{Batch, Body, Filter, Query};
use serde_json::{Value, json};

use crate::hold::Held;
use crate::reading::Totals;
use crate::report::Report;
use crate::{JobError, clear, expire, generations, now, update};

/// Why an import failed.
pub struct Failure {
    /// For programs: `unreadable` is the file's fault.
    pub code: &'static str,
    /// For the importer.
    pub reason: String,
    /// What was found until then.
    pub report: Report,
}

impl Failure {
    /// A failure that the report only repeats.
    pub fn new(code: &'static str, reason: &str) -> Self {
        let mut report = Report::default();
        report.add(0, Severity::Error, code, reason);
        Self { code, reason: reason.to_owned(), report }
    }
}

/// What the importer is told.
struct Notice<'a> {
    kind: &'a str,
    title: &'a str,
    message: &'a str,
}

/// The last batch: the tree shows what was brought, its statistics count it, the importer is told.
pub async fn complete(held: &mut Held<'_>, mut totals: Totals) -> Result<(), JobError> {
    // Persons of one file are kin of nobody else yet, so the longest line is theirs or one of the rest.
    let generations = others(held).await?.max(totals.generations);
    if held.document.body.contains_key("newerVersionOf") {
        let message = "This looks like another version of a file that was imported before; everything in it was added \
                       all the same. To match and update instead, undo this and import it with mode=update.";
        totals.report.add(0, Severity::Info, "looks_like_newer_version", message);
    }
    let message = format!("{} people and {} families were imported.", totals.individuals, totals.families);
    ready(held, totals, generations, &message).await
}

/// The last batch of an update, whose new persons may be kin of everyone; `generations` are those of the whole tree.
pub async fn updated(held: &mut Held<'_>, totals: Totals, counts: &Value) -> Result<(), JobError> {
    let message = format!(
        "{} people were brought up to date and {} were added; {} edits of yours were kept.",
        counts["persons"]["changed"], totals.individuals, counts["conflicts"]
    );
    held.document.body.remove("applied");
    let generations = totals.generations;
    ready(held, totals, generations, &message).await
}

/// The end of a look at a file: nothing has changed in the tree, and `said` is what would.
pub async fn previewed(held: &mut Held<'_>, said: Value, totals: Totals) -> Result<(), JobError> {
    found(held, totals, "previewed");
    held.set("preview", said);
    held.save(Batch::new()).await
}

/// Notes what a file turned out to be.
fn found(held: &mut Held<'_>, totals: Totals, status: &str) {
    let counts = [
        ("individualsImported", json!(totals.individuals)),
        ("familiesProcessed", json!(totals.families)),
        ("relationshipsCreated", json!(totals.relationships)),
        ("sourcesImported", json!(totals.sources)),
        ("gedcomVersion", json!(totals.version)),
        ("encoding", json!(totals.encoding)),
        ("status", json!(status)),
        ("expiresAt", json!(expire::until(held.ports, status))),
        (
            "progress",
            json!({ "recordsTotal": totals.records, "recordsDone": totals.records, "percent": 100 }),
        ),
        ("report", totals.report.into_value()),
    ];
    for (key, value) in counts {
        held.set(key, value);
    }
}

async fn ready(held: &mut Held<'_>, totals: Totals, generations: u32, message: &str) -> Result<(), JobError> {
    let at = now(held.ports);
    let added = [("totalPersons", totals.individuals), ("totalRelationships", totals.relationships)];
    found(held, totals, "completed");
    held.set("completedAt", json!(at));
    let notice = Notice { kind: "gedcom_import", title: "Your GEDCOM import is complete", message };
    settle(held, Some(notice), |tree| {
        let statistics = tree.entry("statistics").or_insert_with(|| json!({}));
        for (key, more) in added {
            statistics[key] = json!(statistics[key].as_i64().unwrap_or(0) + more as i64);
        }
        statistics["totalGenerations"] = json!(generations);
        tree.insert("lastGedcomImport".into(), json!(at));
    })
    .await
}

/// What was written goes again, and the importer is told why.
pub async fn fail(held: &mut Held<'_>, failure: Failure) -> Result<(), JobError> {
    // Written down first: should clearing be cut off, the next run goes on with that and keeps the reason.
    if !held.document.body.contains_key("error") {
        held.set("error", failure.reason);
        held.set("errorCode", failure.code);
        held.set("report", failure.report.into_value());
        held.save(Batch::new()).await?;
    }
    update::take_back(held).await?;
    clear::forget_media(held.ports, &held.document).await?;
    held.set("status", "failed");
    let reason = held.text("error").to_owned();
    let notice =
        Notice { kind: "gedcom_import_failed", title: "Your GEDCOM import failed", message: &reason };
    settle(held, Some(notice), |_| {}).await
}

/// The end of an undo: the tree is what it would be without the import.
pub async fn undone(held: &mut Held<'_>) -> Result<(), JobError> {
    let generations = others(held).await?;
    let tree_id = held.text("familyTreeId");
    let still_in = Filter::eq("familyTreeId", tree_id).and(Filter::eq("status", "completed"));
    let still_in = held.ports.documents.find(&IMPORTS, Query::new(still_in)).await?;
    let latest = still_in.iter().filter_map(|import| import.body.get("completedAt")?.as_str()).max();
    held.set("status", "undone");
    let missed = import::taken_twice(&held.document.body);
    settle(held, None, |tree| {
        let statistics = tree.entry("statistics").or_insert_with(|| json!({}));
        statistics["totalGenerations"] = json!(generations);
        for (key, count) in missed {
            statistics[key] = json!(statistics[key].as_i64().unwrap_or(0) + count);
        }
        tree.insert("lastGedcomImport".into(), json!(latest));
    })
    .await
}

/// The generations of what else is in the tree.
async fn others(held: &mut Held<'_>) -> Result<u32, JobError> {
    match held.ports.documents.get(&FAMILY_TREES, held.text("familyTreeId")).await? {
        Some(tree) => generations::of_the_rest(held, &tree).await,
        None => Ok(0),
    }
}

/// Ends an import in one batch with its tree and a notification.
async fn settle(
    held: &mut Held<'_>,
    notice: Option<Notice<'_>>,
    change: impl Fn(&mut Body),
) -> Result<(), JobError> {
    let (tree_id, user_id) = (held.text("familyTreeId").to_owned(), held.text("userId").to_owned());
    let gone = import::status(&held.document.body) != "completed";
    loop {
        let at = now(held.ports);
        let mut batch = Batch::new();
        if let Some(found) = held.ports.documents.get(&FAMILY_TREES, &tree_id).await? {
            let mut body = import::end(&found.body, held.id(), &held.document.body, gone);
            if gone {
                forget_root(held, &mut body).await?;
            }
            change(&mut body);
            body.insert("updatedAt".into(), json!(at));
            batch.replace(&FAMILY_TREES, &found, body);
            if import::is_update(&held.document.body) {
                update::touch_structure(held.ports, &mut batch, &tree_id).await?;
            }
            if let Some(Notice { kind, title, message }) = notice {
                let new = NewNotification {
                    user_id: &user_id,
                    kind,
                    title,
                    message,
                    link: "/family-tree",
                    resource: ("FamilyTree", &tree_id),
                    data: json!({ "importId": held.id(), "familyTreeId": tree_id }),
                };
                batch.insert(&NOTIFICATIONS, held.ports.ids.new_id(), new.into_body(&at));
            }
        }
        if held.try_save(batch).await? {
            return Ok(());
        }
    }
}

/// A tree does not begin with someone who is not there.
async fn forget_root(held: &Held<'_>, tree: &mut Body) -> Result<(), JobError> {
    let Some(root) = tree.get("rootPersonId").and_then(Value::as_str) else { return Ok(()) };
    if held.ports.documents.get(&PEOPLE, root).await?.is_none() {
        tree.insert("rootPersonId".into(), Value::Null);
    }
    Ok(())
}
