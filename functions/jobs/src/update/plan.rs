//! Which record of a newer file is which document: found by comparing, kept as a file beside the upload, so that what
//! was shown is what is done, and so that a run that begins again gives the same ids.
//!
//! One line a record: `n <id>` for a new one, `m <id>` for one that is there. Behind that stands, if the pointer it has
//! in the tree is not that of the file: the pointer, `-` and a suffix, or `*` for one that has none yet.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use dzinza_domain::gedcom::suffixed;
use dzinza_domain::import::plan_key;
use dzinza_domain::reimport::{NOBODY, Reason, hash, match_people};
use dzinza_ports::{ByteStream, StoreError};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::file::{NewFile, Other};
use super::known::{Known, KnownRecord, Lineage, Origin};
use crate::JobError;
use crate::hold::Held;
use crate::scan::IdList;

const FIRST_LINE: &str = "dzinza-plan 1";
/// Lines written at a time.
const LINES: u32 = 5000;
/// Records with one key that are looked at; there should be one.
const CANDIDATES: usize = 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Plan {
    pub ids: IdList,
    states: Vec<u8>,
    suffixes: Vec<String>,
    renamed: HashMap<u32, Box<str>>,
}

/// A record that the tree has not.
const NEW: u8 = 0;
/// One that has the pointer of the file.
const SAME: u8 = 1;
/// One that has no pointer yet.
const BARE: u8 = 2;
/// One that has another.
const RENAMED: u8 = 3;
/// One that has the pointer of the file with a suffix; which of them is added to this.
const SUFFIXED: u8 = 4;

/// What comparing found.
#[derive(Debug, Default)]
pub struct Compared {
    pub plan: Plan,
    /// Why persons were matched, by place.
    pub why: HashMap<u32, Reason>,
    /// How many persons by identifier, pointer and facts.
    pub counts: [u64; 3],
    /// The ids of persons of earlier versions whom this one does not have.
    pub missing: Vec<String>,
    /// How many families of earlier versions it does not have.
    pub missing_families: u64,
}

impl Plan {
    fn state(&self, place: u32) -> u8 {
        self.states.get(place as usize).copied().unwrap_or(NEW)
    }

    /// Whether the record is one that the tree has.
    pub fn is_matched(&self, place: u32) -> bool {
        self.state(place) != NEW
    }

    /// Adds the next record; `other` is what stands behind its id.
    fn add(&mut self, matched: bool, id: &str, other: Option<&str>) {
        let place = self.ids.push(id);
        let state = match other {
            _ if !matched => NEW,
            None => SAME,
            Some("*") => BARE,
            Some(xref) => self.suffix(xref).unwrap_or_else(|| {
                self.renamed.insert(place, xref.into());
                RENAMED
            }),
        };
        self.states.push(state);
    }

    /// The state of records with this suffix. There are as many as there were imports of the file.
    fn suffix(&mut self, other: &str) -> Option<u8> {
        let suffix = other.strip_prefix('-')?;
        let known = self.suffixes.iter().position(|known| known == suffix);
        let at = known.unwrap_or_else(|| {
            self.suffixes.push(suffix.to_owned());
            self.suffixes.len() - 1
        });
        u8::try_from(at).ok()?.checked_add(SUFFIXED)
    }

    fn suffix_of(&self, place: u32) -> Option<&str> {
        let at = self.state(place).checked_sub(SUFFIXED)?;
        self.suffixes.get(usize::from(at)).map(String::as_str)
    }

    /// Everything of the file is new.
    pub fn of_new(file: &NewFile) -> Self {
        let mut plan = Self::default();
        for place in 0..file.scan.records() as u32 {
            plan.add(false, &file.scan.id(place), None);
        }
        plan
    }

    /// Keeps the plan.
    pub async fn keep(&self, held: &Held<'_>) -> Result<(), JobError> {
        let mut pieces = vec![format!("{FIRST_LINE}\n")];
        for from in (0..self.ids.len() as u32).step_by(LINES as usize) {
            let to = (from + LINES).min(self.ids.len() as u32);
            pieces.push((from..to).map(|place| self.line(place)).collect());
        }
        let bytes: ByteStream =
            stream::iter(pieces).map(|piece| Ok::<_, StoreError>(Bytes::from(piece))).boxed();
        held.ports.blobs.put(&plan_key(held.id()), "text/plain", bytes).await?;
        Ok(())
    }

    fn line(&self, place: u32) -> String {
        let id = self.ids.get(place);
        match (self.state(place), self.renamed.get(&place), self.suffix_of(place)) {
            (NEW, ..) => format!("n {id}\n"),
            (BARE, ..) => format!("m {id} *\n"),
            (_, Some(xref), _) => format!("m {id} {xref}\n"),
            (.., Some(suffix)) => format!("m {id} -{suffix}\n"),
            _ => format!("m {id}\n"),
        }
    }

