//! Removing what is out of sight already: an undone import, a deleted tree. A chunk at a time, each a batch, so
//! that it can stop anywhere and go on.

use dzinza_domain::collections::{
    FAMILY_TREES, GEDCOM_RECORDS, IMPORT_BACKUPS, IMPORT_CHANGES, IMPORTS, PEOPLE, PERSON_HISTORIES,
    RELATIONSHIPS, TREE_STRUCTURES,
};
use dzinza_domain::import::{self, REMOVED_PERSONS, REMOVED_RELATIONSHIPS};
use dzinza_ports::{Batch, Body, Collection, Document, Filter, Query, StoreErrorKind};
use serde_json::{Value, json};

use crate::export;
use crate::hold::Held;
use crate::settle::undone;
use crate::{JobError, JobsPorts, expire, now, update};

const CHUNK: u32 = 500;

/// Removes everything that an import brought. What someone else changes or removes at the same moment is looked at
/// again.
pub async fn remove_import(held: &mut Held<'_>) -> Result<(), JobError> {
    let brought =
        Filter::eq("familyTreeId", held.text("familyTreeId")).and(Filter::eq("importId", held.id()));
    for (collection, counter) in
        [(&RELATIONSHIPS, REMOVED_RELATIONSHIPS), (&GEDCOM_RECORDS, "removedRecords")]
    {
        loop {
            let found = find(held.ports, collection, &brought).await?;
            if found.is_empty() {
                break;
            }
            remove_own(held, collection, &found, counter).await?;
        }
    }
    // Persons go last, with whatever else has been tied to them since.
    loop {
        let people = find(held.ports, &PEOPLE, &brought).await?;
        if people.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
        let side = |side| Filter::any_of(side, ids.iter().copied());
        let mut ties = find(held.ports, &RELATIONSHIPS, &side("person1Id")).await?;
        if ties.is_empty() {
            ties = find(held.ports, &RELATIONSHIPS, &side("person2Id")).await?;
        }
        if ties.is_empty() {
            // Whoever ties one of them now changes the person's version.
            remove_own(held, &PEOPLE, &people, REMOVED_PERSONS).await?;
        } else {
            remove_ties(held, &ties).await?;
        }
    }
}

async fn find(
    ports: &JobsPorts,
    collection: &'static Collection,
    filter: &Filter,
) -> Result<Vec<Document>, JobError> {
    Ok(ports.documents.find(collection, Query::new(filter.clone()).limit(CHUNK)).await?)
}

/// Removes documents of the import as they were read, and notes how many. If one has changed, nothing happens.
async fn remove_own(
    held: &mut Held<'_>,
    collection: &'static Collection,
    found: &[Document],
    counter: &str,
) -> Result<(), JobError> {
    let mut batch = Batch::new();
    for document in found {
        batch.delete(collection, document);
    }
    let before = held.number(counter);
    held.set(counter, before + found.len() as u64);
    if !held.try_save(batch).await? {
        held.set(counter, before);
    }
    Ok(())
}

/// Removes relationships that others made, and takes them off the tree's total. If one has changed, nothing happens.
async fn remove_ties(held: &mut Held<'_>, ties: &[Document]) -> Result<(), JobError> {
    let mut batch = Batch::new();
    for tie in ties {
        batch.delete(&RELATIONSHIPS, tie);
    }
    let tree_id = held.text("familyTreeId").to_owned();
    if held.ports.documents.get(&FAMILY_TREES, &tree_id).await?.is_some() {
        let less = vec![("statistics.totalRelationships", -(ties.len() as i64))];
        batch.adjust(&FAMILY_TREES, tree_id, less, Body::new());
    }
    held.try_save(batch).await?;
    Ok(())
}

