//! Taking an import back: what it changed becomes what it was, except where someone has edited it since.

use std::collections::HashMap;

use dzinza_domain::collections::{
    FAMILY_TREES, GEDCOM_RECORDS, IMPORT_BACKUPS, PEOPLE, RELATIONSHIPS, TREE_STRUCTURES,
};
use dzinza_domain::history::{self, Change};
use dzinza_domain::import::REMOVED_RELATIONSHIPS;
use dzinza_ports::{Batch, Body, Collection, Document, Filter, Query, Write};
use serde_json::{Value, json};

use super::changes::fingerprint;
use super::work::{fetch, histories};
use crate::hold::Held;
use crate::{JobError, JobsPorts, clear, now};

/// Documents a batch.
const CHUNK: u32 = 200;
/// Documents that are named which were not restored; the rest is only counted.
const NAMED: usize = 100;

/// Restores what an import changed and removes what it brought. Each batch also forgets what it has restored, so that
/// it can stop anywhere and go on.
pub async fn take_back(held: &mut Held<'_>) -> Result<(), JobError> {
    loop {
        let own = Query::new(Filter::eq("importId", held.id())).limit(CHUNK);
        let backups = held.ports.documents.find(&IMPORT_BACKUPS, own).await?;
        if backups.is_empty() {
            break;
        }
        let step = Step::of(held, &backups).await?;
        let before = held.document.body.clone();
        for id in &step.skipped {
            held.count("notRestored");
            let named = held.document.body.entry("notRestoredIds").or_insert_with(|| json!([]));
            if let Value::Array(named) = named
                && named.len() < NAMED
            {
                named.push(json!(id));
            }
        }
        held.set("restored", held.number("restored") + step.restored);
        held.set(REMOVED_RELATIONSHIPS, held.number(REMOVED_RELATIONSHIPS) + step.replaced);
        if !held.try_save(step.batch).await? {
            held.document.body = before;
        }
    }
    clear::remove_import(held).await
}

fn text<'b>(body: &'b Body, key: &str) -> &'b str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One batch.
#[derive(Default)]
struct Step {
    batch: Batch,
    restored: u64,
    skipped: Vec<String>,
    relationships: i64,
    /// Relationships of the import that went to make place for what was before.
    replaced: u64,
    structure: bool,
}

impl Step {
    async fn of(held: &Held<'_>, backups: &[Document]) -> Result<Self, JobError> {
        let mut step = Self::default();
        for collection in [&PEOPLE, &GEDCOM_RECORDS, &RELATIONSHIPS] {
            let own: Vec<&Document> =
                backups.iter().filter(|one| text(&one.body, "collection") == collection.name).collect();
            step.restore(held, collection, &own).await?;
        }
        for backup in backups {
            step.batch.delete(&IMPORT_BACKUPS, backup);
        }
        let tree_id = held.text("familyTreeId");
        if held.ports.documents.get(&FAMILY_TREES, tree_id).await?.is_some() && step.relationships != 0 {
            let more = vec![("statistics.totalRelationships", step.relationships)];
            step.batch.adjust(&FAMILY_TREES, tree_id, more, Body::new());
        }
        if step.structure {
            touch_structure(held.ports, &mut step.batch, tree_id).await?;
        }
        Ok(step)
    }

    async fn restore(
        &mut self,
        held: &Held<'_>,
        collection: &'static Collection,
        backups: &[&Document],
    ) -> Result<(), JobError> {
        let ids: Vec<String> = backups.iter().map(|one| text(&one.body, "documentId").to_owned()).collect();
        let current = fetch(held.ports, collection, "id", ids.clone()).await?;
        let people = collection.name == PEOPLE.name;
        let latest = if people { histories(held.ports, &ids).await? } else { HashMap::new() };
        let at = now(held.ports);
        for (backup, id) in backups.iter().zip(ids) {
            let Some(before) = backup.body.get("before").and_then(Value::as_object) else { continue };
            let Some(after) = backup.body.get("after").and_then(Value::as_str) else {
                self.bring_back(held, &id, before).await?;
                continue;
            };
            let same = current.get(&id).filter(|current| fingerprint(&current.body) == after);
            let Some(current) = same else {
                self.skipped.push(id);
                continue;
            };
            let mut body = before.clone();
            if people {
                body.insert("updatedAt".into(), json!(at));
                let version = latest.get(&id).map_or(0, |(latest, _)| *latest);
                self.batch.replace(collection, current, body.clone());
                let change = Change { kind: "revert", by: held.text("userId"), at: &at };
                let both = (current, &body);
                history::record_for_import(&mut self.batch, &id, version, both, change, held.id());
            } else {
                self.structure |= collection.name == RELATIONSHIPS.name;
                self.batch.replace(collection, current, body);
            }
            self.restored += 1;
        }
        Ok(())
    }

    /// A relationship that the import removed comes back, if both persons are still there and nothing has taken its
    /// place.
    async fn bring_back(&mut self, held: &Held<'_>, id: &str, before: &Body) -> Result<(), JobError> {
        let index = |key: &str| before.get("index").and_then(|index| index.get(key)?.as_str());
        let taken = |field: &'static str, value: &str| Query::new(Filter::eq(field, value)).limit(1);
        let documents = &held.ports.documents;
        let (mut free, mut instead) = (true, HashMap::new());
        for (field, key) in [("index.pair", "pair"), ("index.birthParent", "birthParent")] {
            if let Some(value) = index(key) {
                let found = documents.find(&RELATIONSHIPS, taken(field, value)).await?;
                // What the import brought in its place goes with it.
                free &= found.iter().all(|one| text(&one.body, "importId") == held.id());
                instead.extend(found.into_iter().map(|one| (one.id.clone(), one)));
            }
        }
        for key in ["person1Id", "person2Id"] {
            free &= documents.get(&PEOPLE, text(before, key)).await?.is_some();
        }
        if !free {
            self.skipped.push(id.to_owned());
            return Ok(());
        }
        // It was taken off the totals when the undo began.
        self.replaced += instead.len() as u64;
        for one in instead.values() {
            self.batch.delete(&RELATIONSHIPS, one);
        }
        for key in ["person1Id", "person2Id"] {
            self.batch.writes.push(Write::Adjust {
                collection: &PEOPLE,
                id: text(before, key).to_owned(),
                add: Vec::new(),
                set: Body::new(),
            });
        }
        self.batch.insert(&RELATIONSHIPS, id, before.clone());
        self.relationships += 1;
        self.restored += 1;
        self.structure = true;
        Ok(())
    }
}

/// Notes that the shape of the tree changes, as everyone does who changes who descends from whom.
pub async fn touch_structure(ports: &JobsPorts, batch: &mut Batch, tree_id: &str) -> Result<(), JobError> {
    match ports.documents.get(&TREE_STRUCTURES, tree_id).await? {
        Some(structure) => batch.replace(&TREE_STRUCTURES, &structure, structure.body.clone()),
        None if ports.documents.get(&FAMILY_TREES, tree_id).await?.is_none() => {}
        None => batch.insert(&TREE_STRUCTURES, tree_id, Body::new()),
    }
    Ok(())
}
