//! Two persons' ancestors, and where they meet.

use hashbrown::HashMap;

use crate::graph::{Graph, Line, Link, Place, SiblingKind};
use crate::lines::Lines;
use crate::near;
use crate::path::{Hop, Path, Step};

/// How many pairs of children of common ancestors are tried for a couple in common: more matter only in bad data.
const TRIED: usize = 256;

/// How an ancestor was first reached.
#[derive(Clone, Copy)]
struct Foot {
    generation: u32,
    /// The child on the way.
    by: Place,
    line: Line,
}

/// A person and the ancestors found so far, by the nearest generation.
pub(super) struct Climb<'g> {
    graph: &'g Graph,
    start: Place,
    lines: Lines,
    feet: HashMap<Place, Foot>,
    /// In the order in which they were reached.
    reached: Vec<Place>,
    /// Where the last generation begins.
    level: usize,
    generation: u32,
}

impl<'g> Climb<'g> {
    pub fn new(graph: &'g Graph, start: Place, lines: Lines) -> Self {
        let foot = Foot { generation: 0, by: start, line: Line::Birth };
        let feet = HashMap::from_iter([(start, foot)]);
        Self { graph, start, lines, feet, reached: vec![start], level: 0, generation: 0 }
    }

    fn generation_of(&self, place: Place) -> Option<u32> {
        self.feet.get(&place).map(|foot| foot.generation)
    }

    /// How many the last generation are.
    fn width(&self) -> usize {
        self.reached.len() - self.level
    }

    fn rise(&mut self) {
        let below = self.level..self.reached.len();
        self.level = below.end;
        self.generation += 1;
        for at in below {
            let by = self.reached[at];
            for (parent, line) in near::parents(self.graph, by, self.lines) {
                let foot = Foot { generation: self.generation, by, line };
                if self.feet.try_insert(parent, foot).is_ok() {
                    self.reached.push(parent);
                }
            }
        }
    }

    /// From the start up to an ancestor.
    fn ups(&self, to: Place) -> Vec<Hop> {
        let mut hops: Vec<Hop> =
            self.downward(to).map(|(above, foot)| Hop { step: Step::Up(foot.line), to: above }).collect();
        hops.reverse();
        hops
    }

    /// From an ancestor down to the start.
    fn downs(&self, from: Place) -> impl Iterator<Item = Hop> + '_ {
        self.downward(from).map(|(_, foot)| Hop { step: Step::Down(foot.line), to: foot.by })
    }

    fn downward(&self, from: Place) -> impl Iterator<Item = (Place, Foot)> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            let foot = *self.feet.get(&at).filter(|foot| foot.generation > 0)?;
            Some((std::mem::replace(&mut at, foot.by), foot))
        })
    }

    /// The children of an ancestor who are on a shortest way to it.
    fn below(&self, apex: Place) -> Vec<Place> {
        let Some(above) = self.generation_of(apex) else { return Vec::new() };
        let children = near::children(self.graph, apex, self.lines).map(|(child, _)| child);
        children.filter(|child| self.generation_of(*child).is_some_and(|own| own + 1 == above)).collect()
    }
}

/// The nearest meeting of two climbs.
pub(super) struct Meeting {
    pub path: Path,
    pub common: Vec<Place>,
    pub half: bool,
}

/// Climbs from both until nothing nearer can be found; to the end if they do not meet. The two are not the same.
pub(super) fn meet<'g>(one: &mut Climb<'g>, two: &mut Climb<'g>) -> Option<Meeting> {
    let mut best = u32::MAX;
    let mut met: Vec<(u32, u32, Place)> = Vec::new();
    loop {
        // Who is found in the next generation of either is at least so many steps away.
        let may_rise = |climb: &Climb<'_>| climb.width() > 0 && climb.generation < best;
        let first = match (may_rise(one), may_rise(two)) {
            (false, false) => break,
            (true, true) => one.width() <= two.width(),
            (first, _) => first,
        };
        let (rising, other) = if first { (&mut *one, &*two) } else { (&mut *two, &*one) };
        rising.rise();
        for place in &rising.reached[rising.level..] {
            if let Some(theirs) = other.generation_of(*place) {
                let (up, down) =
                    if first { (rising.generation, theirs) } else { (theirs, rising.generation) };
                best = best.min(up + down);
                met.push((up, down, *place));
            }
        }
    }
    let (up, down) =
        met.iter().map(|(up, down, _)| (*up, *down)).min_by_key(|(up, down)| rank(*up, *down))?;
    met.retain(|candidate| (candidate.0, candidate.1) == (up, down));
    let apexes: Vec<Place> = met.into_iter().map(|(_, _, place)| place).collect();
    Some(if up == 0 || down == 0 { direct(one, two, &apexes) } else { collateral(one, two, &apexes) })
}

