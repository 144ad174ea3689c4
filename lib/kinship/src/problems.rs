//! Loops of descent, and links that cannot be or are hard to believe.

mod links;

use crate::graph::{Graph, Line, Place};
use crate::lines::Lines;
use crate::near;
use crate::order::{Edge, components};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot be as it is recorded.
    Impossible,
    /// It may be, and should be looked at.
    Doubtful,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// These persons descend from one another by birth. In the order in which they came into the graph.
    Loop,
    /// These persons descend from one another, over some link that is not by birth. Guardians do not count: a grown
    /// grandchild may be the guardian of her grandmother.
    MixedLoop,
    /// Parent and child by birth: the parent was born on the same day or later.
    ParentNotOlder,
    /// Parent and child by birth: the parent was younger than [`YOUNGEST_PARENT`] years.
    ParentTooYoung,
    /// Parent and child by birth: the mother was older than [`OLDEST_MOTHER`] years, the father (or a parent of
    /// unknown sex) older than [`OLDEST_FATHER`].
    ParentTooOld,
    /// A person and her fathers by birth, more than one.
    SeveralFathers,
    /// A person and her mothers by birth, more than one.
    SeveralMothers,
    /// A person and her parents by birth, more than two, of whom some have no recorded sex.
    SeveralParents,
    /// A parent and a child, by birth or adoption, who are partners.
    UnionWithChild,
    /// An ancestor by birth and a descendant who are recorded as siblings.
    SiblingOfAncestor,
}

impl Trouble {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Loop
            | Self::ParentNotOlder
            | Self::SeveralFathers
            | Self::SeveralMothers
            | Self::SeveralParents
            | Self::SiblingOfAncestor => Severity::Impossible,
            Self::MixedLoop | Self::ParentTooYoung | Self::ParentTooOld | Self::UnionWithChild => {
                Severity::Doubtful
            }
        }
    }
}

/// Something wrong, and who is concerned, in the order that [`Trouble`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub trouble: Trouble,
    /// Who.
    pub places: Vec<Place>,
}

impl Problem {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.trouble.severity()
    }
}

/// Years below which nobody becomes a parent.
pub const YOUNGEST_PARENT: i32 = 10;
/// Years above which no woman bears a child.
pub const OLDEST_MOTHER: i32 = 60;
/// Years above which hardly any man begets one.
pub const OLDEST_FATHER: i32 = 90;

/// All problems of a graph: first loops (strongly connected components of the links from child to parent, by Tarjan's
/// algorithm), then person by person, in the order in which they came into the graph, what is wrong between each and
/// the parents, partners and siblings.
///
/// Lazy but for the loops, which take time linear in the links; of each person linear in the ties, and in up to 4096
/// ancestors if siblings are recorded. Ages count days of birth as days ([`crate::Facts::birth`] must be day numbers),
/// and what the dates leave open is no problem.
/// Goes on where it stopped by [`Iterator::skip`].
#[derive(Debug, Clone)]
pub struct Problems<'g> {
    graph: &'g Graph,
    /// Found and not yet given, the last first.
    waiting: Vec<Problem>,
    next: Place,
}

/// The problems of a graph; see [`Problems`].
pub fn problems(graph: &Graph) -> Problems<'_> {
    let mut waiting = loops(graph);
    waiting.reverse();
    Problems { graph, waiting, next: 0 }
}

impl Iterator for Problems<'_> {
    type Item = Problem;

    fn next(&mut self) -> Option<Problem> {
        while self.waiting.is_empty() && (self.next as usize) < self.graph.places() {
            links::look_at(self.graph, self.next, &mut self.waiting);
            self.waiting.reverse();
            self.next += 1;
        }
        self.waiting.pop()
    }
}

/// The loops by birth, then those over other lines that are not the same or part of one by birth.
pub fn loops(graph: &Graph) -> Vec<Problem> {
    let by_birth = rings(graph, Lines::BIRTH);
    let mut ring_of = vec![None; graph.places()];
    for (number, ring) in by_birth.iter().enumerate() {
        for place in ring {
            ring_of[*place as usize] = Some(number);
        }
    }
    let mut mixed = rings(graph, Lines::ALL.without(Line::Guardian));
    mixed.retain(|ring| {
        let first = ring_of[ring[0] as usize];
        first.is_none() || ring.iter().any(|place| ring_of[*place as usize] != first)
    });
    let problem = |trouble| move |places| Problem { trouble, places };
    let by_birth = by_birth.into_iter().map(problem(Trouble::Loop));
    by_birth.chain(mixed.into_iter().map(problem(Trouble::MixedLoop))).collect()
}

