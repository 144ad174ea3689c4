//! What holds for every path of every graph.

use proptest::prelude::*;

use super::*;
use crate::graph::{Builder, Facts, Graph, Line, Link, SiblingKind, Union};
use crate::path::{Hop, Path, Step};
use crate::terms::describe;

const LINKS: [Link; 14] = [
    Link::Parent(Line::Birth),
    Link::Parent(Line::Birth),
    Link::Parent(Line::Adoptive),
    Link::Parent(Line::Step),
    Link::Parent(Line::Foster),
    Link::Parent(Line::Guardian),
    Link::Parent(Line::Other),
    Link::Partner(Union::Joined),
    Link::Partner(Union::Ended),
    Link::Partner(Union::Promised),
    Link::Partner(Union::Other),
    Link::Sibling(SiblingKind::Full),
    Link::Sibling(SiblingKind::Half),
    Link::Sibling(SiblingKind::Adoptive),
];

fn facts() -> impl Strategy<Value = Facts> {
    let sex = prop_oneof![3 => Just(Sex::Male), 3 => Just(Sex::Female), 1 => Just(Sex::Unknown)];
    (sex, proptest::option::of(0..40_i32)).prop_map(|(sex, birth)| Facts { sex, birth, ..Facts::default() })
}

fn graph() -> impl Strategy<Value = Graph> {
    let ties =
        proptest::collection::vec((0..14_u32, 0..14_u32, 0..LINKS.len(), proptest::option::of(0..9)), 0..60);
    (proptest::collection::vec(facts(), 14), ties).prop_map(|(persons, ties)| {
        let mut builder = Builder::new();
        for (at, facts) in persons.into_iter().enumerate() {
            builder.person(&at.to_string(), facts);
        }
        for (from, to, link, since) in ties {
            builder.tie(from, LINKS[link], to, since);
        }
        builder.build()
    })
}

/// A way at random through a graph.
fn walk(graph: &Graph, from: u32, turns: &[usize]) -> Path {
    let mut path = Path { from, hops: Vec::new() };
    for turn in turns {
        let ties = graph.ties(path.to());
        let Some(tie) = ties.get(turn % ties.len().max(1)) else { break };
        path.hops.push(Hop { step: Step::from(tie.link), to: tie.to });
    }
    path
}

/// Long enough for six words with what is said of each.
const LONGEST: usize = 260;

fn holds(said: &Term) -> Result<(), TestCaseError> {
    prop_assert!(!said.word.trim().is_empty() && !said.gloss.is_empty() && !said.literal.is_empty());
    prop_assert!(!said.word.contains('~') && !said.word.contains("  "), "{}", said.word);
    prop_assert!(said.word.chars().count() <= LONGEST, "{}", said.word);
    prop_assert!(said.literal.chars().count() <= LONGEST, "{}", said.literal);
    prop_assert!(!said.exact || said.form == Form::Word);
    Ok(())
}

proptest! {
    #[test]
    fn any_path_has_a_term_in_every_language(
        graph in graph(),
        from in 0..14_u32,
        turns in proptest::collection::vec(0..100_usize, 0..40),
    ) {
        let path = walk(&graph, from, &turns);
        let route = describe(&graph, &path);
        for language in Language::ALL {
            let said = term(&route, language);
            holds(&said)?;
            prop_assert_eq!(&said, &term(&route, language));
        }
        prop_assert!(route.legs.len() <= path.hops.len());
    }

    #[test]
    fn a_path_that_does_not_hold_has_a_term_as_well(
        graph in graph(),
        hops in proptest::collection::vec((0..LINKS.len(), any::<bool>(), 0..20_u32), 0..60),
    ) {
        let hops = hops.into_iter().map(|(link, back, to)| {
            let link = if back { LINKS[link].inverse() } else { LINKS[link] };
            Hop { step: Step::from(link), to }
        });
        let route = describe(&graph, &Path { from: 3, hops: hops.collect() });
        for language in Language::ALL {
            holds(&term(&route, language))?;
        }
    }

    #[test]
    fn what_is_said_in_english_of_blood_has_an_opposite(up in 0..12_usize, down in 0..12_usize) {
        // Cousins are cousins both ways; an ancestor of as many generations as a descendant.
        let there = term(&way(&format!("man{} > brother{}", " > father".repeat(up), " > son".repeat(down))), Language::English);
        let back = term(&way(&format!("man{} > brother{}", " > father".repeat(down), " > son".repeat(up))), Language::English);
        prop_assert!(there.exact && back.exact);
        if up > 0 && down > 0 {
            prop_assert_eq!(there.word, back.word);
        }
    }
}

#[test]
fn a_way_of_a_thousand_steps_is_told_in_a_few_words() {
    let route = way(&format!("man{}", " > wife > brother".repeat(500)));
    for language in Language::ALL {
        let said = term(&route, language);
        assert!(said.word.contains('…') && said.word.chars().count() < LONGEST, "{}", said.word);
    }
}
