//! Citations of sources, roles, and identifiers given by others.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::tables::{self, SOUND_TAGS};
use super::walk::{Payload, VOID, Walk};
use super::words::{alike, is_extension, lose_unknown, say, say_instead, take_phrase};
use super::{KeptAs, tags, text};
use crate::record::Record;
use crate::version::Version;

/// Where the identifiers of 5.5.1 live in 7.0.
const TERMS: &str = "https://gedcom.io/terms/v7/";
/// Roles that 5.5.1 has too.
const SHARED_ROLES: [&str; 6] = ["CHIL", "FATH", "HUSB", "MOTH", "SPOU", "WIFE"];

/// A citation of 5.5.1. One that describes its source instead of pointing at it gets a record for it.
pub(super) fn up(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let pointer = node.pointer().is_some();
    let mut payload = Payload::AsWritten;
    if !pointer {
        let what = text::plain(&node, Version::V551);
        walk.lose(&node, &what, "7.0 cites records only", KeptAs::OtherWords);
        node.children.retain(|line| line.tag != "CONT" && line.tag != "CONC");
        node.value = Some(if what.is_empty() { VOID.to_owned() } else { source_for(walk, &what) });
        payload = Payload::Done;
    }
    if node.child("TEXT").is_some() {
        if pointer {
            walk.lose(&node, "TEXT", "the text belongs into DATA", KeptAs::OtherWords);
        }
        let own = |line: &mut Record| line.tag == "TEXT";
        let texts: Vec<_> = node.children.extract_if(.., own).collect();
        match node.child_mut("DATA") {
            Some(data) => data.children.extend(texts),
            None => node.children.push(Record { children: texts, ..Record::new("DATA") }),
        }
    }
    walk.finish(node, payload, Vec::new(), out);
}

/// The record for a description, the same for the same description.
fn source_for(walk: &mut Walk<'_>, description: &str) -> String {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, description).hash(&mut hasher);
        hasher.finish()
    };
    let key = (hash(0), hash(1));
    if let Some(xref) = walk.memory.sources.get(&key) {
        return xref.clone();
    }
    let mut made = walk.memory.sources_made;
    let xref = walk.memory.xrefs.fresh('S', &mut made);
    walk.memory.sources_made = made;
    if !walk.memory.rehearsal {
        walk.memory.sources.insert(key, xref.clone());
    }
    let mut record = Record::top(&xref, "SOUR");
    record.push(text::line("TITL", description, Version::V551));
    walk.more.push(record);
    xref
}

/// The event that a citation is about, or the events that a source records.
pub(super) fn recorded(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, walk.from);
    let mut words = said.split(',').map(str::trim);
    let known = words.all(|word| tags::is_fact(word) || is_extension(word)) || said.is_empty();
    let listed = walk.parent() == "DATA";
    match walk.to {
        _ if listed && known => walk.finish(node, Payload::AsWritten, Vec::new(), out),
        _ if listed => say_instead(walk, node, Some("EVEN"), out),
        Version::V70 if known => walk.finish(node, Payload::AsWritten, Vec::new(), out),
        Version::V70 => say(walk, node, ("EVEN".to_owned(), Some(said)), true, out),
        Version::V551 if said == "EVEN" => {
            let is_text = |words: &String| {
                !words.is_empty()
                    && !words.split(',').all(|w| tags::is_fact(w.trim()) || is_extension(w.trim()))
            };
            match take_phrase(&mut node) {
                Some(words) if is_text(&words) => {
                    let value = text::line("EVEN", &words, Version::V551).text();
                    say(walk, node, (value, None), true, out);
                }
                words => {
                    node.children.extend(words.map(|words| text::line("PHRASE", &words, Version::V70)));
                    walk.finish(node, Payload::AsWritten, Vec::new(), out);
                }
            }
        }
        Version::V551 => {
            if !known {
                lose_unknown(walk, &node, &said);
            }
            walk.finish(node, Payload::AsWritten, Vec::new(), out);
        }
    }
}

/// The role somebody has in the event that is cited: free text stands in parentheses in 5.5.1.
pub(super) fn event_role(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, walk.from);
    if SHARED_ROLES.contains(&said.as_str()) || said.is_empty() || is_extension(&said) {
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    if walk.to == Version::V70 {
        let inner = said.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let exact = inner.is_some_and(|inner| !inner.is_empty());
        let words = inner.unwrap_or(&said).to_owned();
        return say(walk, node, ("OTHER".to_owned(), Some(words)), exact, out);
    }
    let phrase = if said == "OTHER" { take_phrase(&mut node) } else { None };
    if let Some(words) = phrase.filter(|words| !words.is_empty()) {
        let value = text::line("ROLE", &format!("({words})"), Version::V551).text();
        return say(walk, node, (value, None), true, out);
    }
    let value = text::line("ROLE", &format!("({})", said.to_lowercase()), Version::V551).text();
    say_instead(walk, node, Some(&value), out);
}

