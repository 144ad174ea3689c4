//! The programs that are measured: how they are started, and what the system knows of them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::http::{Client, request};

/// The kernel's clock ticks a second, 100 on every Linux that matters.
const TICKS: f64 = 100.0;
/// A server that is not there by then does not come.
const START: Duration = Duration::from_secs(30);
const SETTINGS: &[(&str, &str)] = &[
    ("LOG_LEVEL", "warn"),
    ("RATE_LIMIT_MAX_REQUESTS", "0"),
    ("AUTH_RATE_LIMIT_MAX_REQUESTS", "0"),
    ("MAX_LOGIN_ATTEMPTS", "0"),
];

/// Memory in MB.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

/// What a program that has ended took.
pub struct Ran {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub peak_mb: f64,
    pub said: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        json!({ "seconds": self.seconds, "cpuSeconds": self.cpu_seconds, "peakMb": self.peak_mb })
    }
}

/// Runs a program to its end. An error if it fails.
pub fn run(program: &Path, arguments: &[&str], input: &str) -> anyhow::Result<Ran> {
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .envs(SETTINGS.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let mut ran = Ran { seconds: 0.0, cpu_seconds: 0.0, peak_mb: 0.0, said: String::new() };
    // Once it has ended its memory is gone, but until we ask how it ended its times are still there.
    while let Some((state, cpu)) = stat(child.id()) {
        ran.cpu_seconds = cpu;
        if state == 'Z' {
            break;
        }
        ran.peak_mb = ran.peak_mb.max(memory(child.id()).peak);
        sleep(Duration::from_millis(5));
    }
    ran.seconds = began.elapsed().as_secs_f64();
    let status = child.wait()?;
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut ran.said)?;
    }
    anyhow::ensure!(status.success(), "{} {}: {status}", program.display(), arguments.join(" "));
    Ok(ran)
}

/// A server that has answered once. It is ended when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub start_seconds: f64,
    /// Kept open: a server that cannot say its last word fails.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a program whose first line ends in its address, and waits until `/health` answers.
    pub fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::with(program, arguments, &[])
    }

    /// The same with more variables.
    pub fn with(program: &Path, arguments: &[&str], more: &[(&str, &str)]) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .envs(SETTINGS.iter().copied())
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        let Some(address) = address else {
            // Not left behind: what came instead of the address is the reason.
            child.kill()?;
            child.wait()?;
            anyhow::bail!("{} does not say where it listens: {line}", program.display());
        };
        let mut server = Self { child, address, start_seconds: 0.0, _stdout: stdout };
        let health = request("GET", "/health", "", None);
        while began.elapsed() < START {
            let answer = Client::connect(address).and_then(|mut client| client.call(&health));
            if answer.is_ok_and(|answer| answer.status == 200) {
                server.start_seconds = began.elapsed().as_secs_f64();
                return Ok(server);
            }
            sleep(Duration::from_millis(2));
        }
        anyhow::bail!("{} does not answer", program.display())
    }

    pub fn memory(&self) -> Memory {
        memory(self.child.id())
    }

    /// Memory in MB of the server and of those that it started, and how many they are.
    pub fn memory_of_all(&self) -> (f64, usize) {
        let own = self.child.id();
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let all: Vec<u32> = pids.filter(|pid| *pid == own || parent(*pid) == Some(own)).collect();
        (all.iter().map(|pid| memory(*pid).now).sum(), all.len())
    }

    pub fn cpu_seconds(&self) -> f64 {
        stat(self.child.id()).map_or(0.0, |(_, cpu)| cpu)
    }
}

impl Drop for Server {
    /// Asked in an orderly way first, so that the database is closed as it would be; std knows only the other one.
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let patience = if asked.is_ok_and(|status| status.success()) { 500 } else { 0 };
        for _ in 0..patience {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn memory(pid: u32) -> Memory {
    fs::read_to_string(format!("/proc/{pid}/status")).map(|status| memory_of(&status)).unwrap_or_default()
}

fn memory_of(status: &str) -> Memory {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    };
    Memory { now: field("VmRSS:"), peak: field("VmHWM:") }
}

/// State of a process, and the seconds of processor it has used.
fn stat(pid: u32) -> Option<(char, f64)> {
    stat_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn stat_of(stat: &str) -> Option<(char, f64)> {
    // The name before may contain anything, but ends in the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((fields.first()?.chars().next()?, (ticks(11)? + ticks(12)?) / TICKS))
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// What else the machine does: the load of the last minute.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_understood() {
        let status = "Name:\tdzinza\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(memory_of(status), Memory { now: 10.0, peak: 20.0 });
        assert_eq!(memory_of(""), Memory::default());
        let stat = "7 (a) b) Z 1 7 7 0 -1 4 0 0 0 0 150 50 0 0 20 0 1 0 9";
        assert_eq!(stat_of(stat), Some(('Z', 2.0)));
        assert_eq!(stat_of("7 (a"), None);
    }

    #[test]
    fn a_program_is_fed_heard_and_timed() {
        let ran = run(Path::new("sh"), &["-c", "read line; sleep 0.05; echo got $line"], "word\n").unwrap();
        assert_eq!(ran.said, "got word\n");
        assert!(ran.seconds >= 0.05 && ran.peak_mb > 0.0);
        assert!(run(Path::new("false"), &[], "").is_err());
    }

    #[test]
    fn a_server_that_says_no_address_is_an_error() {
        assert!(Server::start(Path::new("echo"), &["in use"]).is_err());
        assert!(Server::start(Path::new("no-such-program-here"), &[]).is_err());
    }
}
