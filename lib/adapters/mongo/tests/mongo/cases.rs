//! The contract of documents.

use std::sync::Arc;

use dzinza_contract::{ArchivePorts, DocumentPorts, Fresh, Suite};
use dzinza_mongo::MongoArchives;
use libtest_mimic::Trial;

use crate::server::Shared;

pub fn trials(shared: &Shared) -> Vec<Trial> {
    let mut trials = archives(shared.clone());
    let shared = shared.clone();
    let mut suite = Suite::new("documents", move || {
        let shared = shared.clone();
        async move {
            let server = shared.server()?;
            let case = server.store(&server.database(), &dzinza_contract::collections())?;
            let port = DocumentPorts { documents: case.store, queue: case.queue };
            Ok(Fresh { port, clock: case.clock, guard: Box::new((case.folder, server)) })
        }
    });
    dzinza_contract::documents(&mut suite);
    trials.extend(suite.into_trials());
    trials
}

/// With the accounts on SQLite.
fn archives(shared: Shared) -> Vec<Trial> {
    let mut suite = Suite::new("archives", move || {
        let shared = shared.clone();
        async move {
            let server = shared.server()?;
            let case = server.store(&server.database(), &dzinza_contract::collections())?;
            let archives = Arc::new(MongoArchives::new(case.store.clone(), case.queue.clone()));
            let port = ArchivePorts { archives, documents: case.store, users: case.queue };
            Ok(Fresh { port, clock: case.clock, guard: Box::new((case.folder, server)) })
        }
    });
    dzinza_contract::archives(&mut suite);
    // SecantusDB takes a session's snapshot and reads the present all the same ("reads are not pinned", its source says):
    // this case needs a real MongoDB.
    let unpinned = |trial: &Trial| trial.name().contains("shows one moment");
    let trials = suite.into_trials().into_iter().map(|trial| {
        let ignored = unpinned(&trial);
        trial.with_ignored_flag(ignored)
    });
    trials.collect()
}
