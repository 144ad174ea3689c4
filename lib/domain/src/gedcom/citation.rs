//! Citations of sources where GEDCOM has them: below the record of a person or family, or below a fact of it.
//!
//! A citation has no name in a file. Its id is made of what it says and where it stands, so it is the same however
//! often it is read and whatever else of its owner changes. When the citation itself changes, its owner keeps under
//! the new one (`gedcom.ids`) the id it had.

mod facts;

use std::collections::{HashMap, HashSet};

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::cited::fnv;
use super::lists::is_entry;
use super::payload::{Dialect, put, read};
use super::records::{CITATION, Pointers, RecordKind, apply, read_fields, read_place};
use super::{keep_record, kept_record};
use crate::FieldProblem;
use crate::store::Body;

pub use facts::read_fact;
use facts::{DEPTH, WHOLE, fact_of, place_of};

/// Citations that one owner can have; of a file that has more, the first are looked at.
const MOST: usize = 2000;

/// A citation as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id among those of its owner.
    pub id: String,
    /// What it is cited for: `person`, `family`, `birth`, `name:2`, `event:3`, `birth/place`.
    pub fact: String,
    /// Its place: which child of the record, which child of that, ...
    at: Vec<usize>,
}

/// The citations of one owner, to read and to change.
#[derive(Debug, Clone)]
pub struct Citations {
    record: Record,
    kept: HashMap<String, String>,
    found: Vec<Found>,
}

impl Citations {
    /// Those in a record; `owner` is the document, which knows the ids of those that have changed.
    pub fn of(record: Record, owner: &Body) -> Self {
        let ids = owner.get("gedcom").and_then(|gedcom| gedcom.get("ids")).and_then(Value::as_object);
        let kept = ids.into_iter().flatten();
        let kept: HashMap<String, String> =
            kept.filter_map(|(key, id)| Some((key.clone(), id.as_str()?.to_owned()))).collect();
        let found = keyed(&record)
            .into_iter()
            .map(|(key, at)| {
                let id = kept.get(&key).cloned().unwrap_or_else(|| natural(&key));
                Found { id, fact: fact_of(&record, &at), at }
            })
            .collect();
        Self { record, kept, found }
    }

    /// Those in the record that a document keeps.
    pub fn kept(owner: &Body) -> Self {
        Self::of(kept_record(owner).unwrap_or_default(), owner)
    }

    /// All of them, in the order of the record.
    pub fn all(&self) -> &[Found] {
        &self.found
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Found> {
        self.found.iter().find(|found| found.id == id)
    }

    /// The pointer of the source that is cited; `None` where the source is only described.
    pub fn source(&self, found: &Found) -> Option<&str> {
        self.line(found)?.pointer()
    }

    fn line(&self, found: &Found) -> Option<&Record> {
        found.at.iter().try_fold(&self.record, |at, place| at.children.get(*place))
    }

    /// What it is cited for.
    fn parent(&self, found: &Found) -> Option<&Record> {
        let (_, parents) = found.at.split_last()?;
        parents.iter().try_fold(&self.record, |at, place| at.children.get(*place))
    }

    fn line_mut(&mut self, at: &[usize]) -> Option<&mut Record> {
        at.iter().try_fold(&mut self.record, |at, place| at.children.get_mut(*place))
    }

    /// The fields of a citation as they are on the wire.
    pub fn fields(&self, found: &Found, pointers: &Pointers) -> Body {
        let Some(line) = self.line(found) else { return Body::new() };
        let mut view = read_fields(line, CITATION, pointers);
        let source = line.pointer();
        let id = source.and_then(|xref| pointers.id(xref, RecordKind::Source));
        view.insert("sourceId".into(), json!(id));
        // A source that is only described has no record.
        view.insert("description".into(), json!(if source.is_none() { read(line) } else { None }));
        view.insert("id".into(), json!(found.id));
        view.insert("fact".into(), json!(found.fact));
        let fact = self.parent(found);
        let date = fact.and_then(|fact| fact.value_of(&["DATE"])).map(str::trim);
        view.insert("factDate".into(), json!(date));
        let place = fact.and_then(|fact| fact.child("PLAC")).and_then(read_place);
        view.insert("factPlace".into(), json!(place));
        view
    }

    /// Cites a source for a fact, which must be there. Answers the id.
    ///
    /// # Errors
    /// If there is no such fact, or too much is cited already.
    pub fn add(
        &mut self,
        fact: &str,
        source: &str,
        fields: &Body,
        with: (&Pointers, Dialect),
    ) -> Result<String, FieldProblem> {
        let missing = || {
            FieldProblem::new("fact", "unknown_fact", format!("There is no {fact} here to cite a source for"))
        };
        if self.found.len() >= MOST {
            return Err(FieldProblem::new("fact", "too_many", format!("There are {MOST} citations already")));
        }
        let mut at = place_of(&self.record, fact).ok_or_else(missing)?;
        let parent = self.line_mut(&at).ok_or_else(missing)?;
        let mut line = Record::with("SOUR", source);
        apply(&mut line, CITATION, fields, with);
        let last = parent.children.iter().rposition(|child| child.tag == "SOUR");
        let place = last.map_or(parent.children.len(), |last| last + 1);
        parent.children.insert(place, line);
        at.push(place);
        let number = keyed(&self.record).iter().position(|(_, place)| *place == at).unwrap_or_default();
        let mut ids: Vec<_> = self.found.iter().map(|found| Some(found.id.clone())).collect();
        ids.insert(number.min(ids.len()), None);
        self.name(&ids);
        Ok(self.found.get(number).map(|found| found.id.clone()).unwrap_or_default())
    }

    /// Changes a citation; `source` is the pointer of another one. Says whether it is there.
    pub fn change(
        &mut self,
        id: &str,
        source: Option<&str>,
        fields: &Body,
        with: (&Pointers, Dialect),
    ) -> bool {
        let Some(at) = self.get(id).map(|found| found.at.clone()) else { return false };
        let Some(line) = self.line_mut(&at) else { return false };
        if let Some(source) = source.filter(|source| line.pointer() != Some(source)) {
            line.value = Some(source.to_owned());
            line.children.retain(|child| !matches!(child.tag.as_str(), "CONT" | "CONC"));
        }
        if let Some(text) =
            fields.get("description").and_then(Value::as_str).filter(|_| line.pointer().is_none())
        {
            put(line, text, with.1);
        }
        apply(line, CITATION, fields, with);
        let ids: Vec<_> = self.found.iter().map(|found| Some(found.id.clone())).collect();
        self.name(&ids);
        true
    }

    /// Takes a citation away. Says whether it was there.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(at) = self.get(id).map(|found| found.at.clone()) else { return false };
        let Some((place, parents)) = at.split_last() else { return false };
        let rest = self.found.iter().filter(|found| found.at != at);
        let ids: Vec<_> = rest.map(|found| Some(found.id.clone())).collect();
        if let Some(parent) = self.line_mut(parents).filter(|parent| *place < parent.children.len()) {
            parent.children.remove(*place);
        }
        self.name(&ids);
        true
    }

