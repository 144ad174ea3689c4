//! Which of the cheapest ways is the relationship.

use super::connect::{self, Prefer};
use super::{MARRIAGES, equal, marriages};
use crate::graph::{Graph, Place};
use crate::path::Path;
use crate::terms::{Language, Route, describe, has_word};

/// No words are looked for where the cheapest ways cost more half steps: there are hardly any for so long ways, and
/// many of those.
const FARTHEST: u32 = 24;
/// Of so many different routes it is asked whether there are words for them.
const ROUTES: usize = 16;

/// The cheapest way with fewer steps than `below`, if one has. Of several the one that most of the languages have a
/// word for, then the one with the fewest marriages, then the one that was found first.
///
/// Words are looked for among a limited number of ways with at most [`MARRIAGES`].
pub(super) fn nearest(
    graph: &Graph,
    [one, two]: [Place; 2],
    below: usize,
    languages: &[Language],
) -> Option<Path> {
    // If many steps do not matter, the first way has the fewest marriages that a cheapest way can have.
    let prefer = if below == usize::MAX { Prefer::FewMarriages } else { Prefer::FewSteps };
    let met = connect::meet(graph, one, two, prefer)?;
    let mut chosen = met.first();
    let least = match prefer {
        Prefer::FewMarriages => marriages(&chosen),
        Prefer::FewSteps => 0,
    };
    if chosen.hops.len() >= below {
        return None;
    }
    if met.half_steps > FARTHEST || least > MARRIAGES {
        return Some(chosen);
    }
    let mut words = Words { graph, languages, asked: Vec::new() };
    let mut rank = (words.missing(&chosen), marriages(&chosen));
    if rank <= (0, least) {
        return Some(chosen);
    }
    for way in equal::ways(&met) {
        if way.hops.len() < below {
            let other = (words.missing(&way), marriages(&way));
            if other < rank {
                (chosen, rank) = (way, other);
            }
        }
    }
    Some(chosen)
}

/// Which routes have words.
struct Words<'a> {
    graph: &'a Graph,
    languages: &'a [Language],
    asked: Vec<(Route, usize)>,
}

