//! SecantusDB, which speaks MongoDB's protocol over WiredTiger and stands in for it.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::daemon::{Daemon, answers};

const PROGRAM: &str = "secantusd-py";
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/servers/python");

/// A server of one's own: a replica set of one, that trusts everybody on this machine.
pub struct Mongo {
    daemon: Daemon,
    folder: TempDir,
    durable: bool,
    /// How long a transaction of a client that has gone stays open, if not as long as usual.
    patience: Option<u32>,
}

impl Mongo {
    /// Whether the program is installed: where `DZINZA_TEST_MONGO` says, or on the path.
    pub fn is_installed() -> bool {
        answers(Command::new(program()).arg("--help"))
    }

    /// A place where there is none yet; of one that is `durable` what it acknowledged survives its end.
    ///
    /// # Errors
    /// If there is no free port or no folder for it.
    pub fn absent(durable: bool) -> anyhow::Result<Self> {
        Ok(Self { daemon: Daemon::absent()?, folder: tempfile::tempdir()?, durable, patience: None })
    }

    /// The same with as many seconds for transactions, instead of the usual minute.
    #[must_use]
    pub fn with_transactions_of(mut self, seconds: u32) -> Self {
        self.patience = Some(seconds);
        self
    }

    /// Starts it (again) and waits until it answers.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut command = Command::new(program());
        command
            .args(["--host", "127.0.0.1", "--log-level", "WARNING", "--port"])
            .arg(self.port().to_string());
        command.arg("--storage-path").arg(self.folder.path().join("data"));
        if self.durable {
            command.arg("--sync-on-commit");
        }
        if let Some(seconds) = self.patience {
            command.env("PYTHONPATH", PYTHON).env("TRANSACTION_LIFETIME_SECONDS", seconds.to_string());
        }
        self.daemon.run(&mut command)
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.daemon.kill()
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// Its address, for callers who do not wait long for one that is away.
    pub fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=3000", self.port())
    }
}

#[expect(clippy::disallowed_methods, reason = "where CI put a tool is no setting")]
fn program() -> PathBuf {
    std::env::var("DZINZA_TEST_MONGO").map_or_else(|_| PROGRAM.into(), PathBuf::from)
}
