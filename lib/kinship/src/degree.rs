//! Relatives by degree.

use std::borrow::Borrow;

use crate::graph::{Graph, Place, Union};
use crate::lines::Lines;
use crate::near::{self, Places};

/// A relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relative {
    /// Who.
    pub place: Place,
    /// Steps up to the common ancestor and down again: 1 for parents and children, 2 for siblings, 4 for first
    /// cousins. Of a partner of a relative, the degree of that relative.
    pub degree: u32,
    /// How many of them go up.
    pub up: u32,
    /// How many of them go down.
    pub down: u32,
    /// The parent or child over whom this relative was reached; of a partner, the relative.
    pub by: Place,
    /// Of one who is no relative within the limit but a partner of one: how they are.
    pub partner: Option<Union>,
}

/// The relatives of a person by degrees of civil law (the Roman way: steps up plus steps down), nearest first; within
/// one degree ancestors first, then in the order of those over whom they are reached and of their ties. Everybody comes
/// once, at the lowest degree; the person who is asked about does not.
///
/// Lazy, one degree after the other: breadth first, where a way that went down never goes up again. Linear in the ties
/// of those who are reached. The graph may be borrowed or shared, as for [`crate::Walk`].
#[derive(Debug, Clone)]
pub struct Relatives<G> {
    graph: G,
    lines: Lines,
    limit: u32,
    partners: Partners,
    /// Who has been given, or is to be.
    seen: Places,
    /// Who has been reached by steps up alone.
    climbed: Places,
    /// Those of one degree. An ancestor who was given at a lower degree is there once more to be climbed from, and
    /// not to be given.
    level: Vec<(Relative, bool)>,
    at: usize,
    degree: u32,
}

/// Whether partners are wanted, and of whom so far.
#[derive(Debug, Clone)]
enum Partners {
    Unwanted,
    Of(Vec<Relative>),
}

impl<G: Borrow<Graph>> Relatives<G> {
    /// The relatives of a person within so many degrees along these lines.
    pub fn new(graph: G, of: Place, degrees: u32, lines: Lines) -> Self {
        let mut seen = Places::none_of(graph.borrow());
        seen.insert(of);
        let climbed = seen.clone();
        let start = Relative { place: of, degree: 0, up: 0, down: 0, by: of, partner: None };
        let partners = Partners::Unwanted;
        Self {
            graph,
            lines,
            limit: degrees,
            partners,
            seen,
            climbed,
            level: vec![(start, false)],
            at: 0,
            degree: 0,
        }
    }

    /// After them also the partners of the person and of all these relatives, as far as they are no relatives
    /// themselves, by the degree of the relative.
    #[must_use]
    pub fn with_partners(self) -> Self {
        let start = self.level.iter().map(|(relative, _)| *relative).filter(|relative| relative.degree == 0);
        Self { partners: Partners::Of(start.collect()), ..self }
    }

    fn next_level(&mut self) {
        let graph = self.graph.borrow();
        self.degree += 1;
        let degree = self.degree;
        let mut next: Vec<(Relative, bool)> = Vec::new();
        for (Relative { place: by, up, .. }, _) in self.level.iter().filter(|(from, _)| from.down == 0) {
            for (place, _) in near::parents(graph, *by, self.lines) {
                if self.climbed.insert(place) {
                    let above = Relative { place, degree, up: up + 1, down: 0, by: *by, partner: None };
                    next.push((above, self.seen.insert(place)));
                }
            }
        }
        for (Relative { place: by, up, down, .. }, _) in &self.level {
            for (place, _) in near::children(graph, *by, self.lines) {
                if self.seen.insert(place) {
                    let below = Relative { place, degree, up: *up, down: down + 1, by: *by, partner: None };
                    next.push((below, true));
                }
            }
        }
        self.level = next;
        self.at = 0;
    }

    /// Makes the partners the last level; there is none if they are not wanted or have been given.
    fn last_level(&mut self) {
        self.level.clear();
        self.at = 0;
        let graph = self.graph.borrow();
        let Partners::Of(kin) = std::mem::replace(&mut self.partners, Partners::Unwanted) else { return };
        for relative in kin {
            for (place, union) in graph.partners(relative.place) {
                if self.seen.insert(place) {
                    let by = relative.place;
                    self.level.push((Relative { place, by, partner: Some(union), ..relative }, true));
                }
            }
        }
    }
}

impl<G: Borrow<Graph>> Iterator for Relatives<G> {
    type Item = Relative;

    fn next(&mut self) -> Option<Relative> {
        loop {
            while let Some((relative, given)) = self.level.get(self.at).copied() {
                self.at += 1;
                if !given {
                    continue;
                }
                if let (Partners::Of(kin), None) = (&mut self.partners, relative.partner) {
                    kin.push(relative);
                }
                return Some(relative);
            }
            if !self.level.is_empty() && self.degree < self.limit {
                self.next_level();
            } else if matches!(self.partners, Partners::Of(_)) {
                // No further degree after the partners.
                self.degree = self.limit;
                self.last_level();
            } else {
                return None;
            }
        }
    }
}

/// The relatives of a person within so many degrees; see [`Relatives`].
pub fn relatives<G: Borrow<Graph>>(graph: G, of: Place, degrees: u32, lines: Lines) -> Relatives<G> {
    Relatives::new(graph, of, degrees, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::family;

    const CLAN: &str =
        "f < gf gm; u < gf gm; a < f m; b < f m2; c < u w; d < c x; n < b y; f = m; f = m2; n = z; a = d";

    fn shown(family: &crate::sample::Family, relatives: impl Iterator<Item = Relative>) -> String {
        let each = relatives.map(|one| format!("{}{}", family.name(one.place), one.degree));
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn relatives_come_by_degree() {
        let family = family(CLAN);
        let of = |degrees| relatives(&family.graph, family.at("a"), degrees, Lines::BIRTH);
        assert_eq!(shown(&family, of(9)), "f1 m1 gf2 gm2 b2 u3 n3 c4 d5");
        assert_eq!(shown(&family, of(2)), "f1 m1 gf2 gm2 b2");
        assert_eq!(shown(&family, of(0)), "");
        let uncle = of(9).find(|one| family.name(one.place) == "c").unwrap();
        assert_eq!((uncle.up, uncle.down, family.name(uncle.by)), (2, 2, "u"));
    }

    #[test]
    fn partners_come_after_all_relatives() {
        let family = family(CLAN);
        let with = |degrees| relatives(&family.graph, family.at("a"), degrees, Lines::BIRTH).with_partners();
        assert_eq!(shown(&family, with(3)), "f1 m1 gf2 gm2 b2 u3 n3 d0 m21 z3");
        assert_eq!(shown(&family, with(0)), "d0");
        // Partners who are relatives come as what they are.
        assert_eq!(shown(&family, with(9)), "f1 m1 gf2 gm2 b2 u3 n3 c4 d5 m21 z3");
    }

    #[test]
    fn an_ancestor_who_is_nearer_another_way_is_climbed_from_all_the_same() {
        // g is a's great-grandfather and also her brother-like nearer kin: son of her father.
        let family = family("a < f -; g < f -; a < - m; m < - k; k < g -; g < - h");
        let all = relatives(&family.graph, family.at("a"), 9, Lines::BIRTH);
        assert_eq!(shown(&family, all), "f1 m1 k2 g2 h4");
    }
}
