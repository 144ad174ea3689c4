//! What the cases share: collections, bodies, crowds.

use dzinza_ports::{Batch, Body, Collection, Documents, Field, Index, StoreError, StoreErrorKind};
use serde_json::Value;

use crate::Failed;

/// The collection most cases use: every kind of field, plain and unique indexes.
pub(crate) static PAPERS: Collection = Collection {
    name: "papers",
    fields: &[
        Field::text("treeId"),
        Field::text("title"),
        Field::text("slug"),
        Field::text("code"),
        Field::text("index.sortName"),
        Field::integer("year"),
        Field::integer("public"),
        Field::integer("version"),
        Field::array("tags"),
        Field::array("authors.userId"),
    ],
    indexes: &[
        Index::on(&["treeId", "index.sortName"]),
        Index::on(&["treeId", "year"]),
        Index::on(&["title"]),
        Index::unique(&["treeId", "slug"]),
        Index::unique(&["code"]),
    ],
};

/// A second one, for batches across collections; nothing declared.
pub(crate) static NOTES: Collection = Collection { name: "notes", fields: &[], indexes: &[] };

/// The collections a backend under test must be opened with.
pub fn collections() -> Vec<&'static Collection> {
    vec![&PAPERS, &NOTES]
}

/// A JSON object as a body.
pub(crate) fn body(value: Value) -> Body {
    match value {
        Value::Object(fields) => fields,
        other => Body::from_iter([("value".to_owned(), other)]),
    }
}

/// Commits one insert.
pub(crate) async fn insert(
    documents: &dyn Documents,
    collection: &'static Collection,
    id: &str,
    value: Value,
) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.insert(collection, id, body(value));
    documents.commit(batch).await
}

/// Fails unless this is an error of this kind.
pub(crate) fn fails<T>(result: Result<T, StoreError>, kind: StoreErrorKind) -> Result<StoreError, Failed> {
    match result {
        Ok(_) => Err(format!("succeeded, expected {kind:?}").into()),
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(format!("{error}, expected {kind:?}").into()),
    }
}

/// What is there, or a failure.
pub(crate) fn there<T>(value: Option<T>) -> Result<T, Failed> {
    value.ok_or_else(|| "absent, expected to be there".into())
}

/// Runs many at the same time and gives their results.
pub(crate) async fn crowd<T, R>(size: usize, start: impl Fn(usize) -> R) -> Result<Vec<T>, Failed>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..size).map(|member| tokio::spawn(start(member))).collect();
    let mut results = Vec::with_capacity(size);
    for task in tasks {
        results.push(task.await?);
    }
    Ok(results)
}
