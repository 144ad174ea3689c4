//! Ancestors and descendants, generation by generation.

use std::borrow::Borrow;

use hashbrown::HashMap;

use crate::graph::{Graph, Line, Place};
use crate::lines::Lines;
use crate::near::{self, Places};

/// Where a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the ancestors.
    Up,
    /// To the descendants.
    Down,
}

/// One whom a walk reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Who.
    pub place: Place,
    /// The nearest generation in which this person stands: 1 for parents or children.
    pub generation: u32,
    /// The child (or parent) over whom this person was first reached.
    pub by: Place,
    /// Along which line from there.
    pub line: Line,
    /// How many ways of `generation` steps lead here: more than one where a pedigree collapses. Longer ways to the
    /// same person do not count. Saturates.
    pub ways: u64,
}

/// Ancestors or descendants of a person, breadth first: by generation, within one in the order of ties of those over
/// whom they are reached. Everybody comes once, in the nearest generation; the one who is asked about never does,
/// whatever loops the data have.
///
/// Lazy: one generation is found at a time, so the whole takes time linear in the ties of those who are reached. It
/// goes on where it stopped by [`Iterator::skip`], which finds again, but that is some nanoseconds a person.
///
/// The graph may be borrowed or shared (`&Graph`, `Arc<Graph>`), so that a walk can outlive a function that begins it.
#[derive(Debug, Clone)]
pub struct Walk<G> {
    graph: G,
    direction: Direction,
    lines: Lines,
    depth: u32,
    generation: u32,
    seen: Places,
    level: Vec<Reached>,
    at: usize,
}

impl<G: Borrow<Graph>> Walk<G> {
    /// From a person in a direction, along these lines, to the end. Nobody is reached from a place where nobody is.
    pub fn new(graph: G, from: Place, direction: Direction, lines: Lines) -> Self {
        let mut seen = Places::none_of(graph.borrow());
        seen.insert(from);
        let start = Reached { place: from, generation: 0, by: from, line: Line::Birth, ways: 1 };
        Self { graph, direction, lines, depth: u32::MAX, generation: 0, seen, level: vec![start], at: 1 }
    }

    /// At most so many generations.
    #[must_use]
    pub fn within(self, generations: u32) -> Self {
        Self { depth: generations, ..self }
    }

    fn next_level(&mut self) {
        let graph = self.graph.borrow();
        let mut next: Vec<Reached> = Vec::with_capacity(self.level.len());
        let mut found: HashMap<Place, usize> = HashMap::with_capacity(self.level.len());
        self.generation += 1;
        for from in &self.level {
            let mut reach = |(place, line): (Place, Line)| {
                if self.seen.insert(place) {
                    found.insert(place, next.len());
                    let Reached { place: by, ways, .. } = *from;
                    next.push(Reached { place, generation: self.generation, by, line, ways });
                } else if let Some(again) = found.get(&place).and_then(|at| next.get_mut(*at)) {
                    again.ways = again.ways.saturating_add(from.ways);
                }
            };
            match self.direction {
                Direction::Up => near::parents(graph, from.place, self.lines).for_each(&mut reach),
                Direction::Down => near::children(graph, from.place, self.lines).for_each(&mut reach),
            }
        }
        self.level = next;
        self.at = 0;
    }
}

impl<G: Borrow<Graph>> Iterator for Walk<G> {
    type Item = Reached;

    fn next(&mut self) -> Option<Reached> {
        if self.at >= self.level.len() && !self.level.is_empty() && self.generation < self.depth {
            self.next_level();
        }
        let reached = self.level.get(self.at).copied()?;
        self.at += 1;
        Some(reached)
    }
}

/// The ancestors of a person; see [`Walk`].
pub fn ancestors<G: Borrow<Graph>>(graph: G, of: Place, lines: Lines) -> Walk<G> {
    Walk::new(graph, of, Direction::Up, lines)
}

/// The descendants of a person; see [`Walk`].
pub fn descendants<G: Borrow<Graph>>(graph: G, of: Place, lines: Lines) -> Walk<G> {
    Walk::new(graph, of, Direction::Down, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::family;

    const ROYAL: &str = "a < p q; b < p q; r m; c < a r2; d < r1 b; e < c d; e 1900; c 1870; d 1860";

    #[test]
    fn everybody_comes_once_in_the_nearest_generation() {
        let family = family(ROYAL);
        let up: Vec<_> = ancestors(&family.graph, family.at("e"), Lines::ALL).collect();
        let shown: Vec<_> = up.iter().map(|one| (family.name(one.place), one.generation, one.ways)).collect();
        assert_eq!(
            shown,
            [
                ("c", 1, 1),
                ("d", 1, 1),
                ("a", 2, 1),
                ("r2", 2, 1),
                ("r1", 2, 1),
                ("b", 2, 1),
                ("p", 3, 2),
                ("q", 3, 2)
            ]
        );
        assert_eq!(family.name(up[6].by), "a");
        let down = descendants(&family.graph, family.at("q"), Lines::ALL);
        assert_eq!(family.names(down.map(|one| one.place)), "a b c d e");
    }

    #[test]
    fn a_walk_ends_where_it_is_told_and_goes_on_where_it_stopped() {
        let family = family(ROYAL);
        let walk = || ancestors(&family.graph, family.at("e"), Lines::ALL);
        assert_eq!(family.names(walk().within(1).map(|one| one.place)), "c d");
        assert_eq!(walk().within(0).count(), 0);
        assert_eq!(walk().skip(3).collect::<Vec<_>>(), walk().collect::<Vec<_>>()[3..]);
        assert_eq!(ancestors(&family.graph, 999, Lines::ALL).count(), 0);
    }

    #[test]
    fn only_the_lines_asked_for_lead_on() {
        let family = family("a < b c; a <a c; a <f z; z < y x");
        let up = |lines| family.names(ancestors(&family.graph, family.at("a"), lines).map(|one| one.place));
        assert_eq!(up(Lines::BIRTH), "b c");
        assert_eq!(up(Lines::ALL), "b c z y x");
        assert_eq!(up(Lines::of(Line::Adoptive)), "c");
        assert_eq!(up(Lines::NONE), "");
        let down: Vec<_> = descendants(&family.graph, family.at("c"), Lines::ALL).collect();
        assert_eq!((down.len(), down[0].line, down[0].ways), (1, Line::Birth, 1));
    }

    #[test]
    fn loops_end() {
        let family = family("a < b -; b < c -; c < a -");
        let walk = ancestors(&family.graph, family.at("a"), Lines::ALL);
        assert_eq!(family.names(walk.map(|one| one.place)), "b c");
    }

    #[test]
    fn a_walk_may_own_its_graph() {
        let family = family("a < b c");
        let at = family.at("a");
        let walk = ancestors(std::sync::Arc::new(family.graph), at, Lines::ALL);
        assert_eq!(std::thread::spawn(|| walk.count()).join().unwrap(), 2);
    }
}
