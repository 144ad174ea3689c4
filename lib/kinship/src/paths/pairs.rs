//! Two tops that climb until they meet.

use std::cmp::Reverse;

use hashbrown::{HashMap, HashSet};

use super::{LONGEST, add_parents};
use crate::graph::{Graph, Line, Place};
use crate::lines::Lines;
use crate::order::{Edge, Order};
use crate::path::{Hop, Path, Step};

/// Nobody above is an ancestor of both.
const NEVER: u32 = u32::MAX;

/// Two persons' ancestors, and what bounds the search in them.
#[derive(Debug)]
pub(super) struct Pairs {
    order: Order,
    from: u32,
    to: u32,
    /// The longest chain up from each: parents have less than their children.
    heights: Vec<u32>,
    /// The shortest way up to somebody who is above both.
    nearest: Vec<u32>,
}

impl Pairs {
    /// Both are there.
    pub fn new(graph: &Graph, from: Place, to: Place, lines: Lines) -> Self {
        let order = Order::new([from, to], |place, into| add_parents(graph, lines, place, into));
        let (from, to) = (order.number(from).unwrap_or(0), order.number(to).unwrap_or(0));
        // Whether each is the first person or above her, and the second or above him.
        let mut above = vec![[false; 2]; order.len()];
        above[from as usize][0] = true;
        above[to as usize][1] = true;
        for number in (0..order.len()).rev() {
            let [left, right] = above[number];
            for (parent, _) in order.parents(number as u32) {
                let theirs = &mut above[*parent as usize];
                *theirs = [theirs[0] || left, theirs[1] || right];
            }
        }
        let (mut heights, mut nearest) = (vec![0; order.len()], vec![NEVER; order.len()]);
        for number in 0..order.len() {
            let parents = order.parents(number as u32).iter().map(|(parent, _)| *parent as usize);
            heights[number] = parents.clone().map(|parent| heights[parent] + 1).max().unwrap_or(0);
            nearest[number] = match above[number] {
                [true, true] => 0,
                _ => parents.map(|parent: usize| nearest[parent].saturating_add(1)).min().unwrap_or(NEVER),
            };
        }
        Self { order, from, to, heights, nearest }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn dropped(&self) -> &[(Place, Place)] {
        &self.order.dropped
    }

    /// Whether the first of two tops climbs next. Any strict order of persons would do in which parents come before
    /// their children; by generations both tops climb at the same pace, and meet soonest.
    fn first_climbs(&self, [left, right]: [u32; 2]) -> bool {
        let age = |number: u32| (self.heights[number as usize], Reverse(number));
        age(left) > age(right)
    }

    fn climber(&self, tops: [u32; 2]) -> u32 {
        if self.first_climbs(tops) { tops[0] } else { tops[1] }
    }

    fn climbed(&self, [left, right]: [u32; 2], parent: u32) -> [u32; 2] {
        if self.first_climbs([left, right]) { [parent, right] } else { [left, parent] }
    }

    /// The fewest and the most steps in which two tops may meet; more and less may be impossible all the same.
    fn bounds(&self, [left, right]: [u32; 2]) -> (u32, u32) {
        let sum = |of: &[u32]| of[left as usize].saturating_add(of[right as usize]);
        (sum(&self.nearest), sum(&self.heights))
    }

    /// How many paths there are; `None` if that takes more pairs than allowed.
    pub fn count(&self, work: usize) -> Option<u64> {
        let start = [self.from, self.to];
        if self.from == self.to || self.bounds(start).0 == NEVER {
            return Some(u64::from(self.from == self.to));
        }
        let mut known: HashMap<[u32; 2], u64> = HashMap::new();
        let mut calls: Vec<([u32; 2], usize, u64)> = vec![(start, 0, 0)];
        while let Some((tops, next, sum)) = calls.pop() {
            let Some((parent, _)) = self.order.parents(self.climber(tops)).get(next) else {
                known.insert(tops, sum);
                if known.len() > work {
                    return None;
                }
                continue;
            };
            let above = self.climbed(tops, *parent);
            let paths = if above[0] == above[1] {
                Some(1)
            } else if self.bounds(above).0 == NEVER {
                Some(0)
            } else {
                known.get(&above).copied()
            };
            match paths {
                Some(paths) => calls.push((tops, next + 1, sum.saturating_add(paths))),
                None => calls.extend([(tops, next, sum), (above, 0, 0)]),
            }
        }
        known.get(&start).copied()
    }

    /// How many pairs of chains end in a common ancestor, those included that meet before.
    pub fn at_most(&self) -> u64 {
        let mut ways = vec![[0_u64; 2]; self.order.len()];
        ways[self.from as usize][0] = 1;
        ways[self.to as usize][1] = 1;
        for number in (0..self.order.len()).rev() {
            let [left, right] = ways[number];
            for (parent, _) in self.order.parents(number as u32) {
                let theirs = &mut ways[*parent as usize];
                *theirs = [theirs[0].saturating_add(left), theirs[1].saturating_add(right)];
            }
        }
        let products = ways.iter().map(|[left, right]| left.saturating_mul(*right));
        products.fold(0, u64::saturating_add)
    }
}

/// What a search came to.
pub(super) enum Stop {
    Found(Path),
    /// There are no more.
    End,
    /// The work is used up.
    Cut,
}

/// A pair of tops on the way, and which parent of the climber comes next.
struct Frame {
    tops: [u32; 2],
    next: u32,
    /// Whether all before `next` have been tried in this search and none of them led to a meeting.
    barren: bool,
}

/// Depth first through the choices of parents, for one length after the other.
pub(super) struct Search<'p> {
    pairs: &'p Pairs,
    length: u32,
    last: u32,
    frames: Vec<Frame>,
    /// Tops that do not meet in so many further steps.
    dead: HashSet<([u32; 2], u32)>,
}

