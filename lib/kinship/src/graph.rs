//! Persons and the ties between them, compact enough to keep a hundred thousand of them warm.

mod known;
mod names;
mod ties;

use std::mem::size_of;
use std::sync::Arc;

pub use known::{Doubt, Facts, Span, Tie};
use names::Names;
use ties::Ties;

/// The place of a person in a graph: dense, from 0, and stable while the graph lives.
pub type Place = u32;

/// What is recorded of a person's sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Anything else, or nothing.
    #[default]
    Unknown,
}

/// In which way a parent is one, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// By birth. The only line that coefficients count.
    Birth,
    /// By adoption.
    Adoptive,
    /// By marriage to a parent.
    Step,
    /// By fostering.
    Foster,
    /// As a guardian.
    Guardian,
    /// A parent of whom no more is known, a donor, a surrogate.
    Other,
}

/// How it stands with a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Union {
    /// Married, by law, church or custom, or living together; also until death parted them.
    Joined,
    /// Divorced, annulled or separated.
    Ended,
    /// Engaged.
    Promised,
    /// A union of which no more is known.
    Other,
}

/// Of what kind recorded siblings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SiblingKind {
    /// Of the same parents, or nobody says otherwise.
    Full,
    /// Of one common parent.
    Half,
    /// By the marriage of their parents.
    Step,
    /// By adoption.
    Adoptive,
    /// By fostering.
    Foster,
}

/// What one person is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Link {
    /// A parent or guardian.
    Parent(Line),
    /// A partner.
    Partner(Union),
    /// A sibling, recorded as one: parents in common are not needed, and are not implied.
    Sibling(SiblingKind),
    /// A child or ward.
    Child(Line),
}

impl Link {
    /// The same tie seen from the other end.
    pub fn inverse(self) -> Self {
        match self {
            Self::Parent(line) => Self::Child(line),
            Self::Child(line) => Self::Parent(line),
            same => same,
        }
    }
}

/// The persons and ties of one tree. Cloning is cheap: what does not change is shared.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    names: Arc<Names>,
    facts: Arc<Vec<Option<Facts>>>,
    ties: Ties,
}

impl Graph {
    /// How many places there are, those of removed persons included.
    pub fn places(&self) -> usize {
        self.facts.len()
    }

    /// How many persons there are.
    pub fn len(&self) -> usize {
        self.facts.iter().flatten().count()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the person with this id is.
    pub fn place(&self, id: &str) -> Option<Place> {
        self.names.place(id).filter(|place| self.is_there(*place))
    }

    /// The id of the person at a place; empty for a place that does not exist.
    pub fn id(&self, place: Place) -> &str {
        self.names.id(place)
    }

    /// Whether there is (still) somebody at a place.
    pub fn is_there(&self, place: Place) -> bool {
        self.facts.get(place as usize).is_some_and(Option::is_some)
    }

    /// The places of all persons, in the order in which they came.
    pub fn persons(&self) -> impl Iterator<Item = Place> + '_ {
        let places = self.facts.iter().enumerate();
        places.filter(|(_, facts)| facts.is_some()).map(|(place, _)| place as Place)
    }

    /// What is known of a person.
    pub fn facts(&self, place: Place) -> Facts {
        self.facts.get(place as usize).copied().flatten().unwrap_or_default()
    }

    /// A person's sex.
    pub fn sex(&self, place: Place) -> Sex {
        self.facts(place).sex
    }

    /// A person's day of birth, for sorting.
    pub fn birth(&self, place: Place) -> Option<i32> {
        self.facts(place).birth
    }

    /// Between which days a person was born.
    pub fn born(&self, place: Place) -> Span {
        self.facts(place).born()
    }

    /// All ties of a person: parents (nearest line first, then fathers before mothers), partners (by the day the
    /// union began, the undated last, then as they were recorded), siblings and children (by birth, the undated last).
    /// What is equal otherwise goes by id.
    pub fn ties(&self, place: Place) -> &[Tie] {
        self.ties.of(place)
    }

