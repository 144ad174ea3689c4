//! osmem-server, which stands in for OpenSearch and keeps everything in memory.

use std::process::Command;

use super::daemon::{Daemon, answers};

/// The program lies inside of its Python package.
const FIND: &str = "from osmem_server import resolve_binary; print(resolve_binary())";

/// A server of one's own.
pub struct Search(Daemon);

impl Search {
    /// Whether Python has it.
    pub fn is_installed() -> bool {
        answers(Command::new("python3").args(["-c", FIND]))
    }

    /// A place where there is none yet.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn absent() -> anyhow::Result<Self> {
        Ok(Self(Daemon::absent()?))
    }

    /// Starts it (again) and waits until it answers.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn run(&self) -> anyhow::Result<()> {
        let found = Command::new("python3").args(["-c", FIND]).output()?;
        let program = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        let address = format!("127.0.0.1:{}", self.0.port());
        self.0.run(Command::new(program).args(["-addr", &address, "-no-stdin-watch"]))
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.0.kill()
    }
}
