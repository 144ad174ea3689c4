//! A path in the form that words are looked up by.

use crate::graph::{Graph, Line, Link, Place, Sex, SiblingKind, Span, Union};
use crate::path::{Hop, Path, Step};

/// A way from one person to another as a language sees it, independent of the graph: siblings are one step, and a way
/// around somebody who is a nearer relative is the way to that relative.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The sex of the person where it begins.
    pub sex: Sex,
    /// Where that person stands by age among those on the route, see [`Leg::rank`].
    pub rank: Option<Rank>,
    /// The steps; none for the way to oneself.
    pub legs: Vec<Leg>,
}

/// One step of a [`Route`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leg {
    /// What the person reached is to the one before. A sibling is full if the two have both birth parents in common,
    /// are recorded so, or nobody knows of another parent; half if each has another.
    pub kin: Link,
    /// The sex of the person reached.
    pub sex: Sex,
    /// Where the person reached stands by age among those on the route; `None` if no birth is known.
    pub rank: Option<Rank>,
    /// In a family with several wives: whether the person reached is of a house (for a wife: has the house) that was
    /// founded before that of the person the way came from. `None` where it does not apply, or where the order of the
    /// unions is not known: one is dated and the other is not, or the dates leave it open. Two undated unions count as
    /// they were recorded.
    pub senior: Option<bool>,
}

/// A place by age, the eldest first, as far as it is known: the first and the last that it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rank {
    /// 0 if the birth may be any time earlier.
    pub first: u32,
    /// `u32::MAX` if the birth may be any time later.
    pub last: u32,
}

impl From<u32> for Rank {
    fn from(rank: u32) -> Self {
        Self { first: rank, last: rank }
    }
}

impl Route {
    /// Whether the person that leg `at` reaches is older than the one before; `None` if that is not certain, and for
    /// those born on one day.
    pub fn older(&self, at: usize) -> Option<bool> {
        let reached = self.legs.get(at)?.rank?;
        let before = match at.checked_sub(1) {
            Some(before) => self.legs.get(before)?.rank?,
            None => self.rank?,
        };
        if reached.last < before.first {
            return Some(true);
        }
        (before.last < reached.first).then_some(false)
    }

    /// The sex of the person from whom leg `at` goes on.
    pub(super) fn sex_before(&self, at: usize) -> Sex {
        at.checked_sub(1)
            .map_or(Some(self.sex), |before| self.legs.get(before).map(|leg| leg.sex))
            .unwrap_or_default()
    }

    /// The part of it from leg `start` to before leg `end`.
    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        let rank =
            start.checked_sub(1).map_or(self.rank, |before| self.legs.get(before).and_then(|leg| leg.rank));
        let legs = self.legs.get(start..end).unwrap_or_default().to_vec();
        Self { sex: self.sex_before(start), rank, legs }
    }
}

/// The route of a path:
///
/// - a parent and another child of that parent is a sibling, of the kind that the parents show or that is recorded;
/// - a parent's partner who is a parent, a partner's child who is a child, a child's sibling who is a child, a
///   sibling's parent who is a parent and a child's parent who is a partner are just that;
/// - else a parent's husband or wife is a step-parent, and a husband's or wife's child a stepchild;
/// - a way that comes back to somebody goes on from there.
///
/// Any path gives a route, also one that does not hold in the graph.
pub fn describe(graph: &Graph, path: &Path) -> Route {
    let mut walk = Walk { graph, from: path.from, steps: Vec::with_capacity(path.hops.len()) };
    for hop in &path.hops {
        walk.push(*hop);
    }
    walk.route()
}

struct Walk<'a> {
    graph: &'a Graph,
    from: Place,
    steps: Vec<(Link, Place)>,
}

