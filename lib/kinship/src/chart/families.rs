//! Whom a chart follows from one person: parents, and houses with their children.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, Line, Place, Sex, Union};

/// More parents than these are not shown.
const PARENTS: usize = 4;

/// A parent on a chart of ancestors.
pub(super) struct Parent {
    pub place: Place,
    pub line: Line,
    /// 0 for the father's side of a pedigree, 1 for the mother's; `None` for a parent who is shown, but not followed.
    pub side: Option<u32>,
}

/// The parents of a person. The nearest two are followed, which are the parents by birth if they are known.
pub(super) fn parents(graph: &Graph, child: Place) -> Vec<Parent> {
    let mut found: Vec<Parent> = Vec::new();
    for (place, line) in graph.parents(child) {
        if found.len() < PARENTS && found.iter().all(|parent| parent.place != place) {
            found.push(Parent { place, line, side: None });
        }
    }
    let side = |parent: &Parent| match graph.sex(parent.place) {
        Sex::Male => Some(0),
        Sex::Female => Some(1),
        Sex::Unknown => None,
    };
    let wanted: Vec<Option<u32>> = found.iter().take(2).map(side).collect();
    let sides = match wanted.as_slice() {
        [Some(1), Some(0) | None] | [None, Some(0)] => [1, 0],
        [Some(1)] => [1, 1],
        _ => [0, 1],
    };
    for (parent, side) in found.iter_mut().zip(sides) {
        parent.side = Some(side);
    }
    // Fathers on one side and mothers on the other; the others follow the two whose line goes on.
    found.sort_by_key(|parent| parent.side.unwrap_or(2));
    found
}

/// A partner, or the known other parent, and the children with them.
pub(super) struct Family {
    pub partner: Option<Place>,
    /// `None` if they are not recorded as partners.
    pub union: Option<Union>,
    pub children: Vec<(Place, Line)>,
}

/// The houses of a person: first the children whose other parent is not known, then the partners in their order, then
/// those with whom there are only children. Linear in the person's ties.
pub(super) fn families(graph: &Graph, person: Place) -> Vec<Family> {
    let mut families = vec![Family { partner: None, union: None, children: Vec::new() }];
    let mut of: HashMap<Option<Place>, usize> = HashMap::from([(None, 0)]);
    for (partner, union) in graph.partners(person) {
        let family = family_of(&mut families, &mut of, Some(partner));
        // Married again after a divorce: what holds counts.
        family.union = Some(family.union.map_or(union, |known| known.min(union)));
    }
    let partners: HashSet<Place> = families.iter().filter_map(|family| family.partner).collect();
    let mut seen = HashSet::new();
    for (child, line) in graph.children(person) {
        // The nearest line comes first, and one child is not two.
        if !seen.insert(child) {
            continue;
        }
        let others = graph.parents(child).filter(|(other, _)| *other != person);
        let other =
            others.min_by_key(|(other, theirs)| (*theirs != line, !partners.contains(other), *theirs));
        let other = other.map(|(other, _)| other);
        family_of(&mut families, &mut of, other).children.push((child, line));
    }
    families.retain(|family| family.partner.is_some() || !family.children.is_empty());
    families
}

fn family_of<'a>(
    families: &'a mut Vec<Family>,
    of: &mut HashMap<Option<Place>, usize>,
    partner: Option<Place>,
) -> &'a mut Family {
    let index = *of.entry(partner).or_insert(families.len());
    if index == families.len() {
        families.push(Family { partner, union: None, children: Vec::new() });
    }
    &mut families[index]
}
