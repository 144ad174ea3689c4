//! A Redis of one's own: a process on a free port, which can be killed, held still and started again.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dzinza_redis::RedisAddress;
use libtest_mimic::{Failed, Trial};

const PROGRAM: &str = "redis-server";

pub struct Server {
    port: u16,
    folder: tempfile::TempDir,
    /// Whether what it knows survives a restart.
    durable: bool,
    /// Certificate and key as PEM, if it speaks TLS and nothing else.
    identity: Option<(String, String)>,
    process: Mutex<Option<Child>>,
}

impl Server {
    pub fn start() -> Result<Self, Failed> {
        Self::with(false)
    }

    pub fn durable() -> Result<Self, Failed> {
        Self::with(true)
    }

    fn with(durable: bool) -> Result<Self, Failed> {
        let server = Self::absent(durable)?;
        server.run()?;
        Ok(server)
    }

    /// A place where there is none yet.
    pub fn absent(durable: bool) -> Result<Self, Failed> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        Ok(Self { port, folder, durable, identity: None, process: Mutex::default() })
    }

    /// One that speaks TLS alone, and shows this certificate.
    pub fn with_tls(certificate: String, key: String) -> Result<Self, Failed> {
        let mut server = Self::absent(false)?;
        server.identity = Some((certificate, key));
        server.run()?;
        Ok(server)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> Result<RedisAddress, Failed> {
        Ok(RedisAddress::of_host("127.0.0.1", self.port, 0, None)?)
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the process (again) and waits until it answers.
    pub fn run(&self) -> Result<(), Failed> {
        let mut command = Command::new(PROGRAM);
        let port = self.port.to_string();
        command.args(["--bind", "127.0.0.1", "--save", ""]);
        match &self.identity {
            None => drop(command.args(["--port", &port])),
            Some((certificate, key)) => {
                let at = |name: &str| self.folder.path().join(name);
                std::fs::write(at("server.crt"), certificate)?;
                std::fs::write(at("server.key"), key)?;
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                command.arg("--tls-cert-file").arg(at("server.crt"));
                command.arg("--tls-key-file").arg(at("server.key"));
            }
        }
        command.args(["--appendonly", if self.durable { "yes" } else { "no" }, "--appendfsync", "always"]);
        command.arg("--dir").arg(self.folder.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        *self.process() = Some(child);
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > deadline {
                return Err("redis-server does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub fn kill(&self) {
        if let Some(mut child) = self.process().take() {
            let ended = child.kill().and_then(|()| child.wait());
            assert!(ended.is_ok(), "{ended:?}");
        }
    }

    /// Holds the process still, as a machine that hangs does, or lets it go on.
    pub fn signal(&self, signal: &str) -> Result<(), Failed> {
        let id = self.process().as_ref().map(Child::id).ok_or("there is no process")?;
        let status = Command::new("kill").args([signal, &id.to_string()]).status()?;
        if status.success() { Ok(()) } else { Err("no signal was sent".into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Trials that need the program: ignored where it is not installed, but not in CI.
pub fn if_installed(trials: Vec<Trial>) -> Vec<Trial> {
    let installed = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_ok();
    #[expect(clippy::disallowed_methods, reason = "what CI says to a test is no setting")]
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    trials.into_iter().map(|trial| trial.with_ignored_flag(!installed && !required)).collect()
}
