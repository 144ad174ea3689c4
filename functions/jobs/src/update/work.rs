//! The second pass over a newer file: what each record does to the tree, a few hundred records at a time.
//!
//! Deciding reads documents and writes nothing, so that it can be repeated when somebody else was faster.

use std::collections::{HashMap, HashSet};

use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, PERSON_HISTORIES};
use dzinza_domain::gedcom::{keep_record, kept_text, map_pointers, read_person, with_record};
use dzinza_domain::history::{self, Change};
use dzinza_domain::person;
use dzinza_domain::reimport::{Reason, Update, merge_person, merge_record};
use dzinza_gedcom::{Record, Severity};
use dzinza_ports::{Batch, Body, Collection, Direction, Document, Filter, Query, Write};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};

use super::changes::{Counts, Subject, back_up};
use super::files::Files;
use super::plan::{Plan, Pointers};
use super::ties::Ties;
use crate::links::{Linked, Linker};
use crate::reading::linkable;
use crate::report::Report;
use crate::scan::Scan;
use crate::{JobError, JobsPorts};

/// Ids in one question.
pub const ASKED: usize = 500;

/// What the whole pass knows.
pub struct Work<'a> {
    pub ports: &'a JobsPorts,
    pub scan: &'a Scan,
    pub plan: &'a Plan,
    pub pointers: Pointers<'a>,
    pub why: HashMap<u32, Reason>,
    pub linker: Linker<'a>,
    pub report: Report,
    pub import_id: String,
    pub tree_id: String,
    pub user_id: String,
    pub now: String,
    pub remove_missing: bool,
    pub files: Files,
    /// The pairs that the file states anywhere; only if what it does not state may go.
    pub pairs: HashSet<u64>,
    /// Dates that cannot be understood.
    pub unread_dates: u64,
}

/// A record on its way in.
pub struct Item {
    pub place: u32,
    /// With the pointers of the tree.
    pub record: Record,
    pub line: u32,
    pub linked: Linked,
    /// Members of a family by their pointers in the tree.
    pub members: Map<String, Value>,
    /// The ids of those members whom the tree should have.
    pub matched: HashSet<String>,
}

/// What some records do.
#[derive(Default)]
pub struct Decision {
    pub writes: Vec<Write>,
    /// New relationships: many, if the family is large, and invisible until the end.
    pub links: Vec<Write>,
    /// What must come after everything else.
    pub touches: Vec<Write>,
    pub told: Vec<Body>,
    pub counts: Counts,
    /// What stays as it was edited: the line in the file, and what is said of it.
    pub kept: Vec<(u32, String)>,
    /// Whether relationships that can be seen change.
    pub structure: bool,
    /// Names of files that documents mean as this archive has them since, and those documents.
    pub meant: Vec<(String, String)>,
}