    /// Parents and in which way they are.
    pub fn parents(&self, place: Place) -> impl Iterator<Item = (Place, Line)> + '_ {
        self.ties(place).iter().map_while(|tie| match tie.link {
            Link::Parent(line) => Some((tie.to, line)),
            _ => None,
        })
    }

    /// Children, eldest first, and in which way they are.
    pub fn children(&self, place: Place) -> impl Iterator<Item = (Place, Line)> + '_ {
        self.ties(place).iter().filter_map(|tie| match tie.link {
            Link::Child(line) => Some((tie.to, line)),
            _ => None,
        })
    }

    /// Partners in the order of their houses.
    pub fn partners(&self, place: Place) -> impl Iterator<Item = (Place, Union)> + '_ {
        self.ties(place).iter().filter_map(|tie| match tie.link {
            Link::Partner(union) => Some((tie.to, union)),
            _ => None,
        })
    }

    /// Recorded siblings. Siblings by common parents are found over the parents.
    pub fn siblings(&self, place: Place) -> impl Iterator<Item = (Place, SiblingKind)> + '_ {
        self.ties(place).iter().filter_map(|tie| match tie.link {
            Link::Sibling(kind) => Some((tie.to, kind)),
            _ => None,
        })
    }

    /// Adds a person, or changes what is known of one who is there.
    pub fn put(&mut self, id: &str, facts: Facts) -> Place {
        if let Some(place) = self.names.place(id) {
            if self.facts.get(place as usize) != Some(&Some(facts)) {
                if let Some(known) = Arc::make_mut(&mut self.facts).get_mut(place as usize) {
                    *known = Some(facts);
                }
                // Who is older decides the order among siblings and children, fathers come before mothers.
                for other in self.ties(place).iter().map(|tie| tie.to).collect::<Vec<_>>() {
                    self.set(other, self.ties(other).to_vec());
                }
            }
            return place;
        }
        let place = Arc::make_mut(&mut self.names).push(id);
        Arc::make_mut(&mut self.facts).push(Some(facts));
        place
    }

    /// Removes a person and all ties to it. The place stays empty until a person of that id comes back.
    pub fn remove(&mut self, id: &str) {
        let Some(place) = self.place(id) else { return };
        self.set_ties(place, Vec::new());
        if let Some(known) = Arc::make_mut(&mut self.facts).get_mut(place as usize) {
            *known = None;
        }
    }

    /// Makes these all the ties of a person, at both ends. Ties to oneself and to (or of) nobody are left out.
    pub fn set_ties(&mut self, place: Place, mut ties: Vec<Tie>) {
        let there = self.is_there(place);
        ties.retain(|tie| there && tie.to != place && self.is_there(tie.to));
        let mut touched: Vec<Place> = self.ties(place).iter().chain(&ties).map(|tie| tie.to).collect();
        touched.sort_unstable();
        touched.dedup();
        for other in touched {
            let wanted = ties.iter().filter(|tie| tie.to == other);
            let mut wanted: Vec<Tie> =
                wanted.map(|tie| Tie { link: tie.link.inverse(), to: place, ..*tie }).collect();
            let mut theirs = self.ties(other).to_vec();
            // One that is there keeps its place in the order, with what is known of it now.
            theirs.retain_mut(|tie| {
                if tie.to != place {
                    return true;
                }
                let found = wanted.iter().position(|new| new.link == tie.link);
                found.map(|found| *tie = wanted.remove(found)).is_some()
            });
            theirs.extend(wanted);
            self.set(other, theirs);
        }
        self.set(place, ties);
    }

    fn set(&mut self, place: Place, mut ties: Vec<Tie>) {
        ties::sort(&mut ties, &self.facts, &self.names);
        self.ties.set(place, ties, self.facts.len());
    }

    /// The same persons at the same places, and who is tied to whom, with nothing by which they differ: no sex and no
    /// birth, every parent one by birth, every union joined, and no word of what was first. Also the order of ties is
    /// by id, so that it does not tell either. Linear in persons and ties but for a logarithm.
    #[must_use]
    pub fn covered(&self) -> Self {
        let facts: Vec<_> = self.facts.iter().map(|facts| facts.map(|_| Facts::default())).collect();
        let mut ties: Vec<(Place, Tie)> = Vec::new();
        for place in 0..facts.len() as Place {
            ties.extend(self.ties(place).iter().map(|tie| (place, tie.covered())));
        }
        ties.sort_by(|(_, one), (_, two)| self.id(one.to).cmp(self.id(two.to)));
        let ties = Ties::build(ties, &facts, &self.names);
        Self { names: self.names.clone(), facts: Arc::new(facts), ties }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.names.bytes() + self.facts.len() * size_of::<Option<Facts>>() + self.ties.bytes()
    }
}

/// Builds a graph from many persons and ties at once, in time linear in both.
#[derive(Debug, Default)]
pub struct Builder {
    names: Names,
    facts: Vec<Option<Facts>>,
    ties: Vec<(Place, Tie)>,
}

