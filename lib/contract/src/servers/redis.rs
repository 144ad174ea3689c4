//! A Redis server of our own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;

const PROGRAM: &str = "redis-server";
/// A test run has one for each data folder.
const DATABASES: &str = "4096";

/// A process that can be killed, held still and started again.
pub struct Redis {
    port: u16,
    folder: TempDir,
    durable: bool,
    /// Whether it speaks TLS and nothing else, with the certificate and key of its folder.
    tls: bool,
    process: Mutex<Option<Child>>,
}

impl Redis {
    /// Whether the program is installed.
    pub fn is_installed() -> bool {
        Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_ok()
    }

    /// One that answers, and forgets everything when it ends.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let server = Self::absent(false)?;
        server.run()?;
        Ok(server)
    }

    /// One that speaks TLS alone and shows this certificate; both are PEM.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start_with_tls(certificate: &str, key: &str) -> anyhow::Result<Self> {
        let mut server = Self::absent(false)?;
        server.tls = true;
        std::fs::write(server.folder.path().join("server.crt"), certificate)?;
        std::fs::write(server.folder.path().join("server.key"), key)?;
        server.run()?;
        Ok(server)
    }

    /// A place where there is none yet; of one that is `durable` what it knows survives a restart.
    ///
    /// # Errors
    /// If there is no free port or no folder for it.
    pub fn absent(durable: bool) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { port, folder: tempfile::tempdir()?, durable, tls: false, process: Mutex::default() })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the process (again) and waits until it answers.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut command = Command::new(PROGRAM);
        command.args(["--bind", "127.0.0.1", "--save", "", "--databases", DATABASES]);
        let port = self.port.to_string();
        if self.tls {
            command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(self.folder.path().join("server.crt"));
            command.arg("--tls-key-file").arg(self.folder.path().join("server.key"));
        } else {
            command.args(["--port", &port]);
        }
        command.args(["--appendonly", if self.durable { "yes" } else { "no" }, "--appendfsync", "always"]);
        command.arg("--dir").arg(self.folder.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        *self.process() = Some(child.context(PROGRAM)?);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            anyhow::ensure!(Instant::now() < deadline, "redis-server does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> anyhow::Result<()> {
        if let Some(mut child) = self.process().take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends a signal such as `-STOP`, which holds it still as a machine that hangs does.
    ///
    /// # Errors
    /// If there is no process.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.process().as_ref().map(Child::id).context("there is no process")?;
        let status = Command::new("kill").args([signal, &id.to_string()]).status()?;
        anyhow::ensure!(status.success(), "no signal was sent");
        Ok(())
    }

    /// For one that is never dropped: it ends with this process.
    ///
    /// # Errors
    /// If that cannot be arranged.
    pub fn end_with_this_process(&self) -> anyhow::Result<()> {
        let id = self.process().as_ref().map(Child::id).context("there is no process")?;
        Ok(super::end_with_this_process(id, "-KILL", self.folder.path())?)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}
