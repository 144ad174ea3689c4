//! What an update changes: counted, and told person by person.

use dzinza_domain::collections::{IMPORT_BACKUPS, IMPORT_CHANGES};
use dzinza_domain::person::display_name;
use dzinza_domain::reimport::{Action, Update};
use dzinza_ports::{Batch, Body, Collection, Document, Write};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Changes that are told; the rest is only counted.
pub const TOLD: u64 = 10_000;
/// Facts told of one document.
const FACTS: usize = 50;
/// Characters of a fact that are told.
const LONGEST: usize = 500;

/// How many of one kind.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The tree has not.
    pub new: u64,
    /// Different.
    pub changed: u64,
    /// As they are.
    pub unchanged: u64,
    /// Of earlier versions of the file, and no longer in it.
    pub missing: u64,
    /// Deleted here, which they stay.
    pub deleted: u64,
}

/// What an update does, or would do.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Persons.
    pub persons: Tally,
    /// Family records.
    pub families: Tally,
    /// All other records.
    pub records: Tally,
    /// Relationships; those that someone ended here count as deleted.
    pub links: Tally,
    /// Relationships that go.
    #[serde(rename = "linksRemoved")]
    pub links_removed: u64,
    /// Facts that both sides changed and that stay as they are here.
    pub conflicts: u64,
}

impl Counts {
    /// As a document keeps them.
    pub fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// From a document; none if there are none.
    pub fn of(value: Option<&Value>) -> Self {
        value.and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
    }

    /// Adds what some records do.
    pub fn add(&mut self, more: &Self) {
        let pairs = [
            (&mut self.persons, more.persons),
            (&mut self.families, more.families),
            (&mut self.records, more.records),
            (&mut self.links, more.links),
        ];
        for (sum, more) in pairs {
            sum.new += more.new;
            sum.changed += more.changed;
            sum.unchanged += more.unchanged;
            sum.missing += more.missing;
            sum.deleted += more.deleted;
        }
        self.links_removed += more.links_removed;
        self.conflicts += more.conflicts;
    }

    /// The tally of records with this tag.
    pub fn tally(&mut self, tag: &str) -> &mut Tally {
        match tag {
            "INDI" => &mut self.persons,
            "FAM" => &mut self.families,
            _ => &mut self.records,
        }
    }
}

/// What is told of: a document, with what the file calls it.
pub struct Subject<'a> {
    pub tag: &'a str,
    pub id: &'a str,
    pub xref: Option<&'a str>,
    pub body: &'a Body,
    pub matched_by: Option<&'a str>,
}

impl Subject<'_> {
    fn told(&self, kind: &str) -> Body {
        let entity = match self.tag {
            "INDI" => "person",
            "FAM" => "family",
            _ => "record",
        };
        let mut told = Body::new();
        for (key, value) in [
            ("kind", json!(kind)),
            ("entity", json!(entity)),
            ("tag", json!(self.tag)),
            ("documentId", json!(self.id)),
            ("xref", json!(self.xref)),
        ] {
            told.insert(key.into(), value);
        }
        if self.tag == "INDI" {
            told.insert("personId".into(), json!(self.id));
            told.insert("name".into(), json!(cut(&display_name(self.body))));
        }
        if let Some(by) = self.matched_by {
            told.insert("matchedBy".into(), json!(by));
        }
        told
    }

    /// One that is new.
    pub fn added(&self) -> Body {
        self.told("added")
    }

    /// One that the file no longer has.
    pub fn missing(&self) -> Body {
        self.told("missing")
    }

    /// What an update does to it: its facts, and apart from them what stays as it was edited.
    pub fn updated(&self, update: &Update) -> Vec<Body> {
        let mut all = Vec::new();
        if update.body.is_some() {
            let facts = update.lines.iter().filter(|line| line.action != Action::Kept).take(FACTS).map(|line| {
                let text = |text: &Option<String>| text.as_deref().map(cut);
                json!({ "fact": line.tag, "action": line.action.as_str(), "before": text(&line.before), "after": text(&line.after) })
            });
            let mut told = self.told("changed");
            told.insert("facts".into(), facts.collect());
            all.push(told);
        }
        if !update.conflicts.is_empty() {
            let short = |value: &Value| {
                value.as_str().map_or_else(|| json!(cut(&value.to_string())), |text| json!(cut(text)))
            };
            let kept =
                update.conflicts.iter().take(FACTS).map(
                    |one| json!({ "field": one.field, "here": short(&one.here), "file": short(&one.file) }),
                );
            let mut told = self.told("conflict");
            told.insert("conflicts".into(), kept.collect());
            all.push(told);
        }
        all
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Adds what is told to a batch, numbered from `number`.
pub fn tell(batch: &mut Batch, (tree_id, import_id): (&str, &str), mut number: u64, all: Vec<Body>) -> u64 {
    for mut told in all {
        if number >= TOLD {
            break;
        }
        for (key, value) in
            [("familyTreeId", json!(tree_id)), ("importId", json!(import_id)), ("number", json!(number))]
        {
            told.insert(key.into(), value);
        }
        batch.insert(&IMPORT_CHANGES, format!("{import_id}:{number:06}"), told);
        number += 1;
    }
    number
}

/// Notes what a document was before an import changed it (`after` is what it is then) or removed it.
pub fn back_up(import_id: &str, collection: &Collection, before: &Document, after: Option<&Body>) -> Write {
    let mut body = Body::new();
    for (key, value) in [
        ("familyTreeId", before.body.get("familyTreeId").cloned().unwrap_or_default()),
        ("importId", json!(import_id)),
        ("collection", json!(collection.name)),
        ("documentId", json!(before.id)),
        ("before", Value::Object(before.body.clone())),
        ("after", json!(after.map(fingerprint))),
    ] {
        body.insert(key.into(), value);
    }
    let id = format!("{import_id}:{}:{}", collection.name, before.id);
    Write::Insert { collection: &IMPORT_BACKUPS, id, body }
}

/// Tells whether a document is still what it was.
pub fn fingerprint(body: &Body) -> String {
    let text = serde_json::to_string(body).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