    /// Takes away every line that points to a record, whatever it says of it. Says how many they were.
    pub fn forget(&mut self, xref: &str) -> usize {
        let keep = self.found.iter().filter(|found| self.source(found) != Some(xref));
        let keep: Vec<_> = keep.map(|found| Some(found.id.clone())).collect();
        let mut gone = 0;
        let mut open = vec![&mut self.record];
        while let Some(node) = open.pop() {
            let before = node.children.len();
            node.children
                .retain(|line| RecordKind::of_tag(&line.tag).is_none() || line.pointer() != Some(xref));
            gone += before - node.children.len();
            open.extend(node.children.iter_mut());
        }
        self.name(&keep);
        gone
    }

    /// Gives the citations, in order, the ids they are to have, and a new one where there is none yet.
    fn name(&mut self, ids: &[Option<String>]) {
        let taken: HashSet<String> = ids.iter().flatten().cloned().collect();
        self.kept.clear();
        self.found.clear();
        for (number, (key, at)) in keyed(&self.record).into_iter().enumerate() {
            let mut id = ids.get(number).cloned().flatten().unwrap_or_else(|| {
                let mut id = natural(&key);
                while taken.contains(&id) {
                    id.push('x');
                }
                id
            });
            if id.is_empty() {
                id = natural(&key);
            }
            if id != natural(&key) {
                self.kept.insert(key, id.clone());
            }
            self.found.push(Found { id, fact: fact_of(&self.record, &at), at });
        }
    }

    /// Puts the record and the ids onto the document.
    pub fn keep(&self, owner: &mut Body) {
        keep_record(owner, &self.record);
        if let Some(gedcom) = owner.get_mut("gedcom").filter(|_| !self.kept.is_empty()) {
            gedcom["ids"] = json!(self.kept);
        }
    }

    /// The record as it is now.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

fn natural(key: &str) -> String {
    format!("c{key}")
}

/// Every citation with what tells it from the others and where it is: a hash of what it says and of the facts it
/// stands below, and, of equal ones, which it is.
fn keyed(record: &Record) -> Vec<(String, Vec<usize>)> {
    let mut found = Vec::new();
    let mut times: HashMap<u64, usize> = HashMap::new();
    let mut open: Vec<(Vec<usize>, &Record)> = vec![(Vec::new(), record)];
    while let Some((at, node)) = open.pop().filter(|_| found.len() < MOST) {
        if node.tag == "SOUR" && !at.is_empty() {
            found.push((fnv(&[&fact_of(record, &at), &node.to_gedcom()]), at));
            continue;
        }
        if at.len() > DEPTH {
            continue;
        }
        let lines = node.children.iter().enumerate().filter(|(_, line)| !is_entry(line));
        let first = open.len();
        open.extend(lines.map(|(place, line)| ([at.as_slice(), &[place]].concat(), line)));
        // Last in, first out: backwards, so that they come in their order.
        open.get_mut(first..).unwrap_or_default().reverse();
    }
    let mut count = |hash: u64| {
        let time = times.entry(hash).or_default();
        *time += 1;
        *time
    };
    let name = |hash: u64, time: usize| {
        if time == 1 { format!("{hash:016x}") } else { format!("{hash:016x}-{time}") }
    };
    found.into_iter().map(|(hash, at)| (name(hash, count(hash)), at)).collect()
}

/// Adds the citations that one record has to another, below the same facts; to the whole where such a fact is not.
pub(super) fn copy_citations(from: &Record, to: &mut Record) {
    for (_, at) in keyed(from) {
        let Some(line) = at.iter().try_fold(from, |node, place| node.children.get(*place)) else { continue };
        let fact = fact_of(from, &at);
        let fact = if WHOLE.contains(&fact.as_str()) { "" } else { fact.as_str() };
        let place = place_of(to, fact).unwrap_or_default();
        let parent = place.iter().try_fold(&mut *to, |node, place| node.children.get_mut(*place));
        if let Some(parent) = parent.filter(|parent| !parent.children.contains(line)) {
            parent.children.push(line.clone());
        }
    }
}

#[cfg(test)]
mod tests;