/// Undoes an import: removes what it brought, marks it undone and takes it off the tree's list.
pub async fn undo_import(ports: &JobsPorts, id: &str) -> Result<(), JobError> {
    let mut held = loop {
        let Some(document) = ports.documents.get(&IMPORTS, id).await? else { return Ok(()) };
        if import::status(&document.body) != "undoing" {
            return Ok(());
        }
        let mut held = Held::new(ports, document);
        held.document.body.remove("requeued");
        match held.save(Batch::new()).await {
            Ok(()) => break held,
            Err(JobError::Overtaken) => {}
            Err(error) => return Err(error),
        }
    };
    update::take_back(&mut held).await?;
    expire::forget(ports, id, Some(held.text("blobKey"))).await?;
    forget_media(ports, &held.document).await?;
    undone(&mut held).await
}

/// Removes the files that an archive brought.
pub async fn forget_media(ports: &JobsPorts, import: &Document) -> Result<(), JobError> {
    for medium in import::media(import) {
        ports.blobs.delete(medium.key).await?;
    }
    Ok(())
}

/// Removes everything that belonged to a tree which is gone.
pub async fn delete_tree(ports: &JobsPorts, tree_id: &str) -> Result<(), JobError> {
    if ports.documents.get(&FAMILY_TREES, tree_id).await?.is_some() {
        return Err(JobError::Malformed("the tree is still there"));
    }
    let own = Filter::eq("familyTreeId", tree_id);
    // First of all, or what is running would write behind our back.
    stop_imports(ports, &own).await?;
    for collection in [&RELATIONSHIPS, &GEDCOM_RECORDS] {
        remove_all(ports, collection, &own).await?;
    }
    loop {
        let people = find(ports, &PEOPLE, &own).await?;
        if people.is_empty() {
            break;
        }
        // Entries of older databases may lack the tree.
        let ids = people.iter().map(|person| person.id.as_str());
        remove_all(ports, &PERSON_HISTORIES, &Filter::any_of("personId", ids)).await?;
        let mut batch = Batch::new();
        for person in people {
            batch.delete_any(&PEOPLE, person.id);
        }
        ports.documents.commit(batch).await?;
    }
    remove_all(ports, &PERSON_HISTORIES, &Filter::eq("data.familyTreeId", tree_id)).await?;
    for import in ports.documents.find(&IMPORTS, Query::new(own.clone()).limit(10_000)).await? {
        if let Some(key) = import.body.get("blobKey").and_then(Value::as_str) {
            ports.blobs.delete(key).await?;
        }
        ports.blobs.delete(&import::plan_key(&import.id)).await?;
        forget_media(ports, &import).await?;
    }
    for collection in [&IMPORT_CHANGES, &IMPORT_BACKUPS] {
        remove_all(ports, collection, &own).await?;
    }
    expire::remove_uploads(ports, own.clone()).await?;
    remove_all(ports, &IMPORTS, &own).await?;
    export::remove(ports, &own).await?;
    let mut batch = Batch::new();
    batch.delete_any(&TREE_STRUCTURES, tree_id);
    Ok(ports.documents.commit(batch).await?)
}

/// Marks the imports as failed: a run that is at one of them finds itself overtaken, and none begins.
async fn stop_imports(ports: &JobsPorts, own: &Filter) -> Result<(), JobError> {
    for status in ["queued", "running", "undoing"] {
        let unsettled = own.clone().and(Filter::eq("status", status));
        loop {
            let found = find(ports, &IMPORTS, &unsettled).await?;
            if found.is_empty() {
                break;
            }
            for import in found {
                let mut body = import.body.clone();
                body.insert("status".into(), json!("failed"));
                body.insert("error".into(), json!("The family tree has been deleted"));
                body.insert("updatedAt".into(), json!(now(ports)));
                let mut batch = Batch::new();
                batch.replace(&IMPORTS, &import, body);
                match ports.documents.commit(batch).await {
                    // Its run was faster; it comes up again.
                    Err(error) if error.kind() == StoreErrorKind::Stale => {}
                    result => result?,
                }
            }
        }
    }
    Ok(())
}

/// Removes all documents that a filter finds, a chunk at a time.
pub async fn remove_all(
    ports: &JobsPorts,
    collection: &'static Collection,
    filter: &Filter,
) -> Result<(), JobError> {
    loop {
        let found = find(ports, collection, filter).await?;
        if found.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for document in found {
            batch.delete_any(collection, document.id);
        }
        ports.documents.commit(batch).await?;
    }
}
