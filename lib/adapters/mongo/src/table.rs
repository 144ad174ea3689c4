//! A collection as its declaration has it, ready for queries and writes.

use std::collections::HashMap;
use std::sync::Arc;

use dzinza_ports::{Collection, FieldKind, StoreError};

use crate::error::invalid;

/// The name of the index that MongoDB itself keeps.
const OWN_INDEX: &str = "_id_";
/// A collection that is ours and nobody declares.
pub(crate) const OUTBOX: &str = "dzinzaoutbox";

/// What is found at a path, and how it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text that tells a moment; stored as a date, as existing deployments do.
    Moment,
    Integer,
    TextArray,
}

/// A declared field.
#[derive(Debug)]
pub(crate) struct TableField {
    pub path: &'static str,
    pub parts: Vec<&'static str>,
    pub kind: Kind,
}

/// A declared uniqueness rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub index: String,
    pub fields: &'static [&'static str],
}

/// A collection's fields and rules.
#[derive(Debug)]
pub(crate) struct Table {
    pub collection: &'static Collection,
    pub fields: Vec<TableField>,
    pub rules: Vec<Rule>,
}

impl Table {
    fn new(collection: &'static Collection) -> Result<Self, StoreError> {
        let name = collection.name;
        if name.is_empty() || name == OUTBOX || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(invalid(format!("{name:?} cannot be the name of a collection")));
        }
        let fields = collection.fields.iter().map(|field| TableField {
            path: field.path,
            parts: field.path.split('.').collect(),
            kind: match field.kind {
                FieldKind::Text if is_moment(field.path) => Kind::Moment,
                FieldKind::Text => Kind::Text,
                FieldKind::Integer => Kind::Integer,
                FieldKind::TextArray => Kind::TextArray,
            },
        });
        let unique = collection.indexes.iter().filter(|index| index.unique);
        let rules = unique
            .map(|index| Rule { index: index_name(name, "unique", index.fields), fields: index.fields });
        Ok(Self { collection, fields: fields.collect(), rules: rules.collect() })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.collection.name
    }

    pub(crate) fn field(&self, path: &str) -> Option<&TableField> {
        self.fields.iter().find(|field| field.path == path)
    }

    /// The rule that a message about a duplicate key speaks of, as `collection.field,field`.
    pub(crate) fn rule(&self, message: &str) -> String {
        let named = |index: &str| {
            message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == index)
        };
        let fields = match self.rules.iter().find(|rule| named(&rule.index)) {
            Some(rule) => rule.fields.join(","),
            None if named(OWN_INDEX) || self.rules.is_empty() => "id".to_owned(),
            // An index that somebody else made.
            None => "unique".to_owned(),
        };
        format!("{}.{fields}", self.name())
    }
}

/// Existing deployments name moments so, and have dates there.
fn is_moment(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    last == "date" || last.ends_with("At")
}

pub(crate) fn index_name(collection: &str, kind: &str, fields: &[&str]) -> String {
    format!("{collection}__{kind}__{}", fields.join("__").replace('.', "_"))
}

/// All collections of a store by name.
pub(crate) struct Catalog(HashMap<&'static str, Arc<Table>>);

impl Catalog {
    pub(crate) fn new(collections: &[&'static Collection]) -> Result<Self, StoreError> {
        let mut tables = HashMap::new();
        for collection in collections {
            if tables.insert(collection.name, Arc::new(Table::new(collection)?)).is_some() {
                return Err(invalid(format!("the collection {} is declared twice", collection.name)));
            }
        }
        Ok(Self(tables))
    }

    pub(crate) fn table(&self, collection: &Collection) -> Result<&Arc<Table>, StoreError> {
        self.0.get(collection.name).ok_or_else(|| {
            invalid(format!("the store was opened without the collection {}", collection.name))
        })
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.0.values().map(AsRef::as_ref)
    }
}
