//! What an export has to say beyond the records that were kept: families that changed, families that never had
//! a record, persons made by hand.
//!
//! Two passes. The first takes every person, relationship and record once and keeps only numbers and pointers;
//! [`Export::plan`] then decides what changes; the second pass asks for each record as it shall be written. So a
//! large tree is written in bounded memory. If only a part is wanted, a pass between the two finds out what that part
//! points to.

mod closure;
mod families;
mod options;
mod output;
mod plan;
mod select;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

pub use self::options::{Branch, BranchWay, Living, Options};
pub use self::select::UnknownRoot;

use self::closure::Target;
use super::family::{FamilyRole, pedigree_word};
use super::payload::Dialect;
use super::union::UNION_KEYS;
use super::{kept_record, kept_text, kept_xref};
use crate::person::text;
use crate::privacy::Viewer;
use crate::relationship::Kind;
use crate::store::{Body, Document};
use crate::tree::TreeRole;

/// Pointers of what was made here start with this.
const OURS: &str = "@DZ";

const MOTHER: usize = 0;
const FATHER: usize = 1;

/// GEDCOM's word for how a child belongs to a family; none for birth.
type Pedigree = Option<&'static str>;

/// Whether parental, and the numbers of the two persons; those of a couple in order.
type Key = (bool, u32, u32);

/// A relationship, by the numbers of its persons.
#[derive(Debug)]
struct Edge {
    key: Key,
    pedigree: Pedigree,
    union: Option<Box<Body>>,
    /// The family record that the relationship was read from, hashed; 0 if none.
    record: u64,
    /// Whether a family record or a planned family tells of it.
    covered: bool,
}

/// What is to be done to a family record.
#[derive(Debug, Default)]
struct FamilyChange {
    drop: HashSet<String>,
    add: Vec<(FamilyRole, String)>,
    union: Option<Body>,
    /// The couple's row is gone, and so are its events.
    parted: bool,
    /// Children whose part in the family is another than it was.
    regarded: HashSet<String>,
    /// Nobody is left of whom it could tell.
    omit: bool,
    /// Only who belongs to it is told: a partner is hidden.
    bare: bool,
}

/// What becomes of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Only the place in the family is told.
    Hidden,
    Out,
}

#[derive(Debug)]
struct Slot {
    xref: String,
    male: bool,
    /// Counts as living, and that matters.
    living: bool,
    fate: Fate,
}

