//! English: words by rule.
//!
//! The sibling of a grandparent is a great-aunt or great-uncle (not a grand-aunt), a sibling's grandchild a great-niece
//! or great-nephew; beyond three "great" they are counted: "4th great-grandfather". The husband of an aunt is an "uncle
//! by marriage", the child of a husband's or wife's sibling a niece or nephew by marriage. "-in-law" reaches over one
//! marriage and no farther than parents, children and siblings; what lies beyond is described.

use super::route::Route;
use super::{Form, Language, Term};
use crate::graph::{Line, Link, Sex, SiblingKind, Union};

mod words;
use words::{Blood, Quality};

/// Up to here every step of a description is said; longer ways are told by the longest words that there are.
const STEP_BY_STEP: usize = 4;
/// Descriptions of more words than this leave out the middle.
const SAID: usize = 6;
/// More steps are not looked at for one word within a description.
const FAR: usize = 40;
const BY_MARRIAGE: &str = " by marriage";
const IN_LAW: &str = "-in-law";

pub(super) fn term(route: &Route) -> Term {
    let literal = literal(route);
    let (word, form) = match named(route) {
        Some(Named { word, open: false }) => (word, Form::Word),
        Some(Named { word, open: true }) => (word, Form::Choice),
        None => (format!("your {}", chain(&pieces(route))), Form::Described),
    };
    Term {
        word,
        form,
        exact: form == Form::Word,
        language: Language::English,
        gloss: literal.clone(),
        literal,
        honorific: None,
        also: Vec::new(),
        confidence: None,
        references: Vec::new(),
    }
}

pub(super) fn has_word(route: &Route) -> bool {
    named(route).is_some()
}

/// The way, every step of it, siblings with who is older: "father's elder brother's wife".
pub(super) fn literal(route: &Route) -> String {
    if route.legs.is_empty() {
        return "self".to_owned();
    }
    let say = |at: usize| {
        let word = single(route, at);
        match (route.legs.get(at).map(|leg| leg.kin), route.older(at)) {
            (Some(Link::Sibling(_)), Some(true)) => format!("elder {word}"),
            (Some(Link::Sibling(_)), Some(false)) => format!("younger {word}"),
            _ => word,
        }
    };
    chain(&(0..route.legs.len()).map(say).collect::<Vec<_>>())
}

/// Beginning with the nearest.
fn chain(words: &[String]) -> String {
    let half = SAID / 2;
    match (words.get(..half), words.get(words.len().saturating_sub(half)..)) {
        (Some(first), Some(last)) if words.len() > SAID => {
            format!("{}'s … {}", first.join("'s "), last.join("'s "))
        }
        _ => words.join("'s "),
    }
}

