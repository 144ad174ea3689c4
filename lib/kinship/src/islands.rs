//! Who is connected with whom.

use std::cmp::Reverse;

use crate::graph::{Graph, Place};

/// The connected components of a graph over all ties: parents, partners and siblings alike.
///
/// Islands are numbered from 0, the largest first, then by their first person. Found by breadth-first search, linear in
/// persons and ties.
#[derive(Debug, Clone)]
pub struct Islands {
    /// By place; `NONE` where nobody is.
    island: Vec<u32>,
    sizes: Vec<usize>,
}

const NONE: u32 = u32::MAX;

impl Islands {
    /// The islands of a graph.
    pub fn of(graph: &Graph) -> Self {
        let mut island = vec![NONE; graph.places()];
        let mut sizes: Vec<usize> = Vec::new();
        let mut reached: Vec<Place> = Vec::new();
        for start in graph.persons() {
            if island[start as usize] != NONE {
                continue;
            }
            let number = sizes.len() as u32;
            reached.clear();
            reached.push(start);
            island[start as usize] = number;
            let mut at = 0;
            while let Some(place) = reached.get(at).copied() {
                for tie in graph.ties(place) {
                    if let Some(theirs) = island.get_mut(tie.to as usize).filter(|theirs| **theirs == NONE) {
                        *theirs = number;
                        reached.push(tie.to);
                    }
                }
                at += 1;
            }
            sizes.push(reached.len());
        }
        // They were found in the order of their first persons; the sort is stable.
        let mut by_size: Vec<u32> = (0..sizes.len() as u32).collect();
        by_size.sort_by_key(|number| Reverse(sizes[*number as usize]));
        let mut renumbered = vec![0; sizes.len()];
        for (new, old) in by_size.iter().enumerate() {
            renumbered[*old as usize] = new as u32;
        }
        for number in island.iter_mut().filter(|number| **number != NONE) {
            *number = renumbered[*number as usize];
        }
        let sizes = by_size.iter().map(|old| sizes[*old as usize]).collect();
        Self { island, sizes }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there is none, because there is nobody.
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// How many persons each has, by number.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// On which island a person is.
    pub fn island_of(&self, place: Place) -> Option<usize> {
        self.island.get(place as usize).filter(|number| **number != NONE).map(|number| *number as usize)
    }

    /// Who is on an island, in the order in which they came into the graph. Lazy; looks at every place once.
    pub fn members(&self, island: usize) -> impl Iterator<Item = Place> + '_ {
        let places = self.island.iter().enumerate();
        places
            .filter(move |(_, number)| **number as usize == island && **number != NONE)
            .map(|(at, _)| at as Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::family;

    #[test]
    fn islands_are_by_size_and_know_their_members() {
        let mut family = family("lone; b ~ c; d = e; e <g f; d < g -");
        let islands = Islands::of(&family.graph);
        assert_eq!(islands.sizes(), [4, 2, 1]);
        assert_eq!(family.names(islands.members(0)), "d e f g");
        assert_eq!(islands.island_of(family.at("lone")), Some(2));
        assert_eq!((islands.members(3).count(), islands.island_of(99)), (0, None));
        family.graph.remove("e");
        let islands = Islands::of(&family.graph);
        assert_eq!(islands.sizes(), [2, 2, 1, 1]);
        assert!(Islands::of(&Graph::default()).is_empty());
    }
}
