//! Ways from one person to another.

use crate::graph::{Graph, Line, Link, Place, SiblingKind, Union};

/// What the next person on a way is to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A parent: one generation up.
    Up(Line),
    /// A child: one generation down.
    Down(Line),
    /// A partner.
    Across(Union),
    /// A sibling who is recorded as one.
    Beside(SiblingKind),
}

impl From<Link> for Step {
    fn from(link: Link) -> Self {
        match link {
            Link::Parent(line) => Self::Up(line),
            Link::Child(line) => Self::Down(line),
            Link::Partner(union) => Self::Across(union),
            Link::Sibling(kind) => Self::Beside(kind),
        }
    }
}

/// One step and whom it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    /// What `to` is to the person before.
    pub step: Step,
    /// Who is reached.
    pub to: Place,
}

/// A way from one person to another, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// Where it begins.
    pub from: Place,
    /// In order; empty for the way to oneself.
    pub hops: Vec<Hop>,
}

impl Path {
    /// Where it ends.
    pub fn to(&self) -> Place {
        self.hops.last().map_or(self.from, |hop| hop.to)
    }

    /// Everyone on it, both ends included.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        std::iter::once(self.from).chain(self.hops.iter().map(|hop| hop.to))
    }

    /// Whether every step is a tie of the graph.
    pub fn holds_in(&self, graph: &Graph) -> bool {
        let befores = self.places();
        befores.zip(&self.hops).all(|(before, hop)| {
            graph.ties(before).iter().any(|tie| tie.to == hop.to && Step::from(tie.link) == hop.step)
        })
    }
}
