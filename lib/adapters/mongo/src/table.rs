//! A collection as its declaration has it, ready for queries and writes.

use dzinza_ports::{Collection, FieldKind, StoreError, adapting};

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
    pub(crate) fn new(collection: &'static Collection) -> Result<Self, StoreError> {
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
pub(crate) type Catalog = adapting::Catalog<Table>;
