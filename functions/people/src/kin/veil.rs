//! What somebody outside the tree may learn from a word: who is kin, but not by birth or adoption, whether a union
//! lasts, or whether one living person is older than another.

use std::collections::{HashMap, HashSet};

use dzinza_kinship::{Builder, Facts, Graph, Hop, Line, Link, Path, Place, SiblingKind, Step, Union};
use dzinza_ports::Body;
use serde_json::Value;

/// Covers what the persons shown do not tell.
pub struct Veil<'a> {
    shown: &'a HashMap<String, Body>,
}

impl<'a> Veil<'a> {
    /// Over these persons as the caller sees them.
    pub fn new(shown: &'a HashMap<String, Body>) -> Self {
        Self { shown }
    }

    /// The graph of these persons and their parents, with nothing in it that the caller may not know.
    pub fn cover(&self, graph: &Graph, places: impl Iterator<Item = Place> + Clone) -> Graph {
        let mut around: HashSet<Place> = places.clone().collect();
        for place in places {
            around.extend(graph.parents(place).map(|(parent, _)| parent));
        }
        let mut around: Vec<Place> = around.into_iter().collect();
        around.sort_unstable();
        let mut builder = Builder::new();
        for place in &around {
            builder.person(graph.id(*place), self.facts(graph, *place));
        }
        let at = |builder: &Builder, place: Place| builder.place(graph.id(place)).unwrap_or_default();
        for place in &around {
            for tie in graph.ties(*place).iter().filter(|tie| around.binary_search(&tie.to).is_ok()) {
                let (from, to) = (at(&builder, *place), at(&builder, tie.to));
                builder.tie(from, covered(tie.link), to, None);
            }
        }
        builder.build()
    }

    /// The path in such a graph.
    pub fn over(&self, graph: &Graph, path: &Path) -> (Graph, Path) {
        let covered: Vec<Place> = path.places().collect();
        let covered = self.cover(graph, covered.iter().copied());
        let at = |place: Place| covered.place(graph.id(place)).unwrap_or_default();
        let hops = path.hops.iter().map(|hop| {
            let step = match hop.step {
                Step::Up(_) => Step::Up(Line::Birth),
                Step::Down(_) => Step::Down(Line::Birth),
                Step::Across(_) => Step::Across(Union::Joined),
                Step::Beside(_) => Step::Beside(SiblingKind::Full),
            };
            Hop { step, to: at(hop.to) }
        });
        let path = Path { from: at(path.from), hops: hops.collect() };
        (covered, path)
    }

    /// Sex and birth as far as the person is shown with them.
    fn facts(&self, graph: &Graph, place: Place) -> Facts {
        let shown = self.shown.get(graph.id(place));
        let has = |key: &str| shown.and_then(|person| person.get(key)).and_then(Value::as_str);
        let known = graph.facts(place);
        let sex = if has("gender").is_some_and(|gender| gender != "unknown") {
            known.sex
        } else {
            Facts::default().sex
        };
        Facts { sex, birth: known.birth.filter(|_| has("birthDate").is_some()) }
    }
}

fn covered(link: Link) -> Link {
    match link {
        Link::Parent(_) => Link::Parent(Line::Birth),
        Link::Child(_) => Link::Child(Line::Birth),
        Link::Partner(_) => Link::Partner(Union::Joined),
        Link::Sibling(_) => Link::Sibling(SiblingKind::Full),
    }
}
