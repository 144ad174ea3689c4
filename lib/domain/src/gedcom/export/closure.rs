//! What those who are in point to: only that is written, and no pointer leads anywhere else.
//!
//! A pass of its own between planning and writing makes every record as it will be written and follows its pointers,
//! so that nothing comes along that only somebody who was left out spoke of.

use std::collections::{HashMap, HashSet};

use dzinza_gedcom::Record;

use super::families::is_member;
use super::options::Living;
use super::{Export, Fate};
use crate::gedcom::{kept_record, kept_xref};
use crate::store::{Body, Document};
use crate::tree::TreeRole;

/// Where a pointer leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A person or family that is written.
    Open,
    /// A person of whom only the place in the family is told.
    Hidden,
    /// A person who is left out.
    Out,
    /// A source, a note and so on, which comes along if something points to it.
    Record,
}

impl Export {
    /// Whether records and persons are to be shown to [`Export::collect_person`] and [`Export::collect_record`] once
    /// more before they are written, and [`Export::close`] is to be called then.
    pub fn collects(&self) -> bool {
        self.options.select()
    }

    /// Whether these eyes may have the header and the submitters that came with the file, who are living people too.
    pub fn shows_submitters(&self) -> bool {
        self.viewer.role >= TreeRole::Editor && self.options.living == Living::Show
    }

    /// Whether records of this kind can come along at all.
    pub(super) fn admits(&self, tag: &str) -> bool {
        let inside = match self.viewer.role {
            TreeRole::Public => false,
            role if role < TreeRole::Editor => matches!(tag, "SOUR" | "REPO"),
            _ => self.shows_submitters() || !matches!(tag, "SUBM" | "SUBN"),
        };
        inside && self.options.wants(tag)
    }

    /// First pass, for a record that is no family: where it leads.
    pub(super) fn take_target(&mut self, body: &Body, tag: &str) {
        let Some(xref) = kept_xref(body).filter(|_| self.admits(tag)).map(str::to_owned) else { return };
        let pointers = kept_record(body).map(|record| self.pointers(&record, true)).unwrap_or_default();
        self.targets.insert(xref.clone(), Target::Record);
        self.onward.insert(xref, pointers);
    }

    pub(super) fn aim_at_people(&mut self) {
        let people = self.people.iter().filter(|slot| !slot.xref.is_empty()).map(|slot| {
            let target = match slot.fate {
                Fate::Kept => Target::Open,
                Fate::Hidden => Target::Hidden,
                Fate::Out => Target::Out,
            };
            (slot.xref.clone(), target)
        });
        self.targets.extend(people);
    }

    /// The end of planning: where persons and families are found.
    pub(super) fn take_targets(&mut self) {
        if !self.collects() {
            return;
        }
        self.aim_at_people();
        let written = |key: &u64| self.changes.get(key).is_none_or(|change| !change.omit);
        let families = self.units.iter().filter(|unit| written(&unit.key));
        self.targets.extend(families.map(|unit| (unit.xref.clone(), Target::Open)));
    }

    /// What a record points to, outside of what is taken out of it. `early`: where records lead is not known yet.
    fn pointers(&self, record: &Record, early: bool) -> Vec<String> {
        let (mut found, mut open) = (Vec::new(), vec![record]);
        while let Some(node) = open.pop() {
            for line in &node.children {
                let target = line.pointer().map(|pointer| (pointer, self.targets.get(pointer)));
                match target {
                    _ if !self.options.wants(&line.tag) => continue,
                    Some((pointer, Some(Target::Record))) => found.push(pointer.to_owned()),
                    Some((pointer, None)) if early => found.push(pointer.to_owned()),
                    Some((_, None | Some(Target::Hidden | Target::Out))) => continue,
                    Some((_, Some(Target::Open))) | None => {}
                }
                open.push(line);
            }
        }
        found
    }

    fn reach(&mut self, record: &Record) {
        for pointer in self.pointers(record, false) {
            self.reached.insert(pointer);
        }
    }

    /// Collecting pass: takes the records that the file begins with, and takes pointers out of them that lead nowhere.
    pub fn collect_opening(&mut self, opening: &mut [Record]) {
        let own: HashSet<String> = opening.iter().filter_map(|record| record.xref.clone()).collect();
        for record in opening {
            let leads =
                |pointer: &str| own.contains(pointer) || self.targets.get(pointer) == Some(&Target::Record);
            record.children.retain(|line| line.pointer().is_none_or(leads));
            self.reach(record);
        }
    }

    /// Collecting pass: takes a person.
    pub fn collect_person(&mut self, person: &Document) {
        if let Some(record) = self.person_record(person) {
            self.reach(&record);
        }
    }

    /// Collecting pass: takes any other record.
    pub fn collect_record(&mut self, document: &Document) {
        let is_family = document.body.get("tag").is_some_and(|tag| tag == "FAM");
        if let Some(record) = is_family.then(|| self.family_record(document)).flatten() {
            self.reach(&record);
        }
    }

    /// Ends the collecting pass: follows what was found to the end.
    pub fn close(&mut self) {
        // What a union without a record cites.
        let made: Vec<Record> =
            self.units.iter().filter(|unit| unit.made).map(|unit| self.made_family(unit)).collect();
        for record in &made {
            self.reach(record);
        }
        let mut open: Vec<String> = self.reached.iter().cloned().collect();
        while let Some(xref) = open.pop() {
            for next in self.onward.remove(&xref).unwrap_or_default() {
                let new = self.targets.get(&next) == Some(&Target::Record) && !self.reached.contains(&next);
                if new {
                    self.reached.insert(next.clone());
                    open.push(next);
                }
            }
        }
        self.onward = HashMap::new();
    }

    /// Takes out what is not wanted and every pointer to what is not there; of those who are hidden, all but their
    /// places in families.
    pub(super) fn prune(&self, record: &mut Record) {
        let mut open = vec![record];
        while let Some(node) = open.pop() {
            node.children.retain(|line| {
                let target = line.pointer().filter(|pointer| *pointer != "@VOID@");
                let leads = match target.map(|pointer| self.targets.get(pointer)) {
                    None | Some(Some(Target::Open | Target::Record)) => true,
                    Some(Some(Target::Hidden)) => is_member(line),
                    Some(None | Some(Target::Out)) => false,
                };
                leads && self.options.wants(&line.tag)
            });
            for line in &mut node.children {
                if line.pointer().is_some_and(|pointer| self.targets.get(pointer) == Some(&Target::Hidden)) {
                    line.children.clear();
                }
                open.push(line);
            }
        }
    }

    /// Whether something that is written leads to this record.
    pub(super) fn is_reached(&self, xref: Option<&str>) -> bool {
        xref.is_some_and(|xref| self.reached.contains(xref))
    }
}
