//! An installation that is put back beside what is there, and takes its place in one step.
//!
//! All is written to the folder `restoring` of the data folder. When it is complete it is marked so, and moved into
//! place; a mark that is found later means that only the moving was cut off, and is gone on with. Without a mark what
//! is there is of no use and goes. So an installation is empty or whole, whenever the process is killed.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dzinza_domain::collections;
use dzinza_ports::{Archives, Blobs, Queue, SystemClock, SystemIds};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use futures::TryStreamExt as _;

use crate::{OpenError, SHARED, lock, locked, make_folder};

const FOLDER: &str = "restoring";
const COMPLETE: &str = "complete";
const DATABASE: &str = "dzinza.db";
const BLOBS: &str = "blobs";

/// What had become of an interrupted restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// It was not complete, and is gone.
    Removed,
    /// It was complete, and is in place now.
    Finished,
}

/// The stores of an installation that is put back. Let go of all copies before [`Restoring::finish`].
#[derive(Clone)]
pub struct RestoringPorts {
    /// Documents and accounts.
    pub archives: Arc<dyn Archives>,
    /// Files.
    pub blobs: Arc<dyn Blobs>,
    /// Jobs.
    pub queue: Arc<dyn Queue>,
}

/// A restore that is going on. The data folder is locked for as long as it lives.
pub struct Restoring {
    data: PathBuf,
    ports: RestoringPorts,
    /// Against servers, against processes of functions, and against others who restore.
    locks: (File, File, File),
}

impl Restoring {
    /// Makes room in a data folder that has neither accounts, documents nor files.
    ///
    /// # Errors
    /// [`OpenError::NotEmpty`] if it has; [`OpenError::InUse`] while it is served or restored.
    pub async fn begin(data: &Path) -> Result<Self, OpenError> {
        let serving = lock(data)?;
        let functions = locked(data, SHARED, File::try_lock)?;
        settle(data)?;
        if !is_empty(data).await? {
            return Err(OpenError::NotEmpty(data.to_owned()));
        }
        let restoring = hold(data)?;
        let folder = data.join(FOLDER);
        make_folder(&folder)?;
        let store = SqliteStore::open(
            &folder.join(DATABASE),
            Arc::new(SystemClock),
            Arc::new(SystemIds),
            collections::ALL,
        )?;
        // It signs no addresses.
        let files = FileBlobs::open(folder.join(BLOBS), &[], "/blobs", Arc::new(SystemClock))?;
        let ports = RestoringPorts { archives: store.clone(), blobs: files, queue: store };
        Ok(Self { data: data.to_owned(), ports, locks: (serving, functions, restoring) })
    }

    /// Where everything goes.
    pub fn ports(&self) -> RestoringPorts {
        self.ports.clone()
    }

    /// Closes the new database and moves everything into place.
    ///
    /// # Errors
    /// If the data folder is not empty any more, or cannot be written. What was in it is as it was.
    pub async fn finish(self) -> Result<(), OpenError> {
        let Self { data, ports, locks } = self;
        drop(ports);
        let folder = data.join(FOLDER);
        // The last connection empties it when it closes.
        let open = folder.join(format!("{DATABASE}-wal"));
        if open.metadata().is_ok_and(|data| data.len() > 0) {
            return Err(failed(&open)(std::io::Error::other("the new database is still open")));
        }
        if !is_empty(&data).await? {
            return Err(OpenError::NotEmpty(data));
        }
        let mark = folder.join(COMPLETE);
        File::create(&mark).and_then(|file| file.sync_all()).map_err(failed(&mark))?;
        sync(&folder)?;
        move_in(&data)?;
        drop(locks);
        Ok(())
    }

    /// Removes what was restored so far.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn abandon(self) -> Result<(), OpenError> {
        let Self { data, ports, locks } = self;
        drop(ports);
        remove(&data.join(FOLDER))?;
        drop(locks);
        Ok(())
    }
}

/// Looks for what an interrupted restore left, and removes it or finishes its work.
///
/// # Errors
/// [`OpenError::Restoring`] while one is going on.
pub fn settle(data: &Path) -> Result<Option<Leftover>, OpenError> {
    let folder = data.join(FOLDER);
    if !folder.exists() {
        return Ok(None);
    }
    let _held = hold(data)?;
    if folder.join(COMPLETE).exists() {
        move_in(data)?;
        return Ok(Some(Leftover::Finished));
    }
    remove(&folder)?;
    Ok(Some(Leftover::Removed))
}

