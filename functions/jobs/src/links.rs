//! From family records to relationships between persons.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use dzinza_domain::gedcom::{Family, FamilyRole, Link, read_family};
use dzinza_domain::relationship::{self, Kind};
use dzinza_gedcom::{Record, Severity};
use dzinza_ports::Body;
use serde_json::{Map, Value, json};

use crate::generations::longest;
use crate::report::Report;
use crate::scan::Scan;

const MOTHER: u8 = 1;
const FATHER: u8 = 2;

/// Turns families into relationships, remembering just enough to say none twice.
pub struct Linker<'a> {
    scan: &'a Scan,
    /// Hashes of the pairs that are there.
    seen: HashSet<u64>,
    /// Which biological parents a person has, by place.
    born_of: Vec<u8>,
    /// Parent and child, by place: for generations and loops.
    pub edges: Vec<(u32, u32)>,
}

/// What a family record gives.
#[derive(Debug, Default)]
pub struct Linked {
    /// Relationships, without tree, import and author.
    pub relationships: Vec<Body>,
    /// Pointer to person id, for the members that are in the file.
    pub members: Map<String, Value>,
}

impl<'a> Linker<'a> {
    /// For a file that has been scanned, and whose births have been found.
    pub fn new(scan: &'a Scan) -> Self {
        Self { scan, seen: HashSet::new(), born_of: vec![0; scan.records()], edges: Vec::new() }
    }

    /// The relationships that a family record states. Each remembers the document that the record becomes: a couple
    /// may have several, and an export compares the row with the one it came from.
    pub fn link(&mut self, record: &Record, id: &str, report: &mut Report) -> Linked {
        let family = read_family(record);
        let xref = record.xref.clone().unwrap_or_default();
        let mut linked = Linked::default();
        let partners = self.places(&family.partners, &xref, &mut linked, report);
        let children = self.places(&family.children, &xref, &mut linked, report);
        for link in &family.with_themselves {
            let message = format!("{} is married to themselves", link.xref);
            report.add(link.line, Severity::Warning, "self_union", message);
        }
        for (place, one) in partners.iter().enumerate() {
            for two in partners.iter().skip(place + 1) {
                self.union(one, two, &family, &mut linked, report);
            }
            for child in &children {
                self.descent(one, child, &xref, &mut linked, report);
            }
        }
        for body in &mut linked.relationships {
            body.insert("familyRecordId".into(), json!(id));
        }
        linked
    }

