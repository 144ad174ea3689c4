//! Keeps the kin graphs of trees warm.
//!
//! A graph is built from two projections when it is first asked for, and kept within a budget of memory. From then on
//! it follows the commits of this process: [`watch`] wraps the document store, sees which persons a batch touches, and
//! only those are read again. Commits of other processes are noticed by the version of the tree's document, of which
//! every change of persons and relationships makes a new one: a version that no commit of ours made means that the
//! graph is built anew. So an answer is never older than the tree that the caller has read.
#![warn(missing_docs)]

mod kin;
mod load;
mod state;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::collections::FAMILY_TREES;
use dzinza_ports::{Document, Documents, StoreError, StoreErrorKind};
use tokio::time::timeout;

pub use kin::Kin;
use state::{Next, States};

/// How long to wait for a commit of this process that is under way.
const PATIENCE: Duration = Duration::from_millis(500);

/// The warm graphs of this process.
pub struct Graphs {
    /// Not the watched one: nothing is written here.
    documents: Arc<dyn Documents>,
    states: Arc<States>,
}

/// A document store that tells the graphs of what is committed through it, and these graphs. They take some `budget`
/// bytes at most, but always have room for the one that is asked for.
pub fn watch(documents: Arc<dyn Documents>, budget: usize) -> (Arc<dyn Documents>, Arc<Graphs>) {
    let states = Arc::new(States::new(budget));
    let watched = watch::Watched { inner: documents.clone(), states: states.clone() };
    (Arc::new(watched), Arc::new(Graphs { documents, states }))
}

impl Graphs {
    /// The kin graph of a tree, at least as new as the tree's document as it was read. Persons and ties of unfinished
    /// imports are not in it.
    ///
    /// # Errors
    /// What the store says; `Stale` if the tree is gone.
    pub async fn of(&self, tree: &Document) -> Result<Arc<Kin>, StoreError> {
        if let Next::Ready(graph) = self.states.next(&tree.id, tree.version) {
            return Ok(graph);
        }
        // One caller reads; the others find its result.
        let turn = self.states.turn(&tree.id);
        let _held = turn.lock().await;
        loop {
            match self.states.next(&tree.id, tree.version) {
                Next::Ready(graph) => return Ok(graph),
                Next::Wait(settled) => {
                    if timeout(PATIENCE, settled.notified()).await.is_err() {
                        self.load(&tree.id).await?;
                    }
                }
                Next::Refresh { graph, persons, version } => {
                    let current = self.current(&tree.id).await?;
                    let graph = load::refreshed(&self.documents, &current, &graph, &persons).await?;
                    self.states.put(&tree.id, version, Arc::new(Kin::new(graph)));
                }
                Next::Load => self.load(&tree.id).await?,
            }
        }
    }

    async fn load(&self, tree_id: &str) -> Result<(), StoreError> {
        // The version is read before anything else: what is committed meanwhile counts as coming after.
        let tree = self.current(tree_id).await?;
        let graph = load::whole(&self.documents, &tree).await?;
        self.states.put(tree_id, tree.version, Arc::new(Kin::new(graph)));
        Ok(())
    }

    async fn current(&self, tree_id: &str) -> Result<Document, StoreError> {
        let tree = self.documents.get(&FAMILY_TREES, tree_id).await?;
        tree.ok_or_else(|| StoreError::new(StoreErrorKind::Stale, "the tree of a kin graph is gone"))
    }
}
