//! What an export has to say beyond the records that were kept: families that changed, families that never had
//! a record, persons made by hand.
//!
//! Two passes. The first takes every person, relationship and family record once and keeps only numbers and
//! pointers; [`Export::plan`] then decides what changes; the second pass asks for each record as it shall be
//! written. So a large tree is written in bounded memory.

use std::collections::{HashMap, HashSet};

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::family::{Family, FamilyRole, Link, read_family};
use super::{kept_record, kept_xref, write_person};
use crate::person::text;
use crate::privacy::{Shown, Viewer};
use crate::relationship::Kind;
use crate::store::{Body, Document};
use crate::tree::TreeRole;

/// Pointers of what was made here start with this.
const OURS: &str = "@DZ";

/// A relationship, by the numbers of its persons.
#[derive(Debug, Clone)]
struct Edge {
    parental: bool,
    one: u32,
    two: u32,
    word: Box<str>,
    union: Option<Box<Body>>,
}

/// What is to be done to a family record.
#[derive(Debug, Clone, Default, PartialEq)]
struct FamilyChange {
    drop: Vec<String>,
    add: Vec<(FamilyRole, String)>,
    union: Option<Body>,
    bare: bool,
}

#[derive(Debug)]
struct Slot {
    xref: String,
    male: bool,
    reduced: bool,
}

#[derive(Debug, Default)]
struct Links {
    drop: Vec<String>,
    add: Vec<(&'static str, String, Option<&'static str>)>,
}

/// A family as it will be written: the pointer of its record, its partners and children.
#[derive(Debug)]
struct Unit {
    xref: String,
    partners: Vec<u32>,
    children: HashSet<u32>,
}

/// An export being prepared for certain eyes.
#[derive(Debug)]
pub struct Export {
    viewer: Viewer,
    numbers: HashMap<String, u32>,
    by_xref: HashMap<String, u32>,
    people: Vec<Slot>,
    edges: Vec<Edge>,
    present: HashSet<(bool, u32, u32)>,
    covered: HashSet<(bool, u32, u32)>,
    units: Vec<Unit>,
    changes: HashMap<String, FamilyChange>,
    links: HashMap<u32, Links>,
    /// Pointers of the sources, and their archives, that shown persons cite; only kept for eyes from outside.
    cited: HashSet<String>,
    made: Vec<Record>,
    next_number: u32,
}

impl Export {
    /// An export for these eyes.
    pub fn new(viewer: Viewer) -> Self {
        Self {
            viewer,
            numbers: HashMap::new(),
            by_xref: HashMap::new(),
            people: Vec::new(),
            edges: Vec::new(),
            present: HashSet::new(),
            covered: HashSet::new(),
            units: Vec::new(),
            changes: HashMap::new(),
            links: HashMap::new(),
            cited: HashSet::new(),
            made: Vec::new(),
            next_number: 1,
        }
    }

    /// First pass: takes a person. All persons come before the first relationship.
    pub fn take_person(&mut self, person: &Document) {
        let xref = kept_xref(&person.body).unwrap_or_default().to_owned();
        let number = self.people.len() as u32;
        if let Some(used) = xref.strip_prefix(OURS) {
            let digits: String = used.chars().filter(char::is_ascii_digit).collect();
            self.next_number = self.next_number.max(digits.parse::<u32>().unwrap_or(0).saturating_add(1));
        }
        let male = text(&person.body, "gender").is_some_and(|gender| gender.eq_ignore_ascii_case("male"));
        let reduced = self.viewer.shown(&person.body) != Shown::All;
        if !xref.is_empty() {
            self.by_xref.insert(xref.clone(), number);
        }
        if self.viewer.role == TreeRole::Public {
            if let Some(seen) = kept_record(&self.viewer.redact(&person.body)) {
                self.cite(&seen, "SOUR");
            }
        }
        self.numbers.insert(person.id.clone(), number);
        self.people.push(Slot { xref, male, reduced });
    }

    /// First pass: takes a relationship.
    pub fn take_relationship(&mut self, relationship: &Document) {
        let body = &relationship.body;
        let number = |key: &str| body.get(key).and_then(Value::as_str).and_then(|id| self.numbers.get(id)).copied();
        let (Some(one), Some(two)) = (number("person1Id"), number("person2Id")) else { return };
        let (parental, word) = match Kind::of(body) {
            Kind::ParentChild | Kind::GuardianChild => (true, text(body, "parentalRole")),
            Kind::Spousal => (false, text(body, "status")),
            _ => return,
        };
        let union = (!parental).then(|| {
            let keys = ["status", "startDate", "endDate", "place"];
            let kept = keys.iter().filter_map(|key| body.get(*key).map(|value| ((*key).to_owned(), value.clone())));
            Box::new(kept.collect::<Body>())
        });
        let edge = Edge { parental, one, two, word: word.unwrap_or("Other").into(), union };
        self.present.insert(key(&edge));
        self.edges.push(edge);
    }

