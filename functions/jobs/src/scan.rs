//! The first pass over a file: what is in it, and which id every record gets.
//!
//! Ids are given in the order of the records, so that documents sorted by id come out in the order of the file.

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::io::Read;

use dzinza_domain::gedcom::{pedigree_word, read_family};
use dzinza_gedcom::{ReadError, Reader, Record};
use dzinza_ports::Ids;
use string_interner::StringInterner;
use string_interner::backend::StringBackend;
use string_interner::symbol::{DefaultSymbol, Symbol as _};

use crate::reading::linkable;
use crate::report::Report;

/// Ids by place, kept as numbers: a million of them must fit. Those that are no UUID are kept as they are.
#[derive(Debug, Default)]
pub struct IdList {
    packed: Vec<u128>,
    odd: HashMap<u32, Box<str>>,
}

impl IdList {
    /// Adds one; answers its place.
    pub fn push(&mut self, id: &str) -> u32 {
        let place = self.packed.len() as u32;
        self.packed.push(0);
        self.set(place, id);
        place
    }

    /// Puts another at a place.
    pub fn set(&mut self, place: u32, id: &str) {
        let packed = pack(id);
        if let Some(known) = self.packed.get_mut(place as usize) {
            *known = packed;
            if unpack(packed) == id {
                self.odd.remove(&place);
            } else {
                self.odd.insert(place, id.into());
            }
        }
    }

    /// The one at a place.
    pub fn get(&self, place: u32) -> String {
        let odd = self.odd.get(&place).map(|id| String::from(&**id));
        odd.unwrap_or_else(|| unpack(self.packed.get(place as usize).copied().unwrap_or_default()))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.packed.len()
    }
}

/// Places by pointer. The texts lie in one piece: a million pointers of their own would take three times the memory.
#[derive(Debug)]
struct Pointers {
    texts: StringInterner<StringBackend<DefaultSymbol>, RandomState>,
    /// By symbol.
    places: Vec<u32>,
}

impl Default for Pointers {
    fn default() -> Self {
        Self { texts: StringInterner::with_hasher(RandomState::new()), places: Vec::new() }
    }
}

impl Pointers {
    /// Adds a pointer, unless it is known already.
    fn add(&mut self, pointer: &str, place: u32) {
        if self.texts.get_or_intern(pointer).to_usize() == self.places.len() {
            self.places.push(place);
        }
    }

    fn place(&self, pointer: &str) -> Option<u32> {
        self.places.get(self.texts.get(pointer)?.to_usize()).copied()
    }
}

/// What one pass learns of a file.
#[derive(Debug, Default)]
pub struct Scan {
    /// The id of each record, by its place in the file.
    pub ids: IdList,
    /// M, F or something else, by place.
    pub sex: Vec<u8>,
    /// Places of the individuals.
    people: Pointers,
    /// How children belong to families where it is not by birth: place of the child, pointer of the family.
    pub pedigree: HashMap<(u32, Box<str>), &'static str>,
    /// Of those children: places of a parent and the child, where some family says that it is by birth.
    births: HashSet<(u32, u32)>,
    /// `HEAD.GEDC.VERS`.
    pub version: Option<String>,
    /// The encoding that was found.
    pub encoding: String,
    /// How many `INDI` records.
    pub individuals: u64,
    /// How many `FAM` records.
    pub families: u64,
    /// How many `SOUR` records.
    pub sources: u64,
}

impl Scan {
    /// Reads the whole file once.
    ///
    /// # Errors
    /// If it cannot be read as GEDCOM.
    pub fn of(file: impl Read, ids: &dyn Ids) -> Result<Self, ReadError> {
        let mut reader = Reader::new(file)?;
        let mut scan = Self::default();
        while let Some(record) = reader.next_record()? {
            scan.take(&record, &ids.new_id());
        }
        scan.encoding = format!("{:?}", reader.encoding());
        Ok(scan)
    }

    /// Takes the next record, which gets this id.
    pub fn take(&mut self, record: &Record, id: &str) {
        let place = self.ids.push(id);
        let mut sex = b'?';
        match record.tag.as_str() {
            "INDI" => {
                self.individuals += 1;
                sex = record.value_of(&["SEX"]).and_then(|sex| sex.trim().bytes().next()).unwrap_or(b'?');
                if let Some(xref) = &record.xref {
                    // Of two records with one pointer, links lead to the first.
                    self.people.add(xref, place);
                }
                let families = record.children_named("FAMC").filter_map(Record::pointer);
                for family in families {
                    if let Some(word) = pedigree_word(record, family) {
                        self.pedigree.insert((place, family.into()), word);
                    }
                }
            }
            "FAM" => self.families += 1,
            "SOUR" => self.sources += 1,
            "HEAD" => self.version = record.value_of(&["GEDC", "VERS"]).map(str::to_owned),
            _ => {}
        }
        self.sex.push(sex.to_ascii_uppercase());
    }

    /// Reads the file once more, if somebody is a child of a family otherwise than by birth: their parents by birth are
    /// parents of that kind in every family, and it may come later in the file. Keeps nothing of anyone else.
    ///
    /// # Errors
    /// If it cannot be read as GEDCOM.
    pub fn find_births(&mut self, file: impl Read) -> Result<(), ReadError> {
        let children: HashSet<u32> = self.pedigree.keys().map(|(child, _)| *child).collect();
        if children.is_empty() {
            return Ok(());
        }
        let (mut reader, mut births) = (Reader::new(file)?, HashSet::new());
        while let Some(record) = reader.next_record()? {
            if record.tag != "FAM" {
                continue;
            }
            // What is too much is reported when it is linked.
            let family = read_family(&linkable(&record, &mut Report::default()));
            let xref = record.xref.as_deref().unwrap_or_default();
            for child in family.children.iter().filter_map(|link| self.person(&link.xref)) {
                if children.contains(&child) && !self.pedigree.contains_key(&(child, xref.into())) {
                    let parents = family.partners.iter().filter_map(|link| self.person(&link.xref));
                    births.extend(parents.map(|parent| (parent, child)));
                }
            }
        }
        self.births = births;
        Ok(())
    }

    /// Whether some family says that this parent has this child by birth; known of children only who are of another
    /// family otherwise, and after [`Scan::find_births`].
    pub fn is_birth(&self, parent: u32, child: u32) -> bool {
        self.births.contains(&(parent, child))
    }

    /// How many records.
    pub fn records(&self) -> usize {
        self.ids.len()
    }

    /// The id of the record at a place.
    pub fn id(&self, place: u32) -> String {
        self.ids.get(place)
    }

    /// The place of the individual with this pointer.
    pub fn person(&self, xref: &str) -> Option<u32> {
        self.people.place(xref)
    }
}

/// A UUID as a number.
fn pack(id: &str) -> u128 {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    u128::from_str_radix(&digits, 16).unwrap_or_default()
}

fn unpack(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were_given() {
        let id = "0190a6b2-7c3d-7e4f-8a5b-0c1d2e3f4a5b";
        assert_eq!(unpack(pack(id)), id);
        let mut list = IdList::default();
        for id in [id, "507f1f77bcf86cd799439011", "old"] {
            let place = list.push(id);
            assert_eq!(list.get(place), id);
        }
        list.set(1, id);
        assert_eq!(list.get(1), id);
    }
}
