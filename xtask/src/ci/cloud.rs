//! The program with every server it can use, which the default one is built without.

use crate::outcome::Outcome;
use crate::shell::run;

use super::steps::Place;

/// What builds all of it.
const FEATURE: &str = "dzinza-tests/cloud";
/// Tests that are there only with it, or that run the program itself, which they bring along; beside those in the sources.
const WITH_FEATURE: &[&str] = &["amazon", "aws", "edges", "observing", "outages", "postgres", "topology"];
/// End-to-end tests that are about accounts, or about rights and loads that accounts are part of. They run on SQLite with
/// all others, and once more on PostgreSQL and Redis.
const ON_SERVERS: &[&str] = &[
    "admin",
    "attacks",
    "authority",
    "browser",
    "cli",
    "concurrency",
    "gateway_real",
    "leaving",
    "live_screens",
    "locks",
    "mail",
    "malformed",
    "oauth",
];
/// These are about trees and files, or about processes: all that they know of accounts is signing up. `archive` is about
/// the accounts in a data folder; those on PostgreSQL are not archived.
const ON_FOLDERS_ALONE: &[&str] = &[
    "alarms",
    "archive",
    "compose",
    "corpus",
    "crash",
    "exports",
    "gedzip",
    "kin",
    "reimport",
    "runtime_api",
    "sources",
    "template",
];

pub fn clippy(place: &Place) -> anyhow::Result<Outcome> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--features", FEATURE, "--keep-going"];
    run(&place.root, "cargo", &[&arguments[..], &["--", "-D", "warnings"]].concat(), &[])
}

pub fn test(place: &Place) -> anyhow::Result<Outcome> {
    let arguments = arguments(&["--lib", "--bins"], WITH_FEATURE);
    run(&place.root, "cargo", &arguments, &[])
}

/// The servers are real ones, which the tests start for themselves.
pub fn test_on_servers(place: &Place) -> anyhow::Result<Outcome> {
    let arguments = arguments(&[], &[&["edges"], ON_SERVERS].concat());
    run(&place.root, "cargo", &arguments, &[("DZINZA_TEST_STORES", "postgres,redis")])
}

/// Every end-to-end test once more, with every function in processes of its own.
pub fn test_apart(place: &Place) -> anyhow::Result<Outcome> {
    let names = [ON_SERVERS, ON_FOLDERS_ALONE].concat();
    let tests = names.iter().flat_map(|name| ["--test", name]);
    let arguments: Vec<_> = ["test", "--workspace", "--no-fail-fast"].into_iter().chain(tests).collect();
    run(&place.root, "cargo", &arguments, &[("DZINZA_TEST_INVOKER", "runtime-api")])
}

/// `cargo test` of these. Always of the whole workspace: of a part of it Cargo would build every crate once more.
fn arguments(kinds: &[&'static str], names: &[&'static str]) -> Vec<&'static str> {
    let mut all = vec!["test", "--workspace", "--no-fail-fast", "--features", FEATURE];
    all.extend(kinds);
    all.extend(names.iter().flat_map(|name| ["--test", name]));
    all
}

#[cfg(test)]
mod tests {
    use cargo_metadata::{MetadataCommand, Package};

    use super::*;

    fn packages() -> Vec<Package> {
        MetadataCommand::new().no_deps().exec().unwrap().packages
    }

    #[test]
    fn every_end_to_end_test_runs_on_servers_or_is_not_about_accounts() {
        let packages = packages();
        let ours = packages.iter().find(|package| package.name.as_str() == "dzinza-tests").unwrap();
        let mut missing: Vec<&str> = ours
            .targets
            .iter()
            .filter(|target| target.is_test())
            .map(|target| target.name.as_str())
            .collect();
        missing.retain(|name| ![ON_SERVERS, ON_FOLDERS_ALONE, WITH_FEATURE].concat().contains(name));
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_test_that_needs_a_feature_is_run() {
        let packages = packages();
        let all = packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_test());
        let featured = all.filter(|target| !target.required_features.is_empty());
        let names: Vec<&str> = featured.map(|target| target.name.as_str()).collect();
        assert!(names.len() >= 2 && names.iter().all(|name| WITH_FEATURE.contains(name)), "{names:?}");
    }
}
