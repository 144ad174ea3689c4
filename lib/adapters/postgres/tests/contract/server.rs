//! A PostgreSQL server of our own: in a temporary folder, on a free port, gone with the value.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use dzinza_postgres::{Migrations, PgConnectOptions, Server};
use sqlx_core::connection::{ConnectOptions as _, Connection as _};
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_postgres::PgConnection;
use tempfile::TempDir;

/// `nobody`: the server does not run as root.
const NOBODY: u32 = 65_534;
/// An empty database, and one with our layout, to copy from.
const EMPTY: &str = "template0";
const OURS: &str = "dzinza_template";

pub struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    databases: AtomicUsize,
}

/// Where the programs of a server are; `None` if there is none on this machine.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(["/usr/local/bin", "/usr/bin"].map(PathBuf::from));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

impl PostgresServer {
    /// Makes and starts one. Nothing of it survives a power cut, which no test needs.
    pub fn start(programs: PathBuf) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let root = is_root()?;
        if root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = Self { programs, folder, port, databases: AtomicUsize::new(0) };
        let data = server.path("data");
        let (made, log) = (server.path("initdb.log"), server.path("log"));
        let locale = "--locale=C.UTF-8";
        server.run(
            "initdb",
            &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", locale, "-N"],
            &made,
        )?;
        server.resume(&log)?;
        Ok(server)
    }

    /// Starts it again after [`Self::kill`].
    pub fn resume(&self, log: &str) -> anyhow::Result<()> {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off",
            self.port,
            self.folder.path().display()
        );
        let (data, control) = (self.path("data"), self.path("pg_ctl.log"));
        self.run("pg_ctl", &["-D", &data, "-w", "-l", log, "-o", &options, "start"], &control)
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&self) -> anyhow::Result<()> {
        let data = self.path("data");
        self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "stop"], &self.path("pg_ctl.log"))
    }

    /// Lets all its processes stand still, or go on.
    pub fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        let written = fs::read_to_string(self.folder.path().join("data/postmaster.pid"))?;
        let first = written.lines().next().context("postmaster.pid is empty")?;
        let signal = if frozen { "-STOP" } else { "-CONT" };
        // The postmaster leads a group of its own when `pg_ctl` starts it; its children have their own sessions.
        let children = Command::new("pgrep").args(["-P", first]).output()?.stdout;
        let children = String::from_utf8(children)?;
        for pid in std::iter::once(first).chain(children.lines()) {
            Command::new("kill").args([signal, pid]).status()?;
        }
        Ok(())
    }

    pub fn log(&self) -> String {
        self.path("log")
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

    pub fn options(&self, database: &str) -> anyhow::Result<PgConnectOptions> {
        let server = Server::Parts {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: database.to_owned(),
            user: "postgres".to_owned(),
            password: None,
        };
        Ok(server.options()?)
    }

    /// Makes the database that [`Self::ours`] copies.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        self.create(OURS, EMPTY).await?;
        Migrations::new(self.options(OURS)?).up(usize::MAX).await?;
        Ok(())
    }

    /// A new database with our layout.
    pub async fn ours(&self) -> anyhow::Result<PgConnectOptions> {
        self.database(OURS).await
    }

    /// A new database with nothing in it.
    pub async fn empty(&self) -> anyhow::Result<PgConnectOptions> {
        self.database(EMPTY).await
    }

    async fn database(&self, template: &str) -> anyhow::Result<PgConnectOptions> {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.create(&name, template).await?;
        self.options(&name)
    }

    async fn create(&self, name: &str, template: &str) -> anyhow::Result<()> {
        let mut conn = PgConnection::connect_with(&self.options("postgres")?).await?;
        run(&mut conn, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        conn.close().await?;
        Ok(())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

/// A connection to look at a database with.
pub async fn connect(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    Ok(options.clone().connect().await?)
}

/// Runs statements.
pub async fn run(conn: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await?;
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}
