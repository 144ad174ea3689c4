//! The store as everybody else sees it: the same, but commits tell the graphs.

use std::sync::Arc;

use async_trait::async_trait;
use dzinza_domain::collections::{FAMILY_TREES, PEOPLE, RELATIONSHIPS};
use dzinza_ports::{Batch, Body, Collection, Document, Documents, Filter, Query, Row, StoreError, Write};
use serde_json::Value;

use crate::state::{Change, States};

pub(crate) struct Watched {
    pub inner: Arc<dyn Documents>,
    pub states: Arc<States>,
}

#[async_trait]
impl Documents for Watched {
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        self.inner.get(collection, id).await
    }

    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        self.inner.find(collection, query).await
    }

    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError> {
        self.inner.count(collection, filter).await
    }

    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.project(collection, query, fields).await
    }

    async fn commit_noting(&self, batch: Batch) -> Result<Vec<u64>, StoreError> {
        let trees = trees(&batch);
        if trees.is_empty() {
            return self.inner.commit_noting(batch).await;
        }
        let persons = persons(&batch);
        let under_way = self.states.begin(trees.iter().map(|tree| tree.id.as_str()));
        let versions = self.inner.commit_noting(batch).await?;
        for tree in &trees {
            let change = if tree.shape { Change::Everything } else { Change::Persons(persons.clone()) };
            match versions.get(tree.at) {
                Some(0) | None => self.states.forget(&tree.id),
                Some(version) => self.states.made(&tree.id, *version, change),
            }
        }
        drop(under_way);
        Ok(versions)
    }
}

/// A tree that a batch writes.
struct Written {
    id: String,
    /// Which of the writes.
    at: usize,
    /// Whether what can be seen of the tree may change as a whole.
    shape: bool,
}

fn trees(batch: &Batch) -> Vec<Written> {
    let writes = batch.writes.iter().enumerate();
    let trees = writes.filter_map(|(at, write)| {
        let (collection, id, shape) = match write {
            Write::Insert { collection, id, .. }
            | Write::Replace { collection, id, .. }
            | Write::Delete { collection, id, .. } => (collection, id, true),
            Write::Adjust { collection, id, set, .. } => (collection, id, set.contains_key("pendingImports")),
        };
        (collection.name == FAMILY_TREES.name).then(|| Written { id: id.clone(), at, shape })
    });
    trees.collect()
}

/// The persons that a batch writes, or whose ties.
fn persons(batch: &Batch) -> Vec<String> {
    let mut persons = Vec::new();
    let ends = |body: &Body, persons: &mut Vec<String>| {
        for key in ["person1Id", "person2Id"] {
            persons.extend(body.get(key).and_then(Value::as_str).map(str::to_owned));
        }
    };
    for write in &batch.writes {
        let (collection, id, body) = match write {
            Write::Insert { collection, id, body } | Write::Replace { collection, id, body, .. } => {
                (collection, id, Some(body))
            }
            Write::Adjust { collection, id, .. } | Write::Delete { collection, id, .. } => {
                (collection, id, None)
            }
        };
        if collection.name == PEOPLE.name {
            persons.push(id.clone());
        } else if let (Some(body), true) = (body, collection.name == RELATIONSHIPS.name) {
            ends(body, &mut persons);
        }
    }
    persons
}
