//! Sources, repositories, notes, media objects and submitters as documents.
//!
//! Their text is the only truth: fields are read from it when somebody asks, and an edit changes the lines it is
//! about. So nothing is kept twice, an import costs nothing more, and what nobody understood stays.

mod input;
mod list;
mod place;
mod shape;
mod shapes;

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::cited::{fnv, index_cites};
use super::payload::{Dialect, read, read_at};
use super::{keep_record, kept_record, kept_xref};
use crate::FieldProblem;
use crate::store::{Body, Document};
use crate::text::fold;

pub use input::{Named, named_records, read_changes};
pub use place::read_place;
pub use shape::Pointers;
pub(super) use shape::{apply, read_fields};
pub(super) use shapes::CITATION;

/// Lists are sorted by so many characters of a title.
const TITLE: usize = 120;

/// A kind of record that is a document of its own, besides persons and families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// `SOUR`.
    Source,
    /// `REPO`.
    Repository,
    /// `NOTE`, in GEDCOM 7 `SNOTE`.
    Note,
    /// `OBJE`.
    Media,
    /// `SUBM`.
    Submitter,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Source, Self::Repository, Self::Note, Self::Media, Self::Submitter];

    /// The kind of a record with this tag, if it is one of these.
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag {
            "SOUR" => Some(Self::Source),
            "REPO" => Some(Self::Repository),
            "NOTE" | "SNOTE" => Some(Self::Note),
            "OBJE" => Some(Self::Media),
            "SUBM" => Some(Self::Submitter),
            _ => None,
        }
    }

    /// The kind of a stored record.
    pub fn of(body: &Body) -> Option<Self> {
        Self::of_tag(body.get("tag")?.as_str()?)
    }

    /// What `index.kind` and the wire call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Repository => "repository",
            Self::Note => "note",
            Self::Media => "media",
            Self::Submitter => "submitter",
        }
    }

    /// The tag of a new one.
    pub fn tag(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Source, _) => "SOUR",
            (Self::Repository, _) => "REPO",
            (Self::Note, Dialect::Five) => "NOTE",
            (Self::Note, Dialect::Seven) => "SNOTE",
            (Self::Media, _) => "OBJE",
            (Self::Submitter, _) => "SUBM",
        }
    }

    /// The fields of which a new one needs at least one.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Source => &["title", "abbreviation", "text"],
            Self::Repository | Self::Submitter => &["name"],
            Self::Note => &["text"],
            Self::Media => &["files"],
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Source => 'S',
            Self::Repository => 'R',
            Self::Note => 'N',
            Self::Media => 'M',
            Self::Submitter => 'U',
        }
    }
}

/// The pointer of a new record. It comes from the document's id: no counter to wait for, and no file and no other
/// tree has the same.
pub fn new_xref(kind: RecordKind, id: &str) -> String {
    /// Crockford's: no letter that looks like a digit.
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = fnv(&[id]);
    let digits = (0..12).rev().filter_map(|place| DIGITS.get((hash >> (place * 5)) as usize & 31));
    // A letter first, so that none starts as those of an export do.
    format!("@{}X{}@", kind.letter(), digits.map(|digit| *digit as char).collect::<String>())
}

/// What a stored record is found by: its kind, a title to sort by, and what it points to. The document says which
/// tree it is in, and holds the record already.
pub fn index_record(body: &mut Body, record: &Record) {
    let mut index = Body::new();
    match RecordKind::of_tag(&record.tag) {
        Some(kind) => {
            index.insert("kind".into(), json!(kind.word()));
            let title: String = title(kind, record).chars().take(TITLE).collect();
            index.insert("title".into(), json!(fold(&title)));
        }
        None if record.tag == "HEAD" => drop(index.insert("kind".into(), json!("header"))),
        None => {}
    }
    body.insert("index".into(), Value::Object(index));
    index_cites(body);
}

/// What a record is called, in words; empty if it says nothing of the kind.
pub fn title(kind: RecordKind, record: &Record) -> String {
    let paths: &[&[&str]] = match kind {
        RecordKind::Source => &[&["TITL"], &["ABBR"], &["TEXT"]],
        RecordKind::Repository | RecordKind::Submitter => &[&["NAME"]],
        RecordKind::Note => return read(record).unwrap_or_default(),
        RecordKind::Media => &[&["FILE", "TITL"], &["TITL"], &["FILE"]],
    };
    paths.iter().find_map(|path| read_at(record, path)).unwrap_or_default()
}

/// The fields of a record, as they are on the wire.
pub fn record_fields(kind: RecordKind, record: &Record, pointers: &Pointers) -> Body {
    read_fields(record, shapes::of(kind), pointers)
}

/// A stored record on the wire.
pub fn record_view(document: &Document, kind: RecordKind, pointers: &Pointers) -> Body {
    let record = kept_record(&document.body).unwrap_or_default();
    let mut view = record_fields(kind, &record, pointers);
    let get = |key: &str| document.body.get(key).cloned().unwrap_or(Value::Null);
    for (key, value) in [
        ("id", json!(document.id)),
        ("_id", json!(document.id)),
        ("kind", json!(kind.word())),
        ("xref", json!(kept_xref(&document.body))),
        ("familyTreeId", get("familyTreeId")),
        ("createdAt", get("createdAt")),
        ("updatedAt", get("updatedAt")),
    ] {
        view.insert(key.into(), value);
    }
    view
}

/// A new record with these fields, as a document without author and dates.
///
/// # Errors
/// If it would say nothing.
pub fn new_record(
    kind: RecordKind,
    id: &str,
    tree_id: &str,
    changes: &Body,
    (pointers, dialect): (&Pointers, Dialect),
) -> Result<Body, FieldProblem> {
    let said =
        |name: &&&str| changes.get(**name).is_some_and(|value| !value.is_null() && value != &json!([]));
    if !kind.needed().iter().any(|name| said(&name)) {
        return Err(FieldProblem::required(kind.needed().first().copied().unwrap_or("body")));
    }
    let mut record = Record::top(&new_xref(kind, id), kind.tag(dialect));
    apply(&mut record, shapes::of(kind), changes, (pointers, dialect));
    let mut body = Body::new();
    body.insert("familyTreeId".into(), json!(tree_id));
    body.insert("tag".into(), json!(record.tag));
    keep_record(&mut body, &record);
    index_record(&mut body, &record);
    Ok(body)
}

/// The document with changed fields: their lines are others now, all the rest is as it was.
pub fn changed_record(
    kind: RecordKind,
    body: &Body,
    changes: &Body,
    (pointers, dialect): (&Pointers, Dialect),
) -> Body {
    let mut record = kept_record(body).unwrap_or_default();
    apply(&mut record, shapes::of(kind), changes, (pointers, dialect));
    with_record(body, &record)
}

/// The document of a record, with the record as it is now.
pub fn with_record(body: &Body, record: &Record) -> Body {
    let mut next = body.clone();
    keep_record(&mut next, record);
    index_record(&mut next, record);
    next
}

#[cfg(test)]
mod tests;
