//! Gate `licences`: licences, banned crates and their sources, by cargo-deny and `deny.toml`. Warnings (a crate
//! in two versions) are left out: `cargo deny check bans` shows them.

use std::process::{Command, Stdio};

use anyhow::Context;

use super::Finding;
use crate::outcome::Outcome;
use crate::repo::Repo;
use crate::shell::{answers, in_ci};

/// Without the network: what is locked has been fetched by whoever builds it.
const CHECK: &[&str] = &[
    "deny",
    "--offline",
    "--log-level",
    "error",
    "--color",
    "never",
    "check",
    "--hide-inclusion-graph",
    "bans",
    "licenses",
    "sources",
];

pub fn gate(repo: &Repo) -> anyhow::Result<Finding> {
    let looked_at = "deny.toml".to_owned();
    if !answers("cargo", &["deny", "--version"]) {
        return Ok(absent(looked_at, in_ci()));
    }
    let output = Command::new("cargo")
        .args(CHECK)
        .current_dir(&repo.root)
        .stdin(Stdio::null())
        .output()
        .context("cannot start cargo deny")?;
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Ok(Finding::new(looked_at, problems(output.status.success(), &said)))
}

fn absent(looked_at: String, in_ci: bool) -> Finding {
    let mut finding = Finding::new(looked_at, Vec::new());
    match Outcome::missing("cargo-deny", in_ci) {
        Outcome::Failed(why) => finding.problems.push(why),
        _ => {
            finding.skipped =
                Some("cargo-deny is not installed (cargo install cargo-deny --locked)".to_owned());
        }
    }
    finding
}

/// What is wrong, each with its place; all that was said if that has no such line.
fn problems(passed: bool, said: &str) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    if passed {
        return problems;
    }
    if said.contains("--offline was specified") {
        problems.push("not all locked crates are on this machine: `cargo fetch` first".to_owned());
        return problems;
    }
    for line in said.lines().map(str::trim) {
        match (line.strip_prefix("┌─ "), problems.last_mut()) {
            (Some(place), Some(problem)) => *problem = format!("{problem} ({place})"),
            _ if line.starts_with("error") => problems.push(line.to_owned()),
            _ => {}
        }
    }
    if problems.is_empty() {
        problems.push(said.trim().to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_told_and_fails_in_ci() {
        assert!(absent(String::new(), false).skipped.is_some());
        assert_eq!(absent(String::new(), true).problems, ["cargo-deny is not installed"]);
    }

    #[test]
    fn what_the_tool_found_is_told() {
        let said =
            "error[banned]: crate 'openssl = 1' is explicitly banned\n  ┌─ deny.toml:1\n  │\nbans FAILED\n";
        assert_eq!(
            problems(false, said),
            ["error[banned]: crate 'openssl = 1' is explicitly banned (deny.toml:1)"]
        );
        assert_eq!(problems(false, " something else\n"), ["something else"]);
        let absent = "error: failed to download `a`\n  HTTP request, but --offline was specified\n";
        assert_eq!(
            problems(false, absent),
            ["not all locked crates are on this machine: `cargo fetch` first"]
        );
        assert_eq!(problems(true, said), Vec::<String>::new());
    }
}
