//! One GEDCOM line together with everything below it.

use std::io::{self, Write};

use crate::build::Builder;
use crate::diagnostics::{Diagnostics, ReadError};
use crate::reader::Limits;

/// How deep records may nest when read; deeper lines become siblings of the deepest ones, with a diagnostic.
///
/// GEDCOM 5.5.1 allows levels up to 99.
pub const MAX_DEPTH: usize = 128;

/// How many bytes of text [`Record::set_text`] puts on one line.
///
/// GEDCOM 5.5.1 limits a whole line, with level, xref, tag and line end, to 255 characters; this leaves room for
/// all of those.
pub const TEXT_LIMIT: usize = 220;

/// One line and everything below it.
///
/// Fields hold what the file says, unescaped and untrimmed. Equality ignores [`line`](Self::line), which is
/// where a record came from and not what it is.
///
/// The reader never nests deeper than [`MAX_DEPTH`]. Records built by hand should keep to that too: dropping,
/// cloning and comparing recurse.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Cross-reference identifier with its at signs, as written: `@I1@`.
    pub xref: Option<String>,
    /// The tag in upper case, custom tags such as `_UID` included.
    ///
    /// Empty only for a broken line that has an xref and nothing else.
    pub tag: String,
    /// Everything after exactly one delimiter space, with leading and trailing spaces and `@@` as written.
    /// `None` means that there is no payload; `Some("")` that the tag is followed by a lone space.
    pub value: Option<String>,
    /// Lines one level below, in the order of the file.
    pub children: Vec<Record>,
    /// 1-based line number in the source, 0 when made by hand.
    pub line: u32,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
            && self.xref == other.xref
            && self.value == other.value
            && self.children == other.children
    }
}

impl Eq for Record {}

impl Record {
    /// A record with a tag and nothing else.
    pub fn new(tag: &str) -> Self {
        Self { tag: tag.to_ascii_uppercase(), ..Self::default() }
    }

