//! A graph, and what is only worked out when somebody asks for it.

use std::ops::Deref;
use std::sync::OnceLock;

use dzinza_kinship::{Graph, Inbreeding, Islands, inbreeding_of_everyone, to_the_end};

/// The kin graph of a tree as it was at one moment.
#[derive(Debug, Default)]
pub struct Kin {
    graph: Graph,
    inbreeding: OnceLock<Inbreeding>,
    islands: OnceLock<Islands>,
}

impl Kin {
    pub(crate) fn new(graph: Graph) -> Self {
        Self { graph, ..Self::default() }
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
        self.graph.bytes() + inbreeding + islands
    }
}

impl Deref for Kin {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}
