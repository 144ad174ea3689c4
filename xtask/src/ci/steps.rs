//! The steps of `cargo xtask ci`, cheap ones first.

use std::path::PathBuf;

use cargo_metadata::MetadataCommand;

use crate::gate;
use crate::outcome::Outcome;
use crate::package;
use crate::shell::{answers, capture, run};

use super::cloud;

/// Where the steps run.
pub struct Place {
    pub root: PathBuf,
    pub in_ci: bool,
}

pub struct Step {
    pub name: &'static str,
    pub run: fn(&Place) -> anyhow::Result<Outcome>,
}

pub const STEPS: &[Step] = &[
    Step { name: "fmt", run: |place| cargo(place, &["fmt", "--all", "--check"]) },
    Step { name: "gate", run: |_| gates() },
    Step { name: "template", run: template },
    Step { name: "compose", run: compose },
    Step {
        name: "clippy",
        run: |place| {
            cargo(place, &["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"])
        },
    },
    // What the default program is built without; the rest is checked already.
    Step { name: "clippy cloud", run: cloud::clippy },
    // Without what makes their ports, functions see no adapter and no runtime.
    Step { name: "functions alone", run: functions_alone },
    // Doctests too: `cargo test` runs them after the others.
    Step { name: "test", run: |place| cargo(place, &["test", "--workspace", "--no-fail-fast"]) },
    // The same from end to end, with every function in processes of its own.
    Step { name: "test runtime api", run: cloud::test_apart },
    Step { name: "test cloud", run: cloud::test },
    Step { name: "test servers", run: cloud::test_on_servers },
    Step { name: "rustdoc", run: rustdoc },
    Step { name: "clean tree", run: clean_tree },
];

/// The root of the workspace, wherever inside it the command was given.
pub fn root() -> anyhow::Result<PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.workspace_root.into_std_path_buf())
}

fn cargo(place: &Place, arguments: &[&str]) -> anyhow::Result<Outcome> {
    run(&place.root, "cargo", arguments, &[])
}

/// Without anything around them, and as they are deployed.
fn functions_alone(place: &Place) -> anyhow::Result<Outcome> {
    let packages: Vec<String> =
        package::functions(&place.root)?.iter().map(|name| format!("--package=dzinza-{name}")).collect();
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let alone = cargo(place, &[&["check", "--lib", "--no-default-features"], &packages[..]].concat())?;
    if alone.failed() {
        return Ok(alone);
    }
    cargo(place, &[&["check", "--bins"], package::FEATURES, &packages[..]].concat())
}

fn gates() -> anyhow::Result<Outcome> {
    Ok(match gate::check(&[])? {
        0 => Outcome::Passed,
        broken => Outcome::Failed(format!("{broken} broken")),
    })
}

fn template(place: &Place) -> anyhow::Result<Outcome> {
    if !answers("cfn-lint", &["--version"]) {
        return Ok(Outcome::missing("cfn-lint", place.in_ci));
    }
    run(&place.root, "cfn-lint", &["template.yaml"], &[])
}

/// Whether Compose takes the file, whatever profiles are asked for. No engine is needed.
fn compose(place: &Place) -> anyhow::Result<Outcome> {
    if !answers("docker-compose", &["version"]) {
        return Ok(Outcome::missing("docker-compose", place.in_ci));
    }
    let profiles = ["--profile", "edge", "--profile", "observability", "--profile", "search"];
    run(&place.root, "docker-compose", &[&profiles[..], &["config", "--quiet"]].concat(), &[])
}

fn rustdoc(place: &Place) -> anyhow::Result<Outcome> {
    let arguments = ["doc", "--workspace", "--no-deps", "--keep-going"];
    run(&place.root, "cargo", &arguments, &[("RUSTDOCFLAGS", "-D warnings")])
}

/// Building and testing leaves nothing behind and changes nothing, the lock file least of all.
fn clean_tree(place: &Place) -> anyhow::Result<Outcome> {
    if !place.in_ci {
        return Ok(Outcome::Skipped("only in CI".to_owned()));
    }
    Ok(clean(&capture(&place.root, "git", &["status", "--porcelain"])?))
}

fn clean(status: &str) -> Outcome {
    match status.lines().count() {
        0 => Outcome::Passed,
        paths => Outcome::Failed(format!("{paths} changed: {}", status.trim().replace('\n', ", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_no_clean_tree() {
        assert_eq!(clean(""), Outcome::Passed);
        assert_eq!(
            clean(" M Cargo.lock\n?? new\n"),
            Outcome::Failed("2 changed: M Cargo.lock, ?? new".to_owned())
        );
    }
}