impl<'p> Search<'p> {
    /// From a position that a search has told; positions in a graph that has changed lead nearby.
    pub fn new(pairs: &'p Pairs, length: u32, choices: &[u32]) -> Self {
        let (first, last) = pairs.bounds([pairs.from, pairs.to]);
        let last = if pairs.from == pairs.to { 0 } else { last.min(LONGEST) };
        let mut search =
            Self { pairs, length: length.max(first), last, frames: Vec::new(), dead: HashSet::new() };
        search.begin();
        if length == search.length {
            search.resume(choices);
        }
        search
    }

    /// Where to go on.
    pub fn position(&self) -> (u32, Vec<u32>) {
        let below = self.frames.len().saturating_sub(1);
        let taken = |(at, frame): (usize, &Frame)| frame.next - u32::from(at < below);
        (self.length, self.frames.iter().enumerate().map(taken).collect())
    }

    fn begin(&mut self) {
        self.frames.clear();
        self.frames.push(Frame { tops: [self.pairs.from, self.pairs.to], next: 0, barren: true });
    }

    fn resume(&mut self, choices: &[u32]) {
        for (at, choice) in choices.iter().enumerate() {
            let Some(frame) = self.frames.last_mut() else { return };
            frame.next = *choice;
            frame.barren = *choice == 0;
            let parents = self.pairs.order.parents(self.pairs.climber(frame.tops));
            let last = at + 1 == choices.len();
            let Some((parent, _)) = parents.get(*choice as usize).filter(|_| !last) else { return };
            let tops = self.pairs.climbed(frame.tops, *parent);
            if tops[0] == tops[1] {
                return;
            }
            frame.next += 1;
            // Only what this search has seen in whole is known to be dead.
            frame.barren = false;
            self.frames.push(Frame { tops, next: 0, barren: true });
        }
    }

    pub fn next(&mut self, work: &mut usize) -> Stop {
        while self.length <= self.last {
            while !self.frames.is_empty() {
                if *work == 0 {
                    return Stop::Cut;
                }
                *work -= 1;
                if let Some(path) = self.step() {
                    return Stop::Found(path);
                }
            }
            self.length += 1;
            self.begin();
        }
        Stop::End
    }

    /// Tries one choice, or goes back.
    fn step(&mut self) -> Option<Path> {
        let depth = self.frames.len() as u32;
        let frame = self.frames.last_mut()?;
        if frame.tops[0] == frame.tops[1] {
            // The two are one person: there is one path, of no steps.
            self.length += 1;
            return Some(Path { from: self.pairs.order.place(self.pairs.from), hops: Vec::new() });
        }
        let Some((parent, _)) =
            self.pairs.order.parents(self.pairs.climber(frame.tops)).get(frame.next as usize)
        else {
            let tops = frame.tops;
            if frame.barren {
                self.dead.insert((tops, self.length - (depth - 1)));
            }
            self.frames.pop();
            return None;
        };
        frame.next += 1;
        let tops = self.pairs.climbed(frame.tops, *parent);
        let left = self.length.checked_sub(depth)?;
        if tops[0] == tops[1] {
            if left > 0 {
                return None;
            }
            self.frames.iter_mut().for_each(|frame| frame.barren = false);
            return Some(self.path_to(tops));
        }
        let (least, most) = self.pairs.bounds(tops);
        if left > 0 && (least..=most).contains(&left) && !self.dead.contains(&(tops, left)) {
            self.frames.push(Frame { tops, next: 0, barren: true });
        }
        None
    }

    /// The path over the pairs on the way to the meeting.
    fn path_to(&self, meeting: [u32; 2]) -> Path {
        let order = &self.pairs.order;
        let (mut ups, mut downs) = (Vec::new(), Vec::new());
        let tops = self.frames.iter().map(|frame| frame.tops);
        for (below, above) in tops.clone().zip(tops.skip(1).chain([meeting])) {
            let first = self.pairs.first_climbs(below);
            let (child, parent) = if first { (below[0], above[0]) } else { (below[1], above[1]) };
            let line = line_to(order.parents(child), parent);
            if first {
                ups.push(Hop { step: Step::Up(line), to: order.place(parent) });
            } else {
                downs.push(Hop { step: Step::Down(line), to: order.place(child) });
            }
        }
        ups.extend(downs.into_iter().rev());
        Path { from: order.place(self.pairs.from), hops: ups }
    }
}

fn line_to(parents: &[Edge], to: u32) -> Line {
    parents.iter().find(|(parent, _)| *parent == to).map_or(Line::Other, |(_, line)| *line)
}
