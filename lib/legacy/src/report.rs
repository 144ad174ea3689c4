//! What became of every row.

use std::collections::BTreeMap;
use std::fmt;

/// Ids that are told of each reason.
const EXAMPLES: usize = 5;

/// What became of the rows of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that were read.
    pub read: u64,
    /// Documents that were made, or would be.
    pub written: u64,
    /// Documents that were there already.
    pub there: u64,
    /// Rows that no document came of, by why; with the ids of some.
    pub skipped: BTreeMap<String, (u64, Vec<String>)>,
    /// Fields that are kept beside, and in how many documents.
    pub kept: BTreeMap<String, u64>,
}

impl Counts {
    pub(crate) fn skip(&mut self, why: &str, id: &str) {
        let (count, ids) = self.skipped.entry(why.to_owned()).or_default();
        *count += 1;
        if ids.len() < EXAMPLES {
            ids.push(id.to_owned());
        }
    }

    pub(crate) fn keep(&mut self, names: Vec<String>) {
        for name in names {
            *self.kept.entry(name).or_default() += 1;
        }
    }
}

/// What became of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// By table, in the order in which they were read.
    pub tables: Vec<(String, Counts)>,
    /// Tables that nothing was read of, and how many rows they have.
    pub left: Vec<(String, u64)>,
}

impl Report {
    /// Documents that were made, or would be.
    pub fn written(&self) -> u64 {
        self.tables.iter().map(|(_, counts)| counts.written).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = if self.dry_run { "would be written" } else { "written" };
        for (table, counts) in &self.tables {
            writeln!(
                f,
                "{table}: {} read, {} {written}, {} there already",
                counts.read, counts.written, counts.there
            )?;
            for (why, (count, ids)) in &counts.skipped {
                writeln!(f, "  skipped {count}: {why} ({})", ids.join(", "))?;
            }
            if !counts.kept.is_empty() {
                let kept: Vec<_> =
                    counts.kept.iter().map(|(name, count)| format!("{name} {count}")).collect();
                writeln!(f, "  kept beside: {}", kept.join(", "))?;
            }
        }
        for (table, rows) in &self.left {
            writeln!(f, "{table}: {rows} rows, not read")?;
        }
        Ok(())
    }
}
