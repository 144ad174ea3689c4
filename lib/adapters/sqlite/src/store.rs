use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use dzinza_ports::{Clock, Collection, Ids, StoreError, StoreErrorKind};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};

use crate::connection::{self, Durability, Readers};
use crate::error::Outcome;
use crate::limits;
use crate::schema;
use crate::statistics::{self, Schedule};
use crate::table::{Catalog, Table};
use crate::types::Micros;
use crate::writer::Writer;

/// Snapshots at once: each has a connection of its own and keeps the log from starting anew.
const SNAPSHOTS: usize = 4;

/// All ports but [`Blobs`](dzinza_ports::Blobs) on one SQLite file.
///
/// One thread writes, and a write has happened, on disk, when its future completes; a few connections read,
/// each seeing all that was committed before. Several processes may have the file open. Dropping the store
/// waits for the writes that were begun.
pub struct SqliteStore {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) snapshots: Arc<Semaphore>,
    pub(crate) sent: Notify,
    pub(crate) schedule: Schedule,
    pub(crate) limit_writes: AtomicU32,
    /// Last, so that it goes after all that uses it.
    _scratch: Option<TempDir>,
}

impl SqliteStore {
    /// Opens the file, making it and its tables as needed, and brings it up to date: blocking, for start-up.
    /// `Corrupt` if a newer program wrote it, `Invalid` if a declaration cannot be served.
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        collections: &[&'static Collection],
    ) -> Result<Arc<Self>, StoreError> {
        Self::start(path, (clock, ids), collections, None)
    }

    /// A store that is gone when dropped: for tests. (A file in the temporary folder that is never flushed: SQLite's
    /// own memory databases do not let several connections read while one writes.)
    pub fn in_memory(
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        collections: &[&'static Collection],
    ) -> Result<Arc<Self>, StoreError> {
        let scratch = tempfile::Builder::new().prefix("dzinza-").tempdir().map_err(|error| {
            StoreError::with_source(StoreErrorKind::Unavailable, "the temporary folder", error)
        })?;
        let path = scratch.path().join("store.db");
        Self::start(&path, (clock, ids), collections, Some(scratch))
    }

    fn start(
        path: &Path,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
        collections: &[&'static Collection],
        scratch: Option<TempDir>,
    ) -> Result<Arc<Self>, StoreError> {
        let durability = if scratch.is_some() { Durability::None } else { Durability::Full };
        let catalog = Catalog::new(collections, Table::new)?;
        let prepare = || -> Outcome<_> {
            let mut conn = connection::writing(path, durability)?;
            schema::prepare(&mut conn, &catalog)?;
            limits::sweep(&conn, clock.now().into())?;
            Ok(conn)
        };
        let conn = prepare()?;
        Ok(Arc::new(Self {
            catalog: Arc::new(catalog),
            clock,
            ids,
            readers: Readers::new(path),
            writer: Arc::new(Writer::start(conn, durability)?),
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS)),
            sent: Notify::new(),
            schedule: Schedule::new(),
            limit_writes: AtomicU32::new(0),
            _scratch: scratch,
        }))
    }

    /// Looks at the sizes of things again, so that queries go by the right index. The store does so itself as
    /// documents become many; a program that ends after it has written many may wait for it.
    pub fn refresh_statistics(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (readers, writer, catalog) = (self.readers.clone(), self.writer.clone(), self.catalog.clone());
        async move {
            let statistics = readers.read(move |conn| statistics::gather(conn, &catalog)).await?;
            writer.write(false, move |conn| statistics::store(conn, &statistics)).await
        }
    }

    pub(crate) fn now(&self) -> Micros {
        self.clock.now().into()
    }
}
