//! The streaming reader: one level-0 record at a time.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Read;

use crate::build::Builder;
use crate::diagnostics::{Diagnostic, Diagnostics, ReadError, Severity};
use crate::encoding::Encoding;
use crate::record::Record;
use crate::source::Source;

/// What the reader refuses, so that a hostile file cannot fill the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest line in bytes; 1 MiB by default.
    pub line_bytes: usize,
    /// Largest level-0 record in bytes of memory, its strings and structs together; 64 MiB by default.
    pub record_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, record_bytes: 64 << 20 }
    }
}

/// Xrefs remembered to find duplicates, by hash: at most 16 MB, and beyond any family tree known.
const REMEMBERED_XREFS: usize = 1 << 20;

/// Reads GEDCOM 5.x and 7.0 in any encoding and with any line ends, one level-0 record at a time.
///
/// `HEAD` and `TRLR` are records like any other. Memory is bounded by [`Limits`] and does not grow with the file
/// (except for eight bytes per xref, to a fixed maximum). No input makes it panic.
///
/// What breaks the standard is repaired where there is a likely sense and reported through
/// [`take_diagnostics`](Self::take_diagnostics):
///
/// | code | repair |
/// |---|---|
/// | `wrong-charset`, `unknown-charset` | bytes win over the header |
/// | `invalid-utf8`, `undefined-byte`, `nul-removed`, `split-character` | per line |
/// | `indented-line`, `loose-spacing`, `lower-case-tag`, `blank-line` | normalised |
/// | `odd-tag`, `missing-tag` | kept |
/// | `level-jump`, `too-deep` | attached to the nearest open level |
/// | `raw-line-break` | text without level and tag becomes a `CONT` child |
/// | `text-before-first-record` | dropped |
/// | `missing-head`, `missing-trailer`, `after-trailer`, `duplicate-xref` | only reported |
pub struct Reader<R: Read> {
    source: Source<R>,
    builder: Builder,
    diagnostics: Diagnostics,
    seen: HashSet<u64>,
    hasher: RandomState,
    started: bool,
    trailer: bool,
    finished: bool,
}

impl<R: Read> Reader<R> {
    /// Looks at the start of the input and finds out its encoding, from a byte order mark, the byte pattern of
    /// UTF-16 and what `HEAD.CHAR` says. No buffering is needed around `input`.
    ///
    /// # Errors
    /// [`ReadError::Empty`], [`ReadError::NotGedcom`], [`ReadError::Io`].
    pub fn new(input: R) -> Result<Self, ReadError> {
        Self::with_limits(input, Limits::default())
    }

    /// As [`new`](Self::new), with other limits.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_limits(input: R, limits: Limits) -> Result<Self, ReadError> {
        let mut diagnostics = Diagnostics::default();
        let source = Source::new(input, limits, &mut diagnostics)?;
        Ok(Self {
            source,
            builder: Builder::new(limits),
            diagnostics,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            started: false,
            trailer: false,
            finished: false,
        })
    }

    /// The next level-0 record, or `None` at the end of the file. After an error there is nothing more.
    ///
    /// # Errors
    /// [`ReadError::Io`], [`ReadError::LineTooLong`], [`ReadError::RecordTooLarge`].
    pub fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        if self.finished {
            return Ok(None);
        }
        let next = self.read_record();
        self.finished = !matches!(next, Ok(Some(_)));
        if self.finished {
            self.diagnostics.finish();
        }
        next
    }

    fn read_record(&mut self) -> Result<Option<Record>, ReadError> {
        while let Some((number, text)) = self.source.next_line(&mut self.diagnostics)? {
            if let Some(record) = self.builder.feed(text, number, &mut self.diagnostics)? {
                self.check(&record);
                return Ok(Some(record));
            }
        }
        let last = self.builder.finish();
        match &last {
            Some(record) => self.check(record),
            None if !self.trailer => {
                let line = self.source.lines_read();
                self.diagnostics.add(line, Severity::Warning, "missing-trailer", || {
                    "the file ends without TRLR; it may have been cut off".to_owned()
                });
            }
            None => {}
        }
        Ok(last)
    }

    /// Notes what is wrong with the sequence of records.
    fn check(&mut self, record: &Record) {
        let line = record.line;
        let diagnostics = &mut self.diagnostics;
        if !self.started && record.tag != "HEAD" {
            diagnostics
                .add(line, Severity::Warning, "missing-head", || "the file starts without HEAD".to_owned());
        }
        if self.trailer {
            diagnostics.add_once(line, Severity::Warning, "after-trailer", || {
                "records follow after TRLR".to_owned()
            });
        }
        self.started = true;
        self.trailer |= record.tag == "TRLR";
        if let Some(xref) = &record.xref
            && self.seen.len() < REMEMBERED_XREFS
            && !self.seen.insert(self.hasher.hash_one(xref))
        {
            diagnostics.add(line, Severity::Warning, "duplicate-xref", || {
                "another record above has the same xref".to_owned()
            });
        }
    }

    /// The encoding of the file, as far as it is known: a header that lies is found out at the first line that is
    /// not plain ASCII.
    pub fn encoding(&self) -> Encoding {
        self.source.encoding()
    }

    /// How many lines have been read so far.
    pub fn lines_read(&self) -> u32 {
        self.source.lines_read()
    }

    /// How many bytes have been taken from the input so far, at most 64 KiB ahead of the records.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// Hands over what was found since the last call, in the order of the lines. One code is listed at most 1000 times per file; how many
    /// were left off is told at the end.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        self.diagnostics.take()
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}

impl<R: Read> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("encoding", &self.encoding())
            .field("lines_read", &self.lines_read())
            .field("bytes_read", &self.bytes_read())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
