//! The shape of stored things: documents in collections, and the batches that change them together.
//!
//! Domain code computes a [`Batch`] as a pure function; a handler commits it through the `Documents` port,
//! which does all of it or nothing (design decision 1).

use std::time::Duration;

use serde_json::{Map, Value};

/// The fields of a document, without `id` and `version`, which the store keeps beside them.
pub type Body = Map<String, Value>;

/// A document as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Opaque and unique in its collection, at most 200 bytes.
    pub id: String,
    /// 1 when inserted, one more with every write; what [`Write::Replace`] compares.
    pub version: u64,
    /// Everything else.
    pub body: Body,
}

/// A collection and the fields by which it can be found; adapters build tables and indexes from it.
#[derive(Debug)]
pub struct Collection {
    /// The name existing MongoDB deployments have; `[a-z]+`.
    pub name: &'static str,
    /// The only fields that filters and sorts may name (besides `id`).
    pub fields: &'static [Field],
    /// The indexes, each over declared fields; the document id is always appended.
    pub indexes: &'static [Index],
}

/// A declared field of a collection.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Dotted path into the body, such as `familyTreeId` or `index.sortName`.
    pub path: &'static str,
    /// What is found there. A value of another kind counts as absent.
    pub kind: FieldKind,
}

impl Field {
    /// A text field.
    pub const fn text(path: &'static str) -> Self {
        Self { path, kind: FieldKind::Text }
    }
    /// A whole-number or boolean field (`true` is 1).
    pub const fn integer(path: &'static str) -> Self {
        Self { path, kind: FieldKind::Integer }
    }
    /// An array of texts, or of objects when the path goes on behind the array (`collaborators.userId`).
    pub const fn array(path: &'static str) -> Self {
        Self { path, kind: FieldKind::TextArray }
    }
}

/// The kind of a declared field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A JSON string.
    Text,
    /// A JSON whole number that fits `i64`, or a boolean.
    Integer,
    /// Several JSON strings; only a `Has` filter may name it, and it cannot be sorted by.
    TextArray,
}

/// An index over declared fields.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// Field paths, most significant first.
    pub fields: &'static [&'static str],
    /// Whether two documents may share all values. Documents that lack one of the fields never clash.
    pub unique: bool,
}

impl Index {
    /// An ordinary index.
    pub const fn on(fields: &'static [&'static str]) -> Self {
        Self { fields, unique: false }
    }
    /// A uniqueness rule.
    pub const fn unique(fields: &'static [&'static str]) -> Self {
        Self { fields, unique: true }
    }
}

/// One change in a batch.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new document at version 1; `Conflict` if the id exists.
    Insert {
        /// Where.
        collection: &'static Collection,
        /// Its id.
        id: String,
        /// Its fields.
        body: Body,
    },
    /// New fields for a document that must be at `expected`, else `Stale`.
    Replace {
        /// Where.
        collection: &'static Collection,
        /// Which.
        id: String,
        /// The version that was read.
        expected: u64,
        /// All its fields from now on.
        body: Body,
    },
    /// Adds to whole numbers (absent counts as 0) and sets fields, whatever the version is: two of these
    /// commute. The version rises by one. `Stale` if the document is not there.
    Adjust {
        /// Where.
        collection: &'static Collection,
        /// Which.
        id: String,
        /// Dotted path and what to add.
        add: Vec<(&'static str, i64)>,
        /// Top-level fields to set.
        set: Body,
    },
    /// Removes the document. With `expected`, it must be at that version, else `Stale`; without, a document
    /// that is not there is no error.
    Delete {
        /// Where.
        collection: &'static Collection,
        /// Which.
        id: String,
        /// The version that was read, if it matters.
        expected: Option<u64>,
    },
}

/// Changes that happen together or not at all, and the jobs that follow from them.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Applied in order.
    pub writes: Vec<Write>,
    /// Sent if and only if the writes took place.
    pub jobs: Vec<NewMessage>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds [`Write::Insert`].
    pub fn insert(&mut self, collection: &'static Collection, id: impl Into<String>, body: Body) {
        self.writes.push(Write::Insert { collection, id: id.into(), body });
    }
    /// Adds [`Write::Replace`] of a document as it was read, with the body it shall have.
    pub fn replace(&mut self, collection: &'static Collection, read: &Document, body: Body) {
        self.writes.push(Write::Replace { collection, id: read.id.clone(), expected: read.version, body });
    }
    /// Adds [`Write::Adjust`].
    pub fn adjust(
        &mut self,
        collection: &'static Collection,
        id: impl Into<String>,
        add: Vec<(&'static str, i64)>,
        set: Body,
    ) {
        self.writes.push(Write::Adjust { collection, id: id.into(), add, set });
    }
    /// Adds [`Write::Delete`] at the version that was read.
    pub fn delete(&mut self, collection: &'static Collection, read: &Document) {
        self.writes.push(Write::Delete { collection, id: read.id.clone(), expected: Some(read.version) });
    }
    /// Adds [`Write::Delete`] whatever the version.
    pub fn delete_any(&mut self, collection: &'static Collection, id: impl Into<String>) {
        self.writes.push(Write::Delete { collection, id: id.into(), expected: None });
    }
    /// Adds a job.
    pub fn job(&mut self, message: NewMessage) {
        self.jobs.push(message);
    }
}

/// The value at a dotted path, `id` included; `Null` where there is none. Booleans come as 0 and 1, as the
/// stores compare them.
pub fn field_value(document: &Document, path: &str) -> Value {
    if path == "id" {
        return Value::String(document.id.clone());
    }
    let mut parts = path.split('.');
    let mut value = parts.next().and_then(|part| document.body.get(part));
    for part in parts {
        value = value.and_then(|value| value.get(part));
    }
    match value {
        Some(Value::Bool(flag)) => Value::from(i64::from(*flag)),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

/// A message to be sent, alone or with a [`Batch`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// The queue's name as `template.yaml` has it.
    pub queue: &'static str,
    /// The job, as JSON.
    pub body: Value,
    /// Not to be received before this has passed.
    pub delay: Duration,
}
