//! `cargo xtask ci`: all that CI checks once the tools are there. Every step runs, so that one run tells
//! everything; a step that fails makes the whole fail.

mod cloud;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::shell::{in_ci, say};

pub use steps::root;
use steps::{Place, STEPS, Step};

/// What came of a step: its name, its end, its time.
type Record = (&'static str, Outcome, Duration);

pub fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(arguments.is_empty(), "usage: cargo xtask ci");
    let place = Place { root: steps::root()?, in_ci: in_ci() };
    let records = run_all(STEPS, &place);
    Ok(if summarise(&records) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_all(steps: &[Step], place: &Place) -> Vec<Record> {
    let mut records = Vec::new();
    for step in steps {
        say(&format!("\n== {}", step.name));
        let start = Instant::now();
        let outcome = (step.run)(place).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let took = start.elapsed();
        say(&outcome.line(step.name, took));
        records.push((step.name, outcome, took));
    }
    records
}

/// Says how each step ended, and counts those that failed.
fn summarise(records: &[Record]) -> usize {
    say("\n== summary");
    for (name, outcome, took) in records {
        say(&outcome.line(name, *took));
    }
    let total: Duration = records.iter().map(|(_, _, took)| *took).sum();
    say(&format!("{:.0} s in all", total.as_secs_f64()));
    let failed = records.iter().filter(|(_, outcome, _)| outcome.failed()).count();
    let passed = records.iter().filter(|(_, outcome, _)| *outcome == Outcome::Passed).count();
    say(&format!("ci: {passed} passed, {failed} failed, {} skipped", records.len() - passed - failed));
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { root: ".".into(), in_ci: true }
    }

    #[test]
    fn one_failure_fails_the_whole_and_stops_nothing() {
        let steps = [
            Step { name: "one", run: |_| Ok(Outcome::Failed("no".to_owned())) },
            Step { name: "two", run: |_| anyhow::bail!("cannot even start") },
            Step { name: "three", run: |_| Ok(Outcome::Passed) },
            Step { name: "four", run: |_| Ok(Outcome::Skipped("not here".to_owned())) },
        ];
        let records = run_all(&steps, &place());
        assert_eq!(records.len(), 4);
        assert_eq!(records[1].1, Outcome::Failed("cannot even start".to_owned()));
        assert_eq!(summarise(&records), 2);
        assert_eq!(summarise(&records[2..]), 0);
    }
}