impl Words<'_> {
    /// How many languages have no word for a way.
    fn missing(&mut self, path: &Path) -> usize {
        let route = describe(self.graph, path);
        if let Some((_, missing)) = self.asked.iter().find(|(known, _)| *known == route) {
            return *missing;
        }
        if self.asked.len() == ROUTES {
            return self.languages.len();
        }
        let missing = self.languages.iter().filter(|language| !has_word(&route, **language)).count();
        self.asked.push((route, missing));
        missing
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{Builder, Facts, Graph, Line, Link, Place, Union};
    use crate::relation::{Kind, Relation, all_relations, connect, equal, relation};
    use crate::sample::{Family, family};
    use crate::terms::{Form, Language, describe, term};

    /// The son of w married the daughter of her brother b.
    const COUSINS: &str = "b < g h; w < g h; a = w; s < a w; d < b x; s = d; b = x; a m; d f";

    /// The way, and what is said.
    fn said(family: &Family, found: &Relation, language: Language) -> String {
        let term = term(&describe(&family.graph, &found.path), language);
        let sign = if term.form == Form::Described { "?" } else { "" };
        format!("{}: {}{sign}", family.show(&found.path), term.word)
    }

    fn of(text: &str, one: &str, two: &str) -> String {
        let family = family(text);
        let found = relation(&family.graph, family.at(one), family.at(two)).unwrap();
        assert_eq!(found.kind, Kind::Marriage);
        said(&family, &found, Language::English)
    }

    /// The last of the relations, which is the connection.
    fn asked(text: &str, one: &str, two: &str, language: Language) -> String {
        let family = family(text);
        let found = all_relations(&family.graph, family.at(one), family.at(two), Some(language));
        said(&family, found.last().unwrap(), language)
    }

    #[test]
    fn a_wifes_brother_whose_daughter_married_a_son_is_a_brother_in_law() {
        assert_eq!(of(COUSINS, "a", "b"), "a =w ^g vb: brother-in-law");
        assert_eq!(of(COUSINS, "b", "a"), "b ^g vw =a: brother-in-law");
        assert_eq!(of(COUSINS, "w", "x"), "w ^g vb =x: sister-in-law");
        assert_eq!(of(COUSINS, "x", "w"), "x =b ^g vw: sister-in-law");
        assert_eq!(asked(COUSINS, "a", "b", Language::Shona), "a =w ^g vb: tsano");
        assert_eq!(asked(COUSINS, "b", "a", Language::Shona), "b ^g vw =a: mukuwasha");
    }

    #[test]
    fn a_language_that_is_asked_for_has_the_choice() {
        // A nephew by marriage in English is described in Shona, where a brother's son's wife is a daughter-in-law.
        let niece = "a m; n f; a < f m; b < f m; c < b x; c = n; a = w; w < g h; v < g h; n < v y";
        let by_marriage = "a =w ^g vv vn: niece by marriage";
        let muroora = "a ^f vb vc =n: muroora";
        assert_eq!(asked(niece, "a", "n", Language::English), by_marriage);
        assert_eq!(asked(niece, "a", "n", Language::Shona), muroora);
        // Without one, that of which two of three know a word.
        let family = family(niece);
        let found = relation(&family.graph, family.at("a"), family.at("n")).unwrap();
        assert_eq!(said(&family, &found, Language::Shona), muroora);
    }

    #[test]
    fn without_a_word_the_fewest_marriages_count_however_far() {
        let near = "a = p; p = q; q = z; s < a -; s = d; d < e -; e < z -";
        assert_eq!(of(near, "a", "z"), "a vs =d ^e ^z: your child's spouse's father's father?");
        // The same beyond fourteen more generations.
        let names: Vec<String> = (0..14).map(|at| format!("z{at} < z{} -;", at + 1)).collect();
        let far = format!("{near}; z < z0 -; {}", names.concat());
        assert!(of(&far, "a", "z14").starts_with("a vs =d ^e ^z ^z0 "));
    }

    #[test]
    fn a_shorter_connection_of_the_same_cost_as_the_blood_is_told_beside_it() {
        let text =
            "a < b -; b < c -; c < top -; z2 < top -; z1 < z2 -; z < r z1; a = w; w < p -; q < p -; q = r";
        let family = family(text);
        let found = all_relations(&family.graph, family.at("a"), family.at("z"), None);
        let ways: Vec<String> = found.iter().map(|found| family.show(&found.path)).collect();
        assert_eq!(ways, ["a ^b ^c ^top vz2 vz1 vz", "a =w ^p vq =r vz"]);
        assert_eq!(found.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Blood, Kind::Marriage]);
    }

    /// Two, and ways between them over every pair of so many partners of both, who have so many children each.
    fn harem(partners: usize, children: usize) -> (Graph, [Place; 2]) {
        let mut builder = Builder::new();
        let person = |builder: &mut Builder, id: String| builder.person(&id, Facts::default());
        let ends = ["one", "two"].map(|id| person(&mut builder, id.to_owned()));
        let partner = Link::Partner(Union::Joined);
        let rows = ends.map(|end| {
            (0..partners).map(|at| person(&mut builder, format!("{end} {at}"))).collect::<Vec<Place>>()
        });
        for (end, row) in ends.iter().zip(&rows) {
            for near in row {
                builder.tie(*end, partner, *near, None);
                for at in 0..children {
                    let child = person(&mut builder, format!("{near}'s {at}"));
                    builder.tie(*near, Link::Child(Line::Birth), child, None);
                }
            }
        }
        for one in &rows[0] {
            rows[1].iter().for_each(|two| builder.tie(*one, partner, *two, None));
        }
        (builder.build(), ends)
    }

    #[test]
    fn however_many_ways_there_are_few_are_looked_at() {
        for (partners, children, looked_at) in [(5, 9, 25), (20, 0, equal::WAYS), (1, 5000, 0)] {
            let (graph, [one, two]) = harem(partners, children);
            let met = connect::meet(&graph, one, two, connect::Prefer::FewMarriages).unwrap();
            let ways = equal::ways(&met);
            assert_eq!(ways.len(), looked_at);
            let found = relation(&graph, one, two).unwrap();
            assert!(ways.iter().all(|way| way.hops.len() == found.path.hops.len() && way.holds_in(&graph)));
        }
    }
}
