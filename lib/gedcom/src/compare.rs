//! How much of a file comes back after a round trip through some program.
//!
//! ```
//! use dzinza_gedcom::compare::compare;
//!
//! let before = "0 HEAD\n0 @I1@ INDI\n1 NAME Rudo\n1 SEX F\n1 _TOTEM Moyo\n0 TRLR\n";
//! let after = "0 HEAD\n0 @P7@ INDI\n1 SEX F\n1 NAME Rudo\n0 TRLR\n";
//! let kept = compare(before.as_bytes(), after.as_bytes(), 10)?;
//! assert_eq!((kept.lines, kept.kept, kept.added), (4, 3, 0));
//! assert_eq!((kept.missing[0].path.as_str(), kept.missing[0].text.as_str()), ("INDI/_TOTEM", "Moyo"));
//! assert_eq!(kept.percent(), 75.0);
//! # Ok::<(), dzinza_gedcom::ReadError>(())
//! ```

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use crate::diagnostics::ReadError;
use crate::reader::Reader;
use crate::record::Record;

/// What became of the lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many lines the original has.
    pub lines: u64,
    /// How many of them the export has too.
    pub kept: u64,
    /// How many lines the export has beside.
    pub added: u64,
    /// The first lines that are missing, in the order of the original.
    pub missing: Vec<Missing>,
}

impl Kept {
    /// Of a hundred lines of the original, so many were kept; 100 if it has none.
    pub fn percent(&self) -> f64 {
        if self.lines == 0 { 100.0 } else { self.kept as f64 * 100.0 / self.lines as f64 }
    }
}

/// A line that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// 1-based line in the original.
    pub line: u32,
    /// The tags from the record to the line: `INDI/BIRT/DATE`.
    pub path: String,
    /// Its text, cut off after 200 characters.
    pub text: String,
}

/// Records that a program writes anew, and that are not compared.
pub const NOT_COMPARED: [&str; 2] = ["HEAD", "TRLR"];

/// Lines that wait for their counterpart with their text, so that it can be shown; of more only the number is known.
const WITH_TEXT: usize = 100_000;

/// Compares an original with what a program made of it. At most `shown` missing lines are listed.
///
/// Both are read by [`Reader`], so line ends, character sets, indentation and letter case of tags do not matter.
/// Then every line counts once, as its path of tags with its text:
///
/// * The order of lines and records does not matter: lines are compared as a multiset over the whole file.
/// * `CONT` and `CONC` are part of the text above; where it is split does not matter, nor does the amount of white
///   space in it.
/// * Xrefs do not matter: all pointers are alike.
/// * [`NOT_COMPARED`] records are left out.
///
/// Both are read at the same pace, and lines that were found in both are forgotten: memory grows with the
/// differences, and with how far a program moves records.
///
/// # Errors
/// As [`Reader`] has them, for either.
pub fn compare(original: impl Read, exported: impl Read, shown: usize) -> Result<Kept, ReadError> {
    let (mut original, mut exported) = (Reader::new(original)?, Reader::new(exported)?);
    let mut tally = Tally::default();
    loop {
        let (one, other) = (original.next_record()?, exported.next_record()?);
        if one.is_none() && other.is_none() {
            return Ok(tally.finish(shown));
        }
        for (record, original) in [(one, true), (other, false)] {
            if let Some(record) = record {
                tally.record(&record, original);
            }
        }
    }
}

/// Lines that have no counterpart so far.
#[derive(Default)]
struct Tally {
    lines: u64,
    hashers: (RandomState, RandomState),
    open: HashMap<(u64, u64), Open>,
}

/// Positive for the original's lines, negative for the export's.
#[derive(Default)]
struct Open {
    count: i64,
    shown: Option<Box<Missing>>,
}

impl Tally {
    fn record(&mut self, record: &Record, original: bool) {
        if NOT_COMPARED.contains(&record.tag.as_str()) {
            return;
        }
        let mut path: Vec<&str> = Vec::new();
        for (depth, line) in record.walk() {
            path.truncate(depth);
            path.push(&line.tag);
            if depth == 0 || (line.tag != "CONT" && line.tag != "CONC") {
                self.line(line, &path.join("/"), original);
            }
        }
    }

