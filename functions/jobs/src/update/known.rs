//! What the tree has, as far as a newer file is compared with it: hashes of persons and records, and their ids.

use std::collections::HashMap;

use dzinza_domain::collections::{
    FAMILY_TREES, GEDCOM_RECORDS, IMPORTS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS,
};
use dzinza_domain::gedcom::{kept_record, kept_text, kept_xref, read_family};
use dzinza_domain::import::{Kept, pointer_suffix};
use dzinza_domain::reimport::{Side, Tie, hash};
use dzinza_domain::tree;
use dzinza_ports::{Body, Filter, Query};
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::JobError;
use crate::hold::Held;
use crate::scan::IdList;

/// Documents a read.
const CHUNK: u32 = 1000;

/// The imports of the same file, newest first, each with the suffix its pointers got.
#[derive(Debug, Clone, Default)]
pub struct Lineage(pub Vec<(String, Option<String>)>);

impl Lineage {
    /// Those that the import names.
    pub async fn of(held: &Held<'_>) -> Result<Self, JobError> {
        let ids = held.document.body.get("lineage").and_then(Value::as_array);
        let mut all = Vec::new();
        for id in ids.into_iter().flatten().filter_map(Value::as_str) {
            if let Some(import) = held.ports.documents.get(&IMPORTS, id).await? {
                all.push((id.to_owned(), pointer_suffix(&import.body)));
            }
        }
        Ok(Self(all))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The suffix of the newest: what its file said of nobody has that.
    pub fn suffix(&self) -> Option<&str> {
        self.0.first().and_then(|(_, suffix)| suffix.as_deref())
    }

    /// The key that a document of one of them had in its file, and which of them: its pointer, or for one without a
    /// pointer its whole record.
    pub fn key_in_file(&self, document: &Body) -> Option<(String, u8)> {
        let import = document.get("importId").and_then(Value::as_str)?;
        let at = self.0.iter().position(|(id, _)| id == import)?;
        let (_, suffix) = self.0.get(at)?;
        let key = match kept_xref(document) {
            None => kept_text(document)?.to_owned(),
            Some(xref) => {
                let end = suffix.as_ref().map(|suffix| format!("-{suffix}@"));
                let plain = end.and_then(|end| Some(format!("{}@", xref.strip_suffix(end.as_str())?)));
                plain.unwrap_or_else(|| xref.to_owned())
            }
        };
        Some((key, at as u8))
    }
}

/// Where a document that the tree has comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Its pointer in the tree.
    pub xref: Option<Box<str>>,
    /// The hash of its key in the file, and which of the lineage that was.
    pub key: Option<(u64, u8)>,
}

impl Origin {
    fn of(lineage: &Lineage, document: &Body) -> (Self, Option<String>) {
        let key = lineage.key_in_file(document);
        let hashed = key.as_ref().map(|(key, at)| (hash(key), *at));
        (Self { xref: kept_xref(document).map(Into::into), key: hashed }, key.map(|(key, _)| key))
    }
}

/// A record that is no person.
#[derive(Debug)]
pub struct KnownRecord {
    pub tag: u64,
    pub origin: Origin,
    /// The hash of its text without the pointer.
    pub content: u64,
    pub family: Option<Box<KnownFamily>>,
    /// It names a file that another archive brought: what says the same may mean another.
    pub apart: bool,
}

/// Hashes of ids.
#[derive(Debug, Default)]
pub struct KnownFamily {
    pub partners: Vec<u64>,
    pub children: Vec<u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    pub side: Side,
    pub people: IdList,
    pub origins: Vec<Origin>,
    pub records: Vec<KnownRecord>,
    pub record_ids: IdList,
    /// Persons of the file who were deleted here: the hash of their key, their id, and where they came from.
    pub deleted: HashMap<u64, (String, Origin)>,
}

impl Known {
    /// Reads everything that the tree shows.
    pub async fn read(held: &mut Held<'_>, lineage: &Lineage) -> Result<Self, JobError> {
        let tree_id = held.text("familyTreeId").to_owned();
        let mut known = Self::default();
        let Some(found) = held.ports.documents.get(&FAMILY_TREES, &tree_id).await? else { return Ok(known) };
        let hidden = tree::pending_imports(&found.body).into_iter().map(Value::String).collect();
        let shown = Filter::eq("familyTreeId", tree_id.as_str()).and(Filter::NotIn("importId", hidden));
        known.read_people(held, lineage, &shown).await?;
        known.read_ties(held, &shown).await?;
        known.read_records(held, lineage, &shown).await?;
        known.read_deleted(held, lineage, &tree_id).await?;
        Ok(known)
    }

