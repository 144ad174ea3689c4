//! Families that have a record: what of them is still so.

use std::collections::HashMap;

use dzinza_gedcom::Record;

use super::{Edge, Export, FATHER, FamilyChange, Fate, MOTHER, Pedigree, Unit, couple, hash};
use crate::gedcom::family::{Family, FamilyRole, Link, read_family};
use crate::gedcom::kept_record;
use crate::gedcom::union::{UNION_EVENTS, same_union};
use crate::store::{Body, Document};

/// A family record being looked at.
struct Looked<'a> {
    xref: &'a str,
    /// The hash of its document's id.
    id: u64,
    family: &'a Family,
}

/// Members who are not there.
#[derive(Default)]
struct Missing {
    /// Pointers that never led anywhere.
    unknown: usize,
    /// Those who are left out of this export.
    absent: usize,
    /// Whether one of them counts as living, and that is why.
    living: bool,
}

/// A member who is in the tree.
type Member<'a> = (u32, &'a Link);

impl Export {
    pub(super) fn take_family(&mut self, record: &Document) {
        let Some(raw) = kept_record(&record.body) else { return };
        let Some(xref) = raw.xref.clone() else { return };
        let family = read_family(&raw);
        let looked = Looked { xref: &xref, id: hash(&record.id), family: &family };
        let mut change = FamilyChange::default();
        let (partners, missing) = self.members(&family.partners, &record.body, &mut change);
        let (children, more_missing) = self.members(&family.children, &record.body, &mut change);
        change.bare = missing.living || partners.iter().any(|(number, _)| self.fate(*number) == Fate::Hidden);
        change.parted = self.parted(&partners);
        let had_partners = !partners.is_empty();
        let partners = self.keep_partners(&looked, partners, &children, &mut change);
        change.union = self.changed_union(&looked, &partners);
        let abandoned = had_partners && partners.is_empty();
        let children = self.keep_children(&looked, (&partners, abandoned), &children, &mut change);
        let event = |line: &Record| change.parted && UNION_EVENTS.contains(&line.tag.as_str());
        let facts = !change.bare && raw.children.iter().any(|line| !is_member(line) && !event(line));
        let partners = partners.iter().map(|(number, link)| (*number, link.role)).collect();
        let (key, absent) = (looked.id, missing.absent);
        // In a part of a tree, pointers to nobody go too.
        let unknown = if self.collects() { 0 } else { missing.unknown + more_missing.unknown };
        let made = false;
        self.units.push(Unit { key, xref: xref.clone(), made, partners, children, facts, unknown, absent });
        if change.matters() {
            self.changes.insert(key, change);
        }
    }

