//! Fields that are several lines: an entry a line.

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::RecordKind;
use super::shape::{Field, Path, Pointers, apply, line_at, line_at_mut, read_fields};
use crate::gedcom::payload::{Dialect, put, read};
use crate::store::Body;

/// A list of lines.
pub(super) struct List {
    /// The line that they are below.
    pub(super) under: Path,
    /// Their tags. New ones get the first in GEDCOM 7 and the last before.
    pub(super) tags: &'static [&'static str],
    pub(super) payload: Payload,
    /// What is below each. Without parts, and without a name for the tag, an entry is the payload itself.
    pub(super) parts: &'static [Field],
    /// The key under which an entry says its tag, where tags mean different things.
    pub(super) tag_key: Option<&'static str>,
}

/// What stands on the line itself.
pub(super) enum Payload {
    /// A text of at most so many characters, under this key. Lines with pointers are not of the list.
    Text(&'static str, usize),
    /// A pointer to a record of this kind, under this key. Lines that lead nowhere are not of the list.
    Pointer(&'static str, RecordKind),
}

impl Payload {
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Text(key, _) | Self::Pointer(key, _) => key,
        }
    }
}

impl List {
    pub(super) fn is_plain(&self) -> bool {
        self.parts.is_empty() && self.tag_key.is_none()
    }

    /// The entry that a line is, if it is one of the list.
    fn entry(&self, line: &Record, pointers: &Pointers) -> Option<Value> {
        if !self.tags.contains(&line.tag.as_str()) {
            return None;
        }
        let payload = match &self.payload {
            Payload::Text(..) if line.pointer().is_some() => return None,
            Payload::Text(..) => read(line),
            Payload::Pointer(_, kind) => Some(pointers.id(line.pointer()?, *kind)?.to_owned()),
        };
        if self.is_plain() {
            return payload.map(Value::from);
        }
        let mut entry = read_fields(line, self.parts, pointers);
        if let Some(key) = self.tag_key {
            entry.insert(key.to_owned(), json!(line.tag));
        }
        if let Some(payload) = payload {
            entry.insert(self.payload.key().to_owned(), json!(payload));
        }
        Some(Value::Object(entry))
    }
}

pub(super) fn read_list(record: &Record, list: &List, pointers: &Pointers) -> Vec<Value> {
    let parent = line_at(record, list.under);
    let lines = parent.into_iter().flat_map(|parent| &parent.children);
    lines.filter_map(|line| list.entry(line, pointers)).collect()
}

/// Makes the lines of a list those that are wanted. Entries that are there already stay as they are; of the others,
/// what was first becomes what is wanted first, so that one changed part changes one line.
pub(super) fn patch_list(
    record: &mut Record,
    list: &List,
    wanted: &[Value],
    (pointers, dialect): (&Pointers, Dialect),
) {
    if wanted.is_empty() && line_at(record, list.under).is_none() {
        return;
    }
    let parent = line_at_mut(record, list.under);
    let mut wanted: Vec<&Value> = wanted.iter().collect();
    let mut free = Vec::new();
    let mut after = parent.children.len();
    for (place, line) in parent.children.iter().enumerate() {
        let Some(entry) = list.entry(line, pointers) else { continue };
        after = place + 1;
        match wanted.iter().position(|one| **one == entry) {
            Some(same) => drop(wanted.remove(same)),
            None => free.push(place),
        }
    }
    let mut wanted = wanted.into_iter();
    let mut gone = Vec::new();
    for place in free {
        match (wanted.next(), parent.children.get_mut(place)) {
            (Some(entry), Some(line)) => write_entry(line, list, entry, (pointers, dialect)),
            _ => gone.push(place),
        }
    }
    for entry in wanted {
        let tag = if dialect == Dialect::Seven { list.tags.first() } else { list.tags.last() };
        let mut line = Record::new(tag.copied().unwrap_or_default());
        write_entry(&mut line, list, entry, (pointers, dialect));
        parent.children.insert(after, line);
        after += 1;
    }
    for place in gone.into_iter().rev() {
        parent.children.remove(place);
    }
    drop_empty(record, list.under);
}

fn write_entry(line: &mut Record, list: &List, entry: &Value, (pointers, dialect): (&Pointers, Dialect)) {
    let payload = if list.is_plain() { entry } else { &entry[list.payload.key()] };
    if let Some(tag) = list.tag_key.and_then(|key| entry[key].as_str()).filter(|tag| list.tags.contains(tag))
    {
        tag.clone_into(&mut line.tag);
    }
    match (&list.payload, payload.as_str()) {
        (Payload::Text(..), Some(text)) => {
            if read(line).as_deref() != Some(text) {
                put(line, text, dialect);
            }
        }
        (Payload::Pointer(..), Some(id)) => line.value = pointers.xref(id).map(str::to_owned),
        (_, None) => {
            line.value = None;
            line.children.retain(|child| !matches!(child.tag.as_str(), "CONT" | "CONC"));
        }
    }
    // An entry is what it says, wholly: a part that it does not name is gone.
    let mut parts = entry.as_object().cloned().unwrap_or_default();
    for part in list.parts {
        parts.entry(part.name).or_insert(Value::Null);
    }
    apply(line, list.parts, &parts, (pointers, dialect));
}

fn drop_empty(record: &mut Record, path: &[&str]) {
    let Some((tag, rest)) = path.split_first() else { return };
    let Some(place) = record.children.iter().position(|line| line.tag == *tag) else { return };
    let Some(line) = record.children.get_mut(place) else { return };
    drop_empty(line, rest);
    if line.value.is_none() && line.children.is_empty() {
        record.children.remove(place);
    }
}

/// The parts of an entry that its list knows.
pub(super) fn known_parts(list: &List, entry: &Body) -> Body {
    let mut known: Vec<&str> = list.parts.iter().map(|part| part.name).collect();
    known.push(list.payload.key());
    known.extend(list.tag_key);
    entry
        .iter()
        .filter(|(key, _)| known.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}
