//! How GEDCOM maps onto documents and back.
//!
//! A record is kept whole on its document, as the text it came as. What we understand of it is read into fields;
//! on export the record is read again, compared with the fields as they are now, and only what differs is
//! changed. So whatever is not understood, and whatever nobody touched, comes back line for line.

mod citation;
mod cited;
mod export;
mod facts;
mod family;
mod head;
mod lists;
mod name_write;
mod payload;
mod person_read;
mod person_write;
mod records;
mod union;

pub use citation::{Citations, Found, read_fact};
pub use cited::{cite_key, index_cites, pointers};
pub use export::{Branch, BranchWay, Export, Living, Options as ExportOptions, UnknownRoot};
pub use facts::facts;
pub use family::{Family, FamilyRole, Link, pedigree_word, read_family};
pub use head::opening;
pub use payload::Dialect;
pub use person_read::read_person;
pub use person_write::write_person;
pub use records::{
    Named, Pointers, RecordKind, changed_record, index_record, named_records, new_record, new_xref,
    read_changes, read_place, record_fields, record_view, title, with_record,
};
pub use union::spousal_fields;

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use crate::relationship::Kind;
use crate::store::{Body, Document};

/// What a document keeps of the record it came from: `gedcom: {xref, raw}`.
pub fn keep_record(body: &mut Body, record: &Record) {
    body.insert("gedcom".into(), json!({ "xref": record.xref, "raw": record.to_gedcom() }));
}

/// The record a document came from.
pub fn kept_record(body: &Body) -> Option<Record> {
    Record::parse(kept_text(body)?).ok()
}

/// The same as the lines of a file.
pub fn kept_text(body: &Body) -> Option<&str> {
    body.get("gedcom")?.get("raw")?.as_str()
}

/// The pointer a document came under.
pub fn kept_xref(body: &Body) -> Option<&str> {
    body.get("gedcom")?.get("xref").and_then(Value::as_str)
}

/// The record of a person as it is now: the one it came as, with what has changed since. Without a pointer, for
/// somebody who never had one.
pub fn person_record(person: &Document, dialect: Dialect) -> Record {
    // A document that was never written again is what its record says.
    if let Some(record) = kept_record(&person.body).filter(|_| person.version == 1) {
        return record;
    }
    let xref = kept_xref(&person.body);
    let mut record = write_person(&person.body, xref.unwrap_or_default(), dialect);
    record.xref = xref.map(str::to_owned);
    record
}

/// The record that tells of a union as it is now. `family` is the document of the family record that the union was
/// read from; the row of one that no file brought keeps what is cited for it, below its events, itself.
pub fn union_record(union: &Document, family: Option<&Document>, dialect: Dialect) -> Record {
    let kept = family.map_or(&union.body, |family| &family.body);
    let mut record = kept_record(kept).unwrap_or_else(|| Record::new("FAM"));
    if Kind::of(&union.body) == Kind::Spousal && (family.is_none() || union.version > 1) {
        union::patch_union(&mut record, &union.body, dialect);
    }
    record
}

/// Gives every pointer of a record a suffix (`@I1@` to `@I1-2@`), so that a second file in the same tree
/// cannot be confused with the first.
pub fn suffix_pointers(record: &mut Record, suffix: &str) {
    map_pointers(record, |pointer| suffixed(pointer, suffix));
}

/// A pointer with a suffix.
pub fn suffixed(pointer: &str, suffix: &str) -> String {
    format!("{}-{suffix}@", pointer.strip_suffix('@').unwrap_or(pointer))
}

/// Renames the record and every pointer in it. `@VOID@` points to nobody under any name.
pub fn map_pointers(record: &mut Record, renamed: impl Fn(&str) -> String) {
    if let Some(xref) = &record.xref {
        record.xref = Some(renamed(xref));
    }
    let mut open: Vec<&mut Record> = vec![record];
    while let Some(node) = open.pop() {
        let new = node.pointer().filter(|pointer| *pointer != "@VOID@").map(&renamed);
        if let Some(new) = new {
            node.value = Some(new);
        }
        open.extend(node.children.iter_mut());
    }
}

/// Whether this is the beginning of a GEDCOM file, in any encoding.
///
/// # Errors
/// In words fit for the person who chose the file, what it is instead.
pub fn check_beginning(bytes: &[u8]) -> Result<(), String> {
    let mut reader = dzinza_gedcom::Reader::new(bytes).map_err(|error| error.to_string())?;
    match reader.next_record() {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("The file has no records".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
