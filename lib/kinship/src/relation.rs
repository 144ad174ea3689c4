//! The nearest relationship of two persons.

mod choice;
mod climb;
mod connect;
mod equal;

use climb::{Climb, Meeting};

use crate::graph::{Graph, Line, Place, SiblingKind, Union};
use crate::lines::Lines;
use crate::path::{Hop, Path, Step};
use crate::terms::Language;

/// By how many marriages kin are at most kin by marriage.
const MARRIAGES: usize = 3;

/// What makes two persons kin, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// They are one person.
    Oneself,
    /// Descent by birth from a common ancestor, or of one from the other.
    Blood,
    /// Descent that is not by birth all the way: the line farthest from birth on the way ([`Line`] has them in order).
    Parental(Line),
    /// Descent from two persons who are recorded as siblings of this kind, or such siblings themselves.
    Sibling(SiblingKind),
    /// By one to three marriages.
    Marriage,
    /// Some other way: by more marriages, or by a common child.
    Connection,
}

/// A relationship of two persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What makes them kin.
    pub kind: Kind,
    /// The way from the first to the second.
    pub path: Path,
    /// The common ancestor, or the couple (father first) where the ways of both lead to two parents in common.
    pub common: Vec<Place>,
    /// How many steps of the path go up.
    pub up: u32,
    /// How many steps of the path go down.
    pub down: u32,
    /// Of kin by descent on both sides: known to be of the half blood, that is, the two children of the common
    /// ancestor on the path are recorded as half-siblings, or have one parent in common and each a different other
    /// one by birth. Where the other parent of either is not recorded nobody can tell, and this is `false` with one
    /// `common`.
    pub half: bool,
    /// How many marriages are on the path.
    pub unions: u32,
    /// How they are partners of one another, whatever else they are.
    pub partners: Option<Union>,
}

/// The nearest relationship of two persons, if any. The first of these that there is:
///
/// 1. descent by birth alone, from a common ancestor or of one from the other;
/// 2. descent along any parental lines;
/// 3. descent from recorded siblings whose parents are not known to be the same;
/// 4. the cheapest connection over any ties, where a marriage (or recorded siblings) costs one and a half steps, so
///    that a marriage is nearer than a common child: by [`Kind::Marriage`] if it takes at most three marriages and
///    no common child, else [`Kind::Connection`]. Of several that cost the same the one that most of the languages of
///    [`Language::ALL`] have a word for, then the one with the fewest marriages, then the order of ties: a wife's
///    brother whose daughter, as cousins marry, is also a son's wife is a brother-in-law.
///
/// In 1 to 3 the fewest steps win, then the more equal sides, then the fewer steps up, then a couple over a single
/// ancestor, then the order of ties: the answer is always the same. The way back may be another of the same length.
///
/// Descent is found by breadth-first search up from both, in time linear in the ancestors of both; connections by
/// Dijkstra's algorithm from both ends, linear in the ties in between but for a logarithm. Words are looked for among a
/// limited number of ways, and not if the cheapest costs more than twelve steps.
pub fn relation(graph: &Graph, one: Place, two: Place) -> Option<Relation> {
    relations(graph, [one, two], true, &Language::ALL).into_iter().next()
}

/// The nearest relationship and beside it those of other kinds that have fewer steps: a child adopted by her grandmother
/// is her grandchild by birth and her child by adoption, a wife's sister may be a fourth cousin as well. In the order of
/// preference of [`relation`]; none if they are not connected.
///
/// With a language, only its words count in the choice among connections of the same cost.
pub fn all_relations(graph: &Graph, one: Place, two: Place, language: Option<Language>) -> Vec<Relation> {
    let asked = language.as_ref().map_or(&Language::ALL[..], std::slice::from_ref);
    relations(graph, [one, two], false, asked)
}

fn relations(graph: &Graph, [one, two]: [Place; 2], first: bool, languages: &[Language]) -> Vec<Relation> {
    let mut found: Vec<Relation> = Vec::new();
    if !graph.is_there(one) || !graph.is_there(two) {
        return found;
    }
    if one == two {
        let path = Path { from: one, hops: Vec::new() };
        return vec![Relation { common: vec![one], ..described(graph, path, Kind::Oneself) }];
    }
    let fewest = |found: &[Relation]| found.iter().map(|known| known.path.hops.len()).min();
    let nearer =
        |found: &[Relation], path: &Path| fewest(found).is_none_or(|fewest| path.hops.len() < fewest);
    for lines in [Lines::BIRTH, Lines::ALL] {
        if first && !found.is_empty() {
            break;
        }
        let (mut ups, mut downs) = (Climb::new(graph, one, lines), Climb::new(graph, two, lines));
        if let Some(meeting) = climb::meet(&mut ups, &mut downs) {
            let relation = by_descent(graph, lines, meeting);
            if nearer(&found, &relation.path) {
                found.push(relation);
            }
        }
        if lines == Lines::ALL
            && let Some((path, kind)) = climb::beside(graph, &ups, &downs)
            && nearer(&found, &path)
        {
            found.push(described(graph, path, Kind::Sibling(kind)));
        }
    }
    if (!first || found.is_empty())
        && let Some(path) =
            choice::nearest(graph, [one, two], fewest(&found).unwrap_or(usize::MAX), languages)
    {
        let kind = if is_by_marriage(&path) { Kind::Marriage } else { Kind::Connection };
        found.push(described(graph, path, kind));
    }
    found
}

