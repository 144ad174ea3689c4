//! A newer version of a file that was imported: who in it is who in the tree, and what it changes.
//!
//! Pure functions over one person, one record, or over hashes of all. [`match_people`] says who is who;
//! [`merge_person`] brings a person up to date: what the file changed since the import is changed, what someone
//! changed here since then stays (ADR 0005).

mod fields;
mod lines;
mod matching;
mod traits;

pub use fields::{Conflict, merge_fields};
pub use lines::{Action, LineChange, Merged, merge_records};
pub use matching::{Matches, NOBODY, Reason, match_people};
pub use traits::{Side, Tie, hash};

use dzinza_gedcom::Record;

use crate::gedcom::{keep_record, kept_record, kept_text, read_person, with_record};
use crate::person;
use crate::store::Body;

/// What becomes of a person, or of a record, that the file names again.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The document as it is then; `None` if nothing changes.
    pub body: Option<Body>,
    /// What the file changed, line by line.
    pub lines: Vec<LineChange>,
    /// What stays as someone made it here, although the file changed it too.
    pub conflicts: Vec<Conflict>,
}

/// Brings a person up to date with its record in a newer file, whose pointers are those of the tree already. `base` is
/// the record as the last file left it, if it was edited since. Facts that the file no longer has go only if
/// `remove_missing`, and only if nobody changed them here.
pub fn merge_person(current: &Body, base: Option<&str>, file: &Record, remove_missing: bool) -> Update {
    let text = file.to_gedcom();
    if base.or(kept_text(current)) == Some(&text) {
        return Update::default();
    }
    // Raw line breaks and the like have a normal form only once they were written.
    let file = Record::parse(&text).unwrap_or_else(|_| file.clone());
    let known = kept_record(current);
    let here = known.clone().unwrap_or_else(|| Record { xref: file.xref.clone(), ..Record::new("INDI") });
    let base = base.and_then(|base| Record::parse(base).ok()).unwrap_or_else(|| here.clone());
    let merged = merge_records(&base, &here, &file, remove_missing);
    let mut conflicts: Vec<Conflict> = merged.clashes.iter().map(clash).collect();
    if known.is_some() && !merged.matters() {
        return Update { conflicts, ..Update::default() };
    }
    let (mut body, more) = merge_fields(&read_person(&here), current, &read_person(&merged.record));
    conflicts.extend(more);
    keep_record(&mut body, &merged.record);
    person::refresh(&mut body);
    let lines = if known.is_some() { merged.changes } else { Vec::new() };
    Update { body: Some(body), lines, conflicts }
}

fn clash((tag, here, file): &(String, Option<String>, Option<String>)) -> Conflict {
    Conflict { field: tag.clone(), here: here.clone().into(), file: file.clone().into() }
}

/// The same for a record that is no person. One that was `edited` here since it came stays, and says so.
pub fn merge_record(current: &Body, file: &Record, remove_missing: bool, edited: bool) -> Update {
    let text = file.to_gedcom();
    if kept_text(current) == Some(&text) {
        return Update::default();
    }
    let Some(before) = kept_record(current) else { return Update::default() };
    let file = Record::parse(&text).unwrap_or_else(|_| file.clone());
    let merged = merge_records(&before, &before, &file, remove_missing);
    if !merged.matters() {
        return Update::default();
    }
    if edited {
        let conflict =
            Conflict { field: file.tag.clone(), here: before.to_gedcom().into(), file: text.into() };
        return Update { conflicts: vec![conflict], ..Update::default() };
    }
    let body = with_record(current, &merged.record);
    Update { body: Some(body), lines: merged.changes, conflicts: Vec::new() }
}

#[cfg(test)]
mod tests;
