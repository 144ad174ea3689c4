//! Multimedia: records and links, files and their forms.

use super::tables::{self, MEDIA};
use super::walk::{Payload, Walk};
use super::words::{self, Unknown, say, say_instead};
use super::{KeptAs, files};
use crate::record::Record;
use crate::version::Version;

/// 5.5 has form and title beside the file, 5.5.1 and 7.0 have them below it.
pub(super) fn gather_files(walk: &mut Walk<'_>, record: &mut Record) {
    if record.child("FILE").is_none() {
        return;
    }
    for tag in ["FORM", "TITL"] {
        let Some(at) = record.children.iter().position(|line| line.tag == tag) else { continue };
        let moved = record.children.remove(at);
        let what = moved.value.clone().unwrap_or_default();
        walk.path.push(tag.into());
        walk.lose(&moved, &what, "it belongs to a file", KeptAs::OtherWords);
        walk.path.pop();
        for file in record.children.iter_mut().filter(|line| line.tag == "FILE") {
            if file.child(tag).is_none() {
                file.children.push(moved.clone());
            }
        }
    }
}

/// Multimedia inside another record becomes a record of its own and a link to it. Without a file there is nothing
/// to make a record of.
pub(super) fn inline(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    if node.child("FILE").is_none() {
        return walk.keep(node, "7.0 has no multimedia without a file", out);
    }
    let mut made = walk.memory.media_made;
    let xref = walk.memory.xrefs.fresh('O', &mut made);
    walk.memory.media_made = made;
    let what = node.value_of(&["FILE"]).unwrap_or_default().to_owned();
    walk.lose(&node, &what, "7.0 has multimedia in records of their own", KeptAs::OtherWords);
    let belongs = |line: &Record| matches!(line.tag.as_str(), "FILE" | "FORM" | "TITL" | "NOTE" | "BLOB");
    let (content, link): (Vec<_>, Vec<_>) = std::mem::take(&mut node.children).into_iter().partition(belongs);
    walk.more.push(Record { children: content, line: node.line, ..Record::top(&xref, "OBJE") });
    node.value = Some(xref);
    node.children = link;
    walk.finish(node, Payload::Done, Vec::new(), out);
}

/// `FORM` of a file.
pub(super) fn form(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let said = node.text();
    match walk.to {
        Version::V70 => match tables::media_type(&said) {
            Some(media) => {
                let exact = words::alike(tables::media_form(&media), &said);
                say(walk, node, (media, None), exact, out);
            }
            None => say_instead(walk, node, Some("application/octet-stream"), out),
        },
        Version::V551 => {
            let form = tables::media_form(&said).to_owned();
            if tables::media_type(&form).as_deref() == Some(&said) {
                say(walk, node, (form, None), true, out);
            } else {
                say_instead(walk, node, Some(&form), out);
            }
        }
    }
}

/// What a file came from: `TYPE` below the form in records of 5.5.1, else `MEDI`.
pub(super) fn medium(walk: &mut Walk<'_>, mut node: Record, out: &mut Vec<Record>) {
    let in_record = walk.path.first().is_some_and(|tag| tag == "OBJE") && walk.parent() == "FORM";
    if walk.to == Version::V70 {
        node.tag = "MEDI".into();
        words::up(walk, node, &MEDIA, Unknown::Other, out);
    } else {
        if in_record {
            node.tag = "TYPE".into();
        }
        words::down(walk, node, &MEDIA, out);
    }
}

/// `FILE`: a path in 5.5.1, a URI reference in 7.0.
pub(super) fn file(walk: &mut Walk<'_>, node: Record, out: &mut Vec<Record>) {
    let plain = super::text::plain(&node, walk.from);
    let (value, back) = match walk.to {
        Version::V70 => {
            let reference = files::to_seven(&plain);
            let back = files::to_five(&reference);
            (reference, back)
        }
        Version::V551 => {
            let path = files::to_five(&plain);
            let back = files::to_seven(&path);
            (path, back)
        }
    };
    if plain.is_empty() || plain.contains('\n') {
        return walk.finish(node, Payload::AsWritten, Vec::new(), out);
    }
    let value = super::text::line("FILE", &value, walk.to).text();
    if walk.to == Version::V70 || back == plain {
        say(walk, node, (value, None), back == plain, out);
    } else {
        say_instead(walk, node, Some(&value), out);
    }
}
