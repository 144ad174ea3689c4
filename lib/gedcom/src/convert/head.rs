//! The header: version, form, character set, and which extension tags stand for what.

use super::walk::{Memory, Walk};
use super::{KeptAs, tags, text};
use crate::record::Record;
use crate::version::Version;

/// What `SCHMA` says of a tag that is kept for the other version, before its number and the tag.
const KEPT: &str = "urn:x-gedcom:";

/// Reads off what the conversion of the other records needs.
pub(super) fn learn(memory: &mut Memory, head: &Record, to: Version) {
    memory.system = head.value_of(&["SOUR"]).unwrap_or_default().trim().into();
    let schemas = head.children.iter().filter(|line| line.tag == "SCHMA" || line.tag == "_SCHMA");
    for line in schemas.flat_map(|schema| schema.children_named("TAG")) {
        if let Some((extension, tag)) = line.value.as_deref().and_then(|value| stands_for(value, to)) {
            memory.restored.insert(extension.to_owned(), tag.to_owned());
        }
    }
}

/// `_SUBN urn:x-gedcom:5.5.1:SUBN` to (`_SUBN`, `SUBN`), if it is about the version asked for.
fn stands_for(value: &str, version: Version) -> Option<(&str, &str)> {
    let (extension, uri) = value.trim().split_once(' ')?;
    let tag = uri.trim().strip_prefix(KEPT)?.strip_prefix(version.number())?.strip_prefix(':')?;
    let fits = extension.starts_with('_') && tags::is_well_formed(tag) && !tag.starts_with('_');
    fits.then_some((extension, tag))
}

pub(super) fn convert(walk: &mut Walk<'_>, mut head: Record) -> Record {
    walk.path.push(head.tag.clone());
    let mut rest = Vec::new();
    let mut form = Record::new("GEDC").leaf("VERS", walk.to.number());
    if walk.to == Version::V551 {
        form = form.leaf("FORM", "LINEAGE-LINKED");
    }
    let mut schema = Vec::new();
    for line in std::mem::take(&mut head.children) {
        match line.tag.as_str() {
            "GEDC" => gedcom_form(walk, line, &mut form),
            "CHAR" if walk.to == Version::V70 => character_set(walk, &line),
            "SCHMA" | "_SCHMA" => schema.extend(line.children),
            _ => walk.node(line, &mut rest),
        }
    }
    let schema = tags_of(walk, schema);
    head.children.push(form);
    if walk.to == Version::V551 {
        head.children.push(Record::with("CHAR", "UTF-8"));
    }
    head.children.extend(schema);
    head.children.append(&mut rest);
    text::convert(&mut head, walk.to);
    walk.path.clear();
    head
}

/// Version and form are the target's; whatever else stands there is converted.
fn gedcom_form(walk: &mut Walk<'_>, line: Record, form: &mut Record) {
    walk.path.push(line.tag);
    for below in line.children {
        let value = below.value.as_deref().unwrap_or_default().trim();
        match below.tag.as_str() {
            "VERS" => below_version(walk, below, form),
            "FORM" => {
                let known = value.eq_ignore_ascii_case("LINEAGE-LINKED");
                if !known || !below.children.is_empty() {
                    walk.lose(&below, value, "the form is always the lineage-linked one", KeptAs::Dropped);
                }
            }
            _ => walk.node(below, &mut form.children),
        }
    }
    walk.path.pop();
}

fn below_version(walk: &mut Walk<'_>, version: Record, form: &mut Record) {
    let Some(said) = form.child_mut("VERS") else { return };
    walk.path.push(version.tag);
    for below in version.children {
        walk.node(below, &mut said.children);
    }
    walk.path.pop();
}

fn character_set(walk: &mut Walk<'_>, line: &Record) {
    let value = line.value.as_deref().unwrap_or_default();
    if value != "UTF-8" || !line.children.is_empty() {
        walk.path.push(line.tag.clone());
        walk.lose(line, value, "the text is in UTF-8 now", KeptAs::Dropped);
        walk.path.pop();
    }
}

/// The lines of `SCHMA`: those of the file itself, and one for each tag that is kept.
fn tags_of(walk: &mut Walk<'_>, lines: Vec<Record>) -> Option<Record> {
    let own = |line: &Record| line.value.as_deref().is_none_or(|value| stands_for(value, walk.to).is_none());
    let mut lines: Vec<Record> = lines.into_iter().filter(own).collect();
    let tag = if walk.to == Version::V70 { "SCHMA" } else { "_SCHMA" };
    if walk.to == Version::V551 && !lines.is_empty() {
        walk.path.push("SCHMA".to_owned());
        for line in &lines {
            let what = line.value.clone().unwrap_or_default();
            walk.lose(line, &what, "there is no such tag", KeptAs::Extension(tag.to_owned()));
        }
        walk.path.pop();
    }
    let from = walk.from;
    for line in &mut lines {
        text::convert(line, walk.to);
    }
    lines.extend(walk.memory.kept.iter().map(|kept| {
        let extension = walk.memory.extension_for(kept, from);
        Record::with("TAG", format!("{extension} {KEPT}{}:{kept}", from.number()))
    }));
    (!lines.is_empty()).then(|| Record { children: lines, ..Record::new(tag) })
}