#[derive(Debug, Default)]
struct Links {
    drop: Vec<String>,
    add: Vec<(&'static str, String, Pedigree)>,
    pedigrees: Vec<(String, Pedigree)>,
    /// Siblings and others, whom GEDCOM has no line for.
    others: Vec<(u32, &'static str, Option<String>)>,
}

/// A family as it will be written: the pointer of its record, its partners and children.
#[derive(Debug, Default)]
struct Unit {
    /// The hash of its document's id, or of its pointer.
    key: u64,
    xref: String,
    /// Whether it has no record of its own.
    made: bool,
    partners: Vec<(u32, FamilyRole)>,
    children: HashMap<u32, Pedigree>,
    /// Lines besides partners and children that are there.
    facts: bool,
    /// Members that nobody knows, kept as they came.
    unknown: usize,
    /// Partners who are left out of this export.
    absent: usize,
}

/// An export being prepared for certain eyes.
#[derive(Debug)]
pub struct Export {
    viewer: Viewer,
    options: Options,
    dialect: Dialect,
    has_header: bool,
    numbers: HashMap<String, u32>,
    people: Vec<Slot>,
    /// How children belong to families by their own records, where it is not by birth.
    pedigrees: HashMap<(u32, String), &'static str>,
    edges: Vec<Edge>,
    /// Children who have a mother, and those who have a father, by birth.
    births: [HashSet<u32>; 2],
    units: Vec<Unit>,
    /// By the keys of the units.
    changes: HashMap<u64, FamilyChange>,
    links: HashMap<u32, Links>,
    next_number: u64,
    /// Where pointers lead, if only a part is wanted.
    targets: HashMap<String, Target>,
    /// What records that are no families point to.
    onward: HashMap<String, Vec<String>>,
    /// The records that something leads to.
    reached: HashSet<String>,
}

impl Export {
    /// An export of everything for these eyes.
    pub fn new(viewer: Viewer) -> Self {
        Self::of(viewer, Options::default())
    }

    /// An export of a part for these eyes.
    pub fn of(viewer: Viewer, options: Options) -> Self {
        Self {
            viewer,
            options,
            dialect: Dialect::default(),
            has_header: false,
            numbers: HashMap::new(),
            people: Vec::new(),
            pedigrees: HashMap::new(),
            edges: Vec::new(),
            births: Default::default(),
            units: Vec::new(),
            changes: HashMap::new(),
            links: HashMap::new(),
            next_number: 1,
            targets: HashMap::new(),
            onward: HashMap::new(),
            reached: HashSet::new(),
        }
    }

    /// What the first pass looks at in a relationship.
    pub const RELATIONSHIP_FIELDS: &[&str] = &[
        "person1Id",
        "person2Id",
        "type",
        "parentalRole",
        "familyRecordId",
        "status",
        "startDate",
        "endDate",
        "place",
        "notes",
        "gedcom",
    ];
    /// What is looked at in a record other than a person's.
    pub const RECORD_FIELDS: &[&str] = &["gedcom", "tag", "links", "importId"];

    /// What the first pass looks at in a person, and the second if [`Export::needs_whole`] denies it.
    pub fn person_fields(&self) -> &'static [&'static str] {
        match self.options.living {
            Living::Show => &["gedcom", "gender", "importId"],
            _ => &["gedcom", "gender", "importId", "index", "dateOfBirth", "dateOfDeath", "isLiving"],
        }
    }

    /// First pass: takes a person. All persons come before the first relationship.
    pub fn take_person(&mut self, person: &Document) {
        let xref = kept_xref(&person.body).unwrap_or_default().to_owned();
        let number = self.people.len() as u32;
        self.pass_by(&xref);
        let male = text(&person.body, "gender").is_some_and(|gender| gender.eq_ignore_ascii_case("male"));
        let raw = kept_text(&person.body).filter(|raw| raw.contains("PEDI") || raw.contains("ADOP"));
        if let Some(record) = raw.and_then(|_| kept_record(&person.body)) {
            for family in record.children_named("FAMC").filter_map(|link| link.pointer()) {
                if let Some(word) = pedigree_word(&record, family) {
                    self.pedigrees.insert((number, family.to_owned()), word);
                }
            }
        }
        let living = self.options.living != Living::Show && self.viewer.is_living(&person.body);
        self.numbers.insert(person.id.clone(), number);
        self.people.push(Slot { xref, male, living, fate: Fate::Kept });
    }

    /// Remembers a pointer that is taken, so that none of ours will be the same.
    fn pass_by(&mut self, xref: &str) {
        /// Nobody counts that far; what is greater cannot be met from below.
        const FAR: u64 = 1 << 53;
        let Some(rest) = xref.strip_prefix(OURS) else { return };
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        if let Some(used) = digits.parse::<u64>().ok().filter(|used| *used < FAR) {
            self.next_number = self.next_number.max(used + 1);
        }
    }

    /// First pass: takes a relationship.
    pub fn take_relationship(&mut self, relationship: &Document) {
        let body = &relationship.body;
        let number =
            |key: &str| body.get(key).and_then(Value::as_str).and_then(|id| self.numbers.get(id)).copied();
        let (Some(one), Some(two)) = (number("person1Id"), number("person2Id")) else { return };
        let kind = Kind::of(body);
        let record = body.get("familyRecordId").and_then(Value::as_str).map_or(0, hash);
        if kind.is_parental() {
            let role = text(body, "parentalRole").unwrap_or_default();
            match role {
                "BiologicalMother" => drop(self.births[MOTHER].insert(two)),
                "BiologicalFather" => drop(self.births[FATHER].insert(two)),
                _ => {}
            }
            let pedigree = if kind == Kind::GuardianChild { Some("guardian") } else { pedigree(role) };
            self.edges.push(Edge { key: (true, one, two), pedigree, union: None, record, covered: false });
        } else if kind == Kind::Spousal {
            // Citations of a union without a record stand on its row.
            let keys = UNION_KEYS.iter().chain(&["gedcom"]);
            let kept = keys.filter_map(|key| Some(((*key).to_owned(), body.get(*key)?.clone())));
            let union = Some(Box::new(kept.collect::<Body>()));
            self.edges.push(Edge { key: couple(one, two), pedigree: None, union, record, covered: false });
        } else if self.viewer.role >= TreeRole::Editor {
            let notes = text(body, "notes").map(str::to_owned);
            self.links.entry(one).or_default().others.push((two, kind.as_str(), notes));
        }
    }

    /// Between relationships and records: puts the relationships in order.
    pub fn sort(&mut self) {
        // Of several between the same two, the one by birth comes first and is the one that is written.
        self.edges.sort_by_key(|edge| (edge.key, edge.pedigree.is_some(), edge.record == 0));
        self.edges.dedup_by_key(|edge| edge.key);
    }

    /// First pass: takes any other record, after all relationships.
    pub fn take_record(&mut self, record: &Document) {
        self.pass_by(kept_xref(&record.body).unwrap_or_default());
        match record.body.get("tag").and_then(Value::as_str) {
            Some("FAM") => self.take_family(record),
            Some("HEAD") if self.has_header => {}
            Some("HEAD") => {
                self.dialect = Dialect::of(kept_record(&record.body).as_ref());
                self.has_header = true;
            }
            Some(tag) if self.collects() => self.take_target(&record.body, tag),
            _ => {}
        }
    }

    fn edge(&self, key: Key) -> Option<usize> {
        self.edges.binary_search_by_key(&key, |edge| edge.key).ok()
    }

    fn new_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }
}

fn couple(one: u32, two: u32) -> Key {
    (false, one.min(two), one.max(two))
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish().max(1)
}

fn pedigree(role: &str) -> Pedigree {
    match role {
        "BiologicalMother" | "BiologicalFather" => None,
        "AdoptiveMother" | "AdoptiveFather" => Some("adopted"),
        "FosterParent" => Some("foster"),
        "StepMother" | "StepFather" => Some("step"),
        "Guardian" => Some("guardian"),
        // Donors and surrogates too: GEDCOM has no word for them, but birth it is not.
        _ => Some("other"),
    }
}
