//! `cargo xtask bench --cold`: what it takes to start a function and to call one in another process. Each is started by a
//! Runtime API of our own, which does nothing else, and beside the least that a function can be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::http::request;
use super::load::{Limit, measure};
use super::process::Server;
use super::start::{Start, first_answer};
use super::{Place, build_apart, on_folder};
use crate::package::{self, MOST_MB, PROFILE};
use crate::shell::say;

const STARTS: usize = 9;
/// Issue 5 allows so much more than the least.
const TIMES: f64 = 2.0;
const MORE_MB: f64 = 25.0;
const OVERHEAD_MS: f64 = 0.5;

pub fn run() -> anyhow::Result<ExitCode> {
    let place = build_apart()?;
    let programs = Programs::build()?;
    let good = on_folder(&place, |place| Ok(starts(&programs)? & overhead(place)?))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The programs of all functions as they are deployed, and the least one, built as they are.
struct Programs {
    folder: PathBuf,
    names: Vec<String>,
}

impl Programs {
    /// Builds them for this machine.
    fn build() -> anyhow::Result<Self> {
        let root = crate::ci::root()?;
        let names = package::functions(&root)?;
        let mut folder = PathBuf::new();
        for name in &names {
            folder = package::native(&root, name)?.parent().map(Path::to_owned).unwrap_or_default();
        }
        let hello = ["build", "--quiet", "--profile", PROFILE, "-pdzinza-boot", "--example=hello"];
        let hello = [&hello[..], &["--no-default-features", "--features=lambda"]].concat();
        anyhow::ensure!(!crate::shell::run(&root, "cargo", &hello, &[])?.failed(), "hello does not build");
        Ok(Self { folder, names })
    }
}

/// Whether every function starts as fast and as small as it should.
fn starts(programs: &Programs) -> anyhow::Result<bool> {
    let least = programs.folder.join("examples").join("hello");
    let hello = median(&least, "hello")?;
    say(&format!(
        "\n{:<16}{:>12}{:>10}{:>12}{:>10}{:>14}",
        "function", "first ms", "x hello", "peak MB", "MB more", "MB zipped"
    ));
    say(&row("hello", &hello, &hello, package::zipped(&least)?));
    let mut good = true;
    for name in &programs.names {
        let program = programs.folder.join(name);
        let start = median(&program, name)?;
        let zipped = package::zipped(&program)?;
        let fits = start.seconds <= hello.seconds * TIMES
            && start.peak_mb <= hello.peak_mb + MORE_MB
            && zipped <= MOST_MB;
        good &= fits;
        say(&(row(name, &start, &hello, zipped) + if fits { "" } else { "  too much" }));
    }
    Ok(good)
}

fn row(name: &str, start: &Start, hello: &Start, zipped: f64) -> String {
    format!(
        "{name:<16}{:>12.1}{:>10.1}{:>12.1}{:>10.1}{zipped:>14.2}",
        start.seconds * 1e3,
        start.seconds / hello.seconds.max(1e-9),
        start.peak_mb,
        start.peak_mb - hello.peak_mb,
    )
}

/// The one in the middle, of time and of memory.
fn median(program: &Path, name: &str) -> anyhow::Result<Start> {
    let all: Vec<Start> = (0..STARTS).map(|_| first_answer(program, name)).collect::<anyhow::Result<_>>()?;
    let middle = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[STARTS / 2]
    };
    Ok(Start {
        seconds: middle(all.iter().map(|start| start.seconds).collect()),
        peak_mb: middle(all.iter().map(|start| start.peak_mb).collect()),
    })
}

/// Whether a call through the Runtime API costs as little as it should.
fn overhead(place: &Place) -> anyhow::Result<bool> {
    let data = place.folder.join("overhead").display().to_string();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let limit = Limit { requests: 1_900, time: Duration::from_secs(10) };
    let health = |_| request("GET", "/api/notifications/health", "", None);
    let mut halves = Vec::new();
    for (name, more) in [("linked", &[][..]), ("of its own", &["--spawn", "1"][..])] {
        let server = Server::with(&place.dzinza, &[&serve[..], more].concat(), &[])?;
        // What is started with the first call is no part of the others.
        measure(&server, name, 1, Limit { requests: 50, ..limit }, &health);
        let cell = measure(&server, name, 1, limit, &health);
        anyhow::ensure!(cell.errors == 0, "{name}: {:?}", cell.first_error);
        say(&format!("a call of a function, {name}: {:.3} ms in the middle", cell.p50_ms));
        halves.push(cell.p50_ms);
    }
    let more = halves[1] - halves[0];
    say(&format!("the Runtime API costs {more:.3} ms a call, and may cost {OVERHEAD_MS}"));
    Ok(more <= OVERHEAD_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_how_much_more() {
        let (hello, ours) = (Start { seconds: 0.01, peak_mb: 5.0 }, Start { seconds: 0.015, peak_mb: 12.0 });
        let row = row("auth", &ours, &hello, 3.25);
        assert!(row.contains(" 15.0 ") && row.contains(" 1.5 ") && row.contains(" 7.0 "), "{row}");
        assert!(row.ends_with(" 3.25"), "{row}");
    }
}