fn by_descent(graph: &Graph, lines: Lines, meeting: Meeting) -> Relation {
    let Meeting { path, common, half } = meeting;
    let steps = path.hops.iter().filter_map(|hop| match hop.step {
        Step::Up(line) | Step::Down(line) => Some(line),
        _ => None,
    });
    let kind = match steps.max() {
        Some(line) if lines != Lines::BIRTH && line != Line::Birth => Kind::Parental(line),
        _ => Kind::Blood,
    };
    Relation { common, half, ..described(graph, path, kind) }
}

fn described(graph: &Graph, path: Path, kind: Kind) -> Relation {
    let count = |is: fn(Step) -> bool| path.hops.iter().filter(|hop| is(hop.step)).count() as u32;
    let to = path.to();
    Relation {
        kind,
        common: Vec::new(),
        up: count(|step| matches!(step, Step::Up(_))),
        down: count(|step| matches!(step, Step::Down(_))),
        half: matches!(kind, Kind::Sibling(SiblingKind::Half)),
        unions: count(|step| matches!(step, Step::Across(_))),
        partners: graph.partners(path.from).find(|(partner, _)| *partner == to).map(|(_, union)| union),
        path,
    }
}

/// One to three marriages, and nowhere down to a child and up to its other parent.
fn is_by_marriage(path: &Path) -> bool {
    let turns = path
        .hops
        .windows(2)
        .any(|two| matches!(two, [Hop { step: Step::Down(_), .. }, Hop { step: Step::Up(_), .. }]));
    (1..=MARRIAGES).contains(&marriages(path)) && !turns
}