/// Components of more than one person, each by place, in the order of their first.
fn rings(graph: &Graph, lines: Lines) -> Vec<Vec<Place>> {
    let mut starts: Vec<usize> = Vec::with_capacity(graph.places() + 1);
    let mut edges: Vec<Edge> = Vec::new();
    starts.push(0);
    for place in 0..graph.places() as Place {
        edges.extend(near::parents(graph, place, lines));
        starts.push(edges.len());
    }
    let of = |place: u32| &edges[starts[place as usize]..starts[place as usize + 1]];
    let mut rings = components(graph.places(), of);
    rings.retain(|ring| ring.len() > 1);
    for ring in &mut rings {
        ring.sort_unstable();
    }
    rings.sort_unstable();
    rings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Builder, Doubt, Facts, Link, Sex};
    use crate::sample::family;

    fn shown(text: &str) -> Vec<String> {
        let family = family(text);
        let found = problems(&family.graph);
        found.map(|problem| format!("{:?}: {}", problem.trouble, family.names(problem.places))).collect()
    }

    #[test]
    fn loops_are_found_with_their_persons() {
        assert_eq!(
            shown("a < b -; b < c -; c < a -; d < a -; e < f -; f < e -"),
            ["Loop: a b c", "Loop: e f"]
        );
        assert_eq!(shown("a < b -; b <a c; c < a -"), ["MixedLoop: a b c"]);
        assert_eq!(shown("a < b -; b < a -; b <a c; c < a -"), ["Loop: a b", "MixedLoop: a b c"]);
        assert_eq!(shown("a < b -; b < a -; b <a a"), ["Loop: a b"]);
        assert_eq!(shown("a < b -; b <g a"), Vec::<String>::new());
    }

    #[test]
    fn ages_that_cannot_be_are_found() {
        assert_eq!(shown("a < b -; a 1900; b 1900"), ["ParentNotOlder: b a"]);
        assert_eq!(shown("a < b -; a 1900; b 1891"), ["ParentTooYoung: b a"]);
        assert_eq!(shown("a < - b; a 1900; b 1838"), ["ParentTooOld: b a"]);
        assert_eq!(shown("a < b -; a 1900; b 1808"), ["ParentTooOld: b a"]);
        assert_eq!(shown("a < b c; a 1900; b 1838; c 1841"), Vec::<String>::new());
        assert_eq!(shown("a <a b; a 1900; b 1900"), Vec::<String>::new());
    }

    #[test]
    fn what_the_dates_leave_open_is_no_problem() {
        let open = Doubt::WITHOUT_BOUND;
        let told = |parent: (i32, u16, u16), child: (i32, u16, u16)| {
            let mut builder = Builder::new();
            let [parent, child] = [("b", parent), ("a", child)].map(|(id, (birth, early, late))| {
                let doubt = Doubt { early, late };
                builder.person(id, Facts { sex: Sex::Male, birth: Some(birth), doubt })
            });
            builder.tie(child, Link::Parent(Line::Birth), parent, None);
            problems(&builder.build()).map(|problem| problem.trouble).collect::<Vec<_>>()
        };
        let (day, year) = (700_000, 365);
        // Born in one year: the father may be the older, but not old enough.
        assert_eq!(told((day, 0, 364), (day, 0, 364)), [Trouble::ParentTooYoung]);
        assert_eq!(told((day + 364, 0, 0), (day, 0, 364)), [Trouble::ParentNotOlder]);
        // "Before 1950" with a child of 1940, "after 1950" with a child of 1960, and one of whom only a decade is known.
        assert_eq!(told((day, open, 0), (day - 10 * year, 0, 364)), []);
        assert_eq!(told((day, 0, open), (day + 100 * year, 0, 364)), []);
        assert_eq!(told((day, 10 * 365, 10 * 365), (day + 5 * year, 0, 0)), []);
        assert_eq!(told((day, 0, open), (day, 0, 0)), [Trouble::ParentNotOlder]);
        assert_eq!(told((day, open, 0), (day + 92 * year, 0, 0)), [Trouble::ParentTooOld]);
    }

    #[test]
    fn links_that_cannot_be_are_found() {
        assert_eq!(shown("a < b -; a < c -"), ["SeveralFathers: a b c"]);
        assert_eq!(shown("a < - b; a < - c"), ["SeveralMothers: a b c"]);
        assert_eq!(shown("a < b c; a <b d"), ["SeveralParents: a b c d"]);
        assert_eq!(shown("a < b c; a = b"), ["UnionWithChild: b a"]);
        assert_eq!(shown("a < b c; b < d e; a ~ d"), ["SiblingOfAncestor: d a"]);
        assert_eq!(shown("a < b c; a <a d; a <a e; a ~ f; f < b c; b = c"), Vec::<String>::new());
    }

    #[test]
    fn severity_is_told() {
        assert!(Trouble::Loop.severity() < Trouble::ParentTooOld.severity());
        let family = family("a < b -; b < a -; a 1900; b 1895");
        let all: Vec<Problem> = problems(&family.graph).collect();
        assert_eq!(problems(&family.graph).skip(1).collect::<Vec<_>>(), all[1..]);
        assert_eq!(all[0].severity(), Severity::Impossible);
        assert_eq!(all.len(), 3);
    }
}
