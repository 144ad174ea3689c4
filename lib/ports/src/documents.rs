//! Documents in named collections, written in atomic batches (design decision 1).

use std::sync::Arc;

use async_trait::async_trait;
use dzinza_domain::store::{Batch, Collection, Document, field_value};
use futures::stream::{self as streams, BoxStream, StreamExt as _};
use serde_json::Value;

use crate::StoreError;

/// A condition on documents. Fields are declared paths of the collection, or `id`.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every document.
    All,
    /// The field equals the value; `Null` means that the field is absent.
    Eq(&'static str, Value),
    /// The field equals one of the values. An empty list matches nothing.
    In(&'static str, Vec<Value>),
    /// The field is absent or equals none of the values.
    NotIn(&'static str, Vec<Value>),
    /// `from <= field < to`; an absent bound is open, an absent field never matches.
    Range(&'static str, Option<Value>, Option<Value>),
    /// The text begins with this, compared byte for byte.
    Prefix(&'static str, String),
    /// The text contains this, compared byte for byte. A scan over what the other conditions leave.
    Contains(&'static str, String),
    /// The array field contains the text.
    Has(&'static str, String),
    /// All of these.
    And(Vec<Filter>),
    /// At least one of these.
    Or(Vec<Filter>),
}

impl Filter {
    /// Shorthand for [`Filter::Eq`].
    pub fn eq(field: &'static str, value: impl Into<Value>) -> Self {
        Self::Eq(field, value.into())
    }

    /// Shorthand for [`Filter::In`] over texts.
    pub fn any_of<S: Into<String>>(field: &'static str, values: impl IntoIterator<Item = S>) -> Self {
        Self::In(field, values.into_iter().map(|value| Value::String(value.into())).collect())
    }

    /// This and the other.
    #[must_use]
    pub fn and(self, other: Filter) -> Self {
        match (self, other) {
            (Self::All, filter) | (filter, Self::All) => filter,
            (Self::And(mut all), filter) => {
                all.push(filter);
                Self::And(all)
            }
            (one, two) => Self::And(vec![one, two]),
        }
    }
}

/// The direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first; documents that lack the field come first.
    Ascending,
    /// Largest first; documents that lack the field come last.
    Descending,
}

/// One sort field. The id is always the last one, in the direction of the last field given.
pub type Sort = (&'static str, Direction);

/// A position in a sorted result: the sort values and the id of the last document seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// One per sort field; `Null` where the document lacks it.
    pub values: Vec<Value>,
    /// The id of that document.
    pub id: String,
}

/// What to find, in which order, and which part of it.
#[derive(Debug, Clone)]
pub struct Query {
    /// The condition.
    pub filter: Filter,
    /// The order; empty means by id.
    pub sort: Vec<Sort>,
    /// Only what comes after this position (keyset paging). Not together with `skip`.
    pub after: Option<Cursor>,
    /// How many to pass over (offset paging).
    pub skip: u64,
    /// At most this many, 1 to 10 000.
    pub limit: u32,
    /// The top-level fields that are wanted; empty means all. Others may be missing from the documents, which saves
    /// reading them. To page on, a sort field has to be among them.
    pub only: &'static [&'static str],
}

impl Query {
    /// The first 1000 by id.
    pub fn new(filter: Filter) -> Self {
        Self { filter, sort: Vec::new(), after: None, skip: 0, limit: 1000, only: &[] }
    }
    /// In this order.
    #[must_use]
    pub fn sort(mut self, field: &'static str, direction: Direction) -> Self {
        self.sort.push((field, direction));
        self
    }
    /// At most this many.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }
    /// Only these top-level fields are wanted.
    #[must_use]
    pub fn only(mut self, fields: &'static [&'static str]) -> Self {
        self.only = fields;
        self
    }
    /// Pass over this many.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }
    /// Only what comes after the cursor.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }
}

/// The document store.
#[async_trait]
pub trait Documents: Send + Sync + 'static {
    /// The document, if it is there.
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError>;

    /// The documents the query asks for, in its order.
    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError>;

    /// How many documents match.
    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError>;

    /// Declared fields of the documents the query asks for, in its order: for walks over many documents that need
    /// little of each.
    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError>;

    /// Does all of the batch, durably, or nothing of it. Answers the version that each write left its document at,
    /// in their order; 0 where the document is gone.
    async fn commit_noting(&self, batch: Batch) -> Result<Vec<u64>, StoreError>;

    /// Does all of the batch, durably, or nothing of it.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commit_noting(batch).await.map(drop)
    }
}

/// Some declared fields of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose.
    pub id: String,
    /// In the order in which they were asked for; `Null` where the document lacks one.
    pub values: Vec<Value>,
}

impl Row {
    /// The text at this place of the fields asked for.
    pub fn text(&self, at: usize) -> Option<&str> {
        self.values.get(at).and_then(Value::as_str)
    }

    /// The whole number at this place of the fields asked for.
    pub fn integer(&self, at: usize) -> Option<i64> {
        self.values.get(at).and_then(Value::as_i64)
    }
}

/// The cursor that stands behind this document in this order.
pub fn cursor_of(document: &Document, sort: &[Sort]) -> Cursor {
    let values = sort.iter().map(|(path, _)| field_value(document, path)).collect();
    Cursor { values, id: document.id.clone() }
}

/// All documents of the query as a stream, fetched `query.limit` at a time by keyset, so that memory does
/// not grow with the result. Documents changed meanwhile may be seen before or after the change.
pub fn stream(
    documents: Arc<dyn Documents>,
    collection: &'static Collection,
    query: Query,
) -> BoxStream<'static, Result<Document, StoreError>> {
    let chunks = streams::try_unfold(Some(query), move |query| {
        let documents = documents.clone();
        async move {
            let Some(mut query) = query else { return Ok(None) };
            let chunk = documents.find(collection, query.clone()).await?;
            let full = chunk.len() >= query.limit as usize;
            let rest = match chunk.last() {
                Some(last) if full => {
                    query.after = Some(cursor_of(last, &query.sort));
                    query.skip = 0;
                    Some(query)
                }
                _ => None,
            };
            Ok(Some((streams::iter(chunk.into_iter().map(Ok)), rest)))
        }
    });
    chunks
        .flat_map(|chunk| match chunk {
            Ok(documents) => documents.boxed(),
            Err(error) => streams::once(async move { Err(error) }).boxed(),
        })
        .boxed()
}
