//! A server of one's own: a process on a free port, which can be killed and started again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dzinza_contract::ManualClock;
use dzinza_contract::servers::Mongo;
use dzinza_mongo::{MongoAddress, MongoStore};
use dzinza_ports::{Collection, SystemIds};
use dzinza_sqlite::SqliteStore;
use libtest_mimic::{Failed, Trial};

pub const QUEUES: &[&str] = &["jobs"];

/// Trials that need the program: ignored where it is not installed, but not in CI.
pub fn if_installed(trials: Vec<Trial>) -> Vec<Trial> {
    #[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting")]
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let ignored = !Mongo::is_installed() && !required;
    let unless = |trial: Trial| {
        let already = trial.has_ignored_flag();
        trial.with_ignored_flag(already || ignored)
    };
    trials.into_iter().map(unless).collect()
}

pub struct Server {
    mongo: Mongo,
    databases: AtomicUsize,
}

impl Server {
    /// A place where there is none yet; of one that is `durable` what it acknowledged survives its end.
    pub fn absent(durable: bool) -> Result<Arc<Self>, Failed> {
        Ok(Arc::new(Self { mongo: Mongo::absent(durable)?, databases: AtomicUsize::default() }))
    }

    /// Starts the process (again) and waits until it answers.
    pub fn run(&self) -> Result<(), Failed> {
        Ok(self.mongo.run()?)
    }

    pub fn kill(&self) {
        let ended = self.mongo.kill();
        assert!(ended.is_ok(), "{ended:?}");
    }

    /// A database that nobody has used before.
    pub fn database(&self) -> String {
        format!("case_{}", self.databases.fetch_add(1, Ordering::SeqCst))
    }

    pub fn url(&self) -> String {
        self.mongo.url()
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