/// Each step is one that can be cut off and done again.
fn move_in(data: &Path) -> Result<(), OpenError> {
    let folder = data.join(FOLDER);
    let (files, database) = (folder.join(BLOBS), folder.join(DATABASE));
    if files.exists() {
        remove(&data.join(BLOBS))?;
        fs::rename(&files, data.join(BLOBS)).map_err(failed(&files))?;
    }
    if database.exists() {
        for end in ["", "-wal", "-shm"] {
            let old = data.join(format!("{DATABASE}{end}"));
            match fs::remove_file(&old) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&old)(error)),
                _ => {}
            }
        }
        fs::rename(&database, data.join(DATABASE)).map_err(failed(&database))?;
    }
    sync(data)?;
    remove(&folder)
}

async fn is_empty(data: &Path) -> Result<bool, OpenError> {
    if data.join(DATABASE).exists() {
        let store = SqliteStore::open(
            &data.join(DATABASE),
            Arc::new(SystemClock),
            Arc::new(SystemIds),
            collections::ALL,
        )?;
        if !store.is_empty().await? {
            return Ok(false);
        }
    }
    if !data.join(BLOBS).exists() {
        return Ok(true);
    }
    let files = FileBlobs::open(data.join(BLOBS), &[], "/blobs", Arc::new(SystemClock))?;
    Ok(files.list().try_next().await?.is_none())
}

/// Nobody else restores into the folder, or takes a restore for a dead one.
fn hold(data: &Path) -> Result<File, OpenError> {
    let path = data.join("restore.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Restoring(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
    }
}

fn remove(folder: &Path) -> Result<(), OpenError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(folder)(error)),
        _ => Ok(()),
    }
}

/// New names must be on disk as well.
fn sync(folder: &Path) -> Result<(), OpenError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    |source| OpenError::Folder { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a restore that was killed, complete or not.
    fn killed(complete: bool) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(FOLDER);
        fs::create_dir_all(folder.join(BLOBS)).unwrap();
        fs::write(folder.join(DATABASE), "new").unwrap();
        fs::write(folder.join(BLOBS).join("file"), "new").unwrap();
        fs::write(place.path().join(DATABASE), "empty").unwrap();
        fs::write(place.path().join("dzinza.db-wal"), "old").unwrap();
        if complete {
            fs::write(folder.join(COMPLETE), "").unwrap();
        }
        place
    }

    #[test]
    fn a_restore_that_was_cut_off_goes_without_a_trace() {
        let place = killed(false);
        assert_eq!(settle(place.path()).unwrap(), Some(Leftover::Removed));
        assert_eq!(fs::read(place.path().join(DATABASE)).unwrap(), b"empty");
        assert!(!place.path().join(FOLDER).exists() && !place.path().join(BLOBS).exists());
        assert_eq!(settle(place.path()).unwrap(), None);
    }

    #[test]
    fn one_that_was_complete_is_finished_wherever_it_was_cut_off() {
        for moved in 0..4 {
            let place = killed(true);
            let folder = place.path().join(FOLDER);
            if moved > 0 {
                fs::rename(folder.join(BLOBS), place.path().join(BLOBS)).unwrap();
            }
            if moved > 1 {
                fs::remove_file(place.path().join(DATABASE)).unwrap();
            }
            if moved > 2 {
                fs::rename(folder.join(DATABASE), place.path().join(DATABASE)).unwrap();
                fs::remove_file(place.path().join("dzinza.db-wal")).unwrap();
            }
            assert_eq!(settle(place.path()).unwrap(), Some(Leftover::Finished), "{moved}");
            assert_eq!(fs::read(place.path().join(DATABASE)).unwrap(), b"new", "{moved}");
            assert_eq!(fs::read(place.path().join(BLOBS).join("file")).unwrap(), b"new", "{moved}");
            assert!(!folder.exists() && !place.path().join("dzinza.db-wal").exists(), "{moved}");
        }
    }

    #[test]
    fn one_that_goes_on_is_left_alone() {
        let place = killed(false);
        let held = hold(place.path()).unwrap();
        assert!(matches!(settle(place.path()), Err(OpenError::Restoring(_))));
        drop(held);
        assert_eq!(settle(place.path()).unwrap(), Some(Leftover::Removed));
    }
}
