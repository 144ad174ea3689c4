//! Text in payloads: at signs and continued lines.

use crate::at::{escape_all_at, escape_leading_at, unescape_at, unescape_leading_at};
use crate::record::{Record, TEXT_LIMIT};
use crate::version::Version;

/// Rewrites the text of a line, which is no pointer, in the grammar of the other version.
pub(super) fn convert(node: &mut Record, to: Version) {
    if !is_plain(node, to) {
        let text = node.text();
        set(node, &each_line(&text, |line| translate(line, to)), to);
    }
}

fn translate(line: &str, to: Version) -> String {
    match to {
        Version::V70 => escape_leading_at(&unescape_at(line)).into_owned(),
        Version::V551 => escape_all_at(unescape_leading_at(line)).into_owned(),
    }
}

/// As [`convert`], for a line that the target keeps word for word: [`restore`] gives back exactly that.
pub(super) fn keep(node: &mut Record, to: Version) {
    if !is_plain(node, to) {
        let text = node.text();
        let escape = |line: &str| match to {
            Version::V70 => escape_leading_at(line).into_owned(),
            Version::V551 => escape_all_at(line).into_owned(),
        };
        set(node, &each_line(&text, escape), to);
    }
}

/// The inverse of [`keep`]; `to` is the version that the line once came from.
pub(super) fn restore(node: &mut Record, to: Version) {
    if !is_plain(node, to) {
        let text = node.text();
        let unescape = |line: &str| match to {
            Version::V70 => unescape_at(line).into_owned(),
            Version::V551 => unescape_leading_at(line).to_owned(),
        };
        set(node, &each_line(&text, unescape), to);
    }
}

/// Replaces the text by one in the grammar of `to`.
pub(super) fn set(node: &mut Record, text: &str, to: Version) {
    node.set_text_within(text, if to == Version::V70 { usize::MAX } else { TEXT_LIMIT });
}

/// Plain text as the payload of a new line in `to`.
pub(super) fn line(tag: &str, text: &str, to: Version) -> Record {
    let mut node = Record::new(tag);
    let escape = |line: &str| match to {
        Version::V70 => escape_leading_at(line).into_owned(),
        Version::V551 => escape_all_at(line).into_owned(),
    };
    set(&mut node, &each_line(text, escape), to);
    node
}

/// What a line of `from` says.
pub(super) fn plain(node: &Record, from: Version) -> String {
    let text = node.text();
    each_line(&text, |line| match from {
        Version::V551 => unescape_at(line).into_owned(),
        Version::V70 => unescape_leading_at(line).to_owned(),
    })
}

/// Whether the text is the same in both versions, so that not even its spaces need touching.
fn is_plain(node: &Record, to: Version) -> bool {
    let own =
        std::iter::once(node).chain(node.children.iter().filter(|c| c.tag == "CONT" || c.tag == "CONC"));
    let mut parts = own.map(|line| (line.tag.as_str(), line.value.as_deref().unwrap_or_default()));
    parts.all(|(tag, value)| {
        let short = to == Version::V70 || value.len() <= TEXT_LIMIT;
        short && tag != "CONC" && !value.contains(['@', '\n', '\r'])
    })
}

fn each_line(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split('\n').map(change).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Record {
        let mut note = Record::new("NOTE");
        note.set_text(text);
        note
    }

    #[test]
    fn at_signs_and_long_lines() {
        let long = "x".repeat(500);
        let mut five = note(&format!("@@me@@home\n{long}"));
        let before = five.clone();
        convert(&mut five, Version::V70);
        assert_eq!(five.text(), format!("@@me@home\n{long}"));
        assert!(five.children.iter().all(|line| line.tag == "CONT"));
        convert(&mut five, Version::V551);
        assert_eq!(five, before);
    }

    #[test]
    fn kept_text_comes_back_exactly() {
        for text in ["@#DJULIAN@ 1 JAN 1700", "me@@home", "me@home", "@@@@x", "@X9@", "a\n@@b"] {
            for (there, back) in [(Version::V70, Version::V551), (Version::V551, Version::V70)] {
                let mut kept = note(text);
                keep(&mut kept, there);
                restore(&mut kept, back);
                assert_eq!(kept.text(), text);
            }
        }
    }
}
