//! From 5.5.1 to 7.0 and back, one record at a time, with a list of what the target could not say.
//!
//! Whatever one version cannot say in the words of the other is kept under an extension tag, word for word:
//! `NO DIV` of 7.0 becomes `_NO DIV` in 5.5.1. The header says which tags stand for what
//! (`TAG _NO urn:x-gedcom:7.0:NO`, in `SCHMA` of 7.0 and `_SCHMA` of 5.5.1), and converting back turns them into
//! what they were.
//!
//! | 5.5.1 | 7.0 |
//! |---|---|
//! | `NOTE @N1@`, record `NOTE` | `SNOTE @N1@`, record `SNOTE` |
//! | `@@` anywhere, `CONC` | `@@` at the start of a line, lines of any length |
//! | pointer to no record | `@VOID@` |
//! | `INT 1890 (words)`, `(words)`, `1699/00` | `DATE` and `PHRASE` |
//! | `@#DJULIAN@`, `B.C.` | `JULIAN`, `BCE` |
//! | `AGE CHILD`, `>8y` | `< 8y` and `PHRASE Child`, `> 8y` |
//! | `RELA godmother` | `ROLE GODP` and `PHRASE godmother` |
//! | `FONE`, `ROMN` with a known `TYPE` | `TRAN` with `LANG` |
//! | `AFN`, `RFN`, `RIN` | `EXID` with `TYPE` |
//! | `_UID` with a checksum | `UID` |
//! | inline `OBJE`, citation without a record | a record of its own, after the record at hand |
//! | words in lower case (`PEDI birth`, `RESN locked`) | enumerations in upper case, others as `OTHER` and `PHRASE` |
//! | `FORM jpg` | `FORM image/jpeg` |
//! | paths | URI references, percent-encoded |
//! | `LANG English` | `LANG en` |
//! | `CHAR`, `GEDC.FORM` | nothing: it is always UTF-8 and lineage-linked |
//!
//! What is only a matter of form follows the target without a word: letter case and spacing of dates, ages and
//! enumerations, at signs that 5.5.1 should have doubled, and where long lines are split.
//!
//! The migration guide of FamilySearch GEDCOM 7.0 is followed where it says something. 5.5 and 5.5.5 are read as
//! 5.5.1, 7.1 as 7.0.
//!
//! ```
//! use dzinza_gedcom::convert::{Converter, KeptAs};
//! use dzinza_gedcom::{Reader, Version};
//!
//! let text = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 BIRT\n2 DATE INT 1890 (the comet)\n1 SEX N\n0 TRLR\n";
//! let mut converter = Converter::new(Version::V70);
//! // A first pass finds out which records there are, and which tags the header has to explain.
//! for record in Reader::new(text.as_bytes())? {
//!     converter.survey(&record?);
//! }
//! let (mut out, mut losses) = (Vec::new(), Vec::new());
//! for record in Reader::new(text.as_bytes())? {
//!     let converted = converter.convert(record?);
//!     losses.extend(converted.losses);
//!     for record in converted.records {
//!         record.write_to(&mut out, 0)?;
//!     }
//! }
//! let out = String::from_utf8_lossy(&out);
//! assert!(out.contains("2 DATE 1890\n3 PHRASE the comet\n1 SEX U\n2 _SEX N\n"));
//! assert_eq!(losses[0].path, "INDI.SEX");
//! assert_eq!(losses[0].kept_as, KeptAs::Extension("_SEX".into()));
//! # Ok::<(), dzinza_gedcom::ReadError>(())
//! ```

mod ages;
mod citations;
mod dates;
mod down;
pub(crate) mod files;
mod head;
mod ids;
mod media;
mod tables;
mod tags;
mod text;
mod up;
mod walk;
mod words;
mod xrefs;

use std::io::{Read, Write};

use crate::diagnostics::ReadError;
use crate::reader::Reader;
use crate::record::Record;
use crate::version::Version;
use walk::{Memory, Walk};

/// Something that the target could not say as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The xref of the record, as it was.
    pub xref: Option<String>,
    /// 1-based line in the source, 0 for records made by hand.
    pub line: u32,
    /// The tags from the record to the line, with dots between them: `INDI.BIRT.DATE`.
    pub path: String,
    /// The payload, cut off after 120 characters.
    pub what: String,
    /// English reason.
    pub why: &'static str,
    /// What became of it.
    pub kept_as: KeptAs,
}

