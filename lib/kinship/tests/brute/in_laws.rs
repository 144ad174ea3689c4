//! Which of several connections of the same cost is told, against listing all of them.

use std::collections::BTreeSet;

use dzinza_kinship::terms::{Form, Language, describe, term};
use dzinza_kinship::{Graph, Kind, Path, Place, Relation, Step, all_relations, relation};

use crate::{MIXED, SPARSE, naive, pairs};

/// How many languages have no word, then how many marriages.
fn rank(graph: &Graph, path: &Path, languages: &[Language]) -> (usize, usize) {
    let route = describe(graph, path);
    let described = |language: &&Language| term(&route, **language).form == Form::Described;
    let unions = path.hops.iter().filter(|hop| matches!(hop.step, Step::Across(_))).count();
    (languages.iter().filter(described).count(), unions)
}

fn is_connection(found: &Relation) -> bool {
    matches!(found.kind, Kind::Marriage | Kind::Connection)
}

/// The ranks of all the ways with fewer steps than `below`; `None` if they are more than are looked at.
fn ranks(
    graph: &Graph,
    ways: &BTreeSet<Path>,
    below: usize,
    languages: &[Language],
) -> Option<BTreeSet<(usize, usize)>> {
    let routes: BTreeSet<String> = ways.iter().map(|way| format!("{:?}", describe(graph, way))).collect();
    let shorter = ways.iter().filter(|way| way.hops.len() < below);
    (ways.len() <= 60 && routes.len() <= 12).then(|| shorter.map(|way| rank(graph, way, languages)).collect())
}

#[test]
fn the_connection_that_is_told_has_a_word_if_any_has_and_then_the_fewest_marriages() {
    let (mut words, mut marriages, mut beside) = (0, 0, 0);
    for (shape, seeds) in [(MIXED, 80..82), (SPARSE, 80..83)] {
        pairs(shape, seeds, |model, graph, one, two| {
            if one == two {
                return;
            }
            let ways = naive::cheapest_ways(model, one, two);
            let (one, two) = (one as Place, two as Place);
            let nearest = relation(graph, one, two);
            if let Some(found) = nearest.as_ref().filter(|found| is_connection(found))
                && let Some(ranks) = ranks(graph, &ways, usize::MAX, &Language::ALL)
            {
                assert_eq!(ranks.first(), Some(&rank(graph, &found.path, &Language::ALL)), "{model:?}");
                words += usize::from(ranks.first().map(|rank| rank.0) < ranks.last().map(|rank| rank.0));
                marriages += usize::from(ranks.len() > 1);
            }
            for language in Language::ALL {
                let all = all_relations(graph, one, two, Some(language));
                let below =
                    all.iter().filter(|found| !is_connection(found)).map(|found| found.path.hops.len());
                let below = below.min().unwrap_or(usize::MAX);
                let told = all.last().filter(|found| is_connection(found));
                let Some(ranks) = ranks(graph, &ways, below, &[language]) else { continue };
                assert_eq!(told.map(|found| rank(graph, &found.path, &[language])), ranks.first().copied());
                beside += usize::from(below < usize::MAX && ranks.len() > 1);
            }
        });
    }
    // The choice has been a choice often.
    assert!(words > 20 && marriages > 20 && beside > 5, "{words} {marriages} {beside}");
}
