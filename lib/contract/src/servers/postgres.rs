//! A PostgreSQL server of our own.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use tempfile::TempDir;

/// `nobody`: the server does not run as root.
const NOBODY: u32 = 65_534;

/// A server that can be killed, held still and started again. It trusts everybody on this machine; its superuser is `postgres`.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    durable: bool,
}

/// Where the programs of a server are; `None` if there is none on this machine.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(["/usr/local/bin", "/usr/bin"].map(PathBuf::from));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

impl Postgres {
    /// Makes and starts one for speed: what it has said is done may be forgotten when it is killed.
    ///
    /// # Errors
    /// With what its programs said.
    pub fn start(programs: PathBuf) -> anyhow::Result<Self> {
        Self::with(programs, false)
    }

    /// Makes and starts one that keeps what it has said is done, whoever kills it. Power cuts no test needs.
    ///
    /// # Errors
    /// With what its programs said.
    pub fn durable(programs: PathBuf) -> anyhow::Result<Self> {
        Self::with(programs, true)
    }

    fn with(programs: PathBuf, durable: bool) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let root = is_root()?;
        if root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = Self { programs, folder, port, durable };
        let data = server.path("data");
        let made = server.path("initdb.log");
        let locale = "--locale=C.UTF-8";
        server.run(
            "initdb",
            &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", locale, "-N"],
            &made,
        )?;
        server.resume()?;
        Ok(server)
    }

    /// Starts it again after [`Self::kill`].
    ///
    /// # Errors
    /// With what its programs said.
    pub fn resume(&self) -> anyhow::Result<()> {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
             -c synchronous_commit={} -c full_page_writes=off -c max_connections=300",
            self.port,
            self.folder.path().display(),
            if self.durable { "on" } else { "off" }
        );
        let (data, log, control) = (self.path("data"), self.path("log"), self.path("pg_ctl.log"));
        self.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"], &control)
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If it is not there.
    pub fn kill(&self) -> anyhow::Result<()> {
        let data = self.path("data");
        self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "stop"], &self.path("pg_ctl.log"))
    }

    /// Lets all its processes stand still, or go on.
    ///
    /// # Errors
    /// If it is not there.
    pub fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        let first = self.first_process()?;
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let mut all = children(&first)?;
        all.push(first);
        let ended = Command::new("sh").args(["-c", &format!("kill {signal} {}", all.join(" "))]).status()?;
        anyhow::ensure!(ended.success(), "no signal can be sent");
        Ok(())
    }

    /// For one that is never dropped: it ends with this process.
    ///
    /// # Errors
    /// If that cannot be arranged.
    pub fn end_with_this_process(&self) -> anyhow::Result<()> {
        let first = self.first_process()?.parse()?;
        // As `pg_ctl -m immediate` does.
        Ok(super::end_with_this_process(first, "-QUIT", self.folder.path())?)
    }

    fn first_process(&self) -> anyhow::Result<String> {
        let written = fs::read_to_string(self.folder.path().join("data/postmaster.pid"))?;
        Ok(written.lines().next().context("postmaster.pid is empty")?.to_owned())
    }

    /// What the server answers to one statement: the values of a row with `|` between them, a line each, and of a change
    /// what it was and how many rows.
    ///
    /// # Errors
    /// With what the server said.
    pub fn ask(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        self.client("psql", database, &["-XAt", "-v", "ON_ERROR_STOP=1", "-c", statement])
    }

    /// All rows of a database as statements, a line each.
    ///
    /// # Errors
    /// With what the server said.
    pub fn dump(&self, database: &str) -> anyhow::Result<String> {
        self.client("pg_dump", database, &["--data-only", "--inserts"])
    }

    fn client(&self, program: &str, database: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(self.programs.join(program));
        let port = self.port.to_string();
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", database]).args(arguments);
        let output = command.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{program}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str], log: &str) -> anyhow::Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root()? {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        // Not into pipes: the server would hold them open.
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        let ended = command
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()?;
        let said = || fs::read_to_string(Path::new(log)).unwrap_or_default();
        anyhow::ensure!(ended.success(), "{}: {}", program.display(), said());
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

/// The processes that this one has started.
fn children(parent: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        // `pid (name) state parent ..`; whatever has ended meanwhile is none of them.
        let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        if after.split_whitespace().nth(1) == Some(parent) {
            found.extend(stat.split_whitespace().next().map(str::to_owned));
        }
    }
    Ok(found)
}

fn is_root() -> anyhow::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}