    /// Reads a plan that was kept; `None` if there is none.
    pub async fn read(held: &mut Held<'_>) -> Result<Option<Self>, JobError> {
        let Some(mut read) = held.ports.blobs.get(&plan_key(held.id()), None).await? else { return Ok(None) };
        let (mut plan, mut rest, mut begun) = (Self::default(), Vec::new(), false);
        while let Some(bytes) = read.bytes.try_next().await? {
            rest.extend_from_slice(&bytes);
            let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let lines: Vec<u8> = rest.drain(..end).collect();
            for line in String::from_utf8_lossy(&lines).lines() {
                if !begun {
                    if line != FIRST_LINE {
                        return Ok(None);
                    }
                    begun = true;
                    continue;
                }
                let mut parts = line.splitn(3, ' ');
                let matched = parts.next() == Some("m");
                plan.add(matched, parts.next().unwrap_or_default(), parts.next());
            }
            held.beat().await?;
        }
        Ok(begun.then_some(plan))
    }
}

/// What pointers of the file are in the tree.
pub struct Pointers<'a> {
    pub to: &'a HashMap<u64, u32>,
    pub plan: &'a Plan,
    /// What those of new records get.
    pub own: Option<String>,
    /// What those that lead nowhere got when an earlier version came.
    pub dangling: Option<String>,
}

impl Pointers<'_> {
    /// The pointer that stands for this one.
    pub fn renamed(&self, pointer: &str) -> String {
        let with = |suffix: Option<&str>| {
            suffix.map_or_else(|| pointer.to_owned(), |suffix| suffixed(pointer, suffix))
        };
        let Some(place) = self.to.get(&hash(&pointer)).copied() else {
            return with(self.dangling.as_deref());
        };
        match self.plan.state(place) {
            SAME => pointer.to_owned(),
            NEW | BARE => with(self.own.as_deref()),
            RENAMED => {
                self.plan.renamed.get(&place).map_or_else(|| pointer.to_owned(), |xref| String::from(&**xref))
            }
            _ => with(self.plan.suffix_of(place)),
        }
    }
}

/// Compares a file with the tree.
pub fn compare(known: &mut Known, file: &mut NewFile, lineage: &Lineage) -> Compared {
    let matches = match_people(&mut known.side, &mut file.side);
    let mut found = Finding { known, file, to: HashMap::new(), persons: HashMap::new() };
    let mut compared = Compared::default();
    let mut there = vec![false; found.known.people.len()];
    for (at, place) in file.people.iter().copied().enumerate() {
        let old = matches.of.get(at).copied().unwrap_or(NOBODY);
        if let Some(seen) = there.get_mut(old as usize) {
            *seen = true;
            found.person(place, old);
            if let Some(why) = matches.why.get(at).copied().flatten() {
                compared.why.insert(place, why);
                compared.counts[why as usize] += 1;
            }
        } else if let Some((id, origin)) =
            file.people_keys.get(at).and_then(|key| found.known.deleted.get(key))
            && matches.pointers_hold
        {
            found.to.insert(place, (id.clone(), origin));
        }
    }
    compared.missing_families = found.records(matches.pointers_hold);
    let unseen = there.iter().zip(&found.known.origins).enumerate();
    let unseen = unseen.filter(|(_, (seen, origin))| !**seen && origin.key.is_some());
    compared.missing = unseen.map(|(place, _)| found.known.people.get(place as u32)).collect();
    compared.plan = found.plan(lineage);
    compared
}

/// Records by tag and something else, in their order.
#[derive(Default)]
struct Shelves(HashMap<(u64, u64), VecDeque<usize>>);

impl Shelves {
    fn put(&mut self, key: (u64, u64), at: usize) {
        self.0.entry(key).or_default().push_back(at);
    }

    /// The first that is free and fits, of a few.
    fn find(&mut self, key: (u64, u64), taken: &[bool], fits: impl Fn(usize) -> bool) -> Option<usize> {
        let shelf = self.0.get_mut(&key)?;
        while shelf.front().is_some_and(|at| taken[*at]) {
            shelf.pop_front();
        }
        shelf.iter().copied().take(CANDIDATES).find(|at| !taken[*at] && fits(*at))
    }
}

struct Finding<'a> {
    known: &'a Known,
    file: &'a NewFile,
    /// The document of each record that is there, by place.
    to: HashMap<u32, (String, &'a Origin)>,
    /// The hashes of the ids of matched persons, by place.
    persons: HashMap<u32, u64>,
}

