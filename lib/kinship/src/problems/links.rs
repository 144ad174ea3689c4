//! What is wrong between a person and those next to her.

use super::{OLDEST_FATHER, OLDEST_MOTHER, Problem, Trouble, YOUNGEST_PARENT};
use crate::graph::{Graph, Place, Sex};
use crate::lines::Lines;
use crate::near;
use crate::walk::ancestors;

/// How many ancestors are compared with recorded siblings.
const LOOKED_AT: usize = 4096;

pub(super) fn look_at(graph: &Graph, place: Place, found: &mut Vec<Problem>) {
    let mut tell = |trouble, places: &[Place]| found.push(Problem { trouble, places: places.to_vec() });
    let by_birth: Vec<Place> = near::parents(graph, place, Lines::BIRTH).map(|(parent, _)| parent).collect();
    for parent in &by_birth {
        if let Some(trouble) = age(graph, *parent, place) {
            tell(trouble, &[*parent, place]);
        }
    }
    if let Some((trouble, parents)) = too_many(graph, &by_birth) {
        let concerned: Vec<Place> = std::iter::once(place).chain(parents).collect();
        tell(trouble, &concerned);
    }
    for (parent, _) in near::parents(graph, place, Lines::LEGAL) {
        if graph.partners(place).any(|(partner, _)| partner == parent) {
            tell(Trouble::UnionWithChild, &[parent, place]);
        }
    }
    if graph.siblings(place).next().is_some() {
        let mut seen: Vec<Place> = Vec::new();
        let mut siblings: Vec<Place> = graph.siblings(place).map(|(sibling, _)| sibling).collect();
        siblings.sort_unstable();
        let above = ancestors(graph, place, Lines::BIRTH).take(LOOKED_AT).map(|reached| reached.place);
        seen.extend(above.filter(|ancestor| siblings.binary_search(ancestor).is_ok()));
        for ancestor in seen {
            tell(Trouble::SiblingOfAncestor, &[ancestor, place]);
        }
    }
}

/// What cannot be, or is hard to believe, whichever of the possible days the two were born.
fn age(graph: &Graph, parent: Place, child: Place) -> Option<Trouble> {
    let (older, younger) = (graph.born(parent), graph.born(child));
    let days = |from: Option<i32>, to: Option<i32>| Some(i64::from(to?) - i64::from(from?));
    // The greatest and the least number of days between the births; none where there is no bound.
    let (most, least) = (days(older.first, younger.last), days(older.last, younger.first));
    // Of 365.25 days: a day or two of doubt do not matter here.
    let days_of = |years: i32| i64::from(years) * 1461 / 4;
    let oldest = if graph.sex(parent) == Sex::Female { OLDEST_MOTHER } else { OLDEST_FATHER };
    if most.is_some_and(|days| days <= 0) {
        Some(Trouble::ParentNotOlder)
    } else if most.is_some_and(|days| days < days_of(YOUNGEST_PARENT)) {
        Some(Trouble::ParentTooYoung)
    } else if least.is_some_and(|days| days > days_of(oldest + 1)) {
        Some(Trouble::ParentTooOld)
    } else {
        None
    }
}

fn too_many(graph: &Graph, parents: &[Place]) -> Option<(Trouble, Vec<Place>)> {
    let of = |sex| parents.iter().copied().filter(|parent| graph.sex(*parent) == sex).collect::<Vec<_>>();
    let (fathers, mothers) = (of(Sex::Male), of(Sex::Female));
    if fathers.len() > 1 {
        Some((Trouble::SeveralFathers, fathers))
    } else if mothers.len() > 1 {
        Some((Trouble::SeveralMothers, mothers))
    } else {
        (parents.len() > 2).then(|| (Trouble::SeveralParents, parents.to_vec()))
    }
}