impl Work<'_> {
    /// Takes the next record of the file; each is linked once, in the order of the file.
    pub fn item(&mut self, place: u32, mut record: Record) -> Item {
        let id = self.scan.id(place);
        let linked = if record.tag == "FAM" {
            let linkable = linkable(&record, &mut self.report);
            self.linker.link(&linkable, &id, &mut self.report)
        } else {
            Linked::default()
        };
        map_pointers(&mut record, |pointer| self.pointers.renamed(pointer));
        let renamed = |(xref, id): (&String, &Value)| (self.pointers.renamed(xref), id.clone());
        let members = linked.members.iter().map(renamed).collect();
        let matched = linked.members.keys().filter_map(|xref| self.scan.person(xref));
        let matched = matched.filter(|place| self.plan.is_matched(*place)).map(|place| self.scan.id(place));
        Item { place, line: record.line, matched: matched.collect(), record, linked, members }
    }

    /// Notes dates that only a person can read.
    pub fn look_at_dates(&mut self, record: &Record) {
        for (_, line) in record.walk().filter(|(_, line)| line.tag == "DATE") {
            let text = line.value.as_deref().map(str::trim).unwrap_or_default();
            let plain = !text.is_empty() && !text.starts_with('(');
            if plain && dzinza_gedcom::DateValue::parse(text).range().is_none() {
                self.unread_dates += 1;
                let message = "This date is kept as it is written, but cannot be sorted or compared";
                self.report.add(line.line, Severity::Info, "date_not_understood", message);
            }
        }
    }

    /// What these records do to the tree as it is now.
    pub async fn decide(&self, items: &[Item]) -> Result<Decision, JobError> {
        let ids = |person: bool| {
            let matched = items.iter().filter(move |item| (item.record.tag == "INDI") == person);
            let matched = matched.filter(|item| self.plan.is_matched(item.place));
            matched.map(|item| self.scan.id(item.place)).collect::<Vec<_>>()
        };
        let people = fetch(self.ports, &PEOPLE, "id", ids(true)).await?;
        let records = fetch(self.ports, &GEDCOM_RECORDS, "id", ids(false)).await?;
        let differ = items.iter().filter(|item| item.record.tag == "INDI").filter_map(|item| {
            let current = people.get(&self.scan.id(item.place))?;
            let same = kept_text(&current.body) == Some(&item.record.to_gedcom());
            (!same).then(|| current.id.clone())
        });
        let bases = histories(self.ports, &differ.collect::<Vec<_>>()).await?;
        let mut decision = Decision::default();
        let mut changed = Vec::new();
        let mut families = HashMap::new();
        for item in items.iter().filter(|item| item.record.tag != "TRLR") {
            let id = self.scan.id(item.place);
            let tag = item.record.tag.as_str();
            let stored = if tag == "INDI" { &people } else { &records };
            match stored.get(&id) {
                Some(current) if tag == "INDI" => {
                    let base = bases.get(&id).and_then(|(_, base)| base.as_deref());
                    let update = merge_person(&current.body, base, &item.record, self.remove_missing);
                    let after = self.person(&mut decision, item, current, update);
                    self.means(&mut decision, item, current, after.as_ref());
                    changed.extend(after.map(|after| (current, after)));
                }
                Some(current) => {
                    let after = self.record(&mut decision, item, current);
                    self.means(&mut decision, item, current, after.as_ref());
                    families.insert(item.place, (current, after));
                }
                None if self.plan.is_matched(item.place) => decision.counts.tally(tag).deleted += 1,
                None => self.added(&mut decision, item, id),
            }
        }
        self.persons_changed(&mut decision, changed, &bases);
        Ties { work: self, families: &families }.decide(items, &mut decision).await?;
        Ok(decision)
    }

    fn subject<'s>(&self, item: &'s Item, id: &'s str, body: &'s Body) -> Subject<'s> {
        let matched_by = self.why.get(&item.place).map(|why| why.as_str());
        Subject { tag: &item.record.tag, id, xref: item.record.xref.as_deref(), body, matched_by }
    }

    fn added(&self, decision: &mut Decision, item: &Item, id: String) {
        let mut body = Body::new();
        // What a document points to is indexed within its tree.
        self.stamp(&mut body);
        let mut collection: &'static Collection = &PEOPLE;
        if item.record.tag == "INDI" {
            body.append(&mut read_person(&item.record));
            keep_record(&mut body, &item.record);
            person::refresh(&mut body);
        } else {
            collection = &GEDCOM_RECORDS;
            body.insert("tag".into(), json!(item.record.tag));
            body = with_record(&body, &item.record);
            if !item.members.is_empty() {
                body.insert("links".into(), Value::Object(item.members.clone()));
            }
        }
        decision.counts.tally(&item.record.tag).new += 1;
        decision.told.push(self.subject(item, &id, &body).added());
        decision.writes.push(Write::Insert { collection, id, body });
    }

    /// What documents of an import have beside their own.
    pub fn stamp(&self, body: &mut Body) {
        for (key, value) in [
            ("familyTreeId", &self.tree_id),
            ("importId", &self.import_id),
            ("userId", &self.user_id),
            ("createdAt", &self.now),
            ("updatedAt", &self.now),
        ] {
            body.insert(key.to_owned(), json!(value));
        }
    }

    /// Counts and tells an update; the body that the document has then, if it changes.
    fn person(
        &self,
        decision: &mut Decision,
        item: &Item,
        current: &Document,
        update: Update,
    ) -> Option<Body> {
        let told = self.subject(item, &current.id, &current.body).updated(&update);
        decision.told.extend(told);
        decision.counts.conflicts += update.conflicts.len() as u64;
        for conflict in &update.conflicts {
            let who = item.record.xref.as_deref().unwrap_or("Someone");
            let message =
                format!("{who}: {} was edited here and in the file, and stays as it is here", conflict.field);
            decision.kept.push((item.line, message));
        }
        let tally = decision.counts.tally(&item.record.tag);
        match update.body {
            None => {
                tally.unchanged += 1;
                None
            }
            Some(mut body) => {
                tally.changed += 1;
                body.insert("updatedAt".into(), json!(self.now));
                Some(body)
            }
        }
    }

    fn means(&self, decision: &mut Decision, item: &Item, current: &Document, after: Option<&Body>) {
        let names = self.files.meant(&item.record, current, after);
        decision.meant.extend(names.into_iter().map(|name| (name, current.id.clone())));
    }

    /// A record that is there; answers what it is then, if it changes.
    fn record(&self, decision: &mut Decision, item: &Item, current: &Document) -> Option<Body> {
        // Someone who edits a record says when.
        let at = |key: &str| current.body.get(key).and_then(Value::as_str);
        let edited = at("updatedAt") != at("importedAt").or(at("createdAt"));
        let mut update = merge_record(&current.body, &item.record, self.remove_missing, edited);
        let mut links = current.body.get("links").and_then(Value::as_object).cloned().unwrap_or_default();
        links.extend(item.members.clone());
        let before = current.body.get("links").and_then(Value::as_object).map_or(0, Map::len);
        let relinked = links
            .iter()
            .any(|(xref, id)| current.body.get("links").and_then(|links| links.get(xref)) != Some(id));
        if (relinked || links.len() != before) && !edited {
            let body = update.body.get_or_insert_with(|| current.body.clone());
            body.insert("links".into(), Value::Object(links));
        }
        let mut after = self.person(decision, item, current, update)?;
        after.insert("importedAt".into(), json!(self.now));
        decision.writes.push(Write::Replace {
            collection: &GEDCOM_RECORDS,
            id: current.id.clone(),
            expected: current.version,
            body: after.clone(),
        });
        decision.writes.push(back_up(&self.import_id, &GEDCOM_RECORDS, current, Some(&after)));
        Some(after)
    }

    /// Writes changed persons with their history and what they were before.
    fn persons_changed(
        &self,
        decision: &mut Decision,
        changed: Vec<(&Document, Body)>,
        bases: &HashMap<String, (i64, Option<String>)>,
    ) {
        let change = Change { kind: "update", by: &self.user_id, at: &self.now };
        for (current, after) in changed {
            let mut batch = Batch::new();
            batch.replace(&PEOPLE, current, after.clone());
            let version = bases.get(&current.id).map_or(0, |(latest, _)| *latest);
            history::record_for_import(
                &mut batch,
                &current.id,
                version,
                (current, &after),
                change,
                &self.import_id,
            );
            decision.writes.extend(batch.writes);
            decision.writes.push(back_up(&self.import_id, &PEOPLE, current, Some(&after)));
        }
    }
}

