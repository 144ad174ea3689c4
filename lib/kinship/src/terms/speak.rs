//! Terms from a table, and descriptions where it has none.

use std::borrow::Cow;

use super::english::literal;
use super::grammar::Noun;
use super::lookup::{self, Found, View};
use super::route::Route;
use super::table::{Entry, Table};
use super::{Form, Language, Term};
use crate::graph::{Line, Link, SiblingKind, Union};

/// Up to here every step is said; longer ways are told by the longest words that there are.
const STEP_BY_STEP: usize = 3;
/// Descriptions of more words than this leave out the middle.
const SAID: usize = 6;

pub(super) fn term(route: &Route, language: Language, table: &Table) -> Term {
    let literal = literal(route);
    if route.legs.is_empty() {
        let word = if table.own.is_empty() { literal.clone() } else { table.own.clone() };
        return plain(word, Form::Word, language, literal);
    }
    match lookup::find(table, route) {
        Some(Found::Word(entry, exact)) => Term {
            exact,
            gloss: entry.gloss.clone(),
            honorific: entry.honorific.clone(),
            also: entry.also.clone(),
            confidence: Some(entry.confidence),
            references: entry.references.clone(),
            ..plain(entry.word.clone(), Form::Word, language, literal)
        },
        Some(Found::Choice(entries)) => choice(&entries, language, table, literal),
        None => plain(described(table, route), Form::Described, language, literal),
    }
}

fn plain(word: String, form: Form, language: Language, literal: String) -> Term {
    let exact = form == Form::Word;
    let gloss = literal.clone();
    Term {
        word,
        form,
        exact,
        language,
        gloss,
        literal,
        honorific: None,
        also: Vec::new(),
        confidence: None,
        references: Vec::new(),
    }
}

fn choice(entries: &[&Entry], language: Language, table: &Table, literal: String) -> Term {
    let mut references: Vec<String> = Vec::new();
    for title in entries.iter().flat_map(|entry| &entry.references) {
        if !references.contains(title) {
            references.push(title.clone());
        }
    }
    let glosses: Vec<&str> = entries.iter().map(|entry| entry.gloss.as_str()).collect();
    Term {
        gloss: glosses.join(", or "),
        confidence: entries.iter().map(|entry| entry.confidence).min(),
        references,
        ..plain(join(entries, &table.or), Form::Choice, language, literal)
    }
}

fn join(entries: &[&Entry], or: &str) -> String {
    let words: Vec<&str> = entries.iter().map(|entry| entry.word.as_str()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {or} {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A word of a description, and what is to be said with it.
struct Said<'a> {
    noun: Cow<'a, Noun>,
    qualifier: Option<String>,
}

/// "The brother of the wife of your father": the person reached comes first.
fn described(table: &Table, route: &Route) -> String {
    let said = words(table, route);
    let cut = said.len() > SAID;
    let half = SAID / 2;
    let mut text = String::new();
    let mut concord = String::new();
    for (at, Said { noun, qualifier }) in said.iter().enumerate().rev() {
        let last = at + 1 == said.len();
        if cut && at >= half && at < said.len() - half {
            if at == half {
                text.push_str(" …");
            }
            concord.clone_from(&noun.concord);
            continue;
        }
        if !last {
            text.push(' ');
        }
        match (last, at) {
            (true, 0) => text.push_str(&noun.yours),
            (true, _) => text.push_str(&noun.theirs),
            (false, 0) => text.push_str(&noun.of_yours(&concord)),
            (false, _) => text.push_str(&noun.of(&concord)),
        }
        if let Some(qualifier) = qualifier {
            text.push(' ');
            text.push_str(qualifier);
        }
        concord.clone_from(&noun.concord);
    }
    text
}

/// The words from the nearest to the farthest.
fn words<'a>(table: &'a Table, route: &Route) -> Vec<Said<'a>> {
    let view = View::new(route);
    let length = route.legs.len();
    let mut said = Vec::new();
    let mut at = 0;
    while at < length {
        let longest = if length > STEP_BY_STEP { length } else { at + 1 };
        let found = (at + 1..=longest.min(at + 16))
            .rev()
            .find_map(|end| Some((lookup::entry(&table.entries, &view, at, end)?, end)));
        if let Some((entry, end)) = found {
            said.push(Said { noun: Cow::Borrowed(&entry.noun), qualifier: None });
            at = end;
        } else {
            said.push(step(table, &view, at));
            at += 1;
        }
    }
    said
}

/// One step for which there is no word: a neutral one, or one with what makes it special said beside it.
fn step<'a>(table: &'a Table, view: &View<'_>, at: usize) -> Said<'a> {
    if let Some(entry) = lookup::entry(&table.steps, view, at, at + 1) {
        return Said { noun: Cow::Borrowed(&entry.noun), qualifier: None };
    }
    let mut plain = view.route.part(at, at + 1);
    let name = plain.legs.first_mut().and_then(|leg| {
        let (kin, name) = unqualified(leg.kin)?;
        leg.kin = kin;
        Some(name)
    });
    let plain = View::new(&plain);
    let entry =
        lookup::entry(&table.entries, &plain, 0, 1).or_else(|| lookup::entry(&table.steps, &plain, 0, 1));
    // A table has a word for every plain step; if not, English.
    let noun = entry.map_or_else(
        || Cow::Owned(table.rules.noun(&literal(&plain.route), &super::grammar::Forms::default())),
        |entry| Cow::Borrowed(&entry.noun),
    );
    let qualifier = name.map(|name| table.rules.qualifier(name, &noun.concord));
    Said { noun, qualifier }
}

/// The plain kin, and what is special.
fn unqualified(kin: Link) -> Option<(Link, &'static str)> {
    let line = |line: Line| match line {
        Line::Birth | Line::Other => None,
        Line::Adoptive => Some("adoptive"),
        Line::Step => Some("step"),
        Line::Foster => Some("foster"),
        Line::Guardian => Some("guardian"),
    };
    match kin {
        Link::Parent(how) => Some((Link::Parent(Line::Birth), line(how)?)),
        Link::Child(how) => Some((Link::Child(Line::Birth), line(how)?)),
        Link::Sibling(kind) => {
            let name = match kind {
                SiblingKind::Full => return None,
                SiblingKind::Half => "half",
                SiblingKind::Step => "step",
                SiblingKind::Adoptive => "adoptive",
                SiblingKind::Foster => "foster",
            };
            Some((Link::Sibling(SiblingKind::Full), name))
        }
        Link::Partner(union) => {
            let name = match union {
                Union::Joined => return None,
                Union::Ended => "former",
                Union::Promised => "promised",
                Union::Other => "partner",
            };
            Some((Link::Partner(Union::Joined), name))
        }
    }
}
