//! A server of one's own: a process on a free port, which can be killed and started again.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dzinza_contract::ManualClock;
use dzinza_mongo::{MongoAddress, MongoStore};
use dzinza_ports::{Collection, SystemIds};
use dzinza_sqlite::SqliteStore;
use libtest_mimic::{Failed, Trial};

const PROGRAM: &str = "secantusd-py";
pub const QUEUES: &[&str] = &["jobs"];

#[expect(clippy::disallowed_methods, reason = "where CI put a tool, and that it is CI, are no settings")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The program: where CI put it, or on the path.
fn program() -> PathBuf {
    environment("DZINZA_TEST_MONGO").map_or_else(|| PROGRAM.into(), PathBuf::from)
}

/// Trials that need the program: ignored where it is not installed, but not in CI.
pub fn if_installed(trials: Vec<Trial>) -> Vec<Trial> {
    let ignored = !installed() && environment("CI").as_deref() != Some("true");
    let unless = |trial: Trial| {
        let already = trial.has_ignored_flag();
        trial.with_ignored_flag(already || ignored)
    };
    trials.into_iter().map(unless).collect()
}

fn installed() -> bool {
    Command::new(program()).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

pub struct Server {
    port: u16,
    folder: tempfile::TempDir,
    /// Whether what it acknowledged survives its end.
    durable: bool,
    process: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl Server {
    /// A place where there is none yet.
    pub fn absent(durable: bool) -> Result<Arc<Self>, Failed> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (process, databases) = (Mutex::default(), AtomicUsize::default());
        Ok(Arc::new(Self { port, folder: tempfile::tempdir()?, durable, process, databases }))
    }

    /// Starts the process (again) and waits until it answers.
    pub fn run(&self) -> Result<(), Failed> {
        let mut command = Command::new(program());
        command.args(["--host", "127.0.0.1", "--log-level", "WARNING", "--port"]).arg(self.port.to_string());
        command.arg("--storage-path").arg(self.folder.path().join("data"));
        if self.durable {
            command.arg("--sync-on-commit");
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > deadline {
                return Err("the server does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub fn kill(&self) {
        if let Some(mut child) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let ended = child.kill().and_then(|()| child.wait());
            assert!(ended.is_ok(), "{ended:?}");
        }
    }

    /// A database that nobody has used before.
    pub fn database(&self) -> String {
        format!("case_{}", self.databases.fetch_add(1, Ordering::SeqCst))
    }

    pub fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=3000", self.port)
    }

    pub fn store(&self, database: &str, collections: &[&'static Collection]) -> Result<Case, Failed> {
        let clock = Arc::new(ManualClock::default());
        let folder = tempfile::tempdir()?;
        let queue = SqliteStore::open(&folder.path().join("q.db"), clock.clone(), Arc::new(SystemIds), &[])?;
        let address = MongoAddress::new(&self.url(), None, Some(database))?;
        let given = (clock.clone() as _, Arc::new(SystemIds) as _);
        let store = MongoStore::open(address, given, collections, (queue.clone(), QUEUES))?;
        Ok(Case { store, queue, clock, folder })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A store, and a queue for its jobs.
pub struct Case {
    pub store: Arc<MongoStore>,
    pub queue: Arc<SqliteStore>,
    pub clock: Arc<ManualClock>,
    pub folder: tempfile::TempDir,
}

/// The server that most cases share; started by the first that needs it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Option<Arc<Server>>>>);

impl Shared {
    pub fn server(&self) -> Result<Arc<Server>, Failed> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*place {
            return Ok(server.clone());
        }
        let server = Server::absent(false)?;
        server.run()?;
        *place = Some(server.clone());
        Ok(server)
    }

    pub fn stop(&self) -> Option<Arc<Server>> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = &server {
            server.kill();
        }
        server
    }
}