/// The words of a description.
fn pieces(route: &Route) -> Vec<String> {
    let length = route.legs.len();
    if length <= STEP_BY_STEP {
        return (0..length).map(|at| single(route, at)).collect();
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < length {
        let longest =
            (at + 1..=length.min(at + FAR)).rev().find_map(|end| match named(&route.part(at, end)) {
                Some(Named { word, open: false }) if !word.ends_with(BY_MARRIAGE) => Some((word, end)),
                _ => None,
            });
        let (word, end) = longest.unwrap_or_else(|| (single(route, at), at + 1));
        pieces.push(word);
        at = end;
    }
    pieces
}

fn single(route: &Route, at: usize) -> String {
    named(&route.part(at, at + 1)).map_or_else(|| "relative".to_owned(), |named| named.word)
}

/// A word, or two of them if it is open which one it is.
struct Named {
    word: String,
    open: bool,
}

impl Named {
    fn word(word: impl Into<String>) -> Self {
        Self { word: word.into(), open: false }
    }
}

fn named(route: &Route) -> Option<Named> {
    let Some(last) = route.legs.last() else { return Some(Named::word("self")) };
    let kins: Vec<Link> = route.legs.iter().map(|leg| leg.kin).collect();
    if let Some(blood) = Blood::of(&kins) {
        return relative(&blood, Quality::of(&kins)?, last.sex, "");
    }
    let wed = Link::Partner(Union::Joined);
    match kins[..] {
        [Link::Partner(union)] => Some(Named::word(partner(union, last.sex))),
        [first, second] if (first, second) == (wed, wed) => co_spouse(route),
        [first, ref family @ ..] if first == wed => by_marriage(family, last.sex, |blood| match *blood {
            Blood { up: 1, sibling: None, down: 0 } | Blood { up: 0, sibling: Some(_), down: 0 } => {
                Some(IN_LAW)
            }
            Blood { up: 0, sibling: Some(_), .. } => Some(BY_MARRIAGE),
            _ => None,
        }),
        [ref family @ .., end] if end == wed => by_marriage(family, last.sex, |blood| match *blood {
            Blood { up: 0, sibling: Some(_), down: 0 } | Blood { up: 0, sibling: None, down: 1 } => {
                Some(IN_LAW)
            }
            Blood { up: 1.., sibling: Some(_), down: 0 } => Some(BY_MARRIAGE),
            _ => None,
        }),
        _ => None,
    }
}

/// A blood relative of a husband or wife, or the husband or wife of one, if there is an ending for such a one.
fn by_marriage(family: &[Link], sex: Sex, ending: fn(&Blood) -> Option<&'static str>) -> Option<Named> {
    let blood = Blood::of(family)?;
    let plain = Quality::of(family)? == Quality::Plain;
    let ending = ending(&blood).filter(|_| plain)?;
    relative(&blood, Quality::Plain, sex, ending)
}

fn relative(blood: &Blood, quality: Quality, sex: Sex, ending: &str) -> Option<Named> {
    let word = |sex| quality.name(blood, sex).map(|word| format!("{word}{ending}"));
    if sex == Sex::Unknown && !blood.has_neutral() {
        let (woman, man) = (word(Sex::Female)?, word(Sex::Male)?);
        return Some(Named { word: format!("{woman} or {man}"), open: true });
    }
    word(sex).map(Named::word)
}

fn partner(union: Union, sex: Sex) -> &'static str {
    match (union, sex) {
        (Union::Joined, Sex::Male) => "husband",
        (Union::Joined, Sex::Female) => "wife",
        (Union::Joined, Sex::Unknown) => "spouse",
        (Union::Ended, Sex::Male) => "ex-husband",
        (Union::Ended, Sex::Female) => "ex-wife",
        (Union::Ended, Sex::Unknown) => "ex-spouse",
        (Union::Promised, Sex::Male) => "fiancé",
        (Union::Promised, Sex::Female) => "fiancée",
        (Union::Promised, Sex::Unknown) => "betrothed",
        (Union::Other, _) => "partner",
    }
}

/// Two wives of one man, two husbands of one woman.
fn co_spouse(route: &Route) -> Option<Named> {
    let [by, other] = route.legs[..] else { return None };
    match (route.sex, by.sex, other.sex) {
        (Sex::Female, Sex::Male, Sex::Female) => Some(Named::word("co-wife")),
        (Sex::Male, Sex::Female, Sex::Male) => Some(Named::word("co-husband")),
        _ => None,
    }
}

impl Quality {
    fn of(kins: &[Link]) -> Option<Self> {
        let special = kins.iter().filter_map(|kin| match kin {
            Link::Parent(line) | Link::Child(line) => match line {
                Line::Birth | Line::Other => None,
                Line::Adoptive => Some(Self::Adoptive),
                Line::Step => Some(Self::Step),
                Line::Foster => Some(Self::Foster),
                Line::Guardian => Some(Self::Guardian),
            },
            Link::Sibling(kind) => match kind {
                SiblingKind::Full => None,
                SiblingKind::Half => Some(Self::Half),
                SiblingKind::Step => Some(Self::Step),
                SiblingKind::Adoptive => Some(Self::Adoptive),
                SiblingKind::Foster => Some(Self::Foster),
            },
            Link::Partner(_) => None,
        });
        let special: Vec<Self> = special.collect();
        match special[..] {
            [] => Some(Self::Plain),
            [only] => Some(only),
            // Adopted twice over is adopted; a stepfather's stepfather has no word.
            [first, ..] if first == Self::Adoptive && special.iter().all(|other| *other == first) => {
                Some(first)
            }
            _ => None,
        }
    }
}