    /// First pass: takes a source record, after all persons.
    pub fn take_source(&mut self, record: &Document) {
        let raw = kept_record(&record.body).filter(|raw| self.is_cited(raw));
        if let Some(raw) = raw {
            self.cite(&raw, "REPO");
        }
    }

    fn cite(&mut self, record: &Record, tag: &str) {
        let mut open = vec![record];
        while let Some(node) = open.pop() {
            self.cited.extend(node.children_named(tag).filter_map(Record::pointer).map(str::to_owned));
            open.extend(&node.children);
        }
    }

    /// What nobody cites who is shown may tell of those who are not.
    fn is_cited(&self, record: &Record) -> bool {
        record.xref.as_ref().is_some_and(|xref| self.cited.contains(xref))
    }

    /// First pass: takes a family record, after all relationships.
    pub fn take_family(&mut self, record: &Document) {
        let Some(raw) = kept_record(&record.body) else { return };
        let Some(xref) = raw.xref.clone() else { return };
        let family = read_family(&raw);
        let mut change = FamilyChange::default();
        let partners = self.keep(&family, &family.partners, &record.body, &mut change);
        let children = self.keep(&family, &family.children, &record.body, &mut change);
        for link in &change.drop {
            if let Some(number) = self.by_xref.get(link) {
                self.links.entry(*number).or_default().drop.push(xref.clone());
            }
        }
        for (place, one) in partners.iter().enumerate() {
            self.covered.extend(partners.iter().skip(place + 1).map(|two| pair(false, *one, *two)));
            self.covered.extend(children.iter().map(|child| (true, *one, *child)));
        }
        change.bare = self.viewer.role < TreeRole::Editor;
        change.union = self.changed_union(&family, &partners);
        if change != FamilyChange::default() {
            self.changes.insert(xref.clone(), change);
        }
        self.units.push(Unit { xref, partners, children: children.into_iter().collect() });
    }

    /// The members of a family that still are, as numbers; those who no longer are go to `change.drop`.
    fn keep(&self, family: &Family, links: &[Link], body: &Body, change: &mut FamilyChange) -> Vec<u32> {
        let known = |xref: &str| body.get("links").is_some_and(|known| known.get(xref).is_some());
        let number = |link: &Link| self.by_xref.get(&link.xref).copied();
        let mut kept = Vec::new();
        for link in links {
            let Some(own) = number(link) else {
                // A pointer that never led anywhere stays as it came; one whose person was deleted goes.
                if known(&link.xref) {
                    change.drop.push(link.xref.clone());
                }
                continue;
            };
            let partners = family.partners.iter().filter_map(number).filter(|other| *other != own);
            let expected: Vec<_> = if link.role == FamilyRole::Child {
                partners.map(|parent| (true, parent, own)).collect()
            } else {
                let children = family.children.iter().filter_map(number).map(|child| (true, own, child));
                partners.map(|other| pair(false, own, other)).chain(children).collect()
            };
            if expected.is_empty() || expected.iter().any(|edge| self.present.contains(edge)) {
                kept.push(own);
            } else {
                change.drop.push(link.xref.clone());
            }
        }
        kept
    }

    fn changed_union(&self, family: &Family, partners: &[u32]) -> Option<Body> {
        let [one, two, ..] = partners else { return None };
        let wanted = pair(false, *one, *two);
        // Few unions ever change; the search is over the edges of one family's partners only when they are present.
        if !self.present.contains(&wanted) {
            return None;
        }
        let edge = self.union_of(wanted)?;
        let same = ["status", "startDate", "endDate", "place"].iter().all(|key| text(edge, key) == text(&family.union, key));
        (!same).then(|| edge.clone())
    }

    fn union_of(&self, wanted: (bool, u32, u32)) -> Option<&Body> {
        let place = self.edges.binary_search_by_key(&wanted, key).ok()?;
        self.edges.get(place)?.union.as_deref()
    }

    /// Between relationships and families: puts the relationships in order.
    pub fn sort(&mut self) {
        self.edges.sort_by_key(key);
        self.edges.dedup_by_key(|edge| key(edge));
    }

