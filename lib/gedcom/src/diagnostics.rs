//! What the reader found to complain about, and the few things that stop it.

use std::collections::HashMap;

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Only the form was normalised (indentation, letter case of a tag); no content is touched.
    Info,
    /// The file breaks the standard and was repaired in the most likely sense.
    Warning,
    /// Content may have been understood wrongly or a few characters were lost.
    Error,
}

/// One repair, or one thing about the file worth telling its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// 1-based line in the source; 0 when it is about the whole file.
    pub line: u32,
    /// How much it matters.
    pub severity: Severity,
    /// Stable kebab-case name of the kind of problem, fit for translation and for counting.
    pub code: &'static str,
    /// English explanation. It never quotes names or notes, so it may be logged.
    pub message: String,
}

/// What makes reading impossible. Everything else is repaired and reported as a [`Diagnostic`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The underlying source failed.
    #[error("reading the source failed: {0}")]
    Io(#[from] std::io::Error),
    /// There is nothing in the file but white space.
    #[error("the file is empty")]
    Empty,
    /// The bytes are something else: a zip archive, a picture, a spreadsheet.
    #[error("this is not a GEDCOM file: {reason}")]
    NotGedcom {
        /// What was seen instead.
        reason: String,
    },
    /// One line is longer than [`Limits::line_bytes`](crate::Limits).
    #[error("line {line} is longer than {limit} bytes")]
    LineTooLong {
        /// 1-based line number.
        line: u32,
        /// The limit in bytes.
        limit: usize,
    },
    /// One level-0 record needs more than [`Limits::record_bytes`](crate::Limits).
    #[error("the record that starts at line {line} needs more than {limit} bytes")]
    RecordTooLarge {
        /// 1-based line number of its level-0 line.
        line: u32,
        /// The limit in bytes of memory.
        limit: usize,
    },
    /// [`Record::parse`](crate::Record::parse) was given something other than one record.
    #[error("expected exactly one record: {reason}")]
    NotOneRecord {
        /// What was found instead.
        reason: String,
    },
}

/// How many diagnostics of one code are listed one by one before they are only counted.
const LISTED_PER_CODE: u32 = 1000;

/// Collects diagnostics in bounded memory: a file whose every line is indented must not cost a message per line.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    pending: Vec<Diagnostic>,
    /// How many of `pending` are in their place; the rest is sorted by line when it is handed over.
    placed: usize,
    counts: HashMap<&'static str, (Severity, u32)>,
}

impl Diagnostics {
    /// Records one repair; `message` is only called when it will be listed.
    pub(crate) fn add(
        &mut self,
        line: u32,
        severity: Severity,
        code: &'static str,
        message: impl FnOnce() -> String,
    ) {
        let (_, seen) = self.counts.entry(code).or_insert((severity, 0));
        *seen = seen.saturating_add(1);
        if *seen <= LISTED_PER_CODE {
            self.pending.push(Diagnostic { line, severity, code, message: message() });
        }
    }

    /// As [`add`](Self::add), but only the first time for this code.
    pub(crate) fn add_once(
        &mut self,
        line: u32,
        severity: Severity,
        code: &'static str,
        message: impl FnOnce() -> String,
    ) {
        if !self.counts.contains_key(code) {
            self.add(line, severity, code, message);
        }
    }

    /// At the end of the file: says how many of each code were left off.
    pub(crate) fn finish(&mut self) {
        self.sort();
        let mut left: Vec<_> = self.counts.drain().filter(|(_, (_, n))| *n > LISTED_PER_CODE).collect();
        left.sort_unstable_by_key(|(code, _)| *code);
        for (code, (severity, n)) in left {
            let message = format!("and {} more of these", n - LISTED_PER_CODE);
            self.pending.push(Diagnostic { line: 0, severity, code, message });
        }
        self.placed = self.pending.len();
    }

    /// Hands over what has been collected so far, by line: what is wrong with a record as a whole is found out
    /// after its lines.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        self.sort();
        self.placed = 0;
        std::mem::take(&mut self.pending)
    }

    fn sort(&mut self) {
        if let Some(rest) = self.pending.get_mut(self.placed..) {
            rest.sort_by_key(|d| d.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_code_is_counted_instead_of_listed() {
        let mut d = Diagnostics::default();
        for line in 0..LISTED_PER_CODE + 5 {
            d.add(line, Severity::Info, "indented-line", || "x".to_owned());
        }
        d.finish();
        let all = d.take();
        assert_eq!(all.len() as u32, LISTED_PER_CODE + 1);
        assert_eq!(all.last().map(|d| d.message.as_str()), Some("and 5 more of these"));
        assert!(d.take().is_empty());
    }
}
