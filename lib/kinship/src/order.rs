//! Persons in an order in which parents come before their children, whatever loops the data have.

use hashbrown::{HashMap, HashSet};

use crate::graph::{Line, Place};

/// A parent (or whatever an edge leads to) and along which line.
pub(crate) type Edge = (u32, Line);

/// Some persons and all their ancestors, numbered so that every parent has a smaller number than the child.
///
/// A loop of descent is broken where a walk up from its member with the smallest place, parents in the order of ties,
/// comes back to somebody on the way: always at the same link, whoever was asked about.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Who has which number.
    pub places: Vec<Place>,
    /// Links (child, parent) that were left out because they close a loop.
    pub dropped: Vec<(Place, Place)>,
    numbers: HashMap<Place, u32>,
    rows: Rows,
}

/// Edges of each, compressed.
#[derive(Debug, Default)]
struct Rows {
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Rows {
    fn of(&self, number: u32) -> &[Edge] {
        let number = number as usize;
        let (Some(start), Some(end)) = (self.starts.get(number), self.starts.get(number + 1)) else {
            return &[];
        };
        self.edges.get(*start as usize..*end as usize).unwrap_or_default()
    }

    fn end_row(&mut self) {
        self.starts.push(self.edges.len() as u32);
    }
}

impl Order {
    /// `parents` adds the parents of a person that count. Linear in persons and links.
    pub fn new(
        roots: impl IntoIterator<Item = Place>,
        parents: impl Fn(Place, &mut Vec<(Place, Line)>),
    ) -> Self {
        let (found, rows) = discover(roots, parents);
        let mut order = Self::default();
        let mut left_out: HashSet<(u32, u32)> = HashSet::new();
        let mut sequence: Vec<u32> = Vec::with_capacity(found.len());
        for component in components(found.len(), |number| rows.of(number)) {
            if component.len() == 1 {
                sequence.extend(component);
                continue;
            }
            for (child, parent) in unloop(component, &found, &rows, &mut sequence) {
                left_out.insert((child, parent));
                order.dropped.push((found[child as usize], found[parent as usize]));
            }
        }
        order.places = sequence.iter().map(|number| found[*number as usize]).collect();
        let mut renumbered = vec![0; found.len()];
        for (new, old) in sequence.iter().enumerate() {
            renumbered[*old as usize] = new as u32;
        }
        order.numbers.extend(order.places.iter().zip(0..).map(|(place, number)| (*place, number)));
        order.rows.end_row();
        for old in sequence {
            let edges = rows.of(old).iter().filter(|(parent, _)| !left_out.contains(&(old, *parent)));
            order.rows.edges.extend(edges.map(|(parent, line)| (renumbered[*parent as usize], *line)));
            order.rows.end_row();
        }
        order
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn number(&self, place: Place) -> Option<u32> {
        self.numbers.get(&place).copied()
    }

    pub fn place(&self, number: u32) -> Place {
        self.places.get(number as usize).copied().unwrap_or_default()
    }

    /// The parents that count, in the order in which they were given.
    pub fn parents(&self, number: u32) -> &[Edge] {
        self.rows.of(number)
    }
}

fn discover(
    roots: impl IntoIterator<Item = Place>,
    parents: impl Fn(Place, &mut Vec<(Place, Line)>),
) -> (Vec<Place>, Rows) {
    let mut numbers: HashMap<Place, u32> = HashMap::new();
    let mut found: Vec<Place> = Vec::new();
    for root in roots {
        numbers.entry(root).or_insert_with(|| {
            found.push(root);
            found.len() as u32 - 1
        });
    }
    let mut rows = Rows::default();
    rows.end_row();
    let mut own = Vec::new();
    let mut at = 0;
    while let Some(place) = found.get(at).copied() {
        own.clear();
        parents(place, &mut own);
        for (parent, line) in &own {
            let next = found.len() as u32;
            let number = *numbers.entry(*parent).or_insert_with(|| {
                found.push(*parent);
                next
            });
            rows.edges.push((number, *line));
        }
        rows.end_row();
        at += 1;
    }
    (found, rows)
}

/// The strongly connected components of a graph of `len` nodes, each after all that can be reached from it (Tarjan,
/// "Depth-first search and linear graph algorithms", SIAM J. Comput. 1, 1972). Linear; keeps its own stack, so that
/// no depth of descent exhausts the thread's.
pub(crate) fn components<'e>(len: usize, edges: impl Fn(u32) -> &'e [Edge]) -> Vec<Vec<u32>> {
    const UNSEEN: u32 = u32::MAX;
    /// Of nodes whose component is known: no low point is above.
    const CLOSED: u32 = u32::MAX - 1;
    let mut low = vec![UNSEEN; len];
    let mut result = Vec::new();
    let (mut open, mut calls): (Vec<u32>, Vec<(u32, u32, usize)>) = (Vec::new(), Vec::new());
    let mut count = 0;
    for root in 0..len as u32 {
        if low[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, count, 0));
        while let Some((node, index, next)) = calls.pop() {
            if next == 0 {
                low[node as usize] = count;
                count += 1;
                open.push(node);
            }
            if let Some((to, _)) = edges(node).get(next) {
                calls.push((node, index, next + 1));
                match low[*to as usize] {
                    UNSEEN => calls.push((*to, count, 0)),
                    CLOSED => {}
                    theirs => low[node as usize] = low[node as usize].min(theirs),
                }
                continue;
            }
            let mine = low[node as usize];
            if mine == index {
                let from = open.iter().rposition(|other| *other == node).unwrap_or(0);
                let component = open.split_off(from);
                for member in &component {
                    low[*member as usize] = CLOSED;
                }
                result.push(component);
            } else if let Some((caller, _, _)) = calls.last() {
                low[*caller as usize] = low[*caller as usize].min(mine);
            }
        }
    }
    result
}

/// Adds the members of a component to the sequence, parents first, and tells which links had to be left out.
fn unloop(mut component: Vec<u32>, found: &[Place], rows: &Rows, sequence: &mut Vec<u32>) -> Vec<(u32, u32)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Unseen,
        OnTheWay,
        Done,
    }
    component.sort_by_key(|number| found[*number as usize]);
    let mut states: HashMap<u32, State> = HashMap::with_capacity(component.len());
    states.extend(component.iter().map(|number| (*number, State::Unseen)));
    let mut dropped = Vec::new();
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in component {
        if states.get(&root) != Some(&State::Unseen) {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, next)) = calls.pop() {
            states.insert(node, State::OnTheWay);
            let Some((parent, _)) = rows.of(node).get(next) else {
                states.insert(node, State::Done);
                sequence.push(node);
                continue;
            };
            calls.push((node, next + 1));
            match states.get(parent) {
                Some(State::Unseen) => calls.push((*parent, 0)),
                Some(State::OnTheWay) => dropped.push((node, *parent)),
                Some(State::Done) | None => {}
            }
        }
    }
    dropped
}
