//! Coefficients of kinship and inbreeding.

mod trace;

use std::ops::ControlFlow;

use hashbrown::HashMap;

use crate::graph::{Graph, Line, Place, Sex};
use crate::order::Order;
use trace::Trace;

/// Told how many persons of how many are done, every some milliseconds; it may stop the whole.
pub type Watch<'w> = dyn FnMut(usize, usize) -> ControlFlow<()> + 'w;

/// A [`Watch`] that never stops.
pub fn to_the_end(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Coefficients of two persons.
#[derive(Debug, Clone, PartialEq)]
pub struct Kinship {
    /// Malécot's coefficient of kinship ("Les mathématiques de l'hérédité", 1948): the probability that an allele drawn
    /// at random from one and an allele of the same locus drawn from the other descend from the same allele of an
    /// ancestor. 1/4 for full siblings and for parent and child, 1/16 for first cousins; of a person with herself
    /// (1 + inbreeding) / 2.
    pub kinship: f64,
    /// Wright's coefficient of relationship ("Coefficients of inbreeding and relationship", 1922): twice the kinship,
    /// over the root of the product of 1 + inbreeding of both. 1/2 for full siblings, 1/8 for first cousins.
    pub relationship: f64,
    /// The inbreeding of each.
    pub inbreeding: [f64; 2],
    /// Links (child, parent) that were left out because they close loops of descent above the two.
    pub dropped: Vec<(Place, Place)>,
}

/// The coefficient of inbreeding of everyone.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbreeding {
    by_place: Vec<f64>,
    /// Links (child, parent) that were left out because they close loops of descent.
    pub dropped: Vec<(Place, Place)>,
}

impl Inbreeding {
    /// Zero for everyone.
    pub fn none() -> Self {
        Self { by_place: Vec::new(), dropped: Vec::new() }
    }

    /// The coefficient of inbreeding of a person: the kinship of her parents. Zero where either is unknown.
    pub fn of(&self, place: Place) -> f64 {
        self.by_place.get(place as usize).copied().unwrap_or(0.0)
    }

    /// Persons with a coefficient above zero, the highest first, then by place.
    pub fn ranking(&self) -> Vec<(Place, f64)> {
        let all = self.by_place.iter().copied().enumerate().filter(|(_, coefficient)| *coefficient > 0.0);
        let mut all: Vec<(Place, f64)> =
            all.map(|(place, coefficient)| (place as Place, coefficient)).collect();
        all.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
        all
    }
}

/// Kinship and relationship of two persons; `None` if `watch` stopped it.
///
/// Only descent by birth counts, over at most one father and one mother: of several recorded, the first in the order
/// of ties; parents of unknown sex take what is vacant. Loops of descent are broken, always at the same link.
///
/// The numerator relationship matrix is T D T' (Henderson, "A simple method for computing the inverse of a numerator
/// relationship matrix", Biometrics 32, 1976): its element for two persons is the sum over their common ancestors of
/// the shares that both have of each and the ancestor's Mendelian sampling variance, which follows from the inbreeding
/// of the ancestor's parents. Ancestors of ancestors make it quadratic in the ancestors of the two at worst, and the
/// couples among them are computed once for all their children.
pub fn kinship(graph: &Graph, one: Place, two: Place, watch: &mut Watch<'_>) -> Option<Kinship> {
    let mut pedigree = Pedigree::new(graph, [one, two]);
    pedigree.solve(watch)?;
    let number = |place| pedigree.order.number(place).filter(|_| graph.is_there(place));
    let (Some(left), Some(right)) = (number(one), number(two)) else {
        return Some(Kinship { kinship: 0.0, relationship: 0.0, inbreeding: [0.0; 2], dropped: Vec::new() });
    };
    let kinship = pedigree.trace.kinship(&pedigree.order, &pedigree.variances, left, right);
    let inbreeding = [left, right].map(|number| pedigree.inbreeding[number as usize]);
    let scale = ((1.0 + inbreeding[0]) * (1.0 + inbreeding[1])).sqrt();
    let dropped = pedigree.order.dropped;
    Some(Kinship { kinship, relationship: 2.0 * kinship / scale, inbreeding, dropped })
}

