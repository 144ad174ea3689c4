//! Table by table, page by page, from a source into a store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dzinza_domain::collections::{
    EVENTS, FAMILY_TREES, NOTIFICATIONS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS, TREE_STRUCTURES,
};
use dzinza_ports::{
    Batch, Body, Collection, Document, Documents, Filter, Legacy, LegacyRow, Query, StoreError,
    StoreErrorKind,
};
use serde_json::{Value, json};

use crate::fields::camels;
use crate::map::{self, Mapped};
use crate::report::{Counts, Report};
use crate::ties::{self, Known, Named};

const PAGE: u32 = 200;
/// How often a tree is read again whose totals somebody else changes meanwhile.
const ATTEMPTS: usize = 5;

const TREES: &[&str] = &["familytrees", "family_trees"];
const PERSONS: &[&str] = &["people", "persons", "family_members"];
const TIES: &[&str] = &["relationships", "family_relationships"];
const MEMBERS: &[&str] = &["tree_members", "family_tree_permissions"];
const HISTORIES: &[&str] = &["personhistories", "person_history"];

/// What is to be moved, and where to.
pub struct Move<'a> {
    /// What older programs left.
    pub source: &'a dyn Legacy,
    /// Where it goes.
    pub documents: Arc<dyn Documents>,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// The moment that rows without one are given, as documents have it.
    pub now: String,
}

/// Moves everything; what is there already is left as it is.
///
/// # Errors
/// If the source or the store is away. What was written stays, and the next run goes on.
pub async fn migrate(what: Move<'_>) -> Result<Report, StoreError> {
    let mut tables = what.source.tables().await?;
    let mut run = Run {
        report: Report { dry_run: what.dry_run, ..Report::default() },
        what,
        owners: HashMap::new(),
        people: HashMap::new(),
        pairs: HashSet::new(),
    };
    let mut there = |names: &[&str]| {
        let mut found = Vec::new();
        for name in names {
            if let Some(at) = tables.iter().position(|(table, _)| table == name) {
                found.push(tables.remove(at).0);
            }
        }
        found
    };
    let members = run.members(there(MEMBERS)).await?;
    for table in there(TREES) {
        run.trees(table, &members).await?;
    }
    let persons = there(PERSONS);
    for table in persons.clone() {
        run.persons(table).await?;
    }
    for table in there(TIES) {
        run.ties(table).await?;
    }
    for table in persons {
        run.named(table).await?;
    }
    for table in there(&["events"]) {
        run.rows(table, &EVENTS, |run, row| {
            let owner = |tree: &str| run.owners.get(tree).cloned();
            map::event(row.body, owner, &run.what.now)
        })
        .await?;
    }
    for table in there(&["notifications"]) {
        run.rows(table, &NOTIFICATIONS, |run, row| map::notification(row.body, &run.what.now)).await?;
    }
    for table in there(HISTORIES) {
        run.rows(table, &PERSON_HISTORIES, |run, row| {
            let tree = |person: &str| run.people.get(person).map(|known| known.tree.clone());
            map::history(row.body, tree, &run.what.now)
        })
        .await?;
    }
    run.totals().await?;
    run.report.left = tables;
    Ok(run.report)
}

/// A run, and what it knows of what it has seen.
struct Run<'a> {
    what: Move<'a>,
    report: Report,
    owners: HashMap<String, String>,
    people: HashMap<String, Known>,
    /// What makes relationships unique: those of a dry run are nowhere else.
    pairs: HashSet<String>,
}

type Made = (String, Mapped);
/// Id, the version that stands in its place, and the body.
type Written = (String, Option<u64>, Body);

/// Collections whose documents have been through our hands if they have an `index`.
const INDEXED: [&str; 3] = [FAMILY_TREES.name, PEOPLE.name, RELATIONSHIPS.name];

