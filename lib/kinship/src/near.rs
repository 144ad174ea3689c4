//! What every question needs of the persons next to one, and a set of places.

use crate::graph::{Graph, Line, Link, Place};
use crate::lines::Lines;

/// The parents along `lines`, each once, with the nearest line that leads there.
pub(crate) fn parents(graph: &Graph, place: Place, lines: Lines) -> impl Iterator<Item = (Place, Line)> + '_ {
    let ties = graph.ties(place);
    graph.parents(place).enumerate().filter_map(move |(at, (parent, line))| {
        let mut before = ties.iter().take(at);
        let again = before.any(|tie| match tie.link {
            Link::Parent(nearer) => tie.to == parent && lines.contains(nearer),
            _ => false,
        });
        (lines.contains(line) && !again).then_some((parent, line))
    })
}

/// The children along `lines`, each once, with the nearest line that leads there.
pub(crate) fn children(
    graph: &Graph,
    place: Place,
    lines: Lines,
) -> impl Iterator<Item = (Place, Line)> + '_ {
    // A tie is there once, so along one line nobody comes twice.
    let single = lines.len() == 1;
    graph.children(place).filter(move |(child, line)| {
        lines.contains(*line) && (single || line_between(graph, *child, place, lines) == Some(*line))
    })
}

/// The nearest line along which one is a child of another.
pub(crate) fn line_between(graph: &Graph, child: Place, parent: Place, lines: Lines) -> Option<Line> {
    let mut parents = graph.parents(child);
    parents.find(|(place, line)| *place == parent && lines.contains(*line)).map(|(_, line)| line)
}

/// A set of places, one bit for each there can be.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<u64>);

impl Places {
    pub fn none_of(graph: &Graph) -> Self {
        Self(vec![0; graph.places().div_ceil(64)])
    }

    /// Whether it was not there before.
    pub fn insert(&mut self, place: Place) -> bool {
        let Some(word) = self.0.get_mut(place as usize / 64) else { return false };
        let bit = 1 << (place % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
