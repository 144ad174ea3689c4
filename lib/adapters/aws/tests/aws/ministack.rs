//! A ministack of one's own: S3, SQS, SES and more in one process, on a free port.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dzinza_aws::{Account, AccountSettings, Keys};
use dzinza_contract::{ManualClock, Outcome};
use dzinza_ports::Clock as _;
use libtest_mimic::{Failed, Trial};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws/stack.py");
const PYTHON: &str = "python3";
const KEYS: (&str, &str) = ("test", "test");

pub struct Ministack {
    port: u16,
    process: Child,
    folder: tempfile::TempDir,
}

impl Ministack {
    pub fn start() -> Result<Self, Failed> {
        Self::with(|_| {})
    }

    /// One whose time stands still, and goes on with the clock that it gives.
    pub fn with_clock() -> Result<(Self, Arc<ManualClock>), Failed> {
        let server = Self::with(|command| {
            command.env("CLOCK_FILE", "clock");
        })?;
        let path = server.folder.path().to_owned();
        let clock = ManualClock::default().told(move |now| write_clock(&path, now));
        Ok((server, Arc::new(clock)))
    }

    fn with(adjust: impl Fn(&mut Command)) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        write_clock(folder.path(), ManualClock::default().now());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(PYTHON);
        command.arg(SCRIPT).current_dir(folder.path());
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string()).env("AUTH", "true");
        // Nothing but that port.
        command.env("IOT_MTLS_ENABLED", "0").env("SFTP_ENABLED", "0").env("TMPDIR", folder.path());
        adjust(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Self { port, process: command.spawn()?, folder };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("ministack ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err("ministack does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn account(&self) -> Result<Account, Failed> {
        account(&self.address(), KEYS.1)
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        assert!(ended.is_ok(), "{ended:?}");
    }
}

fn write_clock(folder: &std::path::Path, now: jiff::Timestamp) {
    let draft = folder.join("clock.draft");
    let seconds = now.as_microsecond() as f64 / 1e6;
    let written = std::fs::write(&draft, format!("{seconds:.6}"));
    let placed = written.and_then(|()| std::fs::rename(&draft, folder.join("clock")));
    assert!(placed.is_ok(), "{placed:?}");
}

/// An account whose services are all at this address.
pub fn account(address: &str, secret: &str) -> Result<Account, Failed> {
    let keys = Keys { id: KEYS.0.to_owned(), secret: secret.into(), session_token: None };
    let settings = AccountSettings {
        region: "us-east-1".to_owned(),
        endpoint: Some(address.to_owned()),
        keys: Some(keys),
    };
    Ok(Account::new(settings)?)
}

/// Trials that need ministack: ignored where it is not installed, but not in CI.
pub fn if_installed(trials: Vec<Trial>) -> Vec<Trial> {
    let installed = is_there("ministack");
    trials.into_iter().map(|trial| trial.with_ignored_flag(!installed && !required())).collect()
}

/// Runs a case that is no part of a suite.
pub fn run(case: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(case)
}

/// Whether Python knows this module.
fn is_there(module: &str) -> bool {
    let find = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)");
    let asked = Command::new(PYTHON).args(["-c", &find]).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn required() -> bool {
    #[expect(clippy::disallowed_methods, reason = "what CI says to a test is no setting")]
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    required
}
