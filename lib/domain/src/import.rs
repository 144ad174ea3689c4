//! A GEDCOM import as a document: state, progress, report.
//!
//! `queued → running → completed | failed`, and later `undoing → undone`; one that is looked at first is `previewed`
//! in between, and runs again once it is confirmed. While an import is neither complete nor
//! gone, its id stands in the tree's `pendingImports`, and everything it wrote is invisible: completing,
//! failing and undoing are each one small batch.
//!
//! Besides what is shown, the document keeps how its job fares: `runs` (how often it was begun), `runBy` and
//! `attempts` (the message that is being worked on), `failures` and `interruptions` (how earlier runs ended),
//! `requeued` (messages sent since one was last received). A run refreshes `updatedAt` all the time: one that has not
//! for a while is dead.

mod files;
mod preview;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::collections::{FAMILY_TREES, IMPORTS};
use crate::store::{Batch, Body, Document, NewMessage};
use crate::tree;

pub use files::{Kept, KeptFile, MEDIA_FOR, Medium, kept_medium, mean, media, medium_key, medium_names};
pub use preview::{Phase, begin_preview, confirm, is_update, lineage, looks_like, plan_key, source_of};

/// How many diagnostics a report keeps; the rest is only counted.
pub const REPORT_LIMIT: usize = 1000;

/// The queue that import jobs go to.
pub const JOBS_QUEUE: &str = "jobs";

/// In the tree: the number of its latest file.
const NUMBERS: &str = "gedcomImports";

/// What is nobody's business outside.
const INTERNAL: &[&str] = &[
    "blobKey",
    MEDIA,
    MEDIA_FOR,
    "runBy",
    "runs",
    "requeued",
    "subtracted",
    "phase",
    "applied",
    "lineage",
    "undoOver",
    REMOVED_PERSONS,
    REMOVED_RELATIONSHIPS,
    "removedRecords",
];

/// The files that an archive brought: `{name, blobKey, sha256}` each.
pub const MEDIA: &str = "media";

/// How many persons of it the undo has removed.
pub const REMOVED_PERSONS: &str = "removedPersons";
/// How many relationships of it the undo has removed.
pub const REMOVED_RELATIONSHIPS: &str = "removedRelationships";

/// A new import of an uploaded file.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// Into which tree.
    pub tree_id: &'a str,
    /// By whom.
    pub user_id: &'a str,
    /// Where the file is kept.
    pub blob_key: &'a str,
    /// Its name as the user knows it.
    pub file_name: &'a str,
    /// Its size.
    pub size: u64,
}

