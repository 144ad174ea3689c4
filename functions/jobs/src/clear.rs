//! Removing what is out of sight already: an undone import, a deleted tree. A chunk at a time, each a batch, so
//! that it can stop anywhere and go on.

use dzinza_domain::collections::{
    FAMILY_TREES, GEDCOM_RECORDS, IMPORTS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS, TREE_STRUCTURES,
};
use dzinza_domain::{import, tree};
use dzinza_ports::{Batch, Collection, Document, Filter, Query, StoreErrorKind};
use serde_json::{Value, json};

use crate::{JobError, JobsPorts, now};

const CHUNK: u32 = 500;

/// Removes everything that an import brought.
pub async fn remove_import(ports: &JobsPorts, tree_id: &str, import_id: &str) -> Result<(), JobError> {
    let brought = Filter::eq("familyTreeId", tree_id).and(Filter::eq("importId", import_id));
    for collection in [&RELATIONSHIPS, &GEDCOM_RECORDS] {
        remove_all(ports, collection, &brought).await?;
    }
    // Persons go last, with whatever else has been tied to them since.
    loop {
        let people = ports.documents.find(&PEOPLE, Query::new(brought.clone()).limit(CHUNK)).await?;
        if people.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        let mut ties = Vec::new();
        for side in ["person1Id", "person2Id"] {
            let query = Query::new(Filter::any_of(side, ids.clone())).limit(10_000);
            ties.extend(ports.documents.find(&RELATIONSHIPS, query).await?);
        }
        ties.sort_by(|one, two| one.id.cmp(&two.id));
        ties.dedup_by(|one, two| one.id == two.id);
        let mut batch = Batch::new();
        people.iter().for_each(|person| batch.delete_any(&PEOPLE, person.id.as_str()));
        ties.iter().for_each(|tie| batch.delete_any(&RELATIONSHIPS, tie.id.as_str()));
        let fewer = -(ties.len() as i64);
        if fewer != 0 && ports.documents.get(&FAMILY_TREES, tree_id).await?.is_some() {
            let add = vec![("statistics.totalRelationships", fewer)];
            batch.adjust(&FAMILY_TREES, tree_id, add, Default::default());
        }
        ports.documents.commit(batch).await?;
    }
}

/// Ends an undo: the import is marked undone and leaves the tree's list.
pub async fn undo_import(ports: &JobsPorts, id: &str) -> Result<(), JobError> {
    let Some(found) = ports.documents.get(&IMPORTS, id).await? else { return Ok(()) };
    if import::status(&found.body) != "undoing" {
        return Ok(());
    }
    let text = |document: &Document, key: &str| {
        document.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let tree_id = text(&found, "familyTreeId");
    remove_import(ports, &tree_id, id).await?;
    ports.blobs.delete(&text(&found, "blobKey")).await?;
    loop {
        let Some(found) = ports.documents.get(&IMPORTS, id).await? else { return Ok(()) };
        let mut body = found.body.clone();
        body.insert("status".into(), json!("undone"));
        body.insert("updatedAt".into(), json!(now(ports)));
        let mut batch = Batch::new();
        batch.replace(&IMPORTS, &found, body);
        if let Some(tree) = ports.documents.get(&FAMILY_TREES, &tree_id).await? {
            batch.replace(&FAMILY_TREES, &tree, tree::with_pending_import(&tree.body, id, false));
        }
        match ports.documents.commit(batch).await {
            Err(error) if error.kind() == StoreErrorKind::Stale => {}
            result => return Ok(result?),
        }
    }
}

/// Removes everything that belonged to a tree which is gone.
pub async fn delete_tree(ports: &JobsPorts, tree_id: &str) -> Result<(), JobError> {
    if ports.documents.get(&FAMILY_TREES, tree_id).await?.is_some() {
        return Err(JobError::Malformed("the tree is still there"));
    }
    let own = Filter::eq("familyTreeId", tree_id);
    for collection in [&RELATIONSHIPS, &GEDCOM_RECORDS] {
        remove_all(ports, collection, &own).await?;
    }
    loop {
        let people = ports.documents.find(&PEOPLE, Query::new(own.clone()).limit(CHUNK)).await?;
        if people.is_empty() {
            break;
        }
        let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        remove_all(ports, &PERSON_HISTORIES, &Filter::any_of("personId", ids)).await?;
        let mut batch = Batch::new();
        people.iter().for_each(|person| batch.delete_any(&PEOPLE, person.id.as_str()));
        ports.documents.commit(batch).await?;
    }
    for import in ports.documents.find(&IMPORTS, Query::new(own.clone()).limit(10_000)).await? {
        if let Some(key) = import.body.get("blobKey").and_then(Value::as_str) {
            ports.blobs.delete(key).await?;
        }
    }
    remove_all(ports, &IMPORTS, &own).await?;
    let mut batch = Batch::new();
    batch.delete_any(&TREE_STRUCTURES, tree_id);
    Ok(ports.documents.commit(batch).await?)
}

async fn remove_all(ports: &JobsPorts, collection: &'static Collection, filter: &Filter) -> Result<(), JobError> {
    loop {
        let found = ports.documents.find(collection, Query::new(filter.clone()).limit(CHUNK)).await?;
        if found.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        found.iter().for_each(|document| batch.delete_any(collection, document.id.as_str()));
        ports.documents.commit(batch).await?;
    }
}
