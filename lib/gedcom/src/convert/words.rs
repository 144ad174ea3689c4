//! Enumerations, and what else is one word in one version and another in the other.

use super::tables::{self, Words};
use super::walk::{Payload, Walk};
use super::{KeptAs, tags, text};
use crate::record::Record;
use crate::version::Version;

const OTHER_WORDS: &str = "the line is written differently";
const NO_WORD: &str = "there is no word for it";

/// What an enumeration does with a word that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// `OTHER`, with the word as the phrase.
    Other,
    /// Nothing: the line is kept as an extension.
    Keep,
}

/// Whether two payloads differ in letter case and spacing at most, which each standard has its own rules for.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>();
    a == b || words(a) == words(b)
}

/// Replaces the payload and finishes the line; `exact` when the old payload comes back from it.
pub(super) fn say(
    walk: &mut Walk<'_>,
    mut node: Record,
    (value, phrase): (String, Option<String>),
    exact: bool,
    out: &mut Vec<Record>,
) {
    if !exact {
        let what = node.text();
        walk.lose(&node, &what, OTHER_WORDS, KeptAs::OtherWords);
    }
    text::set(&mut node, &value, walk.to);
    let phrase = phrase.map(|words| text::line("PHRASE", &words, walk.to));
    walk.finish(node, Payload::Done, phrase.into_iter().collect(), out);
}

/// Says `value` instead of a payload that the target has no word for, and keeps that below it.
pub(super) fn say_instead(walk: &mut Walk<'_>, mut node: Record, value: Option<&str>, out: &mut Vec<Record>) {
    let original = walk.original(&node);
    let what = node.text();
    walk.lose(&node, &what, NO_WORD, KeptAs::Extension(original.tag.clone()));
    text::set(&mut node, value.unwrap_or_default(), walk.to);
    walk.finish(node, Payload::Done, vec![original], out);
}

