//! Connections: how they are set up, and the pool of those that read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dzinza_ports::StoreError;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::error::{Outcome, is_busy, unavailable};

const READERS: usize = 4;
/// Waiting for another process ends after about this many milliseconds.
const BUSY_LIMIT_MS: u32 = 15_000;
const BUSY_STEP_MS: u32 = 2;

/// How hard a commit is pressed onto the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives power failure.
    Full,
    /// Survives the end of the process; power failure may take the last moments.
    Process,
    /// For stores that are thrown away.
    None,
}

impl Durability {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "PRAGMA synchronous = FULL",
            Self::Process => "PRAGMA synchronous = NORMAL",
            Self::None => "PRAGMA synchronous = OFF",
        }
    }
}

/// Opens the connection that writes; makes the file if there is none.
pub(crate) fn writing(path: &Path, durability: Durability) -> Outcome<Connection> {
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_handler(Some(wait_a_little))?;
    // Of a new file only. Imports write a sixth less in pages of this size than in those of 4 KB.
    conn.execute_batch("PRAGMA page_size = 8192")?;
    to_wal(&conn)?;
    conn.execute_batch(durability.pragma())?;
    conn.execute_batch(
        "PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -24000;
         PRAGMA wal_autocheckpoint = 8000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// Two processes that open a new file at the same moment both try this; one is told that it is busy
/// without its busy handler being asked.
fn to_wal(conn: &Connection) -> Outcome<()> {
    for _ in 0..BUSY_LIMIT_MS / 20 {
        match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => thread::sleep(Duration::from_millis(20)),
            Err(error) if is_busy(&error) => thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(unavailable("the database does not change to WAL mode").into())
}

pub(crate) fn reading(path: &Path) -> Outcome<Connection> {
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_handler(Some(wait_a_little))?;
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA query_only = ON;")?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// SQLite's own busy timeout sleeps up to 100 ms at a time, and so is starved by a process that writes
/// batch after batch.
fn wait_a_little(times: i32) -> bool {
    let waited = u32::try_from(times).unwrap_or(u32::MAX).saturating_mul(BUSY_STEP_MS);
    thread::sleep(Duration::from_millis(u64::from(BUSY_STEP_MS)));
    waited < BUSY_LIMIT_MS
}

/// Read-only connections, opened when first needed, used on tokio's blocking threads.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    pub(crate) async fn read<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let closed = |_| unavailable("the store is closed");
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        let readers = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let result = readers.take().and_then(|conn| {
                let result = work(&conn);
                readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
                result
            });
            drop(permit);
            result
        });
        let result = task.await.map_err(|error| {
            StoreError::with_source(dzinza_ports::StoreErrorKind::Unavailable, "reading", error)
        })?;
        Ok(result?)
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn take(&self) -> Outcome<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| reading(&self.path), Ok)
    }
}
