//! What an import has to say for itself.

use dzinza_domain::import::REPORT_LIMIT;
use dzinza_gedcom::{Diagnostic, Severity};
use serde_json::{Value, json};

/// Diagnostics by line, the first thousand of them kept.
#[derive(Debug, Default)]
pub struct Report {
    kept: Vec<Diagnostic>,
    counts: [u64; 3],
}

impl Report {
    /// Adds what the reader found.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            let place = match diagnostic.severity {
                Severity::Error => 2,
                Severity::Warning => 1,
                Severity::Info => 0,
            };
            self.counts[place] += 1;
            if self.kept.len() < REPORT_LIMIT {
                self.kept.push(diagnostic);
            }
        }
    }

    /// Adds a finding of our own.
    pub fn add(&mut self, line: u32, severity: Severity, code: &'static str, message: impl Into<String>) {
        self.extend([Diagnostic { line, severity, code, message: message.into() }]);
    }

    /// The report as the import's document keeps it.
    pub fn into_value(mut self) -> Value {
        self.kept.sort_by_key(|diagnostic| diagnostic.line);
        let [info, warning, error] = self.counts;
        let word = |severity| match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let shown: Vec<Value> = self
            .kept
            .iter()
            .map(|d| json!({ "line": d.line, "severity": word(d.severity), "code": d.code, "message": d.message }))
            .collect();
        let truncated = info + warning + error > shown.len() as u64;
        json!({ "diagnostics": shown, "counts": { "info": info, "warning": warning, "error": error }, "truncated": truncated })
    }
}
