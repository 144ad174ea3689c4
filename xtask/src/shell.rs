//! The terminal, the environment and other programs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::outcome::Outcome;

/// One line on standard output.
#[expect(clippy::print_stdout, reason = "a command line tool talks on standard output")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Whether a missing tool is a failure here, and not only a pity.
#[expect(
    clippy::disallowed_methods,
    reason = "the settings reader is no place for what CI says to a build tool"
)]
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Runs a program whose output the reader sees as it comes.
pub fn run(
    root: &Path,
    program: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<Outcome> {
    say(&format!("$ {program} {}", arguments.join(" ")));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(if status.success() { Outcome::Passed } else { Outcome::Failed(format!("{program}: {status}")) })
}

/// What a program says on standard output; an error if it fails.
pub fn capture(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is there and answers.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_a_failure() {
        let here = Path::new(".");
        assert_eq!(run(here, "true", &[], &[]).unwrap(), Outcome::Passed);
        assert!(matches!(run(here, "false", &[], &[]).unwrap(), Outcome::Failed(_)));
        assert!(run(here, "no-such-program-here", &[], &[]).is_err());
    }

    #[test]
    fn captured_output_comes_back_and_a_failure_is_an_error() {
        let here = Path::new(".");
        assert_eq!(capture(here, "echo", &["a", "b"]).unwrap(), "a b\n");
        assert!(capture(here, "false", &[]).is_err());
        assert!(answers("true", &[]) && !answers("false", &[]) && !answers("no-such-program-here", &[]));
    }
}