    /// A record with a tag and a payload, which is taken as written (see [`escape_all_at`](crate::escape_all_at)).
    /// Use [`set_text`](Self::set_text) for text that may be long or have line breaks.
    pub fn with(tag: &str, value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::new(tag) }
    }

    /// A level-0 record: `Record::top("@I1@", "INDI")`.
    pub fn top(xref: &str, tag: &str) -> Self {
        Self { xref: Some(xref.to_owned()), ..Self::new(tag) }
    }

    /// Appends a child and returns `self`, for chains: `birt.push(date).push(plac)`.
    pub fn push(&mut self, child: Record) -> &mut Record {
        self.children.push(child);
        self
    }

    /// Appends a child by value: `Record::new("BIRT").leaf("DATE", "1890")`.
    pub fn leaf(mut self, tag: &str, value: impl Into<String>) -> Self {
        self.children.push(Record::with(tag, value));
        self
    }

    /// Appends a ready-made child by value, for building whole trees in one expression.
    pub fn containing(mut self, child: Record) -> Self {
        self.children.push(child);
        self
    }

    /// The first child with this tag.
    pub fn child(&self, tag: &str) -> Option<&Record> {
        self.children.iter().find(|c| c.tag == tag)
    }

    /// The first child with this tag, to change.
    pub fn child_mut(&mut self, tag: &str) -> Option<&mut Record> {
        self.children.iter_mut().find(|c| c.tag == tag)
    }

    /// All children with this tag, in order.
    pub fn children_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Record> {
        self.children.iter().filter(move |c| c.tag == tag)
    }

    /// The payload at a path of tags, taking the first child with each: `["BIRT", "DATE"]`.
    ///
    /// An empty path means the payload of `self`. It is the first line only; see [`text`](Self::text).
    pub fn value_of(&self, path: &[&str]) -> Option<&str> {
        let mut at = self;
        for tag in path {
            at = at.child(tag)?;
        }
        at.value.as_deref()
    }

    /// The whole text: the payload with its `CONT` (new line) and `CONC` (no break) children joined on.
    pub fn text(&self) -> String {
        let mut text = self.value.clone().unwrap_or_default();
        for c in &self.children {
            match c.tag.as_str() {
                "CONT" => text.push('\n'),
                "CONC" => {}
                _ => continue,
            }
            text.push_str(c.value.as_deref().unwrap_or_default());
        }
        text
    }

    /// Replaces the payload and its `CONT`/`CONC` children by `text`, in the form of GEDCOM 5.5.1: line breaks
    /// become `CONT`, and lines longer than [`TEXT_LIMIT`] are continued with `CONC`.
    ///
    /// At signs are taken as written. Afterwards [`text`](Self::text) gives the same text, with `\n` line ends.
    pub fn set_text(&mut self, text: &str) {
        self.set_text_within(text, TEXT_LIMIT);
    }

    /// As [`set_text`](Self::set_text) with another limit; `usize::MAX` never writes `CONC`, which GEDCOM 7
    /// forbids.
    ///
    /// A split never touches a space or an at sign, because readers trim the one and unescape the other; a stretch
    /// without a safe place stays long.
    pub fn set_text_within(&mut self, text: &str, limit: usize) {
        self.children.retain(|c| c.tag != "CONT" && c.tag != "CONC");
        let mut more = Vec::new();
        for (n, line) in logical_lines(text).enumerate() {
            let mut tag = "CONT";
            let mut rest = line;
            loop {
                let (head, tail) = rest.split_at(split_point(rest, limit));
                let value = (!head.is_empty()).then(|| head.to_owned());
                if n == 0 && tag == "CONT" {
                    self.value = value;
                } else {
                    more.push(Record { value, ..Record::new(tag) });
                }
                if tail.is_empty() {
                    break;
                }
                rest = tail;
                tag = "CONC";
            }
        }
        self.children.splice(0..0, more);
    }

    /// The xref this payload points at, if the whole payload is a pointer: `@F1@`, also `@VOID@` of GEDCOM 7.
    ///
    /// Not for a calendar escape (`@#DJULIAN@`) nor for text that starts with an escaped at sign. Spaces around a
    /// pointer are tolerated.
    pub fn pointer(&self) -> Option<&str> {
        let value = self.value.as_deref()?.trim();
        let inner = value.strip_prefix('@')?.strip_suffix('@')?;
        (!inner.is_empty() && !inner.starts_with('#') && !inner.contains('@')).then_some(value)
    }

    /// Writes this line at `level` and everything below it, with `\n` line ends.
    ///
    /// A line break inside a payload, possible only in records made by hand, is written as `CONT`.
    pub fn write_to(&self, out: &mut impl Write, level: u32) -> io::Result<()> {
        let mut open = vec![(level, std::slice::from_ref(self).iter())];
        while let Some((level, rest)) = open.last_mut() {
            let level = *level;
            match rest.next() {
                None => {
                    open.pop();
                }
                Some(record) => {
                    record.write_line(out, level)?;
                    if !record.children.is_empty() {
                        open.push((level.saturating_add(1), record.children.iter()));
                    }
                }
            }
        }
        Ok(())
    }

    fn write_line(&self, out: &mut impl Write, level: u32) -> io::Result<()> {
        if level < 10 {
            out.write_all(&[b'0' + level as u8])?;
        } else {
            write!(out, "{level}")?;
        }
        let tag = (!self.tag.is_empty()).then_some(self.tag.as_str());
        for part in self.xref.as_deref().into_iter().chain(tag) {
            out.write_all(b" ")?;
            out.write_all(part.as_bytes())?;
        }
        if let Some(value) = self.value.as_deref() {
            for (n, line) in logical_lines(value).enumerate() {
                if n > 0 {
                    write!(out, "\n{} CONT", level.saturating_add(1))?;
                }
                if n == 0 || !line.is_empty() {
                    out.write_all(b" ")?;
                    out.write_all(line.as_bytes())?;
                }
            }
        }
        out.write_all(b"\n")
    }

    /// The record as GEDCOM text, at level 0.
    pub fn to_gedcom(&self) -> String {
        let mut bytes = Vec::new();
        // Writing into memory cannot fail, and only whole strings are written.
        let _ = self.write_to(&mut bytes, 0);
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The inverse of [`to_gedcom`](Self::to_gedcom): reads exactly one record, as leniently as
    /// [`Reader`](crate::Reader) does but without telling what it repaired.
    ///
    /// # Errors
    /// [`ReadError::Empty`], [`ReadError::NotOneRecord`] for text that is no GEDCOM line or holds several records,
    /// and the size limits.
    pub fn parse(text: &str) -> Result<Record, ReadError> {
        let mut diagnostics = Diagnostics::default();
        let mut builder = Builder::new(Limits::default());
        let mut found = None;
        let more = |line: usize| ReadError::NotOneRecord { reason: format!("another starts at line {line}") };
        for (n, line) in logical_lines(text).enumerate() {
            if let Some(record) = builder.feed(line, n as u32 + 1, &mut diagnostics)? {
                found = Some(record);
            }
            if found.is_some() {
                return Err(more(n + 1));
            }
        }
        match builder.finish() {
            Some(record) => Ok(record),
            None if text.trim().is_empty() => Err(ReadError::Empty),
            None => Err(ReadError::NotOneRecord { reason: "no GEDCOM line".to_owned() }),
        }
    }

    /// This record and everything below it, parents before children, with the depth below `self`.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Record)> {
        let mut open = vec![std::slice::from_ref(self).iter()];
        std::iter::from_fn(move || {
            loop {
                let depth = open.len().checked_sub(1)?;
                match open.last_mut()?.next() {
                    Some(record) => {
                        open.push(record.children.iter());
                        return Some((depth, record));
                    }
                    None => open.pop(),
                };
            }
        })
    }

    /// How many lines [`write_to`](Self::write_to) writes, given that no payload holds a line break.
    pub fn count_lines(&self) -> usize {
        self.walk().count()
    }
}

/// Splits at `\n`, `\r\n`, `\n\r` and `\r`; always gives at least one piece, and an empty last one after a final
/// line end.
fn logical_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        let Some(at) = now.bytes().position(|b| b == b'\n' || b == b'\r') else {
            return rest.take();
        };
        let bytes = now.as_bytes();
        let pair = bytes.get(at + 1).is_some_and(|b| (*b == b'\n' || *b == b'\r') && *b != bytes[at]);
        rest = now.get(at + 1 + usize::from(pair)..);
        now.get(..at)
    })
}

/// Where to cut `line` so that the first part has at most `limit` bytes and both neighbours of the cut are
/// neither white space nor an at sign; its length when no cut is needed or possible.
fn split_point(line: &str, limit: usize) -> usize {
    if line.len() <= limit {
        return line.len();
    }
    let risky = |c: char| c.is_whitespace() || c == '@';
    let safe = |at: usize| {
        at > 0
            && line.is_char_boundary(at)
            && line[..at].chars().next_back().is_some_and(|c| !risky(c))
            && line[at..].chars().next().is_some_and(|c| !risky(c))
    };
    (1..=limit)
        .rev()
        .find(|at| safe(*at))
        .or_else(|| (limit + 1..line.len()).find(|at| safe(*at)))
        .unwrap_or(line.len())
}

#[cfg(test)]
mod tests;