/// Documents by the value of a field, which is one document's only.
pub async fn fetch(
    ports: &JobsPorts,
    collection: &'static Collection,
    field: &'static str,
    values: Vec<String>,
) -> Result<HashMap<String, Document>, JobError> {
    let mut found = HashMap::with_capacity(values.len());
    for some in values.chunks(ASKED) {
        let query = Query::new(Filter::any_of(field, some.iter().cloned())).limit(ASKED as u32);
        for document in ports.documents.find(collection, query).await? {
            let key = dzinza_domain::store::field_value(&document, field);
            if let Value::String(key) = key {
                found.insert(key, document);
            }
        }
    }
    Ok(found)
}

/// Of persons who have a history: the number of its newest entry, and their record as the last file left it.
pub async fn histories(
    ports: &JobsPorts,
    ids: &[String],
) -> Result<HashMap<String, (i64, Option<String>)>, JobError> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED) {
        let own = Filter::any_of("personId", some.iter().cloned());
        let query = Query::new(own).sort("version", Direction::Ascending).limit(ASKED as u32);
        let mut entries = dzinza_ports::stream(ports.documents.clone(), &PERSON_HISTORIES, query);
        while let Some(entry) = entries.try_next().await? {
            let text = |key: &str| entry.body.get(key).and_then(Value::as_str).unwrap_or_default();
            let version = entry.body.get("version").and_then(Value::as_i64).unwrap_or(0);
            let (latest, left) = found.entry(text("personId").to_owned()).or_insert((0, Vec::new()));
            *latest = version.max(*latest);
            // What an import left counts until the import is undone.
            let by_import = entry.body.contains_key("importId");
            if by_import && text("changeType") == "revert" {
                left.pop();
            } else if by_import || left.is_empty() {
                let person = entry.body.get("data").and_then(Value::as_object);
                left.push(person.and_then(|person| kept_text(person).map(str::to_owned)));
            }
        }
    }
    Ok(found.into_iter().map(|(id, (latest, mut left))| (id, (latest, left.pop().flatten()))).collect())
}
