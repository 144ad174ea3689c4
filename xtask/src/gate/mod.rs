//! `cargo xtask gate`: the rules of the house that neither rustc nor clippy checks. No network.

mod crates;
mod docs;
mod length;
mod licences;
mod members;
pub mod migrations;
mod rooms;
mod security;
mod words;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;

use crate::outcome::Outcome;
use crate::repo::Repo;
use crate::shell::say;

/// What a gate looked at and what it found.
pub struct Finding {
    pub looked_at: String,
    pub problems: Vec<String>,
    /// Why it did not look at all.
    pub skipped: Option<String>,
}

impl Finding {
    pub fn new(looked_at: String, problems: Vec<String>) -> Self {
        Self { looked_at, problems, skipped: None }
    }

    fn outcome(&self) -> Outcome {
        match (&self.skipped, self.problems.len()) {
            (_, 1..) => Outcome::Failed(format!("{} broken", self.problems.len())),
            (Some(why), 0) => Outcome::Skipped(why.clone()),
            (None, 0) => Outcome::Passed,
        }
    }
}

type Gate = fn(&Repo) -> anyhow::Result<Finding>;

const GATES: &[(&str, Gate)] = &[
    ("rooms", |repo| Ok(rooms::gate(repo))),
    ("crates", |repo| Ok(crates::gate(repo))),
    ("length", |repo| Ok(length::gate(repo))),
    ("docs", |repo| Ok(docs::gate(repo))),
    ("security", |repo| Ok(security::gate(repo))),
    ("words", |repo| Ok(words::gate(repo))),
    ("migrations", migrations::gate),
    ("members", |repo| Ok(members::gate(repo))),
    ("licences", licences::gate),
];

/// The command: all gates, or those named.
pub fn run(wanted: &[String]) -> anyhow::Result<ExitCode> {
    let broken = check(wanted)?;
    say(&format!(
        "gate: {}",
        if broken == 0 { "all rules hold".to_owned() } else { format!("{broken} broken") }
    ));
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the gates, says what they found, and counts the broken rules.
pub fn check(wanted: &[String]) -> anyhow::Result<usize> {
    if let Some(unknown) = wanted.iter().find(|name| GATES.iter().all(|(gate, _)| gate != name)) {
        let names: Vec<&str> = GATES.iter().map(|(name, _)| *name).collect();
        anyhow::bail!("no gate is called {unknown}; there are {}", names.join(", "));
    }
    let repo = Repo::open()?;
    let mut broken = 0;
    for (name, gate) in GATES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name))
    {
        let start = Instant::now();
        let finding = gate(&repo).with_context(|| format!("gate {name}"))?;
        let line = finding.outcome().line(name, start.elapsed());
        say(&format!("{line}  {}", finding.looked_at).trim_end().replace('\n', " "));
        for problem in &finding.problems {
            say(&format!("        {problem}"));
        }
        broken += finding.problems.len();
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_with_problems_fails_even_when_something_was_skipped() {
        let mut finding = Finding::new("2 files".to_owned(), vec!["a: b".to_owned()]);
        assert!(finding.outcome().failed());
        finding.skipped = Some("no tool".to_owned());
        assert!(finding.outcome().failed());
        finding.problems.clear();
        assert_eq!(finding.outcome(), Outcome::Skipped("no tool".to_owned()));
    }

    #[test]
    fn a_gate_nobody_has_is_an_error() {
        assert!(check(&["no-such-gate".to_owned()]).is_err());
    }
}
