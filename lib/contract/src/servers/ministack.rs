//! ministack, which stands in for AWS: S3, SQS, SES and more in one process.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::daemon::{Daemon, answers};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/servers/stack.py");
const PYTHON: &str = "python3";

/// A server of one's own. It forgets everything when it ends, the files of a [`Ministack::durable`] one excepted.
pub struct Ministack {
    daemon: Daemon,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Ministack {
    /// Whether Python has it.
    pub fn is_installed() -> bool {
        let find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ministack') is None)";
        answers(Command::new(PYTHON).args(["-c", find]))
    }

    /// A place where there is none yet, and the variables that it will be started with.
    ///
    /// # Errors
    /// If there is no free port or no folder for it.
    pub fn absent(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(own).collect();
        Ok(Self { daemon: Daemon::absent()?, folder: tempfile::tempdir()?, environment })
    }

    /// A place for one that looks at keys and keeps files on disk.
    ///
    /// # Errors
    /// As [`Ministack::absent`].
    pub fn durable() -> anyhow::Result<Self> {
        let mut server = Self::absent(&[("AUTH", "true"), ("S3_PERSIST", "1")])?;
        let files = server.folder.path().join("s3").display().to_string();
        server.environment.push(("S3_DATA_DIR".to_owned(), files));
        Ok(server)
    }

    /// Starts it (again) and waits until it answers.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut command = Command::new(PYTHON);
        command.arg(SCRIPT).current_dir(self.folder()).env("TMPDIR", self.folder());
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", self.daemon.port().to_string());
        // Nothing but that port.
        command.env("IOT_MTLS_ENABLED", "0").env("SFTP_ENABLED", "0");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.daemon.run(&mut command)
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.daemon.kill()
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.daemon.port())
    }

    /// Its working folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