impl Finding<'_> {
    fn person(&mut self, place: u32, old: u32) {
        let id = self.known.people.get(old);
        self.persons.insert(place, hash(&id));
        if let Some(origin) = self.known.origins.get(old as usize) {
            self.to.insert(place, (id, origin));
        }
    }

    /// Matches records that are no persons, by key and then by what they say; answers how many families of earlier
    /// versions are left.
    fn records(&mut self, pointers_hold: bool) -> u64 {
        let (known, file) = (self.known, self.file);
        let (mut by_key, mut by_content) = (Shelves::default(), Shelves::default());
        for (at, record) in known.records.iter().enumerate() {
            if let Some((key, _)) = record.origin.key {
                by_key.put((record.tag, key), at);
            }
            let said = record.family.as_ref().map_or(record.content, |family| house(&family.partners));
            if record.family.is_some() || !record.apart {
                by_content.put((record.tag, said), at);
            }
        }
        let mut taken = vec![false; known.records.len()];
        let mut left = Vec::new();
        for other in &file.others {
            let fits = |at: usize| self.agrees(other, &known.records[at], pointers_hold);
            match by_key.find((other.tag, other.key), &taken, fits) {
                Some(at) => self.record(other.place, at, &mut taken),
                None => left.push(other),
            }
        }
        for other in left {
            let said = other.family.as_ref().map_or(other.content, |family| self.house_of(&family.0));
            let fits = |at: usize| other.family.is_none() || self.shares(other, &known.records[at]);
            if let Some(at) = by_content.find((other.tag, said), &taken, fits) {
                self.record(other.place, at, &mut taken);
            }
        }
        let gone = known.records.iter().zip(&taken).filter(|(_, taken)| !**taken);
        gone.filter(|(record, _)| record.origin.key.is_some() && record.family.is_some()).count() as u64
    }

    fn record(&mut self, place: u32, at: usize, taken: &mut [bool]) {
        taken[at] = true;
        self.to.insert(place, (self.known.record_ids.get(at as u32), &self.known.records[at].origin));
    }

    /// Whether a record with the same pointer is the same: a family must still have one of its members.
    fn agrees(&self, other: &Other, old: &KnownRecord, pointers_hold: bool) -> bool {
        let Some(members) = &other.family else { return pointers_hold };
        let nobody_then =
            old.family.as_ref().is_none_or(|old| old.partners.is_empty() && old.children.is_empty());
        let nobody_now = members.0.iter().chain(&members.1).all(|member| self.id(*member).is_none());
        self.shares(other, old) || (pointers_hold && (nobody_then || nobody_now))
    }

    fn shares(&self, other: &Other, old: &KnownRecord) -> bool {
        let (Some(old), Some(new)) = (&old.family, &other.family) else { return false };
        let has = |list: &[u64], ids: &[u64]| {
            list.iter().any(|one| self.id(*one).is_some_and(|id| ids.contains(&id)))
        };
        has(&new.0, &old.partners) || has(&new.1, &old.children)
    }

    /// The hash of the id of the matched person with this pointer.
    fn id(&self, pointer: u64) -> Option<u64> {
        self.persons.get(self.file.pointers.get(&pointer)?).copied()
    }

    fn house_of(&self, partners: &[u64]) -> u64 {
        let ids: Option<Vec<u64>> = partners.iter().map(|one| self.id(*one)).collect();
        ids.map_or(0, |ids| house(&ids))
    }

    fn plan(self, lineage: &Lineage) -> Plan {
        let mut plan = Plan::default();
        for (place, xref) in self.file.xrefs.iter().enumerate() {
            let place = place as u32;
            let Some((id, origin)) = self.to.get(&place) else {
                plan.add(false, &self.file.scan.id(place), None);
                continue;
            };
            let kept = origin.key.filter(|(key, _)| key == xref);
            let suffix = kept.and_then(|(_, at)| lineage.0.get(usize::from(at))?.1.as_ref());
            let other = match (&origin.xref, kept, suffix) {
                (None, ..) => Some("*".to_owned()),
                (_, _, Some(suffix)) => Some(format!("-{suffix}")),
                (_, Some(_), None) => None,
                (Some(own), ..) if hash(own) == *xref => None,
                (Some(own), ..) => Some(own.to_string()),
            };
            plan.add(true, id, other.as_deref());
        }
        plan
    }
}

/// A couple, or whoever the partners are, as one number; 0 for nobody.
fn house(partners: &[u64]) -> u64 {
    let mut ids = partners.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { 0 } else { hash(&ids) }
}
