//! From 7.0 to 5.5.1, line by line.

use super::tables::{CHILD_STATES, MEDIA, NAME_TYPES, PEDIGREES};
use super::walk::{Payload, VOID, Walk};
use super::words::{self, say, say_instead, take_phrase};
use super::{KeptAs, ages, citations, dates, ids, media, tags, text};
use crate::record::Record;
use crate::version::Version;

/// What 5.5.1 has elsewhere, but not at this place.
const ELSEWHERE: &str = "5.5.1 does not have it at this place";

/// Converts a line; what is not special ends in [`Walk::finish`].
pub(super) fn node(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let parent = walk.parent().to_owned();
    let is_void = node.pointer() == Some(VOID);
    if node.pointer().is_some() && !tags::points(&node.tag) {
        let what = node.text();
        walk.lose(&node, &what, "a pointer where 7.0 has text", KeptAs::AsItIs);
    }
    let only_in_five = !tags::knows(Version::V70, &node.tag) && tags::knows(Version::V551, &node.tag);
    if only_in_five || node.tag == "EMAI" {
        let what = node.tag.clone();
        walk.lose(&node, &what, "7.0 has no such tag, and 5.5.1 has", KeptAs::AsItIs);
    }
    if misplaced(walk, &parent, &node) {
        return walk.keep(node, ELSEWHERE, out);
    }
    match (parent.as_str(), node.tag.as_str()) {
        ("", "SNOTE") => node.tag = "NOTE".into(),
        ("", _) => {}
        ("SOUR", "REPO") if is_void => node.value = None,
        (_, tag) if is_void && !tag.starts_with('_') => {
            return walk.keep(node, "5.5.1 has no pointer to nothing", out);
        }
        (_, "SNOTE") if node.pointer().is_some() => node.tag = "NOTE".into(),
        (_, "SNOTE") => return walk.keep(node, "it points at no record", out),
        ("OBJE", "FILE") => return media::file(walk, node, out),
        ("FILE", "FORM") => return media::form(walk, node, out),
        ("FORM", "MEDI") => return media::medium(walk, node, out),
        ("CALN", "MEDI") => return words::down(walk, node, &MEDIA, out),
        (_, "DATE") => return date(walk, node, out),
        (_, "TIME") => return time(walk, node, out),
        (_, "AGE") => return age(walk, node, out),
        (_, "SEX") => lose_sex(walk, &node),
        (_, "RESN") => return words::restriction(walk, node, out),
        (_, "LANG") => return words::language(walk, node, out),
        ("NAME", "TYPE") => return words::down(walk, node, &NAME_TYPES, out),
        ("FAMC", "PEDI") => return words::down(walk, node, &PEDIGREES, out),
        ("FAMC", "STAT") => return words::down(walk, node, &CHILD_STATES, out),
        (_, "STAT") if tags::ORDINANCES.contains(&parent.as_str()) => {
            return words::ordinance_state(walk, node, out);
        }
        ("SOUR" | "DATA", "EVEN") => return citations::recorded(walk, node, out),
        ("EVEN", "ROLE") if walk.above(2) == "SOUR" => return citations::event_role(walk, node, out),
        ("ASSO", "ROLE") => return citations::association_role(walk, node, out),
        (_, "EXID") => return citations::identifier_down(walk, node, out),
        ("NAME" | "PLAC", "TRAN") => return citations::sound(walk, node, out),
        (_, "UID") => return uid(walk, node, out),
        (_, "_UID") if ids::to_seven(&node.text()).is_some() => {
            let what = node.text();
            walk.lose(&node, &what, "5.5.1 programs write UID under this tag", KeptAs::AsItIs);
        }
        ("INDI" | "FAM", "RESI") if walk.path.len() == 2 && !node.text().is_empty() => {
            let what = node.text();
            walk.lose(&node, &what, "a residence has no payload", KeptAs::AsItIs);
        }
        _ => {}
    }
    walk.finish(node, Payload::AsWritten, Vec::new(), out);
}

/// Whether 5.5.1 has the tag, but not here.
fn misplaced(walk: &Walk<'_>, parent: &str, node: &Record) -> bool {
    let depth = walk.path.len();
    if walk.path.iter().any(|tag| tag.starts_with('_')) {
        return false;
    }
    match node.tag.as_str() {
        "TITL" => parent == "OBJE" && depth > 2,
        // It is the word for what 7.0 calls MEDI.
        "TYPE" => parent == "FORM",
        "FACT" => parent == "FAM",
        "ASSO" => depth > 2 || parent == "FAM",
        "RESN" => parent == "OBJE",
        "LANG" => !matches!(parent, "HEAD" | "SUBM" | "TRAN"),
        "TIME" => parent == "DATE" && !matches!(walk.above(2), "CHAN" | "HEAD"),
        _ => false,
    }
}

fn date(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    let phrase = take_phrase(&mut node);
    let back = |phrase: &str| text::line("PHRASE", phrase, Version::V70);
    let Some((value, rest)) = dates::to_five(&said, phrase.as_deref()) else {
        node.children.extend(phrase.as_deref().map(back));
        return walk.keep(node, "5.5.1 has no words for this date", out);
    };
    let used = if rest.is_some() { None } else { phrase.clone() };
    let exact = value == said && used.is_none() || dates::to_seven(&value) == (said, used);
    node.children.extend(rest.as_deref().map(back));
    say(walk, node, (value, None), exact, out);
}

/// 5.5.1 has no time zone, not even a `Z`.
fn time(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    match said.strip_suffix('Z') {
        Some(local) => say_instead(walk, node, Some(local), out),
        None => walk.finish(node, Payload::AsWritten, Vec::new(), out),
    }
}

fn age(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, Version::V70);
    let phrase = take_phrase(&mut node);
    let back = |phrase: &str| text::line("PHRASE", phrase, Version::V70);
    let Some((value, rest)) = ages::to_five(&said, phrase.as_deref()) else {
        node.children.extend(phrase.as_deref().map(back));
        return walk.keep(node, "5.5.1 has no words for this age", out);
    };
    let used = if rest.is_some() { None } else { phrase.clone() };
    let exact = ages::to_seven(&value) == (said, used);
    node.children.extend(rest.as_deref().map(back));
    let value = text::line("AGE", &value, Version::V551).text();
    say(walk, node, (value, None), exact, out);
}

fn lose_sex(walk: &mut Walk<'_>, node: &Record) {
    let said = node.text();
    match said.as_str() {
        "M" | "F" | "U" => {}
        "X" => walk.lose(node, &said, "5.5.1 has M, F and U; X is of 5.5.5", KeptAs::AsItIs),
        _ => words::lose_unknown(walk, node, &said),
    }
}

fn uid(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    node.tag = "_UID".into();
    if let Some(long) = ids::to_five(&said) {
        let exact = ids::to_seven(&long).as_deref() == Some(&said);
        return say(walk, node, (long, None), exact, out);
    }
    walk.lose(&node, &said, "it is no UUID", KeptAs::OtherWords);
    walk.finish(node, Payload::AsWritten, Vec::new(), out);
}
