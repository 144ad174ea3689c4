//! Second pass: records as certain eyes may have them.

use std::collections::HashSet;
use std::io::{self, Write};

use dzinza_gedcom::Record;
use serde_json::Value;

use super::families::is_member;
use super::{Export, FamilyChange, Fate, Links, Slot, Unit, hash};
use crate::gedcom::citation::copy_citations;
use crate::gedcom::family::set_pedigree;
use crate::gedcom::payload::line;
use crate::gedcom::union::{UNION_EVENTS, patch_union};
use crate::gedcom::{kept_record, kept_text, kept_xref, write_person};
use crate::store::Document;
use crate::tree::TreeRole;

impl Export {
    /// Second pass: writes a record other than a person's; nothing if it is not theirs.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_record(&self, document: &Document, out: &mut impl Write) -> io::Result<()> {
        let change = self.changes.get(&hash(&document.id));
        if change.is_none() && self.copies() {
            return write_text(kept_text(&document.body).unwrap_or_default(), out);
        }
        if document.body.get("tag").is_some_and(|tag| tag == "FAM") {
            return self.family_record(document).map_or(Ok(()), |record| record.write_to(out, 0));
        }
        let Some(mut record) = kept_record(&document.body) else { return Ok(()) };
        let wanted = !self.collects() || self.is_reached(record.xref.as_deref());
        if !wanted || !self.admits(&record.tag) {
            return Ok(());
        }
        if self.viewer.role < TreeRole::Editor {
            strip_pointers(&mut record, self.viewer.role);
        }
        if self.collects() {
            self.prune(&mut record);
        }
        record.write_to(out, 0)
    }

    /// Whether what nobody touched is copied as it is.
    pub fn copies(&self) -> bool {
        self.viewer.role >= TreeRole::Editor && !self.collects()
    }

    /// Whether more of this person is needed than the record it came from.
    pub fn needs_whole(&self, person: &Document) -> bool {
        !self.copies() || person.version > 1 || kept_xref(&person.body).is_none()
    }

    /// A family as it is written, if it is.
    pub(super) fn family_record(&self, document: &Document) -> Option<Record> {
        let change = self.changes.get(&hash(&document.id));
        let mut record = kept_record(&document.body).filter(|_| !change.is_some_and(|change| change.omit))?;
        self.patch(&mut record, change);
        if self.collects() {
            self.prune(&mut record);
        }
        Some(record)
    }

    /// Second pass: writes a person's record.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_person(&self, person: &Document, out: &mut impl Write) -> io::Result<()> {
        let number = self.numbers.get(&person.id).copied();
        let untouched =
            !self.needs_whole(person) && number.is_some_and(|number| !self.links.contains_key(&number));
        if let Some(raw) = kept_text(&person.body).filter(|_| untouched) {
            return write_text(raw, out);
        }
        self.person_record(person).map_or(Ok(()), |record| record.write_to(out, 0))
    }

    /// A person as it is written, if it is.
    pub(super) fn person_record(&self, person: &Document) -> Option<Record> {
        let number = self.numbers.get(&person.id).copied()?;
        let slot = self.people.get(number as usize).filter(|slot| slot.fate != Fate::Out)?;
        let links = self.links.get(&number);
        let mut record = if self.needs_whole(person) {
            self.rewritten(person, slot)
        } else {
            // A document that was never written again is what its record says.
            kept_record(&person.body)?
        };
        if let Some(links) = links {
            self.patch_links(&mut record, links);
        }
        if slot.fate == Fate::Hidden {
            // Nor how they belong to them.
            record
                .children
                .iter_mut()
                .filter(|line| is_family_link(line))
                .for_each(|line| line.children.clear());
        }
        if self.viewer.role < TreeRole::Editor {
            strip_pointers(&mut record, self.viewer.role);
        }
        if self.collects() {
            self.prune(&mut record);
        }
        Some(record)
    }

    fn rewritten(&self, person: &Document, slot: &Slot) -> Record {
        let hidden = slot.fate == Fate::Hidden;
        let seen = if hidden { self.viewer.reduced(&person.body) } else { self.viewer.redact(&person.body) };
        let mut record = write_person(&seen, &slot.xref, self.dialect);
        let withheld = !seen.contains_key("gedcom");
        if let Some(original) = withheld.then(|| kept_record(&person.body)).flatten() {
            let links = original.children.into_iter().filter(is_family_link);
            record.children.extend(links.map(|link| Record { children: Vec::new(), ..link }));
        }
        let photo =
            seen.get("profilePhotoUrl").and_then(Value::as_str).and_then(|url| url.strip_prefix("blob:"));
        if let Some((scheme, key)) = self.options.photos.as_ref().zip(photo) {
            record.push(Record::new("OBJE").leaf("FILE", format!("{scheme}{key}")));
        }
        record
    }

    fn patch_links(&self, record: &mut Record, links: &Links) {
        let gone = |line: &Record| {
            line.tag.starts_with("FAM")
                && line.pointer().is_some_and(|xref| links.drop.iter().any(|gone| gone == xref))
        };
        record.children.retain(|line| !gone(line));
        for event in &mut record.children {
            event.children.retain(|line| !gone(line));
        }
        for (family, word) in &links.pedigrees {
            set_pedigree(record, family, *word, self.dialect);
        }
        for (tag, xref, pedigree) in &links.add {
            record.push(Record::with(tag, xref));
            if pedigree.is_some() {
                set_pedigree(record, xref, *pedigree, self.dialect);
            }
        }
        for (other, kind, notes) in &links.others {
            let Some(other) = self.people.get(*other as usize) else { continue };
            let told =
                |line: &Record| line.pointer() == Some(&other.xref) && line.value_of(&["TYPE"]) == Some(kind);
            if record.children_named("_REL").any(told) {
                continue;
            }
            let mut rel = Record::with("_REL", &other.xref);
            rel.push(Record::with("TYPE", *kind));
            rel.children.extend(notes.as_ref().map(|notes| line("NOTE", notes, self.dialect)));
            record.push(rel);
        }
    }

    fn patch(&self, record: &mut Record, change: Option<&FamilyChange>) {
        if let Some(change) = change {
            let is = |line: &Record, those: &HashSet<String>| {
                is_member(line) && line.pointer().is_some_and(|xref| those.contains(xref))
            };
            record.children.retain(|line| !is(line, &change.drop));
            for child in record.children.iter_mut().filter(|line| is(line, &change.regarded)) {
                child.children.retain(|line| !matches!(line.tag.as_str(), "_FREL" | "_MREL"));
            }
            if change.parted {
                record.children.retain(|line| !UNION_EVENTS.contains(&line.tag.as_str()));
            }
            if let Some(union) = &change.union {
                patch_union(record, union, self.dialect);
                if let Some(cited) = kept_record(union) {
                    copy_citations(&cited, record);
                }
            }
            let after = record.children.iter().rposition(is_member).map_or(0, |place| place + 1);
            let added = change.add.iter().map(|(role, xref)| Record::with(role.tag(), xref));
            record.children.splice(after..after, added);
        }
        if self.viewer.role < TreeRole::Editor || change.is_some_and(|change| change.bare) {
            record.children.retain(is_member);
            for member in &mut record.children {
                member.children.clear();
            }
        }
    }

    /// Second pass: writes the families that have no record of their own, from `first` on and at most `count`; how
    /// many it were, 0 at the end.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_made_families(&self, first: usize, count: usize, out: &mut impl Write) -> io::Result<usize> {
        let start = self.units.iter().position(|unit| unit.made).unwrap_or(self.units.len());
        let made = self.units.get(start + first..).unwrap_or_default();
        let made = made.get(..count).unwrap_or(made);
        for unit in made {
            self.made_family(unit).write_to(out, 0)?;
        }
        Ok(made.len())
    }

    pub(super) fn made_family(&self, unit: &Unit) -> Record {
        let mut record = Record::top(&unit.xref, "FAM");
        self.patch(&mut record, self.changes.get(&unit.key));
        if self.collects() {
            self.prune(&mut record);
        }
        record
    }
}

fn is_family_link(line: &Record) -> bool {
    matches!(line.tag.as_str(), "FAMC" | "FAMS")
}

fn write_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if text.is_empty() || text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }
}

/// Takes out pointers to records that are only for those inside; for those outside also how anyone belongs to a
/// family, which tells of others.
fn strip_pointers(record: &mut Record, role: TreeRole) {
    let outside = role == TreeRole::Public;
    if outside {
        for link in record.children.iter_mut().filter(|line| is_family_link(line)) {
            link.children.clear();
        }
        for event in &mut record.children {
            event.children.retain(|line| !is_family_link(line));
        }
    }
    let mut open = vec![record];
    while let Some(node) = open.pop() {
        node.children.retain(|child| {
            let inside = match child.tag.as_str() {
                "NOTE" | "SNOTE" | "OBJE" | "SUBM" | "ASSO" | "ALIA" | "_REL" => true,
                "SOUR" | "REPO" => outside,
                _ => false,
            };
            !(inside && child.pointer().is_some())
        });
        open.extend(node.children.iter_mut());
    }
}