/// The coefficient of inbreeding of one person; see [`kinship`].
pub fn inbreeding(graph: &Graph, of: Place, watch: &mut Watch<'_>) -> Option<f64> {
    kinship(graph, of, of, watch).map(|kinship| kinship.inbreeding[0])
}

/// The coefficients of inbreeding of everyone; `None` if `watch` stopped it.
///
/// As [`kinship`] of the parents, each couple once, parents before children: the method of Meuwissen and Luo
/// ("Computing inbreeding coefficients in large populations", Genet. Sel. Evol. 24, 1992) with both parents traced apart,
/// so that unrelated parents give exactly zero, and with Sargolzaei, Iwaisaki and Colleau's observation ("A fast
/// algorithm for computing inbreeding coefficients in large populations", J. Anim. Breed. Genet. 122, 2005) that work
/// shared by half and full siblings need not be repeated, here for full siblings. Time is the sum over all couples of
/// the ancestors of both.
pub fn inbreeding_of_everyone(graph: &Graph, watch: &mut Watch<'_>) -> Option<Inbreeding> {
    let mut pedigree = Pedigree::new(graph, graph.persons());
    pedigree.solve(watch)?;
    let mut by_place = vec![0.0; graph.places()];
    for (place, coefficient) in pedigree.order.places.iter().zip(&pedigree.inbreeding) {
        by_place[*place as usize] = *coefficient;
    }
    Some(Inbreeding { by_place, dropped: pedigree.order.dropped })
}

/// How much is done between two calls of a [`Watch`], in ancestors looked at.
const BETWEEN: usize = 1 << 18;

struct Pedigree {
    order: Order,
    inbreeding: Vec<f64>,
    /// Of Mendelian sampling, in units of the base population's additive variance.
    variances: Vec<f64>,
    trace: Trace,
}

impl Pedigree {
    fn new(graph: &Graph, of: impl IntoIterator<Item = Place>) -> Self {
        let order = Order::new(of, |place, into| {
            into.extend(couple(graph, place).into_iter().flatten().map(|parent| (parent, Line::Birth)));
        });
        let trace = Trace::new(order.len());
        Self { inbreeding: vec![0.0; order.len()], variances: vec![1.0; order.len()], trace, order }
    }

    fn solve(&mut self, watch: &mut Watch<'_>) -> Option<()> {
        let mut couples: HashMap<[u32; 2], f64> = HashMap::new();
        let mut told = 0;
        for number in 0..self.order.len() {
            let parents = self.order.parents(number as u32);
            let known = parents.iter().map(|(parent, _)| 0.25 * (1.0 + self.inbreeding[*parent as usize]));
            self.variances[number] = 1.0 - known.sum::<f64>();
            if let [(father, _), (mother, _)] = *parents {
                let (trace, order, variances) = (&mut self.trace, &self.order, &self.variances);
                self.inbreeding[number] = *couples
                    .entry([father, mother])
                    .or_insert_with(|| trace.kinship(order, variances, father, mother));
            }
            if self.trace.looked_at - told >= BETWEEN {
                told = self.trace.looked_at;
                if watch(number + 1, self.order.len()).is_break() {
                    return None;
                }
            }
        }
        Some(())
    }
}