    async fn read_people(
        &mut self,
        held: &mut Held<'_>,
        lineage: &Lineage,
        shown: &Filter,
    ) -> Result<(), JobError> {
        let query = Query::new(shown.clone()).limit(CHUNK);
        let mut all = dzinza_ports::stream(held.ports.documents.clone(), &PEOPLE, query);
        while let Some(person) = all.try_next().await? {
            let (origin, key) = Origin::of(lineage, &person.body);
            self.side.add(&person.body, key.as_deref(), kept_text(&person.body).unwrap_or_default());
            self.people.push(&person.id);
            self.origins.push(origin);
            held.beat().await?;
        }
        Ok(())
    }

    async fn read_ties(&mut self, held: &mut Held<'_>, shown: &Filter) -> Result<(), JobError> {
        let count = self.people.len() as u32;
        let places: HashMap<u64, u32> =
            (0..count).map(|place| (hash(&self.people.get(place)), place)).collect();
        let kinds = Filter::any_of("type", ["ParentChild", "Spousal"]);
        let query = Query::new(shown.clone().and(kinds)).limit(CHUNK);
        let mut all = dzinza_ports::stream(held.ports.documents.clone(), &RELATIONSHIPS, query);
        while let Some(tie) = all.try_next().await? {
            let place = |key: &str| {
                let id = tie.body.get(key)?.as_str()?.to_owned();
                places.get(&hash(&id)).copied()
            };
            if let (Some(one), Some(two)) = (place("person1Id"), place("person2Id")) {
                let partners = tie.body.get("type").and_then(Value::as_str) == Some("Spousal");
                self.side.relate(if partners { Tie::Partner } else { Tie::Parent }, one, two);
            }
            held.beat().await?;
        }
        Ok(())
    }

    async fn read_records(
        &mut self,
        held: &mut Held<'_>,
        lineage: &Lineage,
        shown: &Filter,
    ) -> Result<(), JobError> {
        let kept = if lineage.is_empty() {
            Kept::default()
        } else {
            dzinza_transfer::kept(held.ports.documents.clone(), held.text("familyTreeId")).await?
        };
        let with_files = kept.imports();
        let query = Query::new(shown.clone()).limit(CHUNK);
        let mut all = dzinza_ports::stream(held.ports.documents.clone(), &GEDCOM_RECORDS, query);
        while let Some(record) = all.try_next().await? {
            let tag = record.body.get("tag").and_then(Value::as_str).unwrap_or_default();
            // The header says another time in every version.
            let (mut origin, _) = Origin::of(lineage, &record.body);
            if tag == "HEAD" {
                origin.key = origin.key.map(|(_, at)| (hash(&tag), at));
            }
            let text = kept_text(&record.body).unwrap_or_default();
            let import = record.body.get("importId").and_then(Value::as_str);
            let foreign = import.filter(|import| lineage.0.iter().all(|(id, _)| id != import));
            self.records.push(KnownRecord {
                tag: hash(&tag),
                origin,
                content: content(text),
                apart: foreign.is_some_and(|id| with_files.contains(id)) && text.contains(" FILE "),
                family: (tag == "FAM").then(|| Box::new(members(&record.body))),
            });
            self.record_ids.push(&record.id);
            held.beat().await?;
        }
        Ok(())
    }

    async fn read_deleted(
        &mut self,
        held: &mut Held<'_>,
        lineage: &Lineage,
        tree_id: &str,
    ) -> Result<(), JobError> {
        let own = Filter::eq("data.familyTreeId", tree_id).and(Filter::eq("changeType", "delete"));
        let query = Query::new(own).limit(CHUNK);
        let mut all = dzinza_ports::stream(held.ports.documents.clone(), &PERSON_HISTORIES, query);
        while let Some(entry) = all.try_next().await? {
            let person = entry.body.get("data").and_then(Value::as_object);
            let id = entry.body.get("personId").and_then(Value::as_str);
            let origin = person.map(|person| Origin::of(lineage, person).0);
            if let (Some(origin), Some(id)) = (origin, id)
                && let Some((key, _)) = origin.key
            {
                self.deleted.insert(key, (id.to_owned(), origin));
            }
            held.beat().await?;
        }
        Ok(())
    }
}

/// The hash of a record's text without its pointer.
pub fn content(text: &str) -> u64 {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.strip_prefix("0 ").unwrap_or(first);
    let first =
        if first.starts_with('@') { first.split_once(' ').map_or("", |(_, rest)| rest) } else { first };
    hash(&(first, rest))
}

fn members(body: &Body) -> KnownFamily {
    let Some(family) = kept_record(body).as_ref().map(read_family) else { return KnownFamily::default() };
    let id = |xref: &str| body.get("links")?.get(xref)?.as_str().map(|id| hash(&id.to_owned()));
    KnownFamily {
        partners: family.partners.iter().filter_map(|link| id(&link.xref)).collect(),
        children: family.children.iter().filter_map(|link| id(&link.xref)).collect(),
    }
}