/// `RELA` of 5.5.1 as `ROLE`.
pub(super) fn relation(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, Version::V551);
    if is_extension(&said) {
        node.tag = "ROLE".into();
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    let (role, whole) = tables::role(&said);
    let exact = !whole || alike(&said, role);
    node.tag = "ROLE".into();
    say(walk, node, (role.to_owned(), (!whole).then_some(said)), exact, out);
}

/// `ROLE` of an association as `RELA`.
pub(super) fn association_role(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    node.tag = "RELA".into();
    if !tables::role(&said).1 {
        lose_unknown(walk, &node, &said);
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    match take_phrase(&mut node) {
        Some(words) if tables::role(&words) == (said.as_str(), false) => {
            let value = text::line("RELA", &words, Version::V551).text();
            say(walk, node, (value, None), true, out);
        }
        words => {
            node.children.extend(words.map(|words| text::line("PHRASE", &words, Version::V70)));
            walk.finish(node, Payload::AsWritten, Vec::new(), out);
        }
    }
}

/// `AFN`, `RFN` and `RIN` as `EXID`.
pub(super) fn identifier_up(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let said = text::plain(&node, Version::V551);
    let (value, kind) = match node.tag.as_str() {
        "RFN" => match said.split_once(':') {
            Some((resource, id)) if !resource.is_empty() => (id, format!("RFN#{resource}")),
            _ => (said.as_str(), "RFN".to_owned()),
        },
        "RIN" if !walk.memory.system.is_empty() => (said.as_str(), format!("RIN#{}", walk.memory.system)),
        tag => (said.as_str(), tag.to_owned()),
    };
    node.tag = "EXID".into();
    let exact = identifier(value, &kind, &walk.memory.system).is_some_and(|(_, back)| back == said);
    if !exact {
        walk.lose(&node, &said, "it is an EXID now", KeptAs::OtherWords);
    }
    let line = text::line("EXID", value, Version::V70);
    node.value = line.value;
    let kind = text::line("TYPE", &format!("{TERMS}{kind}"), Version::V70);
    walk.finish(node, Payload::Done, vec![kind], out);
}

/// The tag and payload of 5.5.1 for an `EXID` whose type, after the common part, is `kind`.
fn identifier(value: &str, kind: &str, system: &str) -> Option<(&'static str, String)> {
    match kind.split_once('#') {
        Some(("RIN", from)) if from == system => Some(("RIN", value.to_owned())),
        Some(("RFN", resource)) if !resource.contains(':') => Some(("RFN", format!("{resource}:{value}"))),
        None if kind == "AFN" => Some(("AFN", value.to_owned())),
        None if kind == "RIN" && system.is_empty() => Some(("RIN", value.to_owned())),
        None if kind == "RFN" && !value.contains(':') => Some(("RFN", value.to_owned())),
        _ => None,
    }
}

/// `EXID` as what it was in 5.5.1, if it was something.
pub(super) fn identifier_down(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let value = text::plain(&node, Version::V70);
    let at = node.children.iter().position(|line| line.tag == "TYPE" && line.children.is_empty());
    let kind =
        at.and_then(|at| node.children.get(at)).and_then(|line| line.value.as_deref()?.strip_prefix(TERMS));
    match (at, kind.and_then(|kind| identifier(&value, kind, &walk.memory.system))) {
        (Some(at), Some((tag, value))) => {
            node.children.remove(at);
            node.tag = tag.into();
            let value = text::line(tag, &value, Version::V551).text();
            say(walk, node, (value, None), true, out);
        }
        _ => walk.keep(node, "there is no such tag", out),
    }
}

/// Names and places in other scripts: `FONE` and `ROMN` with a kind, `TRAN` with a language.
pub(super) fn sound(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let (mark, tag) =
        if walk.to == Version::V70 { ("TYPE", node.tag.clone()) } else { ("LANG", String::new()) };
    let at = node.children.iter().position(|line| line.tag == mark && line.children.is_empty());
    let said =
        at.and_then(|at| node.children.get(at)).and_then(|line| line.value.clone()).unwrap_or_default();
    let found = match walk.to {
        Version::V70 => tables::sound_language(&tag, &said).map(|language| ("TRAN", "LANG", language)),
        Version::V551 => tables::sound(&said).map(|(tag, kind)| (tag, "TYPE", kind)),
    };
    let (Some(at), Some((tag, mark, word))) = (at, found) else {
        return walk.keep(node, "there is no such tag", out);
    };
    let exact = match walk.to {
        Version::V70 => SOUND_TAGS.contains(&node.tag.as_str()),
        Version::V551 => tables::sound_language(tag, word).is_some_and(|back| alike(back, &said)),
    };
    if !exact {
        walk.lose(&node, &said, "the line is written differently", KeptAs::OtherWords);
    }
    node.children.remove(at);
    node.tag = tag.into();
    walk.finish(node, Payload::AsWritten, vec![Record::with(mark, word)], out);
}