fn marriages(path: &Path) -> usize {
    path.hops.iter().filter(|hop| matches!(hop.step, Step::Across(_))).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Family, family};

    /// `kind: path (common) up down`, and `half`.
    fn shown(family: &Family, relation: &Relation) -> String {
        let Relation { kind, path, common, up, down, half, .. } = relation;
        let half = if *half { " half" } else { "" };
        let common = family.names(common.iter().copied());
        format!("{kind:?}: {} ({common}) {up} {down}{half}", family.show(path))
    }

    fn of(text: &str, one: &str, two: &str) -> String {
        let family = family(text);
        let found = relation(&family.graph, family.at(one), family.at(two));
        found.map_or("none".to_owned(), |relation| shown(&family, &relation))
    }

    #[test]
    fn descent_by_birth() {
        let clan = "f < gf gm; u < gf gm; a < f m; b < f m; h < f m2; c < u w; d < c x";
        assert_eq!(of(clan, "a", "a"), "Oneself: a (a) 0 0");
        assert_eq!(of(clan, "a", "gm"), "Blood: a ^f ^gm (gm) 2 0");
        assert_eq!(of(clan, "gm", "a"), "Blood: gm vf va (gm) 0 2");
        assert_eq!(of(clan, "a", "b"), "Blood: a ^f vb (f m) 1 1");
        assert_eq!(of(clan, "a", "h"), "Blood: a ^f vh (f) 1 1 half");
        assert_eq!(of(clan, "d", "a"), "Blood: d ^c ^u ^gf vf va (gf gm) 3 2");
        assert_eq!(of(clan, "m", "x"), "Connection: m va ^f ^gf vu vc vd ^x () 3 4");
    }

    #[test]
    fn double_cousins_are_cousins_once_and_uncle_and_niece_more_equal() {
        let royal = "a < p q; b < p q; c < r s; d < r s; e < a c; f < b d";
        assert_eq!(of(royal, "e", "f"), "Blood: e ^a ^p vb vf (p q) 2 2");
        // Second cousin over one line, and great-uncle's nephew over another: the more equal of four steps.
        let unequal = "x < a b; a < g -; y < c -; c < g -; b < y2 -; y < y3 -; y3 < k -; b < k -; z < y -";
        assert_eq!(of(unequal, "x", "y"), "Blood: x ^a ^g vc vy (g) 2 2");
    }

    #[test]
    fn half_blood_is_told_only_where_it_is_known() {
        assert_eq!(of("a < f m; b < f -", "a", "b"), "Blood: a ^f vb (f) 1 1");
        assert_eq!(of("a < f m; b < f -; a ~h b", "a", "b"), "Blood: a ^f vb (f) 1 1 half");
        assert_eq!(of("a < f m; b < f n; a ~ b", "a", "b"), "Blood: a ^f vb (f) 1 1");
        // A couple in common is preferred to a half line of the same length.
        let both = "x < a b; y < c d; a < g h; c < g i; b < k l; d < k l";
        assert_eq!(of(both, "x", "y"), "Blood: x ^b ^k vd vy (k l) 2 2");
    }

    #[test]
    fn other_lines_come_after_birth_and_are_named() {
        let home = "a < f m; b <a f; b <a m; c <f f; d <s m; e <g m; e <f b";
        assert_eq!(of(home, "b", "f"), "Parental(Adoptive): b ^f (f) 1 0");
        assert_eq!(of(home, "a", "b"), "Parental(Adoptive): a ^f vb (f m) 1 1");
        assert_eq!(of(home, "a", "c"), "Parental(Foster): a ^f vc (f) 1 1");
        assert_eq!(of(home, "d", "a"), "Parental(Step): d ^m va (m) 1 1");
        assert_eq!(of(home, "e", "b"), "Parental(Foster): e ^b (b) 1 0");
        assert_eq!(of(home, "e", "a"), "Parental(Guardian): e ^m va (m) 1 1");
    }

    #[test]
    fn a_grandchild_who_was_adopted_is_both() {
        let family = family("a < b -; b < g -; a <a g");
        let all = all_relations(&family.graph, family.at("a"), family.at("g"), None);
        let all: Vec<String> = all.iter().map(|one| shown(&family, one)).collect();
        assert_eq!(all, ["Blood: a ^b ^g (g) 2 0", "Parental(Adoptive): a ^g (g) 1 0"]);
    }

    #[test]
    fn recorded_siblings_without_parents() {
        let family_of_two = "a ~h b; x < a m; y < b n; z < y o";
        assert_eq!(of(family_of_two, "a", "b"), "Sibling(Half): a ~b () 0 0 half");
        assert_eq!(of(family_of_two, "x", "b"), "Sibling(Half): x ^a ~b () 1 0 half");
        assert_eq!(of(family_of_two, "z", "x"), "Sibling(Half): z ^y ^b ~a vx () 2 1 half");
    }

    #[test]
    fn marriages_and_other_connections() {
        let village = "a < f m; b < f m; c < b w; b = w; w < wf -; w2 < wf -; a = h; a = h2; h = k; w2 = x";
        assert_eq!(of(village, "a", "h"), "Marriage: a =h () 0 0");
        assert_eq!(of(village, "a", "w"), "Marriage: a ^f vb =w () 1 1");
        assert_eq!(of(village, "h", "h2"), "Marriage: h =a =h2 () 0 0");
        assert_eq!(of(village, "h", "w"), "Marriage: h =a ^f vb =w () 1 1");
        assert_eq!(of(village, "k", "w"), "Marriage: k =h =a ^f vb =w () 1 1");
        assert_eq!(of(village, "k", "x"), "Connection: k =h =a ^f vb =w ^wf vw2 =x () 2 2");
        assert_eq!(of("a < f m", "f", "m"), "Connection: f va ^m () 1 1");
        assert_eq!(of("a < f m; f = m", "f", "m"), "Marriage: f =m () 0 0");
        assert_eq!(of("a < f m; b = c", "a", "c"), "none");
    }

    #[test]
    fn cousins_who_married_are_both() {
        let family = family("a < p q; b < p q; x < a y; z < b w; x = z");
        let [x, z] = ["x", "z"].map(|name| family.at(name));
        let nearest = relation(&family.graph, x, z).unwrap();
        assert_eq!((nearest.kind, nearest.partners), (Kind::Blood, Some(Union::Joined)));
        let all = all_relations(&family.graph, x, z, None);
        let kinds: Vec<Kind> = all.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::Blood, Kind::Marriage]);
        assert_eq!((all[1].unions, family.show(&all[1].path).as_str()), (1, "x =z"));
        let in_laws = all_relations(&family.graph, x, family.at("w"), None);
        let kinds: Vec<Kind> = in_laws.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::Marriage]);
    }

    #[test]
    fn loops_and_nobody() {
        assert_eq!(of("a < b -; b < c -; c < a -", "a", "c"), "Blood: a vc (a) 0 1");
        assert_eq!(of("a < b -; b < a -", "a", "b"), "Blood: a vb (a) 0 1");
        let family = family("a < b c");
        assert_eq!(relation(&family.graph, 0, 99), None);
    }
}
