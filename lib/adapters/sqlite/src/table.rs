//! A collection as tables and statements, derived once from its declaration.

use std::collections::HashSet;

use dzinza_ports::{Body, Collection, FieldKind, StoreError, adapting};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use serde_json::Value;

use crate::error::invalid;

/// What a column holds, borrowed from the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqlValue::Null),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Integer(number) => ToSqlOutput::Owned(SqlValue::Integer(*number)),
        })
    }
}

/// The value as a field of this kind has it; a value of another kind counts as absent.
pub(crate) fn cell(value: Option<&Value>, kind: FieldKind) -> Cell<'_> {
    match (kind, value) {
        (FieldKind::Text, Some(Value::String(text))) => Cell::Text(text),
        (FieldKind::Integer, Some(Value::Bool(flag))) => Cell::Integer(i64::from(*flag)),
        (FieldKind::Integer, Some(Value::Number(number))) => {
            number.as_i64().map_or(Cell::Null, Cell::Integer)
        }
        _ => Cell::Null,
    }
}

/// A declared text or integer field.
#[derive(Debug)]
pub(crate) struct Column {
    pub path: &'static str,
    parts: Vec<&'static str>,
    pub kind: FieldKind,
    /// Unquoted.
    pub name: String,
}

impl Column {
    pub(crate) fn cell<'a>(&self, body: &'a Body) -> Cell<'a> {
        let Some((first, rest)) = self.parts.split_first() else { return Cell::Null };
        let mut value = body.get(*first);
        for part in rest {
            value = value.and_then(|value| value.get(part));
        }
        cell(value, self.kind)
    }
}

/// A declared array field, which has a table of its own.
#[derive(Debug)]
pub(crate) struct Side {
    pub path: &'static str,
    parts: Vec<&'static str>,
    /// Unquoted.
    pub name: String,
    pub insert: String,
    pub delete: String,
}

impl Side {
    pub(crate) fn texts<'a>(&self, body: &'a Body) -> Vec<&'a str> {
        let mut texts = Vec::new();
        if let Some((first, rest)) = self.parts.split_first()
            && let Some(value) = body.get(*first)
        {
            collect(value, rest, false, &mut texts);
        }
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

fn collect<'a>(value: &'a Value, parts: &[&str], in_array: bool, texts: &mut Vec<&'a str>) {
    match (value, parts.split_first()) {
        (Value::Array(elements), _) => {
            for element in elements {
                collect(element, parts, true, texts);
            }
        }
        (Value::Object(fields), Some((first, rest))) => {
            if let Some(value) = fields.get(*first) {
                collect(value, rest, in_array, texts);
            }
        }
        (Value::String(text), None) if in_array => texts.push(text),
        _ => {}
    }
}

/// A declared index.
#[derive(Debug)]
pub(crate) struct TableIndex {
    pub name: String,
    /// Unquoted names, without the appended id.
    pub columns: Vec<String>,
    pub fields: &'static [&'static str],
    pub unique: bool,
}

/// A collection's tables and statements. Every identifier in them comes from the static declaration.
#[derive(Debug)]
pub(crate) struct Table {
    pub collection: &'static Collection,
    pub columns: Vec<Column>,
    pub sides: Vec<Side>,
    pub indexes: Vec<TableIndex>,
    pub insert: String,
    pub update: String,
    pub get: String,
    pub delete: String,
    pub delete_at: String,
}

const OWN_COLUMNS: [&str; 6] = ["id", "version", "body", "rowid", "oid", "_rowid_"];
/// Tables of the accounts, whose names look like those of collections.
const OWN_TABLES: [&str; 1] = ["users"];

impl Table {
    pub(crate) fn new(collection: &'static Collection) -> Result<Self, StoreError> {
        let name = collection.name;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        if !plain || OWN_TABLES.contains(&name) {
            return Err(invalid(format!("{name:?} cannot be the name of a collection")));
        }
        let mut columns = Vec::new();
        let mut sides = Vec::new();
        let mut seen = HashSet::new();
        for field in collection.fields {
            let column = column_name(name, field.path)?;
            if !seen.insert(column.to_ascii_lowercase()) {
                return Err(invalid(format!("{name}.{} is declared twice", field.path)));
            }
            let parts = field.path.split('.').collect();
            if field.kind == FieldKind::TextArray {
                sides.push(side(name, field.path, parts, &column));
            } else {
                columns.push(Column { path: field.path, parts, kind: field.kind, name: column });
            }
        }
        let indexes = indexes(collection, &columns)?;
        let names =
            |form: fn(&str) -> String| columns.iter().map(|column| form(&column.name)).collect::<String>();
        let listed = names(|name| format!(", \"{name}\""));
        let holes = names(|_| ", ?".to_owned());
        let settings = names(|name| format!(", \"{name}\" = ?"));
        Ok(Self {
            insert: format!(r#"INSERT INTO "{name}" (id, body, version{listed}) VALUES (?, ?, 1{holes})"#),
            update: format!(
                r#"UPDATE "{name}" SET version = version + 1, body = ?{settings} WHERE id = ? AND version = ?"#
            ),
            get: format!(r#"SELECT id, version, body FROM "{name}" WHERE id = ?"#),
            delete: format!(r#"DELETE FROM "{name}" WHERE id = ?"#),
            delete_at: format!(r#"DELETE FROM "{name}" WHERE id = ? AND version = ?"#),
            collection,
            columns,
            sides,
            indexes,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.collection.name
    }

    pub(crate) fn column(&self, path: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.path == path)
    }

    /// The declared rule over these columns, as `collection.field,field`.
    pub(crate) fn rule(&self, columns: &[&str]) -> String {
        let index = self.indexes.iter().find(|index| index.unique && index.columns == columns);
        let fields = index.map_or_else(|| columns.join(","), |index| index.fields.join(","));
        format!("{}.{fields}", self.name())
    }
}

fn column_name(collection: &str, path: &str) -> Result<String, StoreError> {
    let plain = path.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if !plain || path == "id" {
        return Err(invalid(format!("{collection} cannot declare the field {path:?}")));
    }
    let mut name = path.replace('.', "__");
    if OWN_COLUMNS.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
        name.push('_');
    }
    Ok(name)
}

fn side(collection: &str, path: &'static str, parts: Vec<&'static str>, column: &str) -> Side {
    let name = format!("{collection}__{column}");
    Side {
        insert: format!(r#"INSERT INTO "{name}" (value, id) VALUES (?, ?)"#),
        delete: format!(r#"DELETE FROM "{name}" WHERE id = ?"#),
        path,
        parts,
        name,
    }
}

fn indexes(collection: &'static Collection, columns: &[Column]) -> Result<Vec<TableIndex>, StoreError> {
    let mut indexes = Vec::new();
    for index in collection.indexes {
        let mut names = Vec::new();
        for field in index.fields {
            let column = columns.iter().find(|column| column.path == *field);
            let column = column.ok_or_else(|| {
                invalid(format!("{}: an index over the field {field}, which has no column", collection.name))
            })?;
            names.push(column.name.clone());
        }
        let kind = if index.unique { "unique" } else { "by" };
        let name = format!("{}__{kind}__{}", collection.name, names.join("__"));
        indexes.push(TableIndex { name, columns: names, fields: index.fields, unique: index.unique });
    }
    Ok(indexes)
}

/// All collections of a store by name.
pub(crate) type Catalog = adapting::Catalog<Table>;