impl Builder {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a person; one who is there already gets these facts.
    pub fn person(&mut self, id: &str, facts: Facts) -> Place {
        if let Some(place) = self.names.place(id) {
            if let Some(known) = self.facts.get_mut(place as usize) {
                *known = Some(facts);
            }
            return place;
        }
        self.facts.push(Some(facts));
        self.names.push(id)
    }

    /// The place of a person who has been added.
    pub fn place(&self, id: &str) -> Option<Place> {
        self.names.place(id)
    }

    /// Says that `to` is `link` to `from`, and so the inverse. A tie to oneself, or between places that do not exist,
    /// is left out.
    pub fn tie(&mut self, from: Place, link: Link, to: Place, since: Option<i32>) {
        self.add(from, Tie { since, ..Tie::new(link, to) });
    }

    /// The same with a tie of `from` that says how well it is known when it began.
    pub fn add(&mut self, from: Place, tie: Tie) {
        let known = |place: Place| (place as usize) < self.facts.len();
        if from != tie.to && known(from) && known(tie.to) {
            self.ties.push((from, tie));
            self.ties.push((tie.to, Tie { link: tie.link.inverse(), to: from, ..tie }));
        }
    }

    /// The graph. A tie that was given twice is there once.
    pub fn build(self) -> Graph {
        let ties = Ties::build(self.ties, &self.facts, &self.names);
        Graph { names: Arc::new(self.names), facts: Arc::new(self.facts), ties }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family() -> (Graph, [Place; 4]) {
        let mut builder = Builder::new();
        let at = |sex, birth| Facts { sex, birth, ..Facts::default() };
        let father = builder.person("father", at(Sex::Male, Some(10)));
        let mother = builder.person("mother", at(Sex::Female, Some(20)));
        let young = builder.person("young", at(Sex::Unknown, None));
        let old = builder.person("old", at(Sex::Female, Some(40)));
        for child in [young, old] {
            builder.tie(child, Link::Parent(Line::Birth), mother, None);
            builder.tie(father, Link::Child(Line::Birth), child, None);
        }
        builder.tie(father, Link::Partner(Union::Joined), mother, Some(30));
        (builder.build(), [father, mother, young, old])
    }

    #[test]
    fn ties_are_seen_from_both_ends_and_in_order() {
        let (graph, [father, mother, young, old]) = family();
        let parents: Vec<Place> = graph.parents(young).map(|(place, _)| place).collect();
        assert_eq!(parents, [father, mother]);
        let children: Vec<Place> = graph.children(mother).map(|(place, _)| place).collect();
        assert_eq!(children, [old, young]);
        assert_eq!(graph.partners(mother).collect::<Vec<_>>(), [(father, Union::Joined)]);
        assert_eq!((graph.id(old), graph.place("old"), graph.place("nobody")), ("old", Some(old), None));
    }

    #[test]
    fn changes_show_at_both_ends_and_leave_clones_as_they_were() {
        let (mut graph, [father, mother, young, old]) = family();
        let before = graph.clone();
        graph.remove("mother");
        assert_eq!(graph.parents(young).collect::<Vec<_>>(), [(father, Line::Birth)]);
        assert_eq!((graph.place("mother"), graph.len()), (None, 3));
        graph.set_ties(mother, vec![Tie::new(Link::Child(Line::Birth), young)]);
        assert_eq!(graph.parents(young).count(), 1);
        let back = graph.put("mother", before.facts(mother));
        graph.set_ties(back, vec![Tie::new(Link::Child(Line::Adoptive), old)]);
        assert_eq!(graph.parents(old).collect::<Vec<_>>(), [(father, Line::Birth), (mother, Line::Adoptive)]);
        graph.put("young", Facts { sex: Sex::Male, birth: Some(1), ..Facts::default() });
        assert_eq!(graph.children(father).next(), Some((young, Line::Birth)));
        assert_eq!(before.children(mother).count(), 2);
        assert_eq!(before.children(father).next(), Some((old, Line::Birth)));
    }

    #[test]
    fn what_is_said_twice_or_of_oneself_counts_once_or_not() {
        let mut builder = Builder::new();
        let one = builder.person("1", Facts::default());
        let two = builder.person("2", Facts::default());
        for _ in 0..2 {
            builder.tie(one, Link::Child(Line::Birth), two, None);
            builder.tie(one, Link::Child(Line::Birth), one, None);
        }
        let graph = builder.build();
        assert_eq!((graph.ties(one).len(), graph.ties(two).len()), (1, 1));
    }
}
