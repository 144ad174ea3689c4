//! The tables themselves.

use super::*;
use crate::graph::{Link, SiblingKind};
use crate::terms::Confidence;
use crate::terms::grammar::Noun;
use crate::terms::lookup::{self, View};
use crate::terms::pattern::Role;
use crate::terms::table::{self, Entry, Table};

fn tables() -> [(&'static str, Table); 2] {
    [("sn", Table::read(table::SHONA).unwrap()), ("nd", Table::read(table::NDEBELE).unwrap())]
}

/// A route that a pattern is for, with nothing else known than what it asks for.
fn example(pattern: &Pattern) -> Route {
    let mut rank = 1000;
    let legs = pattern.steps.iter().enumerate().map(|(at, role)| {
        rank = match role.older {
            Some(true) => rank - 1,
            Some(false) => rank + 1,
            None => rank,
        };
        // Who is compared with somebody needs an age, as does whom the next one is compared with.
        let next = pattern.steps.get(at + 1).is_some_and(|next| next.older.is_some());
        let aged = role.older.is_some() || next;
        Leg { kin: role.kin, sex: role.sex, rank: aged.then_some(rank.into()), senior: role.senior }
    });
    let legs: Vec<Leg> = legs.collect();
    let aged = pattern.steps.first().is_some_and(|role| role.older.is_some());
    Route { sex: pattern.ego, rank: aged.then_some(1000.into()), legs }
}

#[test]
fn every_entry_reads_and_is_vouched_for() {
    for (language, table) in tables() {
        assert!(table.entries.len() > 30, "{language}");
        for entry in &table.entries {
            let word = &entry.word;
            assert!(!word.trim().is_empty() && !entry.gloss.trim().is_empty(), "{language} {word}");
            assert!(!entry.patterns.is_empty() && !entry.references.is_empty(), "{language} {word}");
        }
    }
}

#[test]
fn every_word_is_reached_by_every_way_that_it_stands_for() {
    for (language, table) in tables() {
        for entry in &table.entries {
            for pattern in &entry.patterns {
                let route = example(pattern);
                let found = lookup::word(&table, View::new(&route)).map(|found| &found.word);
                assert_eq!(found, Some(&entry.word), "{language} {pattern:?}");
            }
        }
    }
}

fn meet(one: Option<bool>, other: Option<bool>) -> bool {
    one.is_none() || other.is_none() || one == other
}

fn sexes_meet(one: Sex, other: Sex) -> bool {
    one == Sex::Unknown || other == Sex::Unknown || one == other
}

fn roles_meet(one: Role, other: Role) -> bool {
    let half =
        |kin| if kin == Link::Sibling(SiblingKind::Half) { Link::Sibling(SiblingKind::Full) } else { kin };
    half(one.kin) == half(other.kin)
        && sexes_meet(one.sex, other.sex)
        && meet(one.older, other.older)
        && meet(one.senior, other.senior)
}

#[test]
fn no_way_has_two_words_of_which_none_asks_for_more() {
    for (language, table) in tables() {
        let all: Vec<_> = table
            .entries
            .iter()
            .flat_map(|entry| entry.patterns.iter().map(move |way| (&entry.word, way)))
            .collect();
        for (at, (word, way)) in all.iter().enumerate() {
            for (other_word, other) in &all[at + 1..] {
                let meet = way.steps.len() == other.steps.len()
                    && sexes_meet(way.ego, other.ego)
                    && way.steps.iter().zip(&other.steps).all(|(one, other)| roles_meet(*one, *other));
                assert!(
                    !meet || word == other_word || way.weight() != other.weight(),
                    "{language}: {word} and {other_word} for {way:?} and {other:?}"
                );
            }
        }
    }
}

#[test]
fn a_way_asks_for_one_age_at_most() {
    // Words are tried out with all unknown ages alike, which two questions would make a guess.
    for (language, table) in tables() {
        for pattern in table.entries.iter().flat_map(|entry| &entry.patterns) {
            let ages = pattern.steps.iter().filter(|role| role.older.is_some()).count();
            let houses = pattern.steps.iter().filter(|role| role.senior.is_some()).count();
            assert!(ages <= 1 && houses <= 1, "{language} {pattern:?}");
        }
    }
}

#[test]
fn descriptions_have_a_word_for_every_plain_step() {
    let roles = ["father", "mother", "parent", "son", "daughter", "child", "husband", "wife", "spouse"];
    for (language, table) in tables() {
        for role in roles.iter().chain(&["brother", "sister", "sibling"]) {
            for ego in ["man", "woman", "person"] {
                let route = way(&format!("{ego} > {role}"));
                let view = View::new(&route);
                let found = lookup::entry(&table.entries, &view, 0, 1)
                    .or_else(|| lookup::entry(&table.steps, &view, 0, 1));
                assert!(found.is_some(), "{language} {ego} {role}");
            }
        }
    }
}

#[test]
fn what_is_wrong_in_a_table_is_said() {
    let head = "own = \"\"\nor = \"\"\nhouses = false\n[grammar]\nconcord = \"\"\nyours = \"\"\nof = []\n[sources]\na = \"b\"\n";
    let read = |tail: &str| Table::read(&format!("{head}{tail}")).unwrap_err();
    let term = |way: &str, by: &str| {
        format!("[[term]]\nfor = \"{way}\"\nsay = \"x\"\ngloss = \"x\"\nsure = \"high\"\nby = [\"{by}\"]\n")
    };
    let lists = "step = []\nsame = []\n";
    let with_lists = |tail: &str| Table::read(&format!("{lists}{head}{tail}")).unwrap_err();
    assert!(with_lists(&term("father > frother", "a")).contains("frother"));
    assert!(with_lists(&term("father:nicer", "a")).contains("nicer"));
    assert!(with_lists(&term("half-father", "a")).contains("half-father"));
    assert!(with_lists(&term("father", "c")).contains("no source \"c\""));
    let same = "[[same]]\nthis = \"father\"\ncounts_as = \"father > father\"\nbecause = \"x\"\nby = []\n";
    assert!(
        read(&format!("{}[[step]]\nfor = \"father\"\nsay = \"x\"\n{same}", term("father", "a")))
            .contains("longer")
    );
}

/// Every way of a few steps with every sex and age that can be.
fn short_ways(roles: &[Role], steps: usize) -> Vec<Route> {
    let rank = Some(Rank::from(100));
    let mut ways = vec![Route { sex: Sex::Male, rank, legs: Vec::new() }];
    ways.extend([Sex::Female, Sex::Unknown].map(|sex| Route { sex, rank, legs: Vec::new() }));
    let mut all = Vec::new();
    for _ in 0..steps {
        ways = ways
            .iter()
            .flat_map(|way| {
                roles.iter().flat_map(move |role| {
                    [Some(100 - 10), Some(100 + 10), None].map(|rank| {
                        let mut way = way.clone();
                        let before = way.legs.last().map_or(way.rank, |leg| leg.rank);
                        let before = before.map_or(100, |rank| rank.first);
                        let rank = rank.map(|rank| Rank::from(rank + before - 100));
                        way.legs.push(Leg { kin: role.kin, sex: role.sex, rank, senior: None });
                        way
                    })
                })
            })
            .collect();
        all.extend(ways.iter().cloned());
    }
    all
}

/// A route made known: every unknown sex this, everybody without an age older or younger than everybody else.
fn completed(route: &Route, sex: Sex, rank: u32) -> Route {
    let mut route = route.clone();
    if route.sex == Sex::Unknown {
        route.sex = sex;
    }
    for leg in &mut route.legs {
        leg.rank = leg.rank.or(Some(rank.into()));
        if leg.sex == Sex::Unknown {
            leg.sex = sex;
        }
    }
    route
}

#[test]
fn a_word_is_exact_only_if_nothing_that_is_unknown_could_make_it_wrong() {
    let names = ["father", "parent", "sister", "brother", "sibling", "child", "son", "wife", "spouse"];
    let roles: Vec<Role> = names.iter().map(|name| Pattern::parse(name).unwrap().steps[0]).collect();
    for (language, table) in tables() {
        for route in short_ways(&roles, 3) {
            let Some(lookup::Found::Word(entry, true)) = lookup::find(&table, &route) else { continue };
            for sex in [Sex::Male, Sex::Female] {
                for rank in [0, 1000] {
                    let known = completed(&route, sex, rank);
                    let Some(word) = lookup::word(&table, View::new(&known)) else {
                        panic!("{language}: {} has no word when all is known: {known:?}", entry.word)
                    };
                    // The same word, or one that says more and of which the neutral one is true as well.
                    let neutral = || entry.patterns.iter().any(|way| fits_shortened(&table, way, &known));
                    assert!(
                        word.word == entry.word || neutral(),
                        "{language}: {} or {}",
                        entry.word,
                        word.word
                    );
                }
            }
        }
    }
}

/// Whether a way is true of a route or of what it counts as.
fn fits_shortened(table: &Table, way: &Pattern, route: &Route) -> bool {
    let entry = Entry {
        patterns: vec![way.clone()],
        word: String::new(),
        gloss: String::new(),
        honorific: None,
        also: Vec::new(),
        confidence: Confidence::Medium,
        references: Vec::new(),
        noun: Noun::default(),
    };
    let only = Table { entries: vec![entry], same: table.same.clone(), ..Table::default() };
    lookup::word(&only, View::new(route)).is_some()
}
