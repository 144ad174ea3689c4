//! The ways that cost no more than the cheapest.

use hashbrown::HashSet;

use super::MARRIAGES;
use super::connect::{Met, Side, half_steps};
use crate::graph::{Link, Place, Tie};
use crate::path::{Hop, Path, Step};

/// How many ties are looked at for one question.
const TIES: usize = 4096;
/// How many ways from either end to one person in the middle.
const HALVES: usize = 32;
/// How many ways in all.
pub(super) const WAYS: usize = 128;

/// Some of the cheapest ways with at most [`MARRIAGES`], each once: all of them unless they are too many. The order
/// depends on nothing but the graph and the two.
pub(super) fn ways(met: &Met<'_>) -> Vec<Path> {
    let mut budget = TIES;
    let mut ways = Vec::new();
    let mut seen: HashSet<Place> = HashSet::new();
    let mut middles: Vec<Place> = met.middles.iter().copied().filter(|place| seen.insert(*place)).collect();
    // A way belongs to the first on it who is in the middle. Whoever is nearest is first on most ways.
    middles.sort_by_key(|place| met.left.half_steps_to(*place));
    for middle in middles {
        let is_middle = |place| {
            let whole = met.left.half_steps_to(place).zip(met.right.half_steps_to(place));
            whole.is_some_and(|(left, right)| left + right == met.half_steps)
        };
        let lefts = halves(&met.left, middle, is_middle, &mut budget);
        let rights =
            if lefts.is_empty() { Vec::new() } else { halves(&met.right, middle, |_| false, &mut budget) };
        let pairs = lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right)));
        for (left, right) in pairs.filter(|(left, right)| left.marriages + right.marriages <= MARRIAGES) {
            ways.push(path(met.left.start, left, right));
            if ways.len() == WAYS {
                return ways;
            }
        }
        if budget == 0 {
            break;
        }
    }
    ways
}

/// A way from somebody in the middle to an end.
#[derive(Clone)]
struct Half {
    at: Place,
    /// Each with whom it starts from.
    ties: Vec<(Place, Tie)>,
    marriages: usize,
}

fn halves(side: &Side<'_>, middle: Place, avoid: impl Fn(Place) -> bool, budget: &mut usize) -> Vec<Half> {
    let mut whole = Vec::new();
    let mut open = vec![Half { at: middle, ties: Vec::new(), marriages: 0 }];
    while let Some(half) = open.pop() {
        if half.at == side.start {
            whole.push(half);
            if whole.len() == HALVES {
                break;
            }
            continue;
        }
        let ties = side.graph.ties(half.at);
        *budget = budget.saturating_sub(ties.len());
        if *budget == 0 {
            break;
        }
        let Some(far) = side.half_steps_to(half.at) else { continue };
        let nearer =
            |tie: &Tie| side.half_steps_to(tie.to).is_some_and(|to| to + half_steps(tie.link) == far);
        // The last to be put there is the first to be looked at.
        for tie in ties.iter().rev().filter(|tie| nearer(tie) && !avoid(tie.to)) {
            let marriages = half.marriages + usize::from(matches!(tie.link, Link::Partner(_)));
            if marriages <= MARRIAGES {
                let ties = half.ties.iter().copied().chain([(half.at, *tie)]).collect();
                open.push(Half { at: tie.to, ties, marriages });
            }
        }
    }
    whole
}

fn path(from: Place, left: &Half, right: &Half) -> Path {
    let back = left.ties.iter().rev();
    let back = back.map(|(to, tie)| Hop { step: Step::from(tie.link.inverse()), to: *to });
    let on = right.ties.iter().map(|(_, tie)| Hop { step: Step::from(tie.link), to: tie.to });
    Path { from, hops: back.chain(on).collect() }
}
