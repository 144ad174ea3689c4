//! Common ancestors.

use hashbrown::HashMap;

use crate::graph::{Graph, Place};
use crate::lines::Lines;
use crate::near;
use crate::walk::ancestors;

/// A common ancestor of two persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Common {
    /// Who: one of the two themselves where one descends from the other.
    pub place: Place,
    /// Generations up from the first person, by the shortest way.
    pub up: u32,
    /// Generations down to the second, by the shortest way.
    pub down: u32,
    /// Whether no other common ancestor descends from this one.
    pub nearest: bool,
}

/// All common ancestors of two persons along these lines, those of the fewest steps first, then by generations of the
/// first person, then by place. A person is an ancestor of her own here: of a mother and her daughter, the mother is
/// the nearest common ancestor, at (0, 1).
///
/// Linear in the ancestors of both. All common ancestors between an ancestor and a common ancestor are common as
/// well, so one is nearest when none of the children is common.
pub fn common_ancestors(graph: &Graph, one: Place, two: Place, lines: Lines) -> Vec<Common> {
    if !graph.is_there(one) || !graph.is_there(two) {
        return Vec::new();
    }
    let mut ups: HashMap<Place, u32> = HashMap::from_iter([(one, 0)]);
    ups.extend(ancestors(graph, one, lines).map(|reached| (reached.place, reached.generation)));
    let downs = ancestors(graph, two, lines).map(|reached| (reached.place, reached.generation));
    let both = std::iter::once((two, 0))
        .chain(downs)
        .filter_map(|(place, down)| ups.get(&place).map(|up| Common { place, up: *up, down, nearest: true }));
    let mut found: Vec<Common> = both.collect();
    let mut at: HashMap<Place, usize> = HashMap::with_capacity(found.len());
    at.extend(found.iter().enumerate().map(|(at, common)| (common.place, at)));
    for place in found.iter().map(|common| common.place).collect::<Vec<_>>() {
        for (parent, _) in near::parents(graph, place, lines) {
            if let Some(above) = at.get(&parent).and_then(|at| found.get_mut(*at)) {
                above.nearest = false;
            }
        }
    }
    found.sort_by_key(|common| (common.up + common.down, common.up, common.place));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::family;

    #[test]
    fn nearest_are_those_above_whom_no_other_path_begins_anew() {
        let family = family("f < g h; a < f m; b < f m; f2 < g x; c < f2 y");
        let shown = |one: &str, two: &str| {
            let all = common_ancestors(&family.graph, family.at(one), family.at(two), Lines::BIRTH);
            let shown: Vec<String> = all
                .iter()
                .map(|one| {
                    let star = if one.nearest { "*" } else { "" };
                    format!("{}{star} {} {}", family.name(one.place), one.up, one.down)
                })
                .collect();
            shown.join(", ")
        };
        assert_eq!(shown("a", "b"), "f* 1 1, m* 1 1, g 2 2, h 2 2");
        assert_eq!(shown("a", "c"), "g* 2 2");
        assert_eq!(shown("g", "a"), "g* 0 2");
        assert_eq!(shown("a", "a"), "a* 0 0, f 1 1, m 1 1, g 2 2, h 2 2");
        assert_eq!(shown("m", "x"), "");
    }

    #[test]
    fn loops_do_not_matter() {
        let family = family("a < b -; b < a -; c < a -");
        assert_eq!(common_ancestors(&family.graph, family.at("b"), family.at("c"), Lines::ALL).len(), 2);
    }
}