    /// Ends the first pass: finds a family for every relationship that no record tells of.
    pub fn plan(&mut self) {
        for slot in 0..self.people.len() {
            if self.people[slot].xref.is_empty() {
                self.people[slot].xref = self.new_xref();
            }
        }
        let left: Vec<Edge> = self.edges.iter().filter(|edge| !self.covered.contains(&key(edge))).cloned().collect();
        let mut parents: HashMap<(u32, Option<&'static str>), Vec<u32>> = HashMap::new();
        let mut order = Vec::new();
        for edge in &left {
            if edge.parental {
                let slot = (edge.two, pedigree(&edge.word));
                parents.entry(slot).or_insert_with(|| {
                    order.push(slot);
                    Vec::new()
                }).push(edge.one);
            } else {
                let unit = self.new_unit(&[edge.one, edge.two]);
                let union = edge.union.as_deref().cloned();
                if let (Some(union), Some(unit)) = (union, self.units.get(unit)) {
                    self.changes.entry(unit.xref.clone()).or_default().union = Some(union);
                }
            }
        }
        for (child, pedigree) in order {
            for pair in parents.remove(&(child, pedigree)).unwrap_or_default().chunks(2) {
                self.place_child(child, pair, pedigree);
            }
        }
        self.made = self.units.iter().filter(|unit| unit.xref.starts_with("@DZF")).map(|unit| self.make(unit)).collect();
    }

    /// Puts a child under these parents: into the family it already has with the other parent, else into the
    /// parents' own, else into a new one.
    fn place_child(&mut self, child: u32, parents: &[u32], pedigree: Option<&'static str>) {
        if let ([parent], None) = (parents, pedigree) {
            let half = self.units.iter().position(|unit| unit.partners.len() == 1 && unit.children.contains(&child));
            if let Some(place) = half {
                self.add(place, self.partner_role(*parent, &self.units[place].partners), *parent, None);
                return;
            }
        }
        let fits = |unit: &Unit| parents.iter().all(|parent| unit.partners.contains(parent));
        let exact = self.units.iter().position(|unit| fits(unit) && unit.partners.len() == parents.len());
        let place = exact.unwrap_or_else(|| self.new_unit(parents));
        self.add(place, FamilyRole::Child, child, pedigree);
    }

    fn new_unit(&mut self, partners: &[u32]) -> usize {
        let xref = self.new_xref().replacen(OURS, "@DZF", 1);
        self.units.push(Unit { xref, partners: Vec::new(), children: HashSet::new() });
        let place = self.units.len() - 1;
        for partner in partners {
            let role = self.partner_role(*partner, &self.units[place].partners);
            self.add(place, role, *partner, None);
        }
        place
    }

    fn add(&mut self, place: usize, role: FamilyRole, number: u32, pedigree: Option<&'static str>) {
        let reduced = self.is_reduced(number);
        let (Some(unit), Some(slot)) = (self.units.get_mut(place), self.people.get(number as usize)) else { return };
        let change = self.changes.entry(unit.xref.clone()).or_default();
        change.add.push((role, slot.xref.clone()));
        let tag = if role == FamilyRole::Child { "FAMC" } else { "FAMS" };
        self.links.entry(number).or_default().add.push((tag, unit.xref.clone(), pedigree));
        if role == FamilyRole::Child {
            unit.children.insert(number);
        } else {
            unit.partners.push(number);
            change.bare |= reduced;
        }
    }

    fn partner_role(&self, number: u32, others: &[u32]) -> FamilyRole {
        let male = |number: u32| self.people.get(number as usize).is_some_and(|slot| slot.male);
        let husband = male(number) && !others.iter().any(|other| male(*other));
        if husband || (others.len() == 1 && !male(others[0]) && male(number)) { FamilyRole::Husband } else { FamilyRole::Wife }
    }

    fn is_reduced(&self, number: u32) -> bool {
        self.people.get(number as usize).is_some_and(|slot| slot.reduced)
    }

    fn new_xref(&mut self) -> String {
        let xref = format!("{OURS}{}@", self.next_number);
        self.next_number += 1;
        xref
    }

    fn make(&self, unit: &Unit) -> Record {
        let mut record = Record::new("FAM");
        record.xref = Some(unit.xref.clone());
        self.patch(&mut record);
        record
    }

    fn patch(&self, record: &mut Record) {
        let Some(change) = record.xref.as_ref().and_then(|xref| self.changes.get(xref)) else { return };
        let member = |child: &Record| matches!(child.tag.as_str(), "HUSB" | "WIFE" | "CHIL");
        record.children.retain(|child| {
            let gone = child.pointer().is_some_and(|xref| change.drop.iter().any(|gone| gone == xref));
            !(member(child) && gone)
        });
        if let (Some(union), false) = (&change.union, change.bare) {
            patch_union(record, union);
        }
        if change.bare {
            record.children.retain(member);
        }
        let after = record.children.iter().rposition(member).map_or(0, |place| place + 1);
        let added = change.add.iter().map(|(role, xref)| Record::with(role.tag(), xref));
        record.children.splice(after..after, added);
    }

    /// Second pass: a record other than a person's, as these eyes may have it; `None` for one that is theirs not.
    pub fn record(&self, document: &Document) -> Option<Record> {
        let mut record = kept_record(&document.body)?;
        if self.viewer.role < TreeRole::Editor {
            if !matches!(record.tag.as_str(), "FAM" | "SOUR" | "REPO") {
                return None;
            }
            if self.viewer.role == TreeRole::Public && record.tag != "FAM" && !self.is_cited(&record) {
                return None;
            }
            strip_pointers(&mut record);
        }
        if record.tag == "FAM" {
            self.patch(&mut record);
        }
        Some(record)
    }

    /// Second pass: a person's record, as these eyes may have it.
    pub fn person(&self, person: &Document) -> Option<Record> {
        let number = *self.numbers.get(&person.id)?;
        let slot = self.people.get(number as usize)?;
        let seen = self.viewer.redact(&person.body);
        let mut record = write_person(&seen, &slot.xref);
        if self.viewer.role < TreeRole::Editor {
            strip_pointers(&mut record);
        }
        if seen.get("gedcom").is_none() && person.body.get("gedcom").is_some() {
            let original = kept_record(&person.body)?;
            let links = original.children.iter().filter(|child| matches!(child.tag.as_str(), "FAMC" | "FAMS"));
            record.children.extend(links.filter_map(|link| Some(Record::with(&link.tag, link.value.clone()?))));
        }
        if let Some(links) = self.links.get(&number) {
            record.children.retain(|child| {
                let family = matches!(child.tag.as_str(), "FAMC" | "FAMS");
                !(family && child.pointer().is_some_and(|xref| links.drop.iter().any(|gone| gone == xref)))
            });
            for (tag, xref, pedigree) in &links.add {
                let mut link = Record::with(tag, xref);
                if let Some(word) = pedigree {
                    link.push(Record::with("PEDI", *word));
                }
                record.push(link);
            }
        }
        Some(record)
    }

    /// Second pass: the families that have no record of their own.
    pub fn made_families(&self) -> &[Record] {
        &self.made
    }
}

fn pair(parental: bool, one: u32, two: u32) -> (bool, u32, u32) {
    if parental || one <= two { (parental, one, two) } else { (parental, two, one) }
}

fn key(edge: &Edge) -> (bool, u32, u32) {
    pair(edge.parental, edge.one, edge.two)
}

/// GEDCOM's word for how a child belongs to a family; none for birth.
fn pedigree(role: &str) -> Option<&'static str> {
    match role {
        "AdoptiveMother" | "AdoptiveFather" => Some("adopted"),
        "FosterParent" => Some("foster"),
        "StepMother" | "StepFather" => Some("step"),
        "Guardian" => Some("guardian"),
        _ => None,
    }
}

