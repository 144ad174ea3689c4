//! The contract of documents.

use dzinza_contract::{DocumentPorts, Fresh, Suite};
use libtest_mimic::Trial;

use crate::server::Shared;

pub fn trials(shared: &Shared) -> Vec<Trial> {
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
    suite.into_trials()
}