impl NewImport<'_> {
    /// The document, queued.
    pub fn into_body(self, now: &str) -> Body {
        let fields = [
            ("familyTreeId", json!(self.tree_id)),
            ("userId", json!(self.user_id)),
            ("blobKey", json!(self.blob_key)),
            ("fileName", json!(self.file_name)),
            ("size", json!(self.size)),
            ("status", json!("queued")),
            ("progress", json!({ "recordsTotal": 0, "recordsDone": 0, "percent": 0 })),
            ("createdAt", json!(now)),
            ("updatedAt", json!(now)),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The batch that begins an import: its document, its place among the pending ones of the tree, its job. The tree
/// gives it a number in the same step, so that of two files at once each has its own.
pub fn begin(id: &str, tree: &Document, new: Body) -> Batch {
    let number = tree.body.get(NUMBERS).and_then(Value::as_u64).unwrap_or(0) + 1;
    let mut changed = tree::with_pending_import(&tree.body, id, true);
    changed.insert(NUMBERS.into(), json!(number));
    let mut body = new;
    body.insert("number".into(), json!(number));
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, tree, changed);
    batch.insert(&IMPORTS, id, body);
    batch.job(job("import", id));
    batch
}

/// Takes an import that is complete, failed or undone out of its tree's pending ones. If `gone`, the number it had
/// is free again, unless a later file has the next.
pub fn end(tree: &Body, id: &str, import: &Body, gone: bool) -> Body {
    let mut changed = tree::with_pending_import(tree, id, false);
    let number = import.get("number").and_then(Value::as_u64).unwrap_or(0);
    if gone && number > 0 && tree.get(NUMBERS).and_then(Value::as_u64) == Some(number) {
        changed.insert(NUMBERS.into(), json!(number - 1));
    }
    changed
}

/// Begins an undo of an import that is complete: its persons and relationships, as many as there are now, leave the
/// tree's statistics at once, with it. Both notice if the other changes at the same moment.
pub fn subtract(import: &mut Body, tree: &mut Body, persons: u64, relationships: u64) {
    let taken = [("totalPersons", persons), ("totalRelationships", relationships)];
    let statistics = tree.entry("statistics").or_insert_with(|| json!({}));
    for (key, by) in taken {
        statistics[key] = json!(statistics[key].as_i64().unwrap_or(0) - by as i64);
    }
    for key in [REMOVED_PERSONS, REMOVED_RELATIONSHIPS, "removedRecords"] {
        import.remove(key);
    }
    import
        .insert("subtracted".into(), json!({ "totalPersons": persons, "totalRelationships": relationships }));
}

/// By how much the tree's statistics fall short once an undo is through: what somebody who had read the tree before
/// removed after it, taking it off a second time.
pub fn taken_twice(import: &Body) -> [(&'static str, i64); 2] {
    [("totalPersons", REMOVED_PERSONS), ("totalRelationships", REMOVED_RELATIONSHIPS)].map(
        |(key, counter)| {
            let taken = import.get("subtracted").and_then(|taken| taken[key].as_i64());
            let removed = import.get(counter).and_then(Value::as_i64).unwrap_or(0);
            (key, taken.map_or(0, |taken| taken - removed))
        },
    )
}

/// From the second file on, pointers get a suffix, or two `@I1@` would meet in one tree.
pub fn pointer_suffix(import: &Body) -> Option<String> {
    let number = import.get("number").and_then(Value::as_u64).unwrap_or(1);
    (number > 1).then(|| number.to_string())
}

/// What the pointers of the next file will get, if it comes now.
pub fn next_suffix(tree: &Body) -> Option<String> {
    let number = tree.get(NUMBERS).and_then(Value::as_u64).unwrap_or(0) + 1;
    (number > 1).then(|| number.to_string())
}

/// The message that has an import run (`import`) or undone (`undo-import`).
pub fn job(kind: &str, id: &str) -> NewMessage {
    NewMessage { queue: JOBS_QUEUE, body: json!({ "job": kind, "importId": id }), delay: Duration::ZERO }
}

/// The state of an import.
pub fn status(import: &Body) -> &str {
    import.get("status").and_then(Value::as_str).unwrap_or_default()
}

/// Whether nothing more will happen to it by itself.
pub fn is_settled(import: &Body) -> bool {
    matches!(status(import), "completed" | "failed" | "undone" | "previewed")
}

/// How long an import that is complete can be undone, where nothing else is set.
pub const UNDO_DAYS: i64 = 30;

/// Whether it is too late to undo a complete import.
pub fn is_undo_over(import: &Body, now: Timestamp) -> bool {
    let moment = |key: &str| import.get(key)?.as_str()?.parse::<Timestamp>().ok();
    let until = moment("expiresAt")
        .or_else(|| moment("completedAt")?.checked_add(SignedDuration::from_hours(24 * UNDO_DAYS)).ok());
    let said = import.get("undoOver") == Some(&json!(true));
    status(import) == "completed" && (said || until.is_some_and(|until| until <= now))
}

/// The import on the wire; how its job is kept going stays inside.
pub fn view(id: &str, import: &Body) -> Body {
    let mut view = import.clone();
    for key in INTERNAL {
        view.remove(*key);
    }
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    view.insert("importId".into(), json!(id));
    if status(import) == "completed" {
        view.insert("undoUntil".into(), import.get("expiresAt").cloned().unwrap_or(Value::Null));
    }
    for key in ["individualsImported", "familiesProcessed", "relationshipsCreated"] {
        view.entry(key).or_insert(json!(0));
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(value: &Value) -> Document {
        Document { id: "t".into(), version: 1, body: value.as_object().unwrap().clone() }
    }

    fn number(batch: &Batch) -> (u64, u64) {
        let at = |place: usize, key: &str| match &batch.writes[place] {
            crate::store::Write::Insert { body, .. } | crate::store::Write::Replace { body, .. } => {
                body[key].as_u64().unwrap()
            }
            _ => 0,
        };
        (at(0, NUMBERS), at(1, "number"))
    }

    #[test]
    fn every_file_has_a_number_of_its_own_and_the_last_gives_it_back_when_it_is_gone() {
        assert_eq!(number(&begin("i1", &tree(&json!({})), Body::new())), (1, 1));
        let two = tree(&json!({ NUMBERS: 2, "pendingImports": ["i1", "i2"] }));
        let numbered = |number: u64| Body::from_iter([("number".to_owned(), json!(number))]);
        assert_eq!(end(&two.body, "i2", &numbered(2), true)[NUMBERS], 1);
        assert_eq!(end(&two.body, "i1", &numbered(1), true)[NUMBERS], 2);
        let done = end(&two.body, "i2", &numbered(2), false);
        assert_eq!((&done[NUMBERS], &done["pendingImports"]), (&json!(2), &json!(["i1"])));
        assert_eq!(
            (pointer_suffix(&numbered(1)), pointer_suffix(&numbered(3))),
            (None, Some("3".to_owned()))
        );
    }
}