    fn places<'l>(
        &self,
        links: &'l [Link],
        family: &str,
        linked: &mut Linked,
        report: &mut Report,
    ) -> Vec<(u32, &'l Link)> {
        let mut found = Vec::with_capacity(links.len());
        for link in links {
            if let Some(place) = self.scan.person(&link.xref) {
                linked.members.insert(link.xref.clone(), json!(self.scan.id(place)));
                found.push((place, link));
            } else {
                let message =
                    format!("{family} names {} as {}, who is not in the file", link.xref, link.role.tag());
                report.add(link.line, Severity::Warning, "dangling_pointer", message);
            }
        }
        found
    }

    fn union(
        &mut self,
        one: &(u32, &Link),
        two: &(u32, &Link),
        family: &Family,
        linked: &mut Linked,
        report: &mut Report,
    ) {
        if one.0 == two.0 {
            return;
        }
        let (low, high) = (one.0.min(two.0), one.0.max(two.0));
        if !self.first_time(("union", low, high)) {
            let message = format!(
                "{} and {} have a family already; its further facts are kept",
                one.1.xref, two.1.xref
            );
            report.add(two.1.line, Severity::Info, "repeated_union", message);
            return;
        }
        let mut body = family.union.clone();
        self.persons(&mut body, Kind::Spousal, one.0, two.0);
        linked.relationships.push(body);
    }

    fn descent(
        &mut self,
        parent: &(u32, &Link),
        child: &(u32, &Link),
        family: &str,
        linked: &mut Linked,
        report: &mut Report,
    ) {
        if parent.0 == child.0 {
            report.add(
                child.1.line,
                Severity::Warning,
                "own_child",
                format!("{} is their own child", child.1.xref),
            );
            return;
        }
        let pedigree = self.scan.pedigree.get(&(child.0, family.into())).copied();
        let kind = if pedigree == Some("guardian") { Kind::GuardianChild } else { Kind::ParentChild };
        // A stepfather's family names the mother too: she stays what she is in the family that the child was born to.
        let otherwise = pedigree.is_some() && kind == Kind::ParentChild;
        let born_elsewhere = otherwise && self.scan.is_birth(parent.0, child.0);
        if born_elsewhere || !self.first_time((kind.as_str(), parent.0, child.0)) {
            let message = format!("{} is a child of {} already", child.1.xref, parent.1.xref);
            report.add(child.1.line, Severity::Info, "repeated_child", message);
            return;
        }
        let role = self.role(parent, child, pedigree, report);
        let mut body = Body::new();
        body.insert("parentalRole".into(), json!(role));
        self.persons(&mut body, kind, parent.0, child.0);
        linked.relationships.push(body);
        self.edges.push((parent.0, child.0));
    }

    /// Mother or father by sex, else by the part in the family; a second of either by birth is some other parent.
    fn role(
        &mut self,
        parent: &(u32, &Link),
        child: &(u32, &Link),
        pedigree: Option<&str>,
        report: &mut Report,
    ) -> &'static str {
        let male = match self.scan.sex.get(parent.0 as usize) {
            Some(b'M') => true,
            Some(b'F') => false,
            _ => parent.1.role == FamilyRole::Husband,
        };
        match (pedigree, male) {
            (Some("adopted"), true) => return "AdoptiveFather",
            (Some("adopted"), false) => return "AdoptiveMother",
            (Some("step"), true) => return "StepFather",
            (Some("step"), false) => return "StepMother",
            (Some("foster"), _) => return "FosterParent",
            (Some("guardian"), _) => return "Guardian",
            (Some(_), _) => return "Other",
            (None, _) => {}
        }
        let flag = if male { FATHER } else { MOTHER };
        let Some(known) = self.born_of.get_mut(child.0 as usize) else { return "Other" };
        if *known & flag != 0 {
            let message = format!(
                "{} has another parent of that kind by birth; {} is kept as a parent",
                child.1.xref, parent.1.xref
            );
            report.add(child.1.line, Severity::Warning, "second_birth_parent", message);
            return "Other";
        }
        *known |= flag;
        if male { "BiologicalFather" } else { "BiologicalMother" }
    }

    fn persons(&self, body: &mut Body, kind: Kind, one: u32, two: u32) {
        body.insert("type".into(), json!(kind.as_str()));
        body.insert("person1Id".into(), json!(self.scan.id(one)));
        body.insert("person2Id".into(), json!(self.scan.id(two)));
        relationship::refresh(body);
    }

    fn first_time(&mut self, what: (&str, u32, u32)) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    /// How many generations the longest line has, and the places of those who are in a loop or below one. Kahn's
    /// algorithm (1962): whoever has no unvisited parent comes next.
    ///
    /// The last question to ask: what linking remembered is given up first, as both would be the most memory of an import.
    pub fn generations(&mut self) -> (u32, Vec<u32>) {
        self.seen = HashSet::new();
        let (deepest, looped) = longest(self.scan.records(), std::mem::take(&mut self.edges));
        (deepest + u32::from(self.scan.individuals > 0), looped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dzinza_ports::SystemIds;

    fn linked(text: &str) -> (Vec<Body>, Value, (u32, Vec<u32>)) {
        let mut scan = Scan::of(text.as_bytes(), &SystemIds).unwrap();
        scan.find_births(text.as_bytes()).unwrap();
        let (mut linker, mut report, mut all) = (Linker::new(&scan), Report::default(), Vec::new());
        let mut reader = dzinza_gedcom::Reader::new(text.as_bytes()).unwrap();
        while let Some(record) = reader.next_record().unwrap() {
            if record.tag == "FAM" {
                all.extend(linker.link(&record, "r1", &mut report).relationships);
            }
        }
        let generations = linker.generations();
        (all, report.into_value(), generations)
    }

    const PEOPLE: &str =
        "0 HEAD\n0 @A@ INDI\n1 SEX M\n0 @B@ INDI\n1 SEX F\n0 @C@ INDI\n1 FAMC @F2@\n2 PEDI adopted\n";

    #[test]
    fn a_child_of_two_families_has_one_pair_of_parents_by_birth() {
        let text = format!(
            "{PEOPLE}0 @F1@ FAM\n1 HUSB @A@\n1 WIFE @B@\n1 CHIL @C@\n0 @D@ INDI\n1 SEX M\n0 @F2@ FAM\n1 HUSB @D@\n1 CHIL @C@\n0 TRLR\n"
        );
        let (all, _, (generations, _)) = linked(&text);
        let roles: Vec<&str> = all.iter().filter_map(|body| body.get("parentalRole")?.as_str()).collect();
        assert_eq!(roles, ["BiologicalFather", "BiologicalMother", "AdoptiveFather"]);
        assert!(all.iter().all(|body| body["familyRecordId"] == "r1"));
        assert_eq!(generations, 2);
    }

    #[test]
    fn a_parent_by_birth_is_none_by_marriage_whatever_the_order_of_the_families() {
        let birth = "0 @F1@ FAM\n1 HUSB @A@\n1 WIFE @B@\n1 CHIL @C@\n";
        let later = "0 @D@ INDI\n1 SEX M\n0 @F2@ FAM\n1 HUSB @D@\n1 WIFE @B@\n1 CHIL @C@\n";
        for (word, role) in
            [("step", "StepFather"), ("adopted", "AdoptiveFather"), ("foster", "FosterParent")]
        {
            for families in [[birth, later], [later, birth]] {
                let text = format!("{}{}0 TRLR\n", PEOPLE.replace("adopted", word), families.concat());
                let (all, report, _) = linked(&text);
                let mut roles: Vec<&str> =
                    all.iter().filter_map(|body| body.get("parentalRole")?.as_str()).collect();
                roles.sort_unstable();
                let mut wanted = ["BiologicalFather", "BiologicalMother", role];
                wanted.sort_unstable();
                assert_eq!(roles, wanted, "{text}");
                assert_eq!((&report["counts"]["warning"], &report["counts"]["info"]), (&json!(0), &json!(1)));
            }
        }
    }

    #[test]
    fn loops_dangling_pointers_and_people_married_to_themselves_are_reported_not_followed() {
        let text = format!(
            "{PEOPLE}0 @F1@ FAM\n1 HUSB @A@\n1 CHIL @C@\n0 @F3@ FAM\n1 WIFE @C@\n1 CHIL @A@\n1 CHIL @GONE@\n0 TRLR\n"
        );
        let (_, report, (_, looped)) = linked(&text);
        assert_eq!(looped.len(), 2);
        assert_eq!(report["diagnostics"][0]["code"], "dangling_pointer");
        assert_eq!(report["counts"]["warning"], 1);
    }
}
