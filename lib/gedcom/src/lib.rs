//! Lossless, streaming GEDCOM reader and writer.
//!
//! ```
//! use dzinza_gedcom::{Reader, Record};
//!
//! let text = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 BIRT\n2 DATE 12 MAR 1890\n0 TRLR\n";
//! let mut reader = Reader::new(text.as_bytes())?;
//! let mut out = Vec::new();
//! while let Some(record) = reader.next_record()? {
//!     if record.tag == "INDI" {
//!         assert_eq!(record.value_of(&["BIRT", "DATE"]), Some("12 MAR 1890"));
//!     }
//!     record.write_to(&mut out, 0)?;
//! }
//! assert_eq!(out, text.as_bytes());
//! # Ok::<(), dzinza_gedcom::ReadError>(())
//! ```
//!
//! # A tour
//!
//! **Reading.** [`Reader`] yields one level-0 record at a time in bounded memory, finds out the character encoding by
//! itself, and repairs what real files get wrong. [`Record`] is one line with everything below it, exactly as
//! written: nothing is interpreted, dropped or reordered, so writing what was read gives back equal lines.
//!
//! **Diagnostics.** Every repair is a [`Diagnostic`] with its line, a severity and a stable code:
//!
//! ```
//! use dzinza_gedcom::{Reader, Severity};
//!
//! let mut reader = Reader::new("0 HEAD\n0 @I1@ indi\n1 NOTE one\ntwo\n0 TRLR\n".as_bytes())?;
//! let records = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(records[1].child("NOTE").map(|note| note.text()).as_deref(), Some("one\ntwo"));
//! let found: Vec<_> = reader.take_diagnostics().iter().map(|d| (d.line, d.severity, d.code)).collect();
//! assert_eq!(found, [(2, Severity::Info, "lower-case-tag"), (4, Severity::Warning, "raw-line-break")]);
//! # Ok::<(), dzinza_gedcom::ReadError>(())
//! ```
//!
//! Only what is no GEDCOM at all, or goes beyond [`Limits`], is a [`ReadError`].
//!
//! **Editing and writing.** Records are plain data. Text with line breaks goes in by [`Record::set_text`], at signs
//! are doubled by [`escape_all_at`] (5.5.1) or [`escape_leading_at`] (7.0):
//!
//! ```
//! use dzinza_gedcom::{Record, escape_all_at};
//!
//! let mut person = Record::parse("0 @I1@ INDI\n1 NAME Rudo /Moyo/\n1 _TOTEM eland\n")?;
//! if let Some(name) = person.child_mut("NAME") {
//!     name.value = Some("Rudo /Shumba/".to_owned());
//! }
//! let mut note = Record::new("NOTE");
//! note.set_text(&escape_all_at("Write to her:\nrudo@example.org"));
//! person.push(note).push(Record::new("BIRT").leaf("DATE", "ABT 1890"));
//! assert_eq!(
//!     person.to_gedcom(),
//!     "0 @I1@ INDI\n1 NAME Rudo /Shumba/\n1 _TOTEM eland\n\
//!      1 NOTE Write to her:\n2 CONT rudo@@example.org\n1 BIRT\n2 DATE ABT 1890\n"
//! );
//! # Ok::<(), dzinza_gedcom::ReadError>(())
//! ```
//!
//! **Dates.** [`DateValue`] reads a payload of either version into a range of days that can be sorted and compared,
//! and keeps the text; see [`date`]:
//!
//! ```
//! use dzinza_gedcom::DateValue;
//!
//! let mut born = ["AFT 1890", "@#DJULIAN@ 25 OCT 1917", "1890", "BEF MAR 1890"].map(DateValue::parse);
//! born.sort_by_key(DateValue::sort_day);
//! let texts = born.each_ref().map(DateValue::text);
//! assert_eq!(texts, ["1890", "BEF MAR 1890", "AFT 1890", "@#DJULIAN@ 25 OCT 1917"]);
//! ```
//!
//! **Converting.** [`convert`] takes records from 5.5.1 to 7.0 and back, and lists what the target cannot say.
//!
//! **GEDZIP.** [`gedzip`] reads and writes archives of a file and its media.
//!
//! **Comparing.** [`compare`](mod@compare) tells how many lines of a file come back from a round trip.
//!
//! # Standards
//!
//! *The GEDCOM Standard 5.5.1* (2019) and *FamilySearch GEDCOM 7.0*. 5.5 and 5.5.5 are read as 5.5.1, 7.1 as 7.0;
//! nothing is validated.
#![warn(missing_docs)]

mod ansel;
mod at;
mod build;
pub mod compare;
pub mod convert;
mod cp437;
pub mod date;
mod decode;
mod diagnostics;
mod encoding;
pub mod gedzip;
mod lines;
mod reader;
mod record;
mod source;
mod version;

pub use at::{escape_all_at, escape_leading_at, unescape_at, unescape_leading_at};
pub use date::{DateValue, Qualifier};
pub use diagnostics::{Diagnostic, ReadError, Severity};
pub use encoding::Encoding;
pub use reader::{Limits, Reader};
pub use record::{MAX_DEPTH, Record, TEXT_LIMIT};
pub use version::Version;

/// The examples of the README are tested like all others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
