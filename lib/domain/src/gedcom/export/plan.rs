//! Finds a family for every relationship that no record tells of.

use std::collections::{HashMap, HashSet};

use super::{Export, Fate, OURS, Pedigree, Unit, couple, hash};
use crate::gedcom::family::FamilyRole;

/// In place of a second partner.
const NOBODY: u32 = u32::MAX;

/// Where families are found.
#[derive(Debug, Default)]
struct Index {
    /// The first family of exactly these one or two partners, in order.
    houses: HashMap<(u32, u32), usize>,
    /// The family in which a child is by birth with one parent.
    halves: HashMap<u32, usize>,
    /// Families of one parent that a certain other parent cannot join.
    apart: HashSet<(usize, u32)>,
}

/// The parents of a child by one pedigree who have no family with it yet: places among the edges.
#[derive(Debug)]
struct Orphan {
    child: u32,
    pedigree: Pedigree,
    parents: Vec<u32>,
}

impl Export {
    /// Ends the first pass: finds a family for every relationship that no record tells of.
    pub fn plan(&mut self) {
        for place in 0..self.people.len() {
            if self.people[place].xref.is_empty() {
                let number = self.new_number();
                self.people[place].xref = format!("{OURS}{number}@");
            }
        }
        let mut index = self.index();
        let orphans = self.orphans();
        let rest: Vec<Orphan> =
            orphans.into_iter().filter(|orphan| !self.join_half(&mut index, orphan)).collect();
        for place in 0..self.edges.len() {
            if !self.edges[place].covered && !self.edges[place].key.0 {
                self.place_couple(&mut index, place);
            }
        }
        for orphan in &rest {
            self.place_child(&mut index, orphan);
        }
        self.omit_empty();
        self.bare_hidden();
        self.take_targets();
    }

    /// Of a couple of whom one is hidden nothing is told but that.
    fn bare_hidden(&mut self) {
        if !self.collects() {
            return;
        }
        for unit in &self.units {
            let mut partners = unit.partners.iter().map(|(number, _)| self.fate(*number));
            if partners.any(|fate| fate == Fate::Hidden) {
                self.changes.entry(unit.key).or_default().bare = true;
            }
        }
    }

    fn index(&self) -> Index {
        let mut index = Index::default();
        // With somebody left out, a family is not what it seems.
        for (place, unit) in self.units.iter().enumerate().filter(|(_, unit)| unit.absent == 0) {
            if let Some(key) = house(unit) {
                index.houses.entry(key).or_insert(place);
            }
            // Where somebody else is named whom nobody knows, there is no room for another parent.
            if unit.partners.len() == 1 && unit.unknown == 0 {
                let born = unit.children.iter().filter(|(_, pedigree)| pedigree.is_none());
                index.halves.extend(born.map(|(child, _)| (*child, place)));
            }
        }
        index
    }

    /// Child by child, parents by birth first.
    fn orphans(&self) -> Vec<Orphan> {
        let open = self.edges.iter().filter(|edge| edge.key.0 && !edge.covered);
        let mut open: Vec<(u32, Pedigree, u32)> =
            open.map(|edge| (edge.key.2, edge.pedigree, edge.key.1)).collect();
        open.sort_unstable();
        let mut orphans: Vec<Orphan> = Vec::new();
        for (child, pedigree, parent) in open {
            match orphans.last_mut() {
                Some(last) if last.child == child && last.pedigree == pedigree && last.parents.len() < 2 => {
                    last.parents.push(parent);
                }
                _ => orphans.push(Orphan { child, pedigree, parents: vec![parent] }),
            }
        }
        orphans
    }

    /// A second parent joins the family that the child has with the first, if that makes them a parent of nobody
    /// whose parent they are not and the two have no family of their own.
    fn join_half(&mut self, index: &mut Index, orphan: &Orphan) -> bool {
        let ([parent], None) = (orphan.parents.as_slice(), orphan.pedigree) else { return false };
        if self.edge((true, *parent, orphan.child)).is_some_and(|edge| self.edges[edge].covered) {
            return true;
        }
        let Some(place) = index.halves.get(&orphan.child).copied() else { return false };
        let Some(both) = self.both(place, *parent) else { return false };
        if index.houses.contains_key(&both) || index.apart.contains(&(place, *parent)) {
            return false;
        }
        let fits = self.units[place].children.iter().all(|(child, pedigree)| {
            let edge = self.edge((true, *parent, *child)).map(|edge| &self.edges[edge]);
            pedigree.is_none() && edge.is_some_and(|edge| !edge.covered && edge.pedigree.is_none())
        });
        if !fits {
            index.apart.insert((place, *parent));
            return false;
        }
        if let Some(alone) = house(&self.units[place]).filter(|alone| index.houses.get(alone) == Some(&place))
        {
            index.houses.remove(&alone);
        }
        index.houses.insert(both, place);
        self.add_partner(place, *parent);
        let children: Vec<u32> = self.units[place].children.keys().copied().collect();
        for child in children {
            index.halves.remove(&child);
            if let Some(edge) = self.edge((true, *parent, child)) {
                self.edges[edge].covered = true;
            }
        }
        true
    }

