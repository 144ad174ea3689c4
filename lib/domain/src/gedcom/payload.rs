//! Text in payloads: doubled at signs and continued lines.

use dzinza_gedcom::{Record, escape_all_at, escape_leading_at, unescape_at};

/// The GEDCOM that a file is written in; they differ in how text is escaped and continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// 5.5.1 and before: every at sign is doubled, long lines are continued with `CONC`.
    #[default]
    Five,
    /// 7.0: only a leading at sign is doubled, and there is no `CONC`.
    Seven,
}

impl Dialect {
    /// What a header says; 5.5.1 if there is none.
    pub fn of(header: Option<&Record>) -> Self {
        let version = header.and_then(|header| header.value_of(&["GEDC", "VERS"])).unwrap_or_default();
        if version.trim().starts_with('7') { Self::Seven } else { Self::Five }
    }
}

/// What a line says to a person, with its continuations; `None` if that is nothing.
///
/// The record alone does not tell its version, so `@@` is one at sign everywhere. In 7.0 that is wrong inside a
/// line, but whatever is not edited is written as it came all the same.
pub(super) fn read(line: &Record) -> Option<String> {
    let text = line.text();
    let text = unescape_at(text.trim());
    (!text.is_empty()).then(|| text.into_owned())
}

/// The same for the first line at a path of tags.
pub(super) fn read_at(record: &Record, path: &[&str]) -> Option<String> {
    let line = path.iter().try_fold(record, |at, tag| at.child(tag));
    line.and_then(read)
}

/// Writes text that somebody typed, which must not turn into a pointer or lose its line breaks.
pub(super) fn put(line: &mut Record, text: &str, dialect: Dialect) {
    match dialect {
        Dialect::Five => line.set_text(&escape_all_at(text)),
        Dialect::Seven => {
            let lines: Vec<_> = text.lines().map(escape_leading_at).collect();
            line.set_text_within(&lines.join("\n"), usize::MAX);
        }
    }
}

/// A new line with such text.
pub(super) fn line(tag: &str, text: &str, dialect: Dialect) -> Record {
    let mut line = Record::new(tag);
    put(&mut line, text, dialect);
    line
}

/// The first child with this tag, made if there is none.
pub(super) fn child_or_insert<'a>(record: &'a mut Record, tag: &str) -> &'a mut Record {
    let place = record.children.iter().position(|child| child.tag == tag);
    let place = place.unwrap_or_else(|| {
        record.children.push(Record::new(tag));
        record.children.len() - 1
    });
    &mut record.children[place]
}

/// Sets, makes or removes the first child with this tag. Dates are taken as they are: they have an at sign syntax of
/// their own.
pub(super) fn set_line(record: &mut Record, tag: &str, value: Option<&str>, dialect: Dialect) {
    match value {
        Some(value) if tag == "DATE" => child_or_insert(record, tag).value = Some(value.to_owned()),
        Some(value) => put(child_or_insert(record, tag), value, dialect),
        None => {
            if let Some(place) = record.children.iter().position(|child| child.tag == tag) {
                record.children.remove(place);
            }
        }
    }
}

/// Notes written in the record itself; shared ones are records of their own.
pub(super) fn notes(record: &Record) -> Option<String> {
    let own = record.children_named("NOTE").filter(|note| note.pointer().is_none());
    let texts: Vec<String> = own.map(|note| unescape_at(&note.text()).into_owned()).collect();
    let joined = texts.join("\n\n");
    (!joined.trim().is_empty()).then_some(joined)
}

/// Replaces those notes by one.
pub(super) fn set_notes(record: &mut Record, notes: Option<&str>, dialect: Dialect) {
    record.children.retain(|child| child.tag != "NOTE" || child.pointer().is_some());
    record.children.extend(notes.map(|notes| line("NOTE", notes, dialect)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_comes_back_and_is_never_a_pointer() {
        for dialect in [Dialect::Five, Dialect::Seven] {
            for text in ["@I1@", "me@home.zw\n@I2@\n\nlast", &"long @ text ".repeat(60)] {
                let line = line("NOTE", text, dialect);
                let written = Record::parse(&line.to_gedcom()).unwrap();
                assert_eq!(read(&written).as_deref(), Some(text.trim()), "{dialect:?}");
                assert!(written.pointer().is_none());
            }
        }
        let header = Record::parse("0 HEAD\n1 GEDC\n2 VERS 7.0.11\n").unwrap();
        assert_eq!((Dialect::of(Some(&header)), Dialect::of(None)), (Dialect::Seven, Dialect::Five));
    }

    #[test]
    fn a_continued_line_is_replaced_whole() {
        let mut event = Record::parse("0 BIRT\n1 PLAC Gu\n2 CONC tu\n2 MAP\n").unwrap();
        assert_eq!(read_at(&event, &["PLAC"]).as_deref(), Some("Gutu"));
        set_line(&mut event, "PLAC", Some("Masvingo"), Dialect::Five);
        assert_eq!(event.to_gedcom(), "0 BIRT\n1 PLAC Masvingo\n2 MAP\n");
    }
}
