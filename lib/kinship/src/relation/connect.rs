//! The cheapest ways between two persons over any ties.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use crate::graph::{Graph, Link, Place};
use crate::path::{Hop, Path, Step};

/// What a tie costs, in half steps.
pub(super) fn half_steps(link: Link) -> u32 {
    match link {
        Link::Parent(_) | Link::Child(_) => 2,
        Link::Partner(_) | Link::Sibling(_) => 3,
    }
}

/// Which of two ways that cost the same comes first.
#[derive(Clone, Copy)]
pub(super) enum Prefer {
    FewMarriages,
    FewSteps,
}

/// Half steps, and what decides where they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    half_steps: u32,
    second: u32,
}

impl Cost {
    const NONE: Self = Self { half_steps: 0, second: 0 };

    fn of(link: Link, prefer: Prefer) -> Self {
        let second = match prefer {
            Prefer::FewMarriages => u32::from(matches!(link, Link::Partner(_))),
            Prefer::FewSteps => 1,
        };
        Self { half_steps: half_steps(link), second }
    }

    fn and(self, other: Self) -> Self {
        Self { half_steps: self.half_steps + other.half_steps, second: self.second + other.second }
    }
}

/// Someone who has been reached from one end.
#[derive(Clone, Copy)]
struct Known {
    cost: Cost,
    by: Place,
    /// What this person is to `by`.
    link: Link,
}

/// What has been reached from one end.
pub(super) struct Side<'g> {
    pub graph: &'g Graph,
    pub start: Place,
    prefer: Prefer,
    known: HashMap<Place, Known>,
    /// By cost, then in the order in which they were reached.
    open: BinaryHeap<Reverse<(Cost, u32, Place)>>,
    count: u32,
}

impl<'g> Side<'g> {
    fn new(graph: &'g Graph, start: Place, prefer: Prefer) -> Self {
        let open = BinaryHeap::from([Reverse((Cost::NONE, 0, start))]);
        Self { graph, start, prefer, known: HashMap::new(), open, count: 0 }
    }

    fn cost_of(&self, place: Place) -> Option<Cost> {
        if place == self.start { Some(Cost::NONE) } else { self.known.get(&place).map(|known| known.cost) }
    }

    /// How far somebody is from the start, in half steps, if reached.
    pub fn half_steps_to(&self, place: Place) -> Option<u32> {
        self.cost_of(place).map(|cost| cost.half_steps)
    }

    fn least(&self) -> Option<Cost> {
        self.open.peek().map(|Reverse((cost, ..))| *cost)
    }

    /// Goes on from the nearest who is open; tells whom that reaches more cheaply than before.
    fn settle(&mut self, mut reached: impl FnMut(Place, Cost)) {
        let Some(Reverse((so_far, _, by))) = self.open.pop() else { return };
        if self.cost_of(by) != Some(so_far) {
            return;
        }
        for tie in self.graph.ties(by) {
            let cost = so_far.and(Cost::of(tie.link, self.prefer));
            if self.cost_of(tie.to).is_none_or(|known| cost < known) {
                self.known.insert(tie.to, Known { cost, by, link: tie.link });
                self.count += 1;
                self.open.push(Reverse((cost, self.count, tie.to)));
                reached(tie.to, cost);
            }
        }
    }

    /// From a person back to the start: who, and whence.
    fn back(&self, from: Place) -> impl Iterator<Item = (Place, Known)> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            let known = *self.known.get(&at).filter(|_| at != self.start)?;
            Some((std::mem::replace(&mut at, known.by), known))
        })
    }
}

/// Two ends that have met.
pub(super) struct Met<'g> {
    pub left: Side<'g>,
    pub right: Side<'g>,
    /// What the cheapest ways cost.
    pub half_steps: u32,
    /// On each of the cheapest ways there is one of these; some may be there twice.
    pub middles: Vec<Place>,
    /// On the first of them.
    middle: Place,
}

/// Dijkstra's algorithm from both ends; ends when the nearest open persons of both are together as far as what has
/// been found (Pohl, "Bi-directional search", 1971), or when one end has nobody open.
pub(super) fn meet(graph: &Graph, one: Place, two: Place, prefer: Prefer) -> Option<Met<'_>> {
    let (mut left, mut right) = (Side::new(graph, one, prefer), Side::new(graph, two, prefer));
    let mut best: Option<(Cost, Place)> = None;
    let mut middles = Vec::new();
    while let (Some(near), Some(far)) = (left.least(), right.least()) {
        if best.is_some_and(|(cost, _)| near.half_steps + far.half_steps >= cost.half_steps) {
            break;
        }
        let (side, other) =
            if left.open.len() <= right.open.len() { (&mut left, &right) } else { (&mut right, &left) };
        side.settle(|place, cost| {
            let Some(whole) = other.cost_of(place).map(|rest| cost.and(rest)) else { return };
            if best.is_none_or(|(known, _)| whole.half_steps < known.half_steps) {
                middles.clear();
            }
            if best.is_none_or(|(known, _)| whole.half_steps <= known.half_steps) {
                middles.push(place);
            }
            if best.is_none_or(|(known, _)| whole < known) {
                best = Some((whole, place));
            }
        });
    }
    let (cost, middle) = best?;
    Some(Met { left, right, half_steps: cost.half_steps, middles, middle })
}

impl Met<'_> {
    /// The first of the cheapest ways.
    pub fn first(&self) -> Path {
        let from_left = self.left.back(self.middle);
        let mut hops: Vec<Hop> =
            from_left.map(|(to, known)| Hop { step: Step::from(known.link), to }).collect();
        hops.reverse();
        let rest = self.right.back(self.middle);
        hops.extend(rest.map(|(_, known)| Hop { step: Step::from(known.link.inverse()), to: known.by }));
        Path { from: self.left.start, hops }
    }
}
