//! Fields of a record: where each stands, how it is read, how it is written so that only its own lines change.

use std::collections::HashMap;

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::RecordKind;
use super::list::{List, patch_list, read_list};
use super::place::{read_place, write_place};
use crate::gedcom::payload::{Dialect, child_or_insert, put, read_at};
use crate::store::Body;

/// Tags from a record down to a line.
pub(super) type Path = &'static [&'static str];

/// A field of a record on the wire.
pub(in crate::gedcom) struct Field {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
}

pub(super) const fn field(name: &'static str, rule: Rule) -> Field {
    Field { name, rule }
}

/// What a field is.
pub(super) enum Rule {
    /// A text of at most so many characters, at the first of these paths that is there. A new one goes to the first
    /// in GEDCOM 7 and to the last before.
    Text(&'static [Path], usize),
    /// A date, as GEDCOM writes it.
    Date(Path),
    /// A whole number up to this.
    Number(Path, u64),
    /// A place as a value.
    Place(Path),
    /// Several.
    List(List),
    /// What only a file says.
    Shown(fn(&Record) -> Option<Value>),
}

/// Which document stands behind a pointer, and the pointer of a document, within one tree.
#[derive(Debug, Clone, Default)]
pub struct Pointers {
    ids: HashMap<String, (String, Option<RecordKind>)>,
    xrefs: HashMap<String, String>,
}

impl Pointers {
    /// Adds a document. Of two with one pointer, it leads to the first.
    pub fn add(&mut self, xref: &str, id: &str, kind: Option<RecordKind>) {
        self.ids.entry(xref.to_owned()).or_insert_with(|| (id.to_owned(), kind));
        self.xrefs.insert(id.to_owned(), xref.to_owned());
    }

    /// The document that a pointer leads to, if it is of this kind.
    pub fn id(&self, xref: &str, kind: RecordKind) -> Option<&str> {
        self.ids.get(xref).filter(|(_, found)| *found == Some(kind)).map(|(id, _)| id.as_str())
    }

    /// The pointer of a document.
    pub fn xref(&self, id: &str) -> Option<&str> {
        self.xrefs.get(id).map(String::as_str)
    }
}

/// Reads the fields that a record has; lists are always there.
pub(in crate::gedcom) fn read_fields(record: &Record, fields: &[Field], pointers: &Pointers) -> Body {
    let mut body = Body::new();
    for field in fields {
        if let Some(value) = read_field(record, &field.rule, pointers) {
            body.insert(field.name.to_owned(), value);
        }
    }
    body
}

fn read_field(record: &Record, rule: &Rule, pointers: &Pointers) -> Option<Value> {
    match rule {
        Rule::Text(paths, _) => paths.iter().find_map(|path| read_at(record, path)).map(Value::from),
        Rule::Date(path) => {
            let date = record.value_of(path)?.trim();
            (!date.is_empty()).then(|| json!(date))
        }
        Rule::Number(path, most) => {
            let number: u64 = record.value_of(path)?.trim().parse().ok()?;
            (number <= *most).then(|| json!(number))
        }
        Rule::Place(path) => read_place(line_at(record, path)?),
        Rule::List(list) => Some(json!(read_list(record, list, pointers))),
        Rule::Shown(read) => read(record),
    }
}

/// The first line at a path.
pub(super) fn line_at<'r>(record: &'r Record, path: &[&str]) -> Option<&'r Record> {
    path.iter().try_fold(record, |at, tag| at.child(tag))
}

/// The same to change, made if it is not there.
pub(super) fn line_at_mut<'r>(record: &'r mut Record, path: &[&str]) -> &'r mut Record {
    path.iter().fold(record, |at, tag| child_or_insert(at, tag))
}

/// Writes changed fields; `null` takes one away. What a line says already is not touched.
pub(in crate::gedcom) fn apply(
    record: &mut Record,
    fields: &[Field],
    changes: &Body,
    with: (&Pointers, Dialect),
) {
    for field in fields {
        let Some(value) = changes.get(field.name) else { continue };
        let before = read_field(record, &field.rule, with.0);
        if before.as_ref().unwrap_or(&Value::Null) != value {
            write_field(record, &field.rule, value, with);
        }
    }
}

fn write_field(record: &mut Record, rule: &Rule, value: &Value, (pointers, dialect): (&Pointers, Dialect)) {
    match rule {
        Rule::Text(paths, _) => {
            let there = paths.iter().find(|path| read_at(record, path).is_some());
            let usual = if dialect == Dialect::Seven { paths.first() } else { paths.last() };
            let Some(path) = there.or(usual) else { return };
            match value.as_str() {
                Some(text) => put(line_at_mut(record, path), text, dialect),
                None => clear(record, path),
            }
        }
        Rule::Date(path) => match value.as_str() {
            Some(date) => line_at_mut(record, path).value = Some(date.to_owned()),
            None => clear(record, path),
        },
        Rule::Number(path, _) => match value.as_u64() {
            Some(number) => line_at_mut(record, path).value = Some(number.to_string()),
            None => clear(record, path),
        },
        Rule::Place(path) => {
            if value.is_null() {
                clear(record, path);
            } else {
                write_place(line_at_mut(record, path), value, dialect);
            }
        }
        Rule::List(list) => {
            let wanted = value.as_array().map(Vec::as_slice).unwrap_or_default();
            patch_list(record, list, wanted, (pointers, dialect));
        }
        Rule::Shown(_) => {}
    }
}

/// Takes away what the line at a path says, and the lines that have nothing left to say then.
fn clear(record: &mut Record, path: &[&str]) {
    let Some((tag, rest)) = path.split_first() else {
        record.value = None;
        record.children.retain(|line| !matches!(line.tag.as_str(), "CONT" | "CONC"));
        return;
    };
    let Some(place) = record.children.iter().position(|line| line.tag == *tag) else { return };
    let Some(line) = record.children.get_mut(place) else { return };
    clear(line, rest);
    if line.value.is_none() && line.children.is_empty() {
        record.children.remove(place);
    }
}
