use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// What runs on a port of this machine, can be killed, and started again. Killed at the latest with its value.
pub(super) struct Daemon {
    port: u16,
    process: Mutex<Option<Child>>,
}

impl Daemon {
    /// A port where nothing runs yet.
    pub(super) fn absent() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { port, process: Mutex::default() })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts what must listen on the port, and waits until it does. Its standard input stays open for as long as it is meant to live.
    pub(super) fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| name.clone())?;
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                // Gone already is as good.
                let _ = child.kill();
                let _ = child.wait();
                anyhow::bail!("{name} does not come up ({ended:?})");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Ends it at once, as a crash does.
    pub(super) fn kill(&self) -> anyhow::Result<()> {
        if let Some(mut child) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

/// Whether a program is there and answers.
pub(super) fn answers(command: &mut Command) -> bool {
    let asked = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
