//! The history of a person: one entry per change, with the whole person as it was then (contract 4.7).
//!
//! A person that came by import, or from an older database, has no entry until it changes; the first change
//! then also stores what was there before, so that nothing is ever lost and an import costs nothing twice.

use serde_json::{Value, json};

use crate::collections::PERSON_HISTORIES;
use crate::person::FIELDS;
use crate::store::{Batch, Body, Document, Write};

/// Who changed what, when.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// `create`, `update`, `delete`, `merge` or `revert`.
    pub kind: &'a str,
    /// The account.
    pub by: &'a str,
    /// RFC 3339.
    pub at: &'a str,
}

/// Adds the entry for a change of `person` to the batch. `latest` is the number of the newest entry so far, 0 if
/// there is none; `before` is the person as read, `None` when it is being created; `after` is what it is now
/// (for a delete: what it was). Entry ids come from the person and the number, so that two changes at once
/// cannot both be the same version.
pub fn record(
    batch: &mut Batch,
    person_id: &str,
    latest: i64,
    before: Option<&Document>,
    after: &Body,
    change: Change<'_>,
) -> i64 {
    let mut version = latest;
    if let (0, Some(before)) = (latest, before) {
        let first = Change {
            kind: "create",
            by: before.body.get("userId").and_then(Value::as_str).unwrap_or_default(),
            at: before.body.get("createdAt").and_then(Value::as_str).unwrap_or(change.at),
        };
        version = 1;
        batch.insert(
            &PERSON_HISTORIES,
            entry_id(person_id, version),
            entry(person_id, version, &before.body, first),
        );
    }
    version += 1;
    batch.insert(&PERSON_HISTORIES, entry_id(person_id, version), entry(person_id, version, after, change));
    version
}

/// The same for a change that an import made, or that undoing it made: the entry says which.
pub fn record_for_import(
    batch: &mut Batch,
    person_id: &str,
    latest: i64,
    (before, after): (&Document, &Body),
    change: Change<'_>,
    import_id: &str,
) {
    record(batch, person_id, latest, Some(before), after, change);
    if let Some(Write::Insert { body, .. }) = batch.writes.last_mut() {
        body.insert("importId".into(), json!(import_id));
    }
}

fn entry_id(person_id: &str, version: i64) -> String {
    format!("{person_id}:{version}")
}

fn entry(person_id: &str, version: i64, person: &Body, change: Change<'_>) -> Body {
    let mut data = person.clone();
    data.remove("index");
    let fields = [
        ("personId", json!(person_id)),
        ("version", json!(version)),
        ("data", Value::Object(data)),
        ("changedBy", json!(change.by)),
        ("changeType", json!(change.kind)),
        ("createdAt", json!(change.at)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The entry that a person without any would have: how it came into being.
pub fn implied_first(person: &Document) -> Document {
    let text = |key: &str| person.body.get(key).and_then(Value::as_str).unwrap_or_default();
    let change = Change { kind: "create", by: text("userId"), at: text("createdAt") };
    Document { id: entry_id(&person.id, 1), version: 1, body: entry(&person.id, 1, &person.body, change) }
}

/// An entry on the wire. The snapshot is shown as stored, without what is internal.
pub fn view(entry: &Document) -> Body {
    let mut view = entry.body.clone();
    view.remove(crate::LEGACY);
    if let Some(Value::Object(data)) = view.get_mut("data") {
        for key in ["index", "importId", "gedcom", crate::LEGACY] {
            data.remove(key);
        }
    }
    view.insert("_id".into(), json!(entry.id));
    view.insert("id".into(), json!(entry.id));
    view
}

/// The person with the editable fields of a snapshot; everything else stays.
pub fn restore(current: &Body, snapshot: &Body) -> Body {
    let mut restored = current.clone();
    for key in FIELDS.iter().map(|field| field.name).chain(["privacySettings", "gedcom"]) {
        match snapshot.get(key) {
            Some(value) => drop(restored.insert(key.to_owned(), value.clone())),
            None => drop(restored.remove(key)),
        }
    }
    restored
}
