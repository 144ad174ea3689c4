//! Whom a chart follows from one person: parents, and houses with their children.

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
/// those with whom there are only children.
pub(super) fn families(graph: &Graph, person: Place) -> Vec<Family> {
    let mut families = vec![Family { partner: None, union: None, children: Vec::new() }];
    for (partner, union) in graph.partners(person) {
        match families.iter_mut().find(|family| family.partner == Some(partner)) {
            // Married again after a divorce: what holds counts.
            Some(known) => known.union = known.union.min(Some(union)),
            None => {
                families.push(Family { partner: Some(partner), union: Some(union), children: Vec::new() });
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    for (child, line) in graph.children(person) {
        // The nearest line comes first, and one child is not two.
        if !seen.insert(child) {
            continue;
        }
        let is_partner = |place: Place| {
            families.iter().any(|family| family.partner == Some(place) && family.union.is_some())
        };
        let others = graph.parents(child).filter(|(other, _)| *other != person);
        let other = others.min_by_key(|(other, theirs)| (*theirs != line, !is_partner(*other), *theirs));
        let other = other.map(|(other, _)| other);
        match families.iter_mut().find(|family| family.partner == other) {
            Some(family) => family.children.push((child, line)),
            None => families.push(Family { partner: other, union: None, children: vec![(child, line)] }),
        }
    }
    families.retain(|family| family.partner.is_some() || !family.children.is_empty());
    families
}
