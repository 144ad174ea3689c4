//! `cargo xtask <command>`: what a developer and CI run beside cargo itself. A command is one line in
//! [`COMMANDS`] and one module; it gets the arguments that follow its name.

mod bench;
mod ci;
mod gate;
mod outcome;
mod package;
mod repo;
mod scoreboard;
mod shell;

use std::process::ExitCode;

use crate::shell::say;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> anyhow::Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "gate",
        about: "the rules of the house; `gate NAME...` for some of them",
        run: gate::run,
    },
    Command { name: "ci", about: "everything CI checks, with timings", run: ci::run },
    Command {
        name: "migrations",
        about: "`migrations --accept` locks migrations that are new",
        run: gate::migrations::command,
    },
    Command {
        name: "bench",
        about: "speed and memory, measured from outside; docs/benchmarks.md",
        run: bench::run,
    },
    Command {
        name: "package",
        about: "functions for AWS Lambda in target/lambda; `--arm64`, `--native` for this machine, `package FUNCTION...`",
        run: package::run,
    },
    Command {
        name: "scoreboard",
        about: "GEDCOM files through the platform and back, line by line; `scoreboard FOLDER...` for others",
        run: scoreboard::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = arguments.first().map_or("", String::as_str);
    let Some(command) = COMMANDS.iter().find(|command| command.name == wanted) else {
        say("usage: cargo xtask COMMAND");
        for command in COMMANDS {
            say(&format!("  {:<12}{}", command.name, command.about));
        }
        return ExitCode::from(2);
    };
    (command.run)(&arguments[1..]).unwrap_or_else(|error| {
        say(&format!("cargo xtask {wanted}: {error:#}"));
        ExitCode::FAILURE
    })
}
