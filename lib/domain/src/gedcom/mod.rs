//! How GEDCOM maps onto documents and back.
//!
//! A record is kept whole on its document, as the text it came as. What we understand of it is read into fields;
//! on export the record is read again, compared with the fields as they are now, and only what differs is
//! changed. So whatever is not understood, and whatever nobody touched, comes back line for line.

mod export;
mod family;
mod head;
mod lists;
mod name_write;
mod payload;
mod person_read;
mod person_write;
mod union;

pub use export::{Branch, BranchWay, Export, Living, Options as ExportOptions, UnknownRoot};
pub use family::{Family, FamilyRole, Link, pedigree_word, read_family};
pub use head::opening;
pub use payload::Dialect;
pub use person_read::read_person;
pub use person_write::write_person;
pub use union::spousal_fields;

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use crate::store::Body;

/// What a document keeps of the record it came from: `gedcom: {xref, raw}`.
pub fn keep_record(body: &mut Body, record: &Record) {
    body.insert("gedcom".into(), json!({ "xref": record.xref, "raw": record.to_gedcom() }));
}

/// The record a document came from.
pub fn kept_record(body: &Body) -> Option<Record> {
    Record::parse(kept_text(body)?).ok()
}

/// The same as the lines of a file.
fn kept_text(body: &Body) -> Option<&str> {
    body.get("gedcom")?.get("raw")?.as_str()
}

/// The pointer a document came under.
pub fn kept_xref(body: &Body) -> Option<&str> {
    body.get("gedcom")?.get("xref").and_then(Value::as_str)
}

/// Gives every pointer of a record a suffix (`@I1@` to `@I1-2@`), so that a second file in the same tree
/// cannot be confused with the first.
pub fn suffix_pointers(record: &mut Record, suffix: &str) {
    let longer = |pointer: &str| format!("{}-{suffix}@", pointer.strip_suffix('@').unwrap_or(pointer));
    if let Some(xref) = &record.xref {
        record.xref = Some(longer(xref));
    }
    let mut open: Vec<&mut Record> = vec![record];
    while let Some(node) = open.pop() {
        let renamed = node.pointer().filter(|pointer| *pointer != "@VOID@").map(longer);
        if let Some(renamed) = renamed {
            node.value = Some(renamed);
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