/// What became of something that the target cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeptAs {
    /// Said in other words of the target, from which the very same line does not come back.
    OtherWords,
    /// Kept word for word under this extension tag, from which converting back restores it.
    Extension(String),
    /// Left as it is, though the target's standard does not provide for it.
    AsItIs,
    /// Left out, because the target says it in no way and needs it for nothing.
    Dropped,
}

/// What a record became.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted {
    /// The record in the target's words, and after it what had to become a record of its own.
    pub records: Vec<Record>,
    /// What could not be said, in the order of the lines.
    pub losses: Vec<Loss>,
}

/// Converts records of a file, one after the other.
///
/// The version of the source is what its `HEAD` says. If that is the target's, records pass through untouched.
/// Memory: a few bytes for each xref, and nothing else that grows with the file.
#[derive(Debug)]
pub struct Converter {
    to: Version,
    from: Option<Version>,
    memory: Memory,
}

/// Extension tags that are remembered, far more than any program has.
const REMEMBERED_TAGS: usize = 4096;

impl Converter {
    /// A converter to a version.
    pub fn new(to: Version) -> Self {
        Self { to, from: None, memory: Memory::default() }
    }

    /// Looks at a record before the conversion begins. All records of the file are to be looked at, `HEAD` first.
    ///
    /// Without this the conversion still works, but then pointers to nothing stay, new records may get the xrefs of
    /// others, and the header does not explain the extension tags, so that nothing can be converted back.
    pub fn survey(&mut self, record: &Record) {
        let from = self.source(record);
        if from == self.to {
            return;
        }
        if let Some(xref) = &record.xref {
            self.memory.add(xref, self.to);
        }
        for (_, line) in record.walk().filter(|(_, line)| line.tag.starts_with('_')) {
            let known = self.memory.restored.contains_key(&line.tag) || self.memory.own.contains(&line.tag);
            if !known && self.memory.own.len() < REMEMBERED_TAGS {
                self.memory.own.insert(line.tag.clone());
            }
        }
        let made = (self.memory.sources_made, self.memory.media_made);
        self.memory.rehearsal = true;
        Walk::new(from, self.to, &mut self.memory).record(record.clone());
        self.memory.rehearsal = false;
        (self.memory.sources_made, self.memory.media_made) = made;
    }

    /// Converts a record. Records come in the order of the file, `HEAD` first; a file without it is 5.5.1.
    pub fn convert(&mut self, record: Record) -> Converted {
        let from = self.source(&record);
        if from == self.to {
            return Converted { records: vec![record], losses: Vec::new() };
        }
        self.memory.settle();
        let mut walk = Walk::new(from, self.to, &mut self.memory);
        let records = walk.record(record);
        Converted { records, losses: walk.losses }
    }

    /// The version of the source, as far as a record has been seen.
    pub fn from(&self) -> Option<Version> {
        self.from
    }

    fn source(&mut self, record: &Record) -> Version {
        if let Some(from) = self.from {
            return from;
        }
        let from = if record.tag == "HEAD" { Version::of(record) } else { Version::V551 };
        self.from = Some(from);
        if record.tag == "HEAD" {
            head::learn(&mut self.memory, record, self.to);
        }
        from
    }
}

/// Converts a whole file: reads it twice, writes UTF-8 with `\n` line ends, and hands over each loss.
///
/// `first` and `second` are two readers of the same bytes.
///
/// # Errors
/// As [`Reader`] has them, and those of writing.
pub fn convert_file(
    first: impl Read,
    second: impl Read,
    to: Version,
    out: &mut impl Write,
    mut on_loss: impl FnMut(Loss),
) -> Result<(), ReadError> {
    let mut converter = Converter::new(to);
    for record in Reader::new(first)? {
        converter.survey(&record?);
    }
    for record in Reader::new(second)? {
        let converted = converter.convert(record?);
        converted.losses.into_iter().for_each(&mut on_loss);
        for record in converted.records {
            record.write_to(out, 0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
