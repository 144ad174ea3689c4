//! Ties in one array, and beside it the lists that have changed since.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

use super::names::Names;
use super::{Facts, Link, Place, Tie};

/// Below so many changed lists the array is not written anew.
const FEW: usize = 1024;

#[derive(Debug, Clone, Default)]
pub(super) struct Ties {
    base: Arc<Base>,
    changed: HashMap<Place, Arc<[Tie]>>,
}

/// Compressed sparse rows.
#[derive(Debug, Default)]
struct Base {
    /// Where each person's ties begin; one more than there are persons.
    starts: Vec<u32>,
    ties: Vec<Tie>,
}

impl Base {
    fn of(&self, place: Place) -> &[Tie] {
        let place = place as usize;
        let (Some(start), Some(end)) = (self.starts.get(place), self.starts.get(place + 1)) else {
            return &[];
        };
        self.ties.get(*start as usize..*end as usize).unwrap_or_default()
    }
}

impl Ties {
    pub fn build(mut all: Vec<(Place, Tie)>, facts: &[Option<Facts>], names: &Names) -> Self {
        // Stable: what is equal otherwise stays in the order in which it was said.
        all.sort_by_key(|(from, _)| *from);
        let mut base =
            Base { starts: Vec::with_capacity(facts.len() + 1), ties: Vec::with_capacity(all.len()) };
        let mut own = Vec::new();
        let mut rest = all.into_iter().peekable();
        for place in 0..facts.len() as Place {
            base.starts.push(base.ties.len() as u32);
            own.clear();
            while let Some((_, tie)) = rest.next_if(|(from, _)| *from == place) {
                own.push(tie);
            }
            sort(&mut own, facts, names);
            base.ties.extend_from_slice(&own);
        }
        base.starts.push(base.ties.len() as u32);
        Self { base: Arc::new(base), changed: HashMap::new() }
    }

    pub fn of(&self, place: Place) -> &[Tie] {
        // Most graphs have not changed since they were built.
        if self.changed.is_empty() {
            return self.base.of(place);
        }
        match self.changed.get(&place) {
            Some(ties) => ties,
            None => self.base.of(place),
        }
    }

    /// `ties` are sorted; `places` is how many there are by now.
    pub fn set(&mut self, place: Place, ties: Vec<Tie>, places: usize) {
        self.changed.insert(place, ties.into());
        if self.changed.len() > FEW.max(places / 4) {
            self.flatten(places);
        }
    }

    fn flatten(&mut self, places: usize) {
        let mut base = Base { starts: Vec::with_capacity(places + 1), ties: Vec::new() };
        for place in 0..places as Place {
            base.starts.push(base.ties.len() as u32);
            base.ties.extend_from_slice(self.of(place));
        }
        base.starts.push(base.ties.len() as u32);
        *self = Self { base: Arc::new(base), changed: HashMap::new() };
    }

    pub fn bytes(&self) -> usize {
        let changed = self.changed.values().map(|ties| ties.len() * size_of::<Tie>() + 48);
        self.base.starts.len() * 4 + self.base.ties.len() * size_of::<Tie>() + changed.sum::<usize>()
    }
}

/// Into the order that [`super::Graph::ties`] promises, each tie once. What is equal otherwise goes by id, so that the
/// order does not depend on what was there before; houses stay in the order in which they were recorded.
pub(super) fn sort(ties: &mut Vec<Tie>, facts: &[Option<Facts>], names: &Names) {
    let of = |place: Place| facts.get(place as usize).copied().flatten().unwrap_or_default();
    let key = |tie: &Tie| match tie.link {
        Link::Parent(line) => (0, line as i64, of(tie.to).sex as i64),
        Link::Partner(_) => (1, day(tie.since), 0),
        Link::Sibling(_) => (2, day(of(tie.to).birth), 0),
        Link::Child(_) => (3, day(of(tie.to).birth), 0),
    };
    ties.sort_by(|one, two| {
        let equal = || match one.link {
            Link::Partner(_) => Ordering::Equal,
            _ => names.id(one.to).cmp(names.id(two.to)),
        };
        key(one).cmp(&key(two)).then_with(equal)
    });
    let mut seen: Vec<(Link, Place)> = Vec::with_capacity(ties.len());
    if ties.len() <= 16 {
        ties.retain(|tie| {
            let new = !seen.contains(&(tie.link, tie.to));
            seen.push((tie.link, tie.to));
            new
        });
    } else {
        let mut seen = std::collections::HashSet::with_capacity(ties.len());
        ties.retain(|tie| seen.insert((tie.link, tie.to)));
    }
}

/// The undated come last.
fn day(day: Option<i32>) -> i64 {
    day.map_or(i64::MAX, i64::from)
}
