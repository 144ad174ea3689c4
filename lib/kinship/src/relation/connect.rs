//! The cheapest way between two persons over any ties.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use crate::graph::{Graph, Link, Place};
use crate::path::{Hop, Path, Step};

fn cost(link: Link) -> u32 {
    match link {
        Link::Parent(_) | Link::Child(_) => 2,
        Link::Partner(_) | Link::Sibling(_) => 3,
    }
}

/// Someone who has been reached from one end.
#[derive(Clone, Copy)]
struct Known {
    cost: u32,
    by: Place,
    /// What this person is to `by`.
    link: Link,
}

struct Side<'g> {
    graph: &'g Graph,
    start: Place,
    known: HashMap<Place, Known>,
    /// By cost, then in the order in which they were reached.
    open: BinaryHeap<Reverse<(u32, u32, Place)>>,
    count: u32,
}

impl<'g> Side<'g> {
    fn new(graph: &'g Graph, start: Place) -> Self {
        let open = BinaryHeap::from([Reverse((0, 0, start))]);
        Self { graph, start, known: HashMap::new(), open, count: 0 }
    }

    fn cost_of(&self, place: Place) -> Option<u32> {
        if place == self.start { Some(0) } else { self.known.get(&place).map(|known| known.cost) }
    }

    fn least(&self) -> Option<u32> {
        self.open.peek().map(|Reverse((cost, ..))| *cost)
    }

    /// Goes on from the nearest who is open; tells whom that reaches more cheaply than before.
    fn settle(&mut self, mut reached: impl FnMut(Place, u32)) {
        let Some(Reverse((so_far, _, by))) = self.open.pop() else { return };
        if self.cost_of(by) != Some(so_far) {
            return;
        }
        for tie in self.graph.ties(by) {
            let cost = so_far + cost(tie.link);
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

/// Dijkstra's algorithm from both ends; ends when the nearest open persons of both are together as far as what has
/// been found (Pohl, "Bi-directional search", 1971), or when one end has nobody open.
pub(super) fn cheapest(graph: &Graph, one: Place, two: Place) -> Option<Path> {
    let (mut left, mut right) = (Side::new(graph, one), Side::new(graph, two));
    let mut best: Option<(u32, Place)> = None;
    while let (Some(near), Some(far)) = (left.least(), right.least()) {
        if best.is_some_and(|(cost, _)| near + far >= cost) {
            break;
        }
        let (side, other) =
            if left.open.len() <= right.open.len() { (&mut left, &right) } else { (&mut right, &left) };
        side.settle(|place, cost| {
            let whole = other.cost_of(place).map(|rest| cost + rest);
            if let Some(whole) = whole
                && best.is_none_or(|(known, _)| whole < known)
            {
                best = Some((whole, place));
            }
        });
    }
    let (_, middle) = best?;
    let mut hops: Vec<Hop> =
        left.back(middle).map(|(to, known)| Hop { step: Step::from(known.link), to }).collect();
    hops.reverse();
    let rest = right.back(middle);
    hops.extend(rest.map(|(_, known)| Hop { step: Step::from(known.link.inverse()), to: known.by }));
    Some(Path { from: one, hops })
}