fn patch_union(record: &mut Record, union: &Body) {
    let status = text(union, "status").unwrap_or("Other");
    let ensure = |record: &mut Record, tag: &str| {
        if record.child(tag).is_none() {
            record.push(Record::new(tag));
        }
    };
    if text(union, "startDate").is_some() || text(union, "place").is_some() || !matches!(status, "Other" | "Engaged") {
        ensure(record, "MARR");
    }
    if status == "CustomaryUnion" {
        set(record, "MARR", "TYPE", Some("Customary"));
    }
    set(record, "MARR", "DATE", text(union, "startDate"));
    set(record, "MARR", "PLAC", text(union, "place"));
    match status {
        "Divorced" => ensure(record, "DIV"),
        "Annulled" => ensure(record, "ANUL"),
        "Engaged" => ensure(record, "ENGA"),
        _ => record.children.retain(|child| !matches!(child.tag.as_str(), "DIV" | "ANUL")),
    }
    set(record, "DIV", "DATE", text(union, "endDate"));
}

fn set(record: &mut Record, event: &str, tag: &str, value: Option<&str>) {
    let Some(event) = record.child_mut(event) else { return };
    match (event.children.iter().position(|child| child.tag == tag), value) {
        (Some(place), Some(value)) => event.children[place].value = Some(value.to_owned()),
        (Some(place), None) => drop(event.children.remove(place)),
        (None, Some(value)) => drop(event.push(Record::with(tag, value))),
        (None, None) => {}
    }
}

/// Takes out pointers to records that are only for those inside.
fn strip_pointers(record: &mut Record) {
    let mut open = vec![record];
    while let Some(node) = open.pop() {
        node.children.retain(|child| {
            !(matches!(child.tag.as_str(), "NOTE" | "SNOTE" | "OBJE" | "SUBM" | "ASSO" | "ALIA") && child.pointer().is_some())
        });
        open.extend(node.children.iter_mut());
    }
}

/// The `links` of a family record's document: pointer to person id, for the members that were found.
pub fn family_links<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    Value::Object(members.into_iter().map(|(xref, id)| (xref.to_owned(), json!(id))).collect())
}
