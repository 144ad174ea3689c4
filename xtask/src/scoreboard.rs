//! `cargo xtask scoreboard [FOLDER OR FILE ...]`: see `tests/examples/scoreboard.rs`, which does it.

use std::process::{Command, ExitCode};

use anyhow::Context;

pub fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let cargo = env!("CARGO");
    let example = ["run", "--release", "--quiet", "-p", "dzinza-tests", "--example", "scoreboard", "--"];
    let status = Command::new(cargo).args(example).args(arguments).status().context("cargo does not run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
