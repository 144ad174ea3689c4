//! The first pass over a newer file: what of it is compared with the tree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Seek as _};

use dzinza_domain::gedcom::{read_family, read_person};
use dzinza_domain::reimport::{Side, Tie, hash};
use dzinza_gedcom::{ReadError, Reader, Record};
use dzinza_ports::Ids;

use super::known::content;
use super::plan::Plan;
use crate::reading::linkable;
use crate::report::Report;
use crate::scan::Scan;

/// Kinds of records that are counted; there are about ten.
const KINDS: usize = 100;

/// A record that is no person.
#[derive(Debug)]
pub struct Other {
    pub place: u32,
    pub tag: u64,
    pub key: u64,
    pub content: u64,
    /// Hashes of the members' pointers.
    pub family: Option<Box<(Vec<u64>, Vec<u64>)>>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct NewFile {
    pub scan: Scan,
    pub side: Side,
    /// The places of the persons among the records.
    pub people: Vec<u32>,
    /// The hashes of their keys.
    pub people_keys: Vec<u64>,
    pub others: Vec<Other>,
    /// The hash of each record's pointer, by place; 0 for none.
    pub xrefs: Vec<u64>,
    /// The places that pointers lead to; of two records with one pointer, the first.
    pub pointers: HashMap<u64, u32>,
    /// How many records of each kind.
    pub kinds: BTreeMap<String, u64>,
}

impl NewFile {
    /// Reads the whole file. With a plan, records get the ids it has for them, and are linked instead of compared.
    ///
    /// # Errors
    /// If it cannot be read as GEDCOM.
    pub fn read(file: &File, ids: &dyn Ids, plan: Option<&Plan>) -> Result<Self, ReadError> {
        let mut reader = Reader::new(rewound(file)?)?;
        let mut new = Self::default();
        let mut place = 0;
        while let Some(record) = reader.next_record()? {
            let id = plan.map_or_else(|| ids.new_id(), |plan| plan.ids.get(place));
            new.scan.take(&record, &id);
            let xref = record.xref.as_ref().map_or(0, hash);
            new.xrefs.push(xref);
            if xref != 0 {
                new.pointers.entry(xref).or_insert(place);
            }
            new.take(&record, place, plan.is_none());
            place += 1;
        }
        new.scan.encoding = format!("{:?}", reader.encoding());
        if plan.is_some() {
            new.scan.find_births(rewound(file)?)?;
        }
        new.relate();
        Ok(new)
    }

    fn take(&mut self, record: &Record, place: u32, compared: bool) {
        if self.kinds.len() < KINDS || self.kinds.contains_key(&record.tag) {
            *self.kinds.entry(record.tag.clone()).or_default() += 1;
        }
        let text = if compared { record.to_gedcom() } else { String::new() };
        let key = match record.tag.as_str() {
            "HEAD" => "HEAD",
            _ => record.xref.as_deref().unwrap_or(&text),
        };
        if record.tag == "INDI" {
            if compared {
                self.side.add(&read_person(record), Some(key), &text);
                self.people.push(place);
                self.people_keys.push(hash(&key));
            }
        } else if record.tag != "TRLR" && (compared || record.tag == "FAM") {
            let (tag, key) = (hash(&record.tag.as_str()), hash(&key));
            let family = (record.tag == "FAM").then(|| Box::new(members(record)));
            self.others.push(Other { place, tag, key, content: content(&text), family });
        }
    }

    /// Says on the compared side who is related.
    fn relate(&mut self) {
        if self.people.is_empty() {
            return;
        }
        let person = |pointer: &u64| {
            let place = self.pointers.get(pointer)?;
            self.people.binary_search(place).ok().map(|at| at as u32)
        };
        for (partners, children) in self.others.iter().filter_map(|other| other.family.as_deref()) {
            let partners: Vec<u32> = partners.iter().filter_map(person).collect();
            for (at, one) in partners.iter().enumerate() {
                for two in partners.iter().skip(at + 1) {
                    self.side.relate(Tie::Partner, *one, *two);
                }
                for child in children.iter().filter_map(person) {
                    self.side.relate(Tie::Parent, *one, child);
                }
            }
        }
    }

    /// The pairs that the file states anywhere, each as [`stated`] hashes it.
    pub fn all_pairs(&self) -> HashSet<u64> {
        let mut all = HashSet::new();
        let id = |pointer: &u64| self.pointers.get(pointer).map(|place| self.scan.id(*place));
        for (partners, children) in self.others.iter().filter_map(|other| other.family.as_deref()) {
            let partners: Vec<String> = partners.iter().filter_map(id).collect();
            for (at, one) in partners.iter().enumerate() {
                all.extend(partners.iter().skip(at + 1).map(|two| stated(false, one, two)));
                all.extend(children.iter().filter_map(id).map(|child| stated(true, one, &child)));
            }
        }
        all
    }
}

fn rewound(file: &File) -> io::Result<BufReader<File>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// A pair as a hash: parent and child, or partners in either order.
pub fn stated(parental: bool, one: &str, two: &str) -> u64 {
    let (one, two) = if parental || one <= two { (one, two) } else { (two, one) };
    hash(&(parental, one, two))
}

fn members(record: &Record) -> (Vec<u64>, Vec<u64>) {
    // What is too much is reported in the second pass.
    let family = read_family(&linkable(record, &mut Report::default()));
    let hashes = |links: &[dzinza_domain::gedcom::Link]| links.iter().map(|link| hash(&link.xref)).collect();
    (hashes(&family.partners), hashes(&family.children))
}