    /// The two who would be the partners if this parent joined a family of one.
    fn both(&self, place: usize, parent: u32) -> Option<(u32, u32)> {
        let [(one, _)] = self.units[place].partners.as_slice() else { return None };
        let (_, low, high) = couple(*one, parent);
        (*one != parent).then_some((low, high))
    }

    fn place_couple(&mut self, index: &mut Index, edge: usize) {
        let (_, one, two) = self.edges[edge].key;
        let place = self.find_house(index, &[one, two]);
        self.edges[edge].covered = true;
        let union = self.edges[edge].union.as_deref().cloned();
        self.changes.entry(self.units[place].key).or_default().union = union;
    }

    /// Puts a child under these parents. One who joins the parent the child has already takes it to a family of
    /// both.
    fn place_child(&mut self, index: &mut Index, orphan: &Orphan) {
        let mut parents = orphan.parents.clone();
        if let ([parent], None) = (orphan.parents.as_slice(), orphan.pedigree) {
            let half = index.halves.get(&orphan.child).copied();
            if let Some((half, both)) = half.and_then(|half| Some((half, self.both(half, *parent)?))) {
                index.halves.remove(&orphan.child);
                self.take_out(half, orphan.child);
                parents = vec![both.0, both.1];
            }
        }
        let place = self.find_house(index, &parents);
        self.add_child(place, orphan.child, orphan.pedigree);
    }

    /// The family of exactly these partners, made if there is none.
    fn find_house(&mut self, index: &mut Index, partners: &[u32]) -> usize {
        let key = match partners {
            [one, two] => (*one.min(two), *one.max(two)),
            [one, ..] => (*one, NOBODY),
            [] => (NOBODY, NOBODY),
        };
        if let Some(place) = index.houses.get(&key) {
            return *place;
        }
        let place = self.units.len();
        let xref = format!("{OURS}F{}@", self.new_number());
        self.units.push(Unit { key: hash(&xref), xref, made: true, ..Unit::default() });
        let mut partners = partners.to_vec();
        partners.sort_by_key(|number| !self.people[*number as usize].male);
        for partner in partners {
            self.add_partner(place, partner);
        }
        index.houses.insert(key, place);
        place
    }

    fn add_partner(&mut self, place: usize, number: u32) {
        let taken = |role| self.units[place].partners.iter().any(|(_, taken)| *taken == role);
        let male = self.people[number as usize].male;
        let (first, other) = if male {
            (FamilyRole::Husband, FamilyRole::Wife)
        } else {
            (FamilyRole::Wife, FamilyRole::Husband)
        };
        let role = if taken(first) && !taken(other) { other } else { first };
        self.add(place, role, number, None);
        self.units[place].partners.push((number, role));
    }

    fn add_child(&mut self, place: usize, number: u32, pedigree: Pedigree) {
        self.add(place, FamilyRole::Child, number, pedigree);
        self.units[place].children.insert(number, pedigree);
    }

    fn add(&mut self, place: usize, role: FamilyRole, number: u32, pedigree: Pedigree) {
        let (unit, slot) = (&self.units[place], &self.people[number as usize]);
        let change = self.changes.entry(unit.key).or_default();
        change.add.push((role, slot.xref.clone()));
        let tag = if role == FamilyRole::Child { "FAMC" } else { "FAMS" };
        self.links.entry(number).or_default().add.push((tag, unit.xref.clone(), pedigree));
    }

    fn take_out(&mut self, place: usize, child: u32) {
        let unit = &mut self.units[place];
        unit.children.remove(&child);
        let change = self.changes.entry(unit.key).or_default();
        change.drop.insert(self.people[child as usize].xref.clone());
        self.links.entry(child).or_default().drop.push(unit.xref.clone());
    }

    /// A record of which all members went is not written, nor one that has nothing left to say of the last.
    fn omit_empty(&mut self) {
        for unit in &self.units {
            let Some(change) = self.changes.get_mut(&unit.key).filter(|change| !change.drop.is_empty())
            else {
                continue;
            };
            let left = unit.partners.len() + unit.children.len() + unit.unknown;
            if left > 1 || (left == 1 && unit.facts && self.options.branch.is_none()) {
                continue;
            }
            change.omit = true;
            let members =
                unit.partners.iter().map(|(number, _)| *number).chain(unit.children.keys().copied());
            for number in members {
                self.links.entry(number).or_default().drop.push(unit.xref.clone());
            }
        }
    }
}

fn house(unit: &Unit) -> Option<(u32, u32)> {
    match unit.partners.as_slice() {
        [(one, _)] => Some((*one, NOBODY)),
        [(one, _), (two, _)] => Some((*one.min(two), *one.max(two))),
        _ => None,
    }
}