/// A word of an enumeration, from 5.5.1 to 7.0.
pub(super) fn up(walk: &mut Walk<'_>, node: Record, words: &Words, unknown: Unknown, out: &mut Vec<Record>) {
    let said = text::plain(&node, Version::V551);
    if said.is_empty() || is_extension(&said) {
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    if let Some(word) = words.seven(&said) {
        return say(walk, node, (word.to_owned(), None), true, out);
    }
    match unknown {
        Unknown::Other if said.trim().eq_ignore_ascii_case("other") => {
            say(walk, node, ("OTHER".to_owned(), None), true, out);
        }
        Unknown::Other => say(walk, node, ("OTHER".to_owned(), Some(said)), true, out),
        Unknown::Keep => walk.keep(node, NO_WORD, out),
    }
}

/// A word of an enumeration, from 7.0 to 5.5.1.
pub(super) fn down(walk: &mut Walk<'_>, mut node: Record, words: &Words, out: &mut Vec<Record>) {
    let said = node.text();
    if let Some(word) = words.five(&said) {
        return say(walk, node, (word, None), true, out);
    }
    let other = said == "OTHER";
    if !other && words.seven(&said).is_none_or(|word| word != said) {
        lose_unknown(walk, &node, &said);
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    let phrase = if other { take_phrase(&mut node) } else { None };
    let fits = |phrase: &String| {
        let known = words.seven(phrase).is_some() || phrase.trim().eq_ignore_ascii_case("other");
        !known && !is_extension(phrase) && !phrase.is_empty()
    };
    walk.lose(&node, &said, "the standard has no such word", KeptAs::AsItIs);
    match phrase {
        Some(phrase) if fits(&phrase) => {
            node.value = None;
            let line = text::line(&node.tag, &phrase, Version::V551);
            node.value = line.value;
            node.children.splice(0..0, line.children);
            walk.finish(node, Payload::Done, Vec::new(), out);
        }
        phrase => {
            node.children.extend(phrase.map(|words| text::line("PHRASE", &words, Version::V70)));
            node.value = Some(said.to_ascii_lowercase());
            walk.finish(node, Payload::Done, Vec::new(), out);
        }
    }
}

/// A word that 7.0 does not have either; no one can say what it will become.
pub(super) fn lose_unknown(walk: &mut Walk<'_>, node: &Record, said: &str) {
    if !said.is_empty() && !is_extension(said) {
        walk.lose(node, said, "7.0 has no such word", KeptAs::AsItIs);
    }
}

/// `_FOO`, which 7.0 allows in place of any word.
pub(super) fn is_extension(word: &str) -> bool {
    word.len() > 1 && word.starts_with('_') && tags::is_well_formed(word)
}

/// Takes the phrase off a line of 7.0, unless something hangs on it.
pub(super) fn take_phrase(node: &mut Record) -> Option<String> {
    let at = node.children.iter().position(|line| line.tag == "PHRASE")?;
    let alone = node.children.get(at)?.children.iter().all(|line| line.tag == "CONT");
    alone.then(|| text::plain(&node.children.remove(at), Version::V70))
}

/// `RESN`: one word in 5.5.1, a list in 7.0.
pub(super) fn restriction(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let words = &tables::RESTRICTIONS;
    let said = node.text();
    let list: Option<Vec<&str>> =
        said.split([',', ' ']).filter(|word| !word.is_empty()).map(|word| words.seven(word)).collect();
    match (walk.to, list.as_deref()) {
        (_, None) if is_extension(&said) => walk.finish(node, Payload::AsWritten, Vec::new(), out),
        (_, None | Some([])) => walk.keep(node, NO_WORD, out),
        (Version::V70, Some([word])) => {
            say(walk, node, ((*word).to_owned(), None), true, out);
        }
        (Version::V70, Some(list)) => say(walk, node, (list.join(", "), None), false, out),
        (Version::V551, Some([word])) => {
            say(walk, node, (word.to_ascii_lowercase(), None), true, out);
        }
        (Version::V551, Some([word, ..])) => {
            say_instead(walk, node, Some(word.to_ascii_lowercase().as_str()), out);
        }
    }
}

/// `STAT` of an ordinance.
pub(super) fn ordinance_state(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    if tables::ORDINANCE_STATES.contains(&said.as_str()) || is_extension(&said) {
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    let spelling = tables::ORDINANCE_SPELLINGS.iter().find_map(|(five, seven)| match walk.to {
        Version::V70 => (*five == said).then_some(*seven),
        Version::V551 => (*seven == said).then_some(*five),
    });
    let upper = said.trim().to_ascii_uppercase();
    match spelling {
        Some(word) => say(walk, node, (word.to_owned(), None), true, out),
        None if tables::ORDINANCE_STATES.contains(&upper.as_str()) => {
            say(walk, node, (upper, None), true, out);
        }
        None => walk.keep(node, NO_WORD, out),
    }
}

/// `LANG`: a name in 5.5.1, a tag of BCP 47 in 7.0.
pub(super) fn language(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    let trimmed = said.trim();
    let is_tag = trimmed.split('-').all(|part| (1..=8).contains(&part.len()) && part.is_ascii())
        && trimmed.split('-').next().is_some_and(|first| first.len() < 4);
    match walk.to {
        Version::V70 => match tables::language_tag(trimmed) {
            Some(tag) => {
                let exact = tables::language_name(tag).is_some_and(|name| alike(name, &said));
                say(walk, node, (tag.to_owned(), None), exact, out);
            }
            None if is_tag => {
                let exact = tables::language_name(trimmed).is_none();
                say(walk, node, (trimmed.to_owned(), None), exact && trimmed == said, out);
            }
            None => say_instead(walk, node, Some("und"), out),
        },
        Version::V551 => match tables::language_name(trimmed) {
            Some(name) if tables::language_tag(name) == Some(said.as_str()) => {
                say(walk, node, (name.to_owned(), None), true, out);
            }
            Some(name) => say_instead(walk, node, Some(name), out),
            None => {
                walk.lose(&node, &said, "5.5.1 has no name for this language", KeptAs::AsItIs);
                walk.finish(node, Payload::AsWritten, Vec::new(), out);
            }
        },
    }
}
