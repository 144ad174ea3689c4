//! What somebody outside the tree may learn from a word. Who is kin they read from a covered graph, which does not tell
//! births from adoptions, or the order of births and unions; of those whom they are shown with a sex or a birth date,
//! the words use that.

use std::collections::{HashMap, HashSet};

use dzinza_graphs::Kin;
use dzinza_kinship::{Builder, Facts, Graph, Hop, Path, Place, Sex, Tie};
use dzinza_ports::Body;
use serde_json::Value;

/// What the persons shown tell.
pub struct Veil<'a> {
    shown: &'a HashMap<String, Body>,
}

impl<'a> Veil<'a> {
    /// Over these persons as the caller sees them.
    pub fn new(shown: &'a HashMap<String, Body>) -> Self {
        Self { shown }
    }

    /// The path of a covered graph in a graph of those on it and their parents, with what the caller may know of them.
    pub fn over(&self, kin: &Kin, path: &Path) -> (Graph, Path) {
        let mut around: HashSet<Place> = path.places().collect();
        for place in path.places() {
            around.extend(kin.parents(place).map(|(parent, _)| parent));
        }
        let mut around: Vec<Place> = around.into_iter().collect();
        around.sort_unstable();
        let mut builder = Builder::new();
        for place in &around {
            builder.person(kin.id(*place), self.facts(kin, *place));
        }
        let at = |builder: &Builder, place: Place| builder.place(kin.id(place)).unwrap_or_default();
        for place in &around {
            for tie in kin.ties(*place).iter().filter(|tie| around.binary_search(&tie.to).is_ok()) {
                let (from, to) = (at(&builder, *place), at(&builder, tie.to));
                builder.add(from, Tie { to, ..*tie });
            }
        }
        let hops = path.hops.iter().map(|hop| Hop { to: at(&builder, hop.to), ..*hop });
        let path = Path { from: at(&builder, path.from), hops: hops.collect() };
        (builder.build(), path)
    }

    /// Sex and birth as far as the person is shown with them.
    fn facts(&self, kin: &Kin, place: Place) -> Facts {
        let shown = self.shown.get(kin.id(place));
        let has = |key: &str| shown.and_then(|person| person.get(key)).and_then(Value::as_str);
        let known = kin.uncovered().facts(place);
        let told = has("gender").is_some_and(|gender| gender != "unknown");
        let sex = if told { known.sex } else { Sex::Unknown };
        if has("birthDate").is_some() { Facts { sex, ..known } } else { Facts { sex, ..Facts::default() } }
    }
}
