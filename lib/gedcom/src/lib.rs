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
//! * [`Record`] is one line with everything below it, exactly as written: nothing is interpreted,
//!   dropped or reordered, so writing what was read gives back equal lines.
//! * [`Reader`] yields one level-0 record at a time in bounded memory, finds out the character encoding
//!   by itself, and repairs what real files get wrong; every repair is a [`Diagnostic`].
//! * [`date`] reads date payloads (GEDCOM 5.5.1 and 7.0) into day ranges that can be sorted and compared.
//!
//! Standards: *The GEDCOM Standard 5.5.1* (2019) and *FamilySearch GEDCOM 7.0*.
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
