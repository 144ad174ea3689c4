//! A ministack of one's own: S3, SQS, SES and more in one process, on a free port.

use std::sync::Arc;

use dzinza_aws::{Account, AccountSettings, Keys};
use dzinza_contract::{ManualClock, Outcome, servers};
use dzinza_ports::Clock as _;
use libtest_mimic::{Failed, Trial};

const KEYS: (&str, &str) = ("test", "test");

pub struct Ministack(servers::Ministack);

impl Ministack {
    pub fn start() -> Result<Self, Failed> {
        Self::with(&[])
    }

    /// One whose time stands still, and goes on with the clock that it gives.
    pub fn with_clock() -> Result<(Self, Arc<ManualClock>), Failed> {
        let server = Self::with(&[("CLOCK_FILE", "clock")])?;
        let path = server.0.folder().to_owned();
        let clock = ManualClock::default().told(move |now| write_clock(&path, now));
        Ok((server, Arc::new(clock)))
    }

    fn with(environment: &[(&str, &str)]) -> Result<Self, Failed> {
        let server = servers::Ministack::absent(&[&[("AUTH", "true")], environment].concat())?;
        write_clock(server.folder(), ManualClock::default().now());
        server.run()?;
        Ok(Self(server))
    }

    pub fn address(&self) -> String {
        self.0.address()
    }

    pub fn account(&self) -> Result<Account, Failed> {
        account(&self.address(), KEYS.1)
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
    let installed = servers::Ministack::is_installed();
    trials.into_iter().map(|trial| trial.with_ignored_flag(!installed && !required())).collect()
}

/// Runs a case that is no part of a suite.
pub fn run(case: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(case)
}

fn required() -> bool {
    #[expect(clippy::disallowed_methods, reason = "what CI says to a test is no setting")]
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    required
}