/// Fewest steps, then the more equal sides, then the fewer steps up.
fn rank(up: u32, down: u32) -> (u32, u32, u32) {
    (up + down, up.abs_diff(down), up)
}

fn direct(one: &Climb<'_>, two: &Climb<'_>, apexes: &[Place]) -> Meeting {
    let apex = apexes.first().copied().unwrap_or(one.start);
    let hops = one.ups(apex).into_iter().chain(two.downs(apex)).collect();
    Meeting { path: Path { from: one.start, hops }, common: vec![apex], half: false }
}

/// How much two children of a common ancestor have in common.
#[derive(PartialEq, PartialOrd)]
enum Blood {
    Full,
    Unknown,
    Half,
}

fn collateral(one: &Climb<'_>, two: &Climb<'_>, apexes: &[Place]) -> Meeting {
    let pairs = apexes.iter().flat_map(|apex| {
        let others = two.below(*apex);
        let mine = one.below(*apex).into_iter();
        mine.flat_map(move |left| others.clone().into_iter().map(move |right| (*apex, left, right)))
    });
    let mut best: Option<(Blood, Vec<Place>, [Place; 3])> = None;
    for (apex, left, right) in pairs.take(TRIED) {
        let (blood, common) = shared(one.graph, one.lines, [apex, left, right]);
        if best.as_ref().is_none_or(|(known, ..)| blood < *known) {
            best = Some((blood, common, [apex, left, right]));
        }
        if matches!(best, Some((Blood::Full, ..))) {
            break;
        }
    }
    // There is always a pair: somebody was reached over a child on either side.
    let Some((blood, common, [apex, left, right])) = best else { return direct(one, two, apexes) };
    let apex = common.first().copied().unwrap_or(apex);
    let line = |child| near::line_between(one.graph, child, apex, one.lines).unwrap_or(Line::Other);
    let mut hops = one.ups(left);
    hops.push(Hop { step: Step::Up(line(left)), to: apex });
    hops.push(Hop { step: Step::Down(line(right)), to: right });
    hops.extend(two.downs(right));
    Meeting { path: Path { from: one.start, hops }, common, half: blood == Blood::Half }
}

fn shared(graph: &Graph, lines: Lines, [apex, left, right]: [Place; 3]) -> (Blood, Vec<Place>) {
    let of = |child| near::parents(graph, child, lines).map(|(parent, _)| parent).collect::<Vec<_>>();
    let (lefts, rights) = (of(left), of(right));
    let both: Vec<Place> = lefts.iter().filter(|parent| rights.contains(parent)).copied().collect();
    if both.len() >= 2 {
        // The apex is among them; the couple is the first two in the order of ties.
        let mut couple = both;
        couple.truncate(2);
        if !couple.contains(&apex) {
            couple = vec![apex];
        }
        return (Blood::Full, couple);
    }
    let said = graph.siblings(left).find(|(sibling, _)| *sibling == right).map(|(_, kind)| kind);
    let blood = match said {
        Some(SiblingKind::Full) => Blood::Unknown,
        Some(SiblingKind::Half) => Blood::Half,
        _ if lines == Lines::BIRTH && lefts.len().min(rights.len()) > both.len() => Blood::Half,
        _ => Blood::Unknown,
    };
    (blood, vec![apex])
}

/// The nearest way over two recorded siblings, both of whom have been reached.
pub(super) fn beside(graph: &Graph, one: &Climb<'_>, two: &Climb<'_>) -> Option<(Path, SiblingKind)> {
    let mut best: Option<(_, Place, Place, SiblingKind)> = None;
    for left in &one.reached {
        let Some(up) = one.generation_of(*left) else { continue };
        for tie in graph.ties(*left) {
            let (Link::Sibling(kind), right) = (tie.link, tie.to) else { continue };
            let Some(down) = two.generation_of(right) else { continue };
            let rank = rank(up, down);
            if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                best = Some((rank, *left, right, kind));
            }
        }
    }
    let (_, left, right, kind) = best?;
    let mut hops = one.ups(left);
    hops.push(Hop { step: Step::Beside(kind), to: right });
    hops.extend(two.downs(right));
    Some((Path { from: one.start, hops }, kind))
}
