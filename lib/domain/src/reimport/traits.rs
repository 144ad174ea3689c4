//! What persons are compared by: hashes and days, no text, so that a million of them fit.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use dzinza_gedcom::date::DateValue;

use crate::person::{display_name, text};
use crate::store::Body;
use crate::text::fold;

/// How two persons are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The first is a parent of the second.
    Parent,
    /// They are partners.
    Partner,
}

/// From the first to the last day that a date can mean; the other way round if it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) i32, pub(super) i32);

impl Span {
    fn of(date: Option<&str>) -> Self {
        let range = date.and_then(|date| DateValue::parse(date).range());
        let day = |day: i64| i32::try_from(day.clamp(i64::from(i32::MIN), i64::from(i32::MAX))).unwrap_or(0);
        range.map_or(Self(1, 0), |(from, to)| Self(day(from), day(to)))
    }

    pub(super) fn is_known(self) -> bool {
        self.0 <= self.1
    }

    /// Days between the two; none if they overlap.
    pub(super) fn apart(self, other: Self) -> i64 {
        let gap = |from: i32, to: i32| i64::from(from) - i64::from(to);
        gap(self.0, other.1).max(gap(other.0, self.1)).max(0)
    }
}

/// One person. 0 stands for what is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    pub(super) xref: u64,
    pub(super) name: u64,
    pub(super) given: u64,
    pub(super) surname: u64,
    pub(super) birth: Span,
    pub(super) death: Span,
    pub(super) born_at: u64,
    pub(super) died_at: u64,
    pub(super) sex: u8,
}

impl Traits {
    /// First given name and surname: those who share them are compared.
    pub(super) fn block(&self) -> u64 {
        if self.given == 0 { 0 } else { hash(&(self.given, self.surname)) }
    }
}

/// The persons of the tree, or of a file, each known by its place.
#[derive(Debug, Default)]
pub struct Side {
    pub(super) all: Vec<Traits>,
    pub(super) uids: Vec<(u64, u32)>,
    pub(super) parents: Vec<(u32, u32)>,
    pub(super) partners: Vec<(u32, u32)>,
}

impl Side {
    /// Adds a person, with the pointer that may be compared, and the record as text in which identifiers are looked
    /// for; answers its place.
    pub fn add(&mut self, person: &Body, xref: Option<&str>, record: &str) -> u32 {
        let place = self.all.len() as u32;
        let full = fold(&display_name(person));
        let first = text(person, "firstName").unwrap_or(&full);
        let first = fold(first.split_whitespace().next().unwrap_or_default());
        let known = |text: &str| if text.is_empty() { 0 } else { hash(&text) };
        let folded = |key: &str| known(&fold(text(person, key).unwrap_or_default()));
        let span = |key: &str| Span::of(text(person, key));
        self.all.push(Traits {
            xref: xref.map_or(0, |xref| hash(&xref)),
            name: known(&full),
            given: known(&first),
            surname: folded("lastName"),
            birth: span("dateOfBirth"),
            death: span("dateOfDeath"),
            born_at: folded("placeOfBirth"),
            died_at: folded("placeOfDeath"),
            sex: match text(person, "gender") {
                Some("Male") => b'M',
                Some("Female") => b'F',
                _ => 0,
            },
        });
        each_uid(record, |uid| self.uids.push((uid, place)));
        place
    }

    /// Says how two of them are related.
    pub fn relate(&mut self, tie: Tie, one: u32, two: u32) {
        match tie {
            Tie::Parent => self.parents.push((two, one)),
            Tie::Partner => self.partners.extend([(one, two), (two, one)]),
        }
    }

    /// How many persons.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// The identifiers that other programs give and keep: `UID` (7.0), `_UID` (PAF and many after it), `EXID` with its
/// type.
fn each_uid(record: &str, mut found: impl FnMut(u64)) {
    let mut external: Option<&str> = None;
    for line in record.lines() {
        if let Some(kind) = line.strip_prefix("2 TYPE ") {
            if let Some(value) = external.take() {
                found(hash(&("EXID", kind.trim(), value)));
            }
            continue;
        }
        let Some(line) = line.strip_prefix("1 ") else { continue };
        if let Some(value) = external.take() {
            found(hash(&("EXID", "", value)));
        }
        match line.split_once(' ') {
            Some(("UID" | "_UID", value)) => {
                let digits: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
                let digits = digits.to_ascii_uppercase();
                // PAF puts four digits of checksum behind a UUID.
                let uuid = digits.get(..32).filter(|_| digits.len() == 36).unwrap_or(&digits);
                if !uuid.is_empty() {
                    found(hash(&("UID", uuid)));
                }
            }
            Some(("EXID", value)) if !value.trim().is_empty() => external = Some(value.trim()),
            _ => {}
        }
    }
    if let Some(value) = external {
        found(hash(&("EXID", "", value)));
    }
}

/// A hash that is the same all through one run of the program; never 0.
pub fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish().max(1)
}
