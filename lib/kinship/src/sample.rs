//! Families for tests, told in lines of text.

use crate::graph::{Builder, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Union};
use crate::path::{Path, Step};

/// A family and its names.
pub(crate) struct Family {
    pub graph: Graph,
}

/// One statement a line (or between semicolons): `abel < adam eve` (child, father, mother by birth; `-` is nobody;
/// fathers become male, mothers female), `abel <a zoe` (adoptive; `<s` step, `<f` foster, `<g` guardian, `<b` a parent
/// by birth whose sex does not change), `adam = eve`, `abel ~ seth` (`~h` half), `adam 1900` (birth), `zoe f` (sex).
pub(crate) fn family(text: &str) -> Family {
    let statements = || text.split([';', '\n']).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut builder = Builder::new();
    let mut facts: Vec<(String, Facts)> = Vec::new();
    let mut change = |name: &str, with: &dyn Fn(&mut Facts)| {
        if name == "-" {
            return;
        }
        let at = facts.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            facts.push((name.to_owned(), Facts::default()));
            facts.len() - 1
        });
        with(&mut facts[at].1);
    };
    for words in statements() {
        match *words.as_slice() {
            [child, "<", father, mother] => {
                change(child, &|_| ());
                change(father, &|facts| facts.sex = Sex::Male);
                change(mother, &|facts| facts.sex = Sex::Female);
            }
            [name, "f"] => change(name, &|facts| facts.sex = Sex::Female),
            [name, "m"] => change(name, &|facts| facts.sex = Sex::Male),
            [name, year] => {
                let day = year.parse::<i32>().unwrap() * 1461 / 4;
                change(name, &|facts| facts.birth = Some(day));
            }
            [one, _, two] => [one, two].into_iter().for_each(|name| change(name, &|_| ())),
            [one] => change(one, &|_| ()),
            _ => assert!(words.is_empty(), "{words:?}"),
        }
    }
    for (name, facts) in &facts {
        builder.person(name, *facts);
    }
    for words in statements() {
        let [one, sign, rest @ ..] = words.as_slice() else { continue };
        let link = match *sign {
            "<" | "<b" => Link::Parent(Line::Birth),
            "<a" => Link::Parent(Line::Adoptive),
            "<s" => Link::Parent(Line::Step),
            "<f" => Link::Parent(Line::Foster),
            "<g" => Link::Parent(Line::Guardian),
            "=" => Link::Partner(Union::Joined),
            "~" => Link::Sibling(SiblingKind::Full),
            "~h" => Link::Sibling(SiblingKind::Half),
            _ => continue,
        };
        for other in rest.iter().filter(|other| **other != "-") {
            let (one, other) = (builder.place(one).unwrap(), builder.place(other).unwrap());
            builder.tie(one, link, other, None);
        }
    }
    Family { graph: builder.build() }
}

impl Family {
    pub fn at(&self, name: &str) -> Place {
        self.graph.place(name).unwrap_or_else(|| panic!("no {name}"))
    }

    pub fn name(&self, place: Place) -> &str {
        self.graph.id(place)
    }

    pub fn names(&self, places: impl IntoIterator<Item = Place>) -> String {
        places.into_iter().map(|place| self.name(place)).collect::<Vec<_>>().join(" ")
    }

    /// `ann ^bob vcid =dan ~eve`: up, down, across, beside. Also checks that the path is one.
    pub fn show(&self, path: &Path) -> String {
        assert!(path.holds_in(&self.graph), "{path:?}");
        let mut text = self.name(path.from).to_owned();
        for hop in &path.hops {
            let sign = match hop.step {
                Step::Up(_) => '^',
                Step::Down(_) => 'v',
                Step::Across(_) => '=',
                Step::Beside(_) => '~',
            };
            text.push(' ');
            text.push(sign);
            text.push_str(self.name(hop.to));
        }
        text
    }
}