    /// The members who are in the tree, and who is not. Those who were deleted or are left out go.
    fn members<'l>(
        &self,
        links: &'l [Link],
        body: &Body,
        change: &mut FamilyChange,
    ) -> (Vec<Member<'l>>, Missing) {
        let (mut found, mut missing) = (Vec::with_capacity(links.len()), Missing::default());
        for link in links {
            let id = body.get("links").and_then(|links| links.get(&link.xref)?.as_str());
            match id.map(|id| self.numbers.get(id)) {
                Some(Some(number)) if self.fate(*number) == Fate::Out => {
                    change.drop.insert(link.xref.clone());
                    missing.absent += 1;
                    missing.living |= self.people.get(*number as usize).is_some_and(|slot| slot.living);
                }
                Some(Some(number)) => found.push((*number, link)),
                Some(None) => drop(change.drop.insert(link.xref.clone())),
                None => missing.unknown += 1,
            }
        }
        (found, missing)
    }

    /// Whether these are a couple whose row, which the import always makes, is gone.
    fn parted(&self, partners: &[Member<'_>]) -> bool {
        let pairs = partners.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(place, one)| partners.iter().skip(place + 1).map(move |two| (one.0, two.0)));
        partners.len() > 1 && !pairs.any(|(one, two)| self.edge(couple(one, two)).is_some())
    }

    /// The partners who still have anyone in this family.
    fn keep_partners<'l>(
        &mut self,
        looked: &Looked<'_>,
        partners: Vec<Member<'l>>,
        children: &[Member<'_>],
        change: &mut FamilyChange,
    ) -> Vec<Member<'l>> {
        let everyone: Vec<u32> = partners.iter().map(|(number, _)| *number).collect();
        let mut kept = Vec::with_capacity(partners.len());
        for (own, link) in partners {
            let others = everyone.iter().filter(|other| **other != own).map(|other| couple(own, *other));
            let children =
                children.iter().filter(|(child, _)| *child != own).map(|(child, _)| (true, own, *child));
            let mut expected = others.chain(children).peekable();
            if expected.peek().is_none() || expected.any(|key| self.edge(key).is_some()) {
                kept.push((own, link));
            } else {
                self.drop_link(own, looked.xref, &link.xref, change);
            }
        }
        kept
    }

    fn drop_link(&mut self, number: u32, family: &str, member: &str, change: &mut FamilyChange) {
        change.drop.insert(member.to_owned());
        self.links.entry(number).or_default().drop.push(family.to_owned());
    }

    /// The union as it is now, if it differs from what its own record says. A further record of the couple keeps
    /// its own facts.
    fn changed_union(&mut self, looked: &Looked<'_>, partners: &[Member<'_>]) -> Option<Body> {
        let mut changed = None;
        for (place, one) in partners.iter().enumerate() {
            for two in partners.iter().skip(place + 1) {
                let Some(edge) = self.edge(couple(one.0, two.0)) else { continue };
                let edge = &mut self.edges[edge];
                let own = is_own(edge, looked);
                edge.covered = true;
                let differs =
                    |union: &&Body| union.contains_key("gedcom") || !same_union(&looked.family.union, union);
                let union = edge.union.as_deref().filter(|union| own && differs(union));
                changed = changed.or_else(|| union.cloned());
            }
        }
        changed
    }

    /// The children whose present parents are the partners, as they were; the others are placed anew. A family that
    /// its partners left has none.
    fn keep_children(
        &mut self,
        looked: &Looked<'_>,
        (partners, abandoned): (&[Member<'_>], bool),
        children: &[Member<'_>],
        change: &mut FamilyChange,
    ) -> HashMap<u32, Pedigree> {
        let mut kept = HashMap::with_capacity(children.len());
        for (child, link) in children {
            let parents: Vec<Member<'_>> =
                partners.iter().copied().filter(|(parent, _)| parent != child).collect();
            let edges: Option<Vec<usize>> =
                parents.iter().map(|(parent, _)| self.edge((true, *parent, *child))).collect();
            let recorded = self.pedigrees.get(&(*child, looked.xref.to_owned())).copied();
            let now = edges.as_deref().map(|edges| self.pedigree_now(looked, &parents, edges, recorded));
            let (Some(edges), Some(Ok(now)), false) = (edges, now, abandoned) else {
                self.drop_link(*child, looked.xref, &link.xref, change);
                continue;
            };
            if now != recorded {
                change.regarded.insert(link.xref.clone());
                self.links.entry(*child).or_default().pedigrees.push((looked.xref.to_owned(), now));
            }
            for edge in edges {
                self.edges[edge].covered = true;
            }
            kept.insert(*child, now);
        }
        kept
    }

    /// How a child belongs to this family now; an error if to one parent so and to the other otherwise.
    fn pedigree_now(
        &self,
        looked: &Looked<'_>,
        parents: &[Member<'_>],
        edges: &[usize],
        recorded: Pedigree,
    ) -> Result<Pedigree, ()> {
        let own = parents.iter().zip(edges).filter(|(_, edge)| is_own(&self.edges[**edge], looked));
        let mut words = own.map(|(parent, edge)| {
            let edge = &self.edges[*edge];
            let second = recorded.is_none() && edge.pedigree == Some("other") && self.is_second(parent, edge);
            if second { None } else { edge.pedigree }
        });
        let Some(first) = words.next() else { return Ok(recorded) };
        if words.all(|word| word == first) { Ok(first) } else { Err(()) }
    }

    /// Whether the import took someone for another parent because the child has one of that kind by birth.
    fn is_second(&self, (parent, link): &Member<'_>, edge: &Edge) -> bool {
        let male = self.people[*parent as usize].male;
        let has = |birth: usize| self.births[birth].contains(&edge.key.2);
        let father = male || link.role == FamilyRole::Husband;
        (father && has(FATHER)) || (!male && has(MOTHER))
    }
}

/// Whether a relationship is to be compared with this record: it was read from it, or made by hand and no record
/// tells of it yet.
fn is_own(edge: &Edge, looked: &Looked<'_>) -> bool {
    edge.record == looked.id || (edge.record == 0 && !edge.covered)
}

impl FamilyChange {
    fn matters(&self) -> bool {
        !self.drop.is_empty() || self.union.is_some() || self.parted || self.bare || !self.regarded.is_empty()
    }
}

pub(super) fn is_member(line: &Record) -> bool {
    matches!(line.tag.as_str(), "HUSB" | "WIFE" | "CHIL")
}
