//! All suites over this adapter.

use std::sync::Arc;

use dzinza_contract::{AccountPorts, ArchivePorts, DocumentPorts, Failed, Fresh, ManualClock, Suite};
use dzinza_ports::{Blobs, Limits, Queue, SystemIds};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use libtest_mimic::Arguments;

fn main() {
    let mut trials = Vec::new();
    let mut documents = Suite::new("documents", || async {
        fresh(|store| DocumentPorts { documents: store.clone(), queue: store })
    });
    dzinza_contract::documents(&mut documents);
    trials.extend(documents.into_trials());

    let mut accounts = Suite::new("accounts", || async {
        fresh(|store| AccountPorts {
            users: store.clone(),
            sessions: store.clone(),
            audit: store.clone(),
            identities: store.clone(),
            passkeys: store.clone(),
            access_tokens: store.clone(),
            site: store.clone(),
            outbox: store,
        })
    });
    dzinza_contract::accounts(&mut accounts);
    trials.extend(accounts.into_trials());

    let mut archives = Suite::new("archives", || async {
        fresh(|store| ArchivePorts { archives: store.clone(), documents: store.clone(), users: store })
    });
    dzinza_contract::archives(&mut archives);
    trials.extend(archives.into_trials());

    let mut queue = Suite::new("queue", || async { fresh(|store| store as Arc<dyn Queue>) });
    dzinza_contract::queue(&mut queue);
    trials.extend(queue.into_trials());

    let mut limits = Suite::new("limits", || async { fresh(|store| store as Arc<dyn Limits>) });
    dzinza_contract::limits(&mut limits);
    trials.extend(limits.into_trials());

    let mut blobs = Suite::new("blobs", fresh_blobs);
    dzinza_contract::blobs(&mut blobs);
    trials.extend(blobs.into_trials());

    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn fresh<P>(ports: impl Fn(Arc<SqliteStore>) -> P) -> Result<Fresh<P>, Failed> {
    let clock = Arc::new(ManualClock::default());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    let collections = dzinza_contract::collections();
    let store = SqliteStore::open(&path, clock.clone(), Arc::new(SystemIds), &collections)?;
    Ok(Fresh { port: ports(store), clock, guard: Box::new(folder) })
}

async fn fresh_blobs() -> Result<Fresh<Arc<dyn Blobs>>, Failed> {
    let clock = Arc::new(ManualClock::default());
    let folder = tempfile::tempdir()?;
    let blobs = FileBlobs::open(folder.path(), b"a key for tests", "/blobs", clock.clone())?;
    Ok(Fresh { port: blobs, clock, guard: Box::new(folder) })
}
