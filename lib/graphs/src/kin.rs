//! A graph, and what is only worked out when somebody asks for it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use dzinza_kinship::{Graph, Inbreeding, Islands, inbreeding_of_everyone, to_the_end};

/// The kin graph of a tree as it was at one moment.
#[derive(Debug, Default)]
pub struct Kin {
    graph: Graph,
    /// Of a covered one: what it covers.
    beneath: Option<Graph>,
    covered: OnceLock<Arc<Kin>>,
    inbreeding: OnceLock<Inbreeding>,
    islands: OnceLock<Islands>,
}

impl Kin {
    pub(crate) fn new(graph: Graph) -> Self {
        Self { graph, ..Self::default() }
    }

    /// What those may know who are outside the tree: [`Graph::covered`], with the same places. The first time it takes
    /// as long as building the graph, so it is not for a thread that others wait for.
    pub fn covered(&self) -> Arc<Self> {
        let cover =
            || Self { graph: self.graph.covered(), beneath: Some(self.graph.clone()), ..Self::default() };
        self.covered.get_or_init(|| Arc::new(cover())).clone()
    }

    /// The graph with all that is known, also beneath a covered one.
    pub fn uncovered(&self) -> &Graph {
        self.beneath.as_ref().unwrap_or(&self.graph)
    }

    /// The coefficients of inbreeding of everyone: seconds of work for a large tree the first time, so not for a thread
    /// that others wait for.
    pub fn inbreeding(&self) -> &Inbreeding {
        // It is never told to stop.
        self.inbreeding.get_or_init(|| {
            inbreeding_of_everyone(&self.graph, &mut to_the_end).unwrap_or_else(Inbreeding::none)
        })
    }

    /// Who is connected with whom.
    pub fn islands(&self) -> &Islands {
        self.islands.get_or_init(|| Islands::of(&self.graph))
    }

    pub(crate) fn bytes(&self) -> usize {
        let places = self.graph.places();
        let inbreeding = if self.inbreeding.get().is_some() { places * 8 } else { 0 };
        let islands = if self.islands.get().is_some() { places * 4 } else { 0 };
        let covered = self.covered.get().map_or(0, |covered| covered.bytes());
        self.graph.bytes() + inbreeding + islands + covered
    }
}

impl Deref for Kin {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}