impl Run<'_> {
    async fn page(&self, table: &str, after: Option<&str>) -> Result<Vec<LegacyRow>, StoreError> {
        self.what.source.rows(table, after, PAGE).await
    }

    /// Who else has a part in a tree.
    async fn members(&self, tables: Vec<String>) -> Result<HashMap<String, Vec<Value>>, StoreError> {
        let mut members: HashMap<String, Vec<Value>> = HashMap::new();
        for table in tables {
            let mut after = None;
            loop {
                let page = self.page(&table, after.as_deref()).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.position.clone());
                for row in page {
                    let entry = camels(Value::Object(row.body));
                    if let Some(tree) = entry["treeId"].as_str().map(str::to_owned) {
                        members.entry(tree).or_default().push(entry);
                    }
                }
            }
        }
        Ok(members)
    }

    async fn trees(
        &mut self,
        table: String,
        members: &HashMap<String, Vec<Value>>,
    ) -> Result<(), StoreError> {
        self.rows(table, &FAMILY_TREES, |run, row| {
            let others = members.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            let mapped = map::tree(&row.id, row.body, others, &run.what.now)?;
            let owner = mapped.body.get("ownerId").and_then(Value::as_str).unwrap_or_default();
            run.owners.insert(row.id, owner.to_owned());
            Ok(mapped)
        })
        .await
    }

    async fn persons(&mut self, table: String) -> Result<(), StoreError> {
        self.rows(table, &PEOPLE, |run, row| {
            let mapped = map::person(row.body, &run.what.now)?;
            let text =
                |key: &str| mapped.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let known = Known { tree: text("familyTreeId"), gender: text("gender") };
            if !run.owners.contains_key(&known.tree) {
                return Err("its tree is not there");
            }
            run.people.insert(row.id, known);
            Ok(mapped)
        })
        .await
    }

    async fn ties(&mut self, table: String) -> Result<(), StoreError> {
        self.rows(table, &RELATIONSHIPS, |run, row| run.tie(row.body)).await
    }

    fn tie(&mut self, row: Body) -> map::Outcome {
        let mut mapped = ties::relationship(row, |id| self.people.get(id).cloned(), &self.what.now)?;
        let unique = |body: &Body, key: &str| {
            body.get("index").and_then(|index| index[key].as_str()).map(|value| format!("{key}:{value}"))
        };
        if let Some(birth) = unique(&mapped.body, "birthParent")
            && !self.pairs.insert(birth)
            && ties::without_birth(&mut mapped.body)
        {
            mapped.kept.push("parentalRole".to_owned());
        }
        let new = unique(&mapped.body, "pair").is_none_or(|pair| self.pairs.insert(pair));
        if new { Ok(mapped) } else { Err("told before") }
    }

    /// Relationships that only the rows of persons tell.
    async fn named(&mut self, table: String) -> Result<(), StoreError> {
        let mut counts = Counts::default();
        let mut after = None;
        loop {
            let page = self.page(&table, after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.position.clone());
            let mut made: Vec<Made> = Vec::new();
            for Named { id, row } in page.iter().flat_map(|row| ties::named(&row.id, &row.body)) {
                match self.tie(row) {
                    Ok(mapped) => made.push((id, mapped)),
                    // Both sides name it, or a row of its own tells it.
                    Err("told before") => continue,
                    Err(why) => counts.skip(why, &id),
                }
                counts.read += 1;
            }
            self.write(&RELATIONSHIPS, made, &mut counts).await?;
        }
        if counts.read > 0 {
            self.report.tables.push((format!("{table}, relatives"), counts));
        }
        Ok(())
    }

    async fn rows(
        &mut self,
        table: String,
        collection: &'static Collection,
        mut map: impl FnMut(&mut Self, LegacyRow) -> map::Outcome,
    ) -> Result<(), StoreError> {
        let mut counts = Counts::default();
        let mut after = None;
        loop {
            let page = self.page(&table, after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.position.clone());
            counts.read += page.len() as u64;
            let mut made = Vec::with_capacity(page.len());
            for row in page {
                let id = row.id.clone();
                match map(self, row) {
                    Ok(mapped) => made.push((id, mapped)),
                    Err(why) => counts.skip(why, &id),
                }
            }
            self.write(collection, made, &mut counts).await?;
        }
        self.report.tables.push((table, counts));
        Ok(())
    }

    async fn write(
        &self,
        collection: &'static Collection,
        made: Vec<Made>,
        counts: &mut Counts,
    ) -> Result<(), StoreError> {
        if made.is_empty() {
            return Ok(());
        }
        let documents = &self.what.documents;
        let ids = Filter::any_of("id", made.iter().map(|(id, _)| id.clone()));
        let found = documents.find(collection, Query::new(ids).limit(10_000).only(&["index"])).await?;
        // In a database that older programs had, their own documents are where ours will be.
        let raw =
            |document: &Document| INDEXED.contains(&collection.name) && !document.body.contains_key("index");
        let there: HashMap<_, _> = found.into_iter().map(|found| (found.id.clone(), found)).collect();
        let mut writes = Vec::with_capacity(made.len());
        for (id, mapped) in made {
            match there.get(&id) {
                Some(document) if !raw(document) => counts.there += 1,
                found => {
                    counts.keep(mapped.kept);
                    writes.push((id, found.map(|found| found.version), mapped.body));
                }
            }
        }
        if self.what.dry_run || writes.is_empty() {
            counts.written += writes.len() as u64;
            return Ok(());
        }
        match documents.commit(writing(collection, &writes)).await {
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                self.one_by_one(collection, writes, counts).await
            }
            Err(error) => Err(error),
            Ok(()) => {
                counts.written += writes.len() as u64;
                Ok(())
            }
        }
    }

    async fn one_by_one(
        &self,
        collection: &'static Collection,
        writes: Vec<Written>,
        counts: &mut Counts,
    ) -> Result<(), StoreError> {
        for written in writes {
            match self.what.documents.commit(writing(collection, std::slice::from_ref(&written))).await {
                Ok(()) => counts.written += 1,
                Err(error) if error.kind() == StoreErrorKind::Conflict => {
                    counts.skip(&format!("another document has its {}", error.context()), &written.0);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How many persons and relationships each tree has now.
    async fn totals(&self) -> Result<(), StoreError> {
        if self.what.dry_run {
            return Ok(());
        }
        let documents = &self.what.documents;
        for id in self.owners.keys() {
            for _ in 0..ATTEMPTS {
                let Some(tree) = documents.get(&FAMILY_TREES, id).await? else { break };
                let mine = Filter::eq("familyTreeId", id.clone());
                let persons = documents.count(&PEOPLE, mine.clone()).await?;
                let ties = documents.count(&RELATIONSHIPS, mine).await?;
                let mut body = tree.body.clone();
                let statistics = body.entry("statistics").or_insert_with(|| json!({}));
                let before = statistics.clone();
                if let Value::Object(statistics) = statistics {
                    statistics.insert("totalPersons".into(), json!(persons));
                    statistics.insert("totalRelationships".into(), json!(ties));
                }
                if *statistics == before {
                    break;
                }
                let mut batch = Batch::new();
                batch.replace(&FAMILY_TREES, &tree, body);
                match documents.commit(batch).await {
                    Err(error) if error.kind() == StoreErrorKind::Stale => {}
                    done => {
                        done?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

fn writing(collection: &'static Collection, writes: &[Written]) -> Batch {
    let mut batch = Batch::new();
    for (id, version, body) in writes {
        match version {
            None => batch.insert(collection, id, body.clone()),
            Some(version) => {
                let read = Document { id: id.clone(), version: *version, body: Body::new() };
                batch.replace(collection, &read, body.clone());
            }
        }
        if collection.name == FAMILY_TREES.name {
            batch.delete_any(&TREE_STRUCTURES, id);
            batch.insert(&TREE_STRUCTURES, id, Body::new());
        }
    }
    batch
}