impl Walk<'_> {
    fn push(&mut self, hop: Hop) {
        let link = match hop.step {
            Step::Up(line) => Link::Parent(line),
            Step::Down(line) => Link::Child(line),
            Step::Across(union) => Link::Partner(union),
            Step::Beside(kind) => Link::Sibling(kind),
        };
        self.add(link, hop.to);
        while let Some((link, to)) = self.shorter() {
            self.steps.truncate(self.steps.len().saturating_sub(2));
            self.add(link, to);
        }
    }

    fn add(&mut self, link: Link, to: Place) {
        if to == self.from {
            self.steps.clear();
        } else if let Some(seen) = self.steps.iter().position(|(_, place)| *place == to) {
            self.steps.truncate(seen + 1);
        } else {
            self.steps.push((link, to));
        }
    }

    /// What the last two steps are together, if there is one step for them.
    fn shorter(&self) -> Option<(Link, Place)> {
        let [.., (first, by), (second, to)] = self.steps[..] else { return None };
        let from = self.before(self.steps.len() - 2);
        let link = match (first, second) {
            (Link::Parent(up), Link::Child(down)) => {
                Some(Link::Sibling(kind(self.graph, from, to, up, down)))
            }
            (Link::Parent(line), Link::Partner(union)) => self
                .parent(from, to)
                .or_else(|| (is_plain(line) && self.weds(by, union, to)).then_some(Link::Parent(Line::Step))),
            (Link::Partner(union), Link::Child(line)) => self
                .child(from, to)
                .or_else(|| (union == Union::Joined && is_plain(line)).then_some(Link::Child(Line::Step))),
            (Link::Child(_), Link::Parent(_)) => self
                .graph
                .partners(from)
                .find(|(place, _)| *place == to)
                .map(|(_, union)| Link::Partner(union)),
            (Link::Child(_), Link::Sibling(_)) => self.child(from, to),
            (Link::Sibling(_), Link::Parent(_)) => self.parent(from, to),
            (Link::Sibling(SiblingKind::Full), Link::Sibling(SiblingKind::Full)) => Some(second),
            _ => None,
        };
        link.map(|link| (link, to))
    }

    /// The person from whom step `at` goes on.
    fn before(&self, at: usize) -> Place {
        at.checked_sub(1).and_then(|before| self.steps.get(before)).map_or(self.from, |(_, place)| *place)
    }

    fn parent(&self, of: Place, who: Place) -> Option<Link> {
        self.graph.parents(of).find(|(place, _)| *place == who).map(|(_, line)| Link::Parent(line))
    }

    fn child(&self, of: Place, who: Place) -> Option<Link> {
        self.graph.children(of).find(|(place, _)| *place == who).map(|(_, line)| Link::Child(line))
    }

    /// Whether a parent's partner is a husband or wife as the words for step-parents mean it.
    fn weds(&self, parent: Place, union: Union, partner: Place) -> bool {
        let (parent, partner) = (self.graph.sex(parent), self.graph.sex(partner));
        union == Union::Joined && (parent != partner || parent == Sex::Unknown)
    }

    fn route(&self) -> Route {
        let places = self.steps.iter().map(|(_, place)| *place).chain([self.from]);
        let spans = places.map(|place| self.graph.born(place));
        let mut days: Vec<i32> = spans.flat_map(|span| [span.first, span.last]).flatten().collect();
        days.sort_unstable();
        days.dedup();
        let at = |day: i32| days.binary_search(&day).ok().map(|at| at as u32 + 1);
        let rank = |place: Place| match self.graph.born(place) {
            Span { first: None, last: None } => None,
            Span { first, last } => Some(Rank {
                first: first.and_then(at).unwrap_or(0),
                last: last.and_then(at).unwrap_or(u32::MAX),
            }),
        };
        let legs = self.steps.iter().enumerate().map(|(at, (kin, to))| Leg {
            kin: *kin,
            sex: self.graph.sex(*to),
            rank: rank(*to),
            senior: self.senior(at),
        });
        Route { sex: self.graph.sex(self.from), rank: rank(self.from), legs: legs.collect() }
    }

    fn senior(&self, at: usize) -> Option<bool> {
        let (kin, to) = *self.steps.get(at)?;
        let from = self.before(at);
        let other =
            |child: Place, than: Place| plain_parents(self.graph, child).find(|parent| *parent != than);
        match kin {
            Link::Sibling(_) => plain_parents(self.graph, from)
                .filter(|man| plain_parents(self.graph, to).any(|parent| parent == *man))
                .find_map(|man| self.order(man, other(from, man)?, other(to, man)?)),
            Link::Parent(Line::Step) => {
                plain_parents(self.graph, from).find_map(|man| self.order(man, other(from, man)?, to))
            }
            Link::Partner(_) => {
                let before = at.checked_sub(1)?;
                let mine = match self.steps.get(before)?.0 {
                    Link::Partner(_) => self.before(before),
                    Link::Parent(_) => other(self.before(before), from)?,
                    _ => return None,
                };
                self.order(from, mine, to)
            }
            _ => None,
        }
    }

    /// Whether `theirs` became this man's partner before `mine` did.
    fn order(&self, man: Place, mine: Place, theirs: Place) -> Option<bool> {
        if self.graph.sex(man) != Sex::Male || mine == theirs {
            return None;
        }
        let unions: Vec<_> =
            self.graph.ties(man).iter().filter(|tie| matches!(tie.link, Link::Partner(_))).collect();
        let find = |who: Place| unions.iter().position(|tie| tie.to == who);
        let (mine, theirs) = (find(mine)?, find(theirs)?);
        match (unions.get(mine)?.began(), unions.get(theirs)?.began()) {
            (Some(mine), Some(theirs)) if theirs.is_before(mine) => Some(true),
            (Some(mine), Some(theirs)) => mine.is_before(theirs).then_some(false),
            (None, None) => Some(theirs < mine),
            _ => None,
        }
    }
}

/// Whether a parent is one by birth, or nobody says otherwise.
pub(super) fn is_plain(line: Line) -> bool {
    matches!(line, Line::Birth | Line::Other)
}

fn plain_parents(graph: &Graph, of: Place) -> impl Iterator<Item = Place> + '_ {
    graph.parents(of).filter(|(_, line)| is_plain(*line)).map(|(place, _)| place)
}

fn kind(graph: &Graph, from: Place, to: Place, up: Line, down: Line) -> SiblingKind {
    let mine: Vec<Place> = plain_parents(graph, from).collect();
    let theirs: Vec<Place> = plain_parents(graph, to).collect();
    let shared = mine.iter().filter(|parent| theirs.contains(parent)).count();
    if shared >= 2 {
        return SiblingKind::Full;
    }
    if let Some((_, kind)) = graph.siblings(from).find(|(place, _)| *place == to) {
        return kind;
    }
    let lines = [up, down];
    match shared {
        1 if mine.len() > 1 && theirs.len() > 1 => SiblingKind::Half,
        1 => SiblingKind::Full,
        _ if lines.contains(&Line::Step) => SiblingKind::Step,
        _ if lines.contains(&Line::Foster) || lines.contains(&Line::Guardian) => SiblingKind::Foster,
        _ if lines.contains(&Line::Adoptive) => SiblingKind::Adoptive,
        _ => SiblingKind::Full,
    }
}