    fn line(&mut self, line: &Record, path: &str, original: bool) {
        let text = if line.pointer().is_some() { "@".to_owned() } else { line.text() };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = (self.hashers.0.hash_one((path, &text)), self.hashers.1.hash_one((path, &text)));
        let roomy = self.open.len() < WITH_TEXT;
        let open = self.open.entry(key).or_default();
        if original {
            self.lines += 1;
            open.count += 1;
            if open.count == 1 && roomy {
                let text = text.chars().take(200).collect();
                open.shown = Some(Box::new(Missing { line: line.line, path: path.to_owned(), text }));
            }
        } else {
            open.count -= 1;
        }
        if open.count == 0 {
            self.open.remove(&key);
        }
    }

    fn finish(self, shown: usize) -> Kept {
        let missing: i64 = self.open.values().map(|open| open.count.max(0)).sum();
        let added: i64 = self.open.values().map(|open| (-open.count).max(0)).sum();
        let mut list: Vec<Missing> = self
            .open
            .into_values()
            .filter(|open| open.count > 0)
            .filter_map(|open| open.shown.map(|s| *s))
            .collect();
        list.sort_by_key(|missing| missing.line);
        list.truncate(shown);
        Kept {
            lines: self.lines,
            kept: self.lines.saturating_sub(missing.unsigned_abs()),
            added: added.unsigned_abs(),
            missing: list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(before: &str, after: &str) -> (u64, u64, u64) {
        let file = |body: &str| format!("0 HEAD\n1 SOUR x\n{body}0 TRLR\n");
        let kept = compare(file(before).as_bytes(), file(after).as_bytes(), 5);
        kept.map(|k| (k.lines, k.kept, k.added)).unwrap()
    }

    #[test]
    fn the_form_does_not_matter() {
        let before = "0 @I1@ INDI\n1 NOTE one\n2 CONC  two\n1 FAMS @F1@\n0 @F1@ FAM\n";
        let after = "0 @f@ fam\r\n  0 @x@ INDI\r\n1 fams @f@\r\n1 note one\r\n2 CONC  two\r\n";
        assert_eq!(kept(before, after), (4, 4, 0));
        assert_eq!(kept(before, "0 @I1@ INDI\n1 NOTE one two\n1 FAMS @F9@\n0 @F1@ FAM\n"), (4, 4, 0));
    }

    #[test]
    fn every_line_counts_as_often_as_it_is_there() {
        assert_eq!(kept("0 @I1@ INDI\n1 NOTE x\n1 NOTE x\n", "0 @I1@ INDI\n1 NOTE x\n"), (3, 2, 0));
        assert_eq!(kept("0 @I1@ INDI\n1 NOTE x\n", "0 @I1@ INDI\n1 NOTE x\n1 NOTE x\n"), (2, 2, 1));
        assert_eq!(kept("0 @I1@ INDI\n1 BIRT\n2 NOTE x\n", "0 @I1@ INDI\n1 BIRT\n1 NOTE x\n"), (3, 2, 1));
        assert_eq!(kept("0 @I1@ INDI\n1 NOTE a\n2 CONT b\n", "0 @I1@ INDI\n1 NOTE a\n"), (2, 1, 1));
        assert_eq!(kept("", ""), (0, 0, 0));
    }

    #[test]
    fn missing_lines_are_told_in_order() {
        let before = b"0 HEAD\n0 @I1@ INDI\n1 A 1\n1 B 2\n1 C 3\n0 TRLR\n";
        let after = b"0 HEAD\n0 @I1@ INDI\n1 B 2\n0 TRLR\n";
        let kept = compare(&before[..], &after[..], 1).unwrap();
        assert_eq!((kept.kept, kept.missing.len(), kept.missing[0].line), (2, 1, 3));
        assert!((kept.percent() - 50.0).abs() < 0.001 && (Kept::default().percent() - 100.0).abs() < 0.001);
    }
}
