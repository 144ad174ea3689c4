//! From 5.5.1 to 7.0, line by line.

use super::tables::{CHILD_STATES, NAME_TYPES, PEDIGREES};
use super::walk::{Payload, VOID, Walk};
use super::words::{self, Unknown, say, say_instead};
use super::{KeptAs, ages, citations, dates, ids, media, tags, text};
use crate::record::Record;
use crate::version::Version;

/// Converts a line; what is not special ends in [`Walk::finish`].
pub(super) fn node(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let parent = walk.parent().to_owned();
    let points = node.pointer().is_some();
    match (parent.as_str(), node.tag.as_str()) {
        ("", "NOTE") => node.tag = "SNOTE".into(),
        ("", "OBJE") => media::gather_files(walk, &mut node),
        ("", _) | ("HEAD", "SOUR") => {}
        (_, "NOTE") if points => node.tag = "SNOTE".into(),
        (_, "SOUR") => return citations::up(walk, node, out),
        (_, "OBJE") if !points => return media::inline(walk, node, out),
        (_, "FILE") if parent == "OBJE" => return media::file(walk, node, out),
        ("HEAD", "FILE") => return walk.keep(node, "7.0 has no file name in the header", out),
        ("OBJE", "FORM") => return walk.keep(node, "7.0 has a form for files only", out),
        ("FILE", "FORM") => return media::form(walk, node, out),
        ("FORM", "TYPE" | "MEDI") | ("CALN", "MEDI") => return media::medium(walk, node, out),
        ("SOUR", "REPO") if empty(&node) => node.value = Some(VOID.to_owned()),
        (_, "ALIA") if !points => return alias(walk, node, out),
        (_, "DATE") => return date(walk, node, out),
        (_, "AGE") => return age(walk, node, out),
        (_, "SEX") => return sex(walk, node, out),
        (_, "RESN") => return words::restriction(walk, node, out),
        (_, "LANG") => return words::language(walk, node, out),
        ("NAME", "TYPE") => return words::up(walk, node, &NAME_TYPES, Unknown::Other, out),
        ("FAMC", "PEDI") => return words::up(walk, node, &PEDIGREES, Unknown::Other, out),
        ("FAMC", "STAT") => return words::up(walk, node, &CHILD_STATES, Unknown::Keep, out),
        ("FAMC", "ADOP") => return adopter(walk, node, out),
        (_, "STAT") if tags::ORDINANCES.contains(&parent.as_str()) => {
            return words::ordinance_state(walk, node, out);
        }
        ("SOUR" | "DATA", "EVEN") => return citations::recorded(walk, node, out),
        ("EVEN", "ROLE") if walk.above(2) == "SOUR" => return citations::event_role(walk, node, out),
        ("ASSO", "RELA") => return citations::relation(walk, node, out),
        ("ASSO", "TYPE") => return walk.keep(node, "an association is with a person", out),
        (_, "ASSO") => return association(walk, node, out),
        (_, "AFN" | "RFN" | "RIN") => return citations::identifier_up(walk, node, out),
        (_, "FONE" | "ROMN") => return citations::sound(walk, node, out),
        (_, "_UID" | "UID") => return uid(walk, node, out),
        (_, "EMAI") => {
            walk.lose(&node, "EMAI", "the tag is EMAIL", KeptAs::OtherWords);
            node.tag = "EMAIL".into();
        }
        ("INDI" | "FAM", _) if walk.path.len() == 2 => return fact(walk, node, out),
        _ => {}
    }
    walk.finish(node, Payload::AsWritten, Vec::new(), out);
}

fn empty(node: &Record) -> bool {
    node.value.as_deref().is_none_or(|value| value.trim().is_empty())
}

fn date(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    let of_the_file = matches!(walk.parent(), "CHAN" | "HEAD" | "STAT" | "_CREA")
        || (walk.parent() == "DATA" && walk.above(3) == "HEAD");
    if of_the_file && !dates::is_one_day(&said) {
        return walk.keep(node, "7.0 wants one day here", out);
    }
    if node.child("PHRASE").is_some() {
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    let converted = dates::to_seven(&said);
    let exact = (converted.1.is_none() && converted.0 == said && !said.is_empty())
        || dates::to_five(&converted.0, converted.1.as_deref())
            .is_some_and(|(back, rest)| rest.is_none() && dates::alike(&back, &said));
    say(walk, node, converted, exact, out);
}

fn age(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, Version::V551);
    let converted = ages::to_seven(&said);
    let exact = ages::to_five(&converted.0, converted.1.as_deref()).is_some_and(|(back, rest)| {
        rest.is_none() && words::alike(&back.replace(' ', ""), &said.replace(' ', ""))
    });
    say(walk, node, converted, exact, out);
}

fn sex(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    match said.as_str() {
        "M" | "F" | "U" | "X" | "" => walk.finish(node, Payload::AsWritten, Vec::new(), out),
        "m" | "f" | "u" | "x" => say(walk, node, (said.to_ascii_uppercase(), None), true, out),
        _ => say_instead(walk, node, Some("U"), out),
    }
}

/// Who adopted: the same words in both versions.
fn adopter(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    let upper = said.trim().to_ascii_uppercase();
    match upper.as_str() {
        "HUSB" | "WIFE" | "BOTH" => say(walk, node, (upper, None), true, out),
        _ if words::is_extension(&said) => walk.finish(node, Payload::AsWritten, Vec::new(), out),
        _ => walk.keep(node, "there is no word for it", out),
    }
}

/// `ALIA` with a name instead of a pointer, as many programs write it.
fn alias(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let what = text::plain(&node, Version::V551);
    walk.lose(&node, &what, "ALIA points at a person; another name is a NAME", KeptAs::OtherWords);
    node.tag = "NAME".into();
    let kind = Record::with("TYPE", "AKA");
    let added = if node.child("TYPE").is_none() { vec![kind] } else { Vec::new() };
    walk.finish(node, Payload::AsWritten, added, out);
}

fn association(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let mut added = Vec::new();
    if node.child("RELA").is_none() && node.child("ROLE").is_none() {
        walk.lose(&node, "ASSO", "7.0 wants a role", KeptAs::OtherWords);
        added.push(Record::with("ROLE", "OTHER"));
    }
    walk.finish(node, Payload::AsWritten, added, out);
}

fn uid(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    match ids::to_seven(&said) {
        Some(uuid) => {
            let exact = node.tag == "_UID" && ids::to_five(&uuid).as_deref() == Some(&said);
            node.tag = "UID".into();
            say(walk, node, (uuid, None), exact, out);
        }
        None if node.tag == "UID" => walk.keep(node, "it is no UUID", out),
        None => walk.finish(node, Payload::AsWritten, Vec::new(), out),
    }
}

/// Events say `Y` or nothing in 7.0, and events of no name of their own say what they are.
fn fact(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    if tags::is_event(&node.tag) && !empty(&node) && node.value.as_deref() != Some("Y") {
        return say_instead(walk, node, None, out);
    }
    let needs_type = matches!(node.tag.as_str(), "EVEN" | "FACT" | "IDNO");
    if needs_type && node.child("TYPE").is_none() {
        let what = node.value.clone().unwrap_or_default();
        walk.lose(&node, &what, "7.0 wants a TYPE, which only its author knows", KeptAs::AsItIs);
    }
    walk.finish(node, Payload::AsWritten, Vec::new(), out);
}
