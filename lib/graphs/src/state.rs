//! What is known of each warm graph: which version of the tree it shows, and what was committed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Kin;

/// Beyond so many persons reading all of them again is quicker.
const MANY: usize = 2000;
/// A graph that nobody looks at does not remember changes without end.
const REMEMBERED: usize = 5000;

/// What a commit changed, as far as a graph is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// These persons, or ties of theirs.
    Persons(Vec<String>),
    /// Perhaps everything: imports show or hide what they brought by changing the tree.
    Everything,
}

/// What is to be done for an answer.
pub(crate) enum Next {
    /// Nothing.
    Ready(Arc<Kin>),
    /// A commit of ours is under way.
    Wait(Arc<Notify>),
    /// Read these persons again; then the graph shows that version.
    Refresh { graph: Arc<Kin>, persons: Vec<String>, version: u64 },
    /// Read everything.
    Load,
}

#[derive(Default)]
struct State {
    graph: Option<Arc<Kin>>,
    /// The version of the tree that the graph shows.
    version: u64,
    /// By the versions that they made. A version that is missing was made by another process, or is under way.
    changes: BTreeMap<u64, Change>,
    /// Commits that have begun.
    under_way: usize,
    settled: Arc<Notify>,
    turn: Arc<tokio::sync::Mutex<()>>,
    used: u64,
}

pub(crate) struct States {
    all: Mutex<(u64, HashMap<String, State>)>,
    budget: usize,
}

impl States {
    pub fn new(budget: usize) -> Self {
        Self { all: Mutex::new((0, HashMap::new())), budget }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<String, State>)> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands between a caller who has read this version of the tree and the graph.
    pub fn next(&self, tree_id: &str, wanted: u64) -> Next {
        let mut all = self.lock();
        let (clock, states) = &mut *all;
        *clock += 1;
        let state = states.entry(tree_id.to_owned()).or_default();
        state.used = *clock;
        let Some(graph) = state.graph.clone() else { return Next::Load };
        let mut version = state.version;
        let mut persons = BTreeSet::new();
        while let Some(change) = state.changes.get(&(version + 1)) {
            let Change::Persons(some) = change else { return Next::Load };
            persons.extend(some.iter().cloned());
            version += 1;
        }
        if version < wanted {
            return if state.under_way > 0 { Next::Wait(state.settled.clone()) } else { Next::Load };
        }
        match persons.len() {
            0 => {
                state.changes.retain(|made, _| *made > version);
                state.version = version;
                Next::Ready(graph)
            }
            count if count > MANY => Next::Load,
            _ => Next::Refresh { graph, persons: persons.into_iter().collect(), version },
        }
    }

    /// The right to read for a tree, which one caller has at a time.
    pub fn turn(&self, tree_id: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.lock().1.entry(tree_id.to_owned()).or_default().turn.clone()
    }

    /// A graph that shows this version. Others go that were not used for longest, if there is too little room.
    pub fn put(&self, tree_id: &str, version: u64, graph: Arc<Kin>) {
        let mut all = self.lock();
        let state = all.1.entry(tree_id.to_owned()).or_default();
        state.changes.retain(|made, _| *made > version);
        (state.graph, state.version) = (Some(graph), version);
        let size = |state: &State| state.graph.as_ref().map_or(0, |graph| graph.bytes());
        let mut taken: usize = all.1.values().map(size).sum();
        let mut idle: Vec<(u64, String)> = all
            .1
            .iter()
            .filter(|(id, state)| *id != tree_id && state.under_way == 0)
            .map(|(id, state)| (state.used, id.clone()))
            .collect();
        idle.sort_unstable();
        for (_, id) in idle {
            if taken <= self.budget {
                break;
            }
            taken -= all.1.remove(&id).as_ref().map_or(0, size);
        }
    }

    /// A commit that writes these trees begins. Only warm ones are remembered.
    pub fn begin<'a>(self: &Arc<Self>, trees: impl Iterator<Item = &'a str>) -> UnderWay {
        let mut all = self.lock();
        let mut begun = Vec::new();
        for tree in trees {
            if let Some(state) = all.1.get_mut(tree) {
                state.under_way += 1;
                begun.push(tree.to_owned());
            }
        }
        UnderWay { states: self.clone(), trees: begun }
    }

    /// It has taken place and made this version.
    pub fn made(&self, tree_id: &str, version: u64, change: Change) {
        let mut all = self.lock();
        let Some(state) = all.1.get_mut(tree_id) else { return };
        state.changes.insert(version, change);
        if state.changes.len() > REMEMBERED {
            state.graph = None;
            state.changes.clear();
        }
    }

    /// The tree is no more.
    pub fn forget(&self, tree_id: &str) {
        if let Some(state) = self.lock().1.get_mut(tree_id) {
            state.graph = None;
        }
    }
}

/// A commit under way; settled when dropped, whatever became of it.
pub(crate) struct UnderWay {
    states: Arc<States>,
    trees: Vec<String>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut all = self.states.lock();
        for tree in &self.trees {
            if let Some(state) = all.1.get_mut(tree) {
                state.under_way = state.under_way.saturating_sub(1);
                state.settled.notify_waiters();
                state.settled.notify_one();
            }
        }
    }
}
