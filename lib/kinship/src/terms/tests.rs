//! Ways in a short notation: `man@1980 > father@1950 > brother@1945`.

use super::pattern::Pattern;
use super::{Form, Language, Leg, Rank, Route, Term, term};
use crate::graph::Sex;

mod english;
mod laws;
mod ndebele;
mod routes;
mod shona;
mod tables;

/// A route from who asks to who is asked for; `@` and the year of birth where it is known, the notation of the tables
/// for the rest.
fn way(text: &str) -> Route {
    let words: Vec<&str> = text.split('>').map(str::trim).collect();
    let parts: Vec<(&str, Option<u32>)> = words
        .iter()
        .map(|word| {
            word.split_once('@').map_or((*word, None), |(role, year)| (role, Some(year.parse().unwrap())))
        })
        .collect();
    let sex = match parts[0].0 {
        "man" => Sex::Male,
        "woman" => Sex::Female,
        "person" => Sex::Unknown,
        other => panic!("{other}"),
    };
    let legs = parts[1..].iter().map(|(role, rank)| {
        let role = Pattern::parse(role).unwrap().steps[0];
        Leg { kin: role.kin, sex: role.sex, rank: rank.map(Rank::from), senior: role.senior }
    });
    Route { sex, rank: parts[0].1.map(Rank::from), legs: legs.collect() }
}

/// Every way has the word, and it is exact.
fn exactly(language: Language, cases: &[(&str, &str)]) {
    for (text, word) in cases {
        let said = term(&way(text), language);
        assert_eq!((said.word.as_str(), said.form, said.exact), (*word, Form::Word, true), "{text}");
    }
}

/// Every way has the words, and they are not exact.
fn loosely(language: Language, form: Form, cases: &[(&str, &str)]) {
    for (text, word) in cases {
        let said = term(&way(text), language);
        assert_eq!((said.word.as_str(), said.form, said.exact), (*word, form, false), "{text}");
    }
}