/// The father and the mother by birth who count.
pub(crate) fn couple(graph: &Graph, of: Place) -> [Option<Place>; 2] {
    let births = || graph.parents(of).filter(|(_, line)| *line == Line::Birth).map(|(parent, _)| parent);
    let mut couple = [Sex::Male, Sex::Female].map(|sex| births().find(|parent| graph.sex(*parent) == sex));
    let unknown = births().filter(|parent| graph.sex(*parent) == Sex::Unknown);
    for (vacant, parent) in couple.iter_mut().filter(|parent| parent.is_none()).zip(unknown) {
        *vacant = Some(parent);
    }
    couple
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::family;

    fn of(text: &str, one: &str, two: &str) -> Kinship {
        let family = family(text);
        kinship(&family.graph, family.at(one), family.at(two), &mut to_the_end).unwrap()
    }

    fn near(one: f64, two: f64) {
        assert!((one - two).abs() < 1e-12, "{one} {two}");
    }

    #[test]
    fn textbook_values() {
        let sibs = "a < f m; b < f m; h < f m2; c < a x; d < b y; e < y2 c";
        for (one, two, phi) in [
            ("a", "a", 1.0 / 2.0),
            ("a", "b", 1.0 / 4.0),
            ("a", "f", 1.0 / 4.0),
            ("a", "h", 1.0 / 8.0),
            ("c", "b", 1.0 / 8.0),
            ("c", "d", 1.0 / 16.0),
            ("e", "d", 1.0 / 32.0),
            ("f", "m", 0.0),
        ] {
            near(of(sibs, one, two).kinship, phi);
            near(of(sibs, two, one).kinship, phi);
        }
        near(of(sibs, "c", "d").relationship, 1.0 / 8.0);
    }

    #[test]
    fn double_cousins_and_uncle_and_niece() {
        let double = "a < p q; b < p q; c < r s; d < r s; e < a c; f < b d; x < e f";
        near(of(double, "e", "f").kinship, 1.0 / 8.0);
        near(of(double, "x", "x").inbreeding[0], 1.0 / 8.0);
        near(of(double, "x", "x").kinship, 9.0 / 16.0);
        let uncle = "a < p q; b < p q; c < - b; x < a c";
        near(of(uncle, "x", "x").inbreeding[0], 1.0 / 8.0);
        // Three generations of full siblings: 1/4, 3/8.
        let pharaohs = "a < p q; b < p q; c < a b; d < a b; e < c d";
        near(of(pharaohs, "c", "c").inbreeding[0], 1.0 / 4.0);
        near(of(pharaohs, "e", "e").inbreeding[0], 3.0 / 8.0);
        near(of(pharaohs, "c", "d").relationship, 2.0 * (3.0 / 8.0) / 1.25);
    }

    #[test]
    fn only_birth_counts_over_one_father_and_one_mother() {
        near(of("a <a f; b <a f", "a", "b").kinship, 0.0);
        // The second father counts no more than an adoptive one.
        near(of("a < f m; a < g -; b < g n", "a", "b").kinship, 0.0);
        near(of("a < f -; a <b m; b < f -; b <b m", "a", "b").kinship, 1.0 / 4.0);
        let family = family("a < f m; a < g -");
        assert_eq!(couple(&family.graph, family.at("a")), [Some(family.at("f")), Some(family.at("m"))]);
    }

    #[test]
    fn loops_are_broken_at_the_same_link_whoever_asks() {
        let text = "a < b -; b < c -; c < a -; d < b m; e < c m";
        let family = family(text);
        let everyone = inbreeding_of_everyone(&family.graph, &mut to_the_end).unwrap();
        let link = vec![(family.at("c"), family.at("a"))];
        assert_eq!(everyone.dropped, link);
        for (one, two) in [("d", "e"), ("e", "d"), ("c", "b"), ("a", "e")] {
            let kinship = of(text, one, two);
            assert_eq!(kinship.dropped, link);
            near(kinship.inbreeding[0], 0.0);
        }
        near(of(text, "b", "c").kinship, 1.0 / 4.0);
    }

    #[test]
    fn the_whole_is_ranked_and_can_be_stopped() {
        let text = "a < p q; b < p q; c < a b; d < a b; e < c d";
        let family = family(text);
        let all = inbreeding_of_everyone(&family.graph, &mut to_the_end).unwrap();
        assert_eq!(family.names(all.ranking().into_iter().map(|(place, _)| place)), "e c d");
        near(all.of(family.at("e")), 3.0 / 8.0);
        near(all.of(999), 0.0);
        let nobody = kinship(&family.graph, 0, 999, &mut to_the_end).unwrap();
        near(nobody.kinship, 0.0);
    }

    #[test]
    fn it_stops_when_told() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for at in 1..800 {
            let before = at - 1;
            writeln!(text, "m{at} < m{before} f{before}\nf{at} < m{before} f{before}").unwrap();
        }
        let family = family(&text);
        let mut told = Vec::new();
        let stopped = inbreeding_of_everyone(&family.graph, &mut |done, of| {
            told.push((done, of));
            if told.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!((stopped, told.len(), told[0].1), (None, 2, 1600));
        assert!(told[0].0 < told[1].0);
    }
}
