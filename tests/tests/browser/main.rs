//! Accounts in a real browser: what the pages of the platform and a page of its origin can do, scripts or not, and what a page
//! of another origin cannot.
//!
//! Needs Chromium, Node and `playwright-core`, which `.ci/run` installs; without them the tests show as ignored, except
//! where `CI` is set, where they fail. `DZINZA_SHOTS` names a folder for pictures of the pages.
#![expect(clippy::disallowed_methods, reason = "what CI and a developer say to a test is no setting")]
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use dzinza_tests::{Issuer, Process};
use libtest_mimic::{Arguments, Failed, Trial};

const CHROMIUM: &str = "/usr/bin/chromium";
const HERE: &str = env!("CARGO_MANIFEST_DIR");
const SCENARIOS: [&str; 7] = [
    "signing-up",
    "verifying",
    "forgotten-password",
    "one-time-codes",
    "passkey",
    "passkey-after-password",
    "another-origin",
];
/// The one that needs an issuer of identities too.
const WITH_ISSUER: &str = "identity-provider";

fn main() {
    let arguments = Arguments::from_args();
    let in_ci = std::env::var_os("CI").is_some();
    let trials = SCENARIOS.into_iter().chain([WITH_ISSUER]).map(|scenario| {
        let missing = missing(scenario);
        let run = move || match missing {
            Some(what) => Err(Failed::from(format!("{what} is missing"))),
            None => play(scenario),
        };
        Trial::test(scenario, run).with_ignored_flag(missing.is_some() && !in_ci)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// What is not there of what a scenario needs.
fn missing(scenario: &str) -> Option<&'static str> {
    let node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    match () {
        () if !node => Some("node"),
        () if !Path::new(CHROMIUM).exists() => Some("chromium"),
        () if modules().is_none() => Some("playwright-core in target/ci-node"),
        () if scenario == WITH_ISSUER && !Issuer::can_run() => Some("npm"),
        () => None,
    }
}

/// The folder that `.ci/run` installs into.
fn modules() -> Option<PathBuf> {
    let folder = Path::new(HERE).join("../target/ci-node/node_modules");
    folder.join("playwright-core").exists().then_some(folder)
}

/// Runs one scenario against the real program on an empty folder, with a page in place of a frontend. Both are at one
/// `localhost` address, as passkeys are not for addresses of machines.
fn play(scenario: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let frontend = folder.path().join("frontend");
    std::fs::create_dir(&frontend)?;
    std::fs::write(frontend.join("index.html"), "<!doctype html><title>Home</title><h1>Home</h1>")?;
    let data = folder.path().join("data");
    let [port, elsewhere] = free_ports()?;
    let url = format!("http://localhost:{port}");
    let issuer = (scenario == WITH_ISSUER).then(|| {
        let back = format!("{url}/auth/oauth/callback/home");
        Issuer::start(Path::new(env!("CARGO_TARGET_TMPDIR")), &back)
    });
    let _process = Process::with(&data, |command| {
        command.env("DZINZA_LISTEN", format!("127.0.0.1:{port}")).env("DZINZA_FRONTEND", &frontend);
        command.env("PUBLIC_API_URL", &url).env("FRONTEND_URL", &url);
        if let Some(issuer) = &issuer {
            issuer.introduce(command);
        }
    });
    let shots = std::env::var_os("DZINZA_SHOTS").map_or_else(|| folder.path().join("shots"), PathBuf::from);
    std::fs::create_dir_all(&shots)?;
    let played = Command::new("node")
        .arg(Path::new(HERE).join("tests/browser/play.mjs"))
        .args([scenario, &url, &format!("http://localhost:{elsewhere}")])
        .arg(issuer.as_ref().map_or("-", Issuer::url))
        .args([data.join("mail"), shots, modules().expect("looked for before")])
        .env("CHROMIUM", CHROMIUM)
        .output()?;
    if played.status.success() {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(Failed::from(format!("{}\n{}", text(&played.stdout), text(&played.stderr))))
}

/// Two ports that are free now and will be taken again in a moment.
fn free_ports() -> std::io::Result<[u16; 2]> {
    let [one, other] = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}
