//! Lines to records: levels, continuation of raw text, and the repairs they need.

use crate::diagnostics::{Diagnostics, ReadError, Severity};
use crate::lines::{Line, parse_line};
use crate::reader::Limits;
use crate::record::{MAX_DEPTH, Record};

/// What a record costs besides its text: the struct and the allocations of its strings.
const RECORD_COST: usize = size_of::<Record>() + 32;

/// A level that jumps to this or beyond is a number in someone's text; GEDCOM ends at 99.
const JUMP_LIMIT: u32 = 100;

/// Assembles one level-0 record after the other.
#[derive(Debug)]
pub(crate) struct Builder {
    /// The path from the level-0 record to the line read last, each with its level *in the source*.
    open: Vec<(u32, Record)>,
    /// Blank lines since the last line: part of the text if raw text follows, meaningless otherwise.
    blank: u32,
    cost: usize,
    limits: Limits,
}

impl Builder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { open: Vec::new(), blank: 0, cost: 0, limits }
    }

    /// Takes one line and returns the record that it completes, if any.
    pub(crate) fn feed(
        &mut self,
        text: &str,
        number: u32,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Record>, ReadError> {
        if text.bytes().all(|b| b <= b' ') {
            self.blank = self.blank.saturating_add(1);
            diagnostics.add(number, Severity::Info, "blank-line", || "empty line skipped".to_owned());
            return Ok(None);
        }
        match parse_line(text) {
            Some(line) if !self.is_text(&line) => self.line(&line, text.len(), number, diagnostics),
            _ => self.raw(text, number, diagnostics).map(|()| None),
        }
    }

    /// Hands over the record that is being assembled.
    pub(crate) fn finish(&mut self) -> Option<Record> {
        self.close(1);
        self.cost = 0;
        self.open.pop().map(|(_, record)| record)
    }

    /// Whether something that looks like a line is rather text that starts with a number: "1890 was a dry year".
    fn is_text(&self, line: &Line<'_>) -> bool {
        let jumps = self.open.last().is_some_and(|(level, _)| line.level > level + 1);
        jumps && (line.level >= JUMP_LIMIT || line.tag.bytes().any(|b| b.is_ascii_lowercase()))
    }

    fn line(
        &mut self,
        line: &Line<'_>,
        len: usize,
        number: u32,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Record>, ReadError> {
        self.blank = 0;
        report_form(line, number, diagnostics);
        let mut done = None;
        let mut level = line.level;
        if level == 0 {
            done = self.finish();
        } else if let Some((above, _)) = self.open.last() {
            if level > above + 1 {
                diagnostics.add(number, Severity::Warning, "level-jump", || {
                    format!("level {level} after level {above}; attached to the line before")
                });
            }
        } else {
            diagnostics.add(number, Severity::Warning, "level-jump", || {
                format!("level {level} without a record above it; made a record of its own")
            });
            level = 0;
        }
        let record = Record {
            xref: line.xref.map(str::to_owned),
            tag: line.tag.to_ascii_uppercase(),
            value: line.value.map(str::to_owned),
            children: Vec::new(),
            line: number,
        };
        self.charge(len, number)?;
        self.open_at(level, record, diagnostics);
        Ok(done)
    }

    /// Text with a line break that was written as it is instead of as `CONT`.
    fn raw(&mut self, text: &str, number: u32, diagnostics: &mut Diagnostics) -> Result<(), ReadError> {
        let Some((level, last)) = self.open.last() else {
            diagnostics.add(number, Severity::Error, "text-before-first-record", || {
                "text before the first record was dropped".to_owned()
            });
            return Ok(());
        };
        let continues = last.tag == "CONT" || last.tag == "CONC";
        let level = level + u32::from(!continues || self.open.len() == 1);
        diagnostics.add(number, Severity::Warning, "raw-line-break", || {
            "a line without level and tag was taken as the next line of the text above".to_owned()
        });
        for _ in 0..std::mem::take(&mut self.blank) {
            self.charge(0, number)?;
            self.open_at(level, Record { line: number, ..Record::new("CONT") }, diagnostics);
        }
        self.charge(text.len(), number)?;
        self.open_at(level, Record { line: number, ..Record::with("CONT", text) }, diagnostics);
        Ok(())
    }

    fn charge(&mut self, len: usize, number: u32) -> Result<(), ReadError> {
        self.cost = self.cost.saturating_add(len).saturating_add(RECORD_COST);
        if self.cost <= self.limits.record_bytes {
            return Ok(());
        }
        let line = self.open.first().map_or(number, |(_, r)| r.line);
        Err(ReadError::RecordTooLarge { line, limit: self.limits.record_bytes })
    }

    fn open_at(&mut self, level: u32, record: Record, diagnostics: &mut Diagnostics) {
        self.close(level);
        if self.open.len() >= MAX_DEPTH {
            diagnostics.add(record.line, Severity::Warning, "too-deep", || {
                format!("nested deeper than {MAX_DEPTH}; attached to the deepest level")
            });
            while self.open.len() >= MAX_DEPTH {
                self.close_last();
            }
        }
        self.open.push((level, record));
    }

    /// Closes every open line at `level` or below it.
    fn close(&mut self, level: u32) {
        while self.open.len() > 1 && self.open.last().is_some_and(|(l, _)| *l >= level) {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        if let Some((_, record)) = self.open.pop()
            && let Some((_, parent)) = self.open.last_mut()
        {
            parent.children.push(record);
        }
    }
}

fn report_form(line: &Line<'_>, number: u32, diagnostics: &mut Diagnostics) {
    if line.indented {
        diagnostics
            .add(number, Severity::Info, "indented-line", || "white space before the level".to_owned());
    }
    if line.loose {
        diagnostics.add(number, Severity::Info, "loose-spacing", || {
            "tabs, several spaces or leading zeros around level, xref and tag".to_owned()
        });
    }
    if line.tag.is_empty() {
        diagnostics.add(number, Severity::Error, "missing-tag", || "an xref without a tag".to_owned());
    }
    for b in line.tag.bytes() {
        if b.is_ascii_lowercase() {
            diagnostics.add(number, Severity::Info, "lower-case-tag", || "tag made upper case".to_owned());
            break;
        }
        if !b.is_ascii_alphanumeric() && b != b'_' {
            diagnostics.add(number, Severity::Warning, "odd-tag", || {
                "a tag with characters other than letters, digits and _".to_owned()
            });
            break;
        }
    }
}
