//! The kin graph of one family tree, and what can be asked of it: ancestors, descendants, relationships, kinship
//! coefficients, loops and islands, the words for a relation, and the layout of charts.
//!
//! Pure: no IO, no clock. A [`Graph`] is built once from persons and links, answers in microseconds, and takes single
//! changes without being built again.
#![warn(missing_docs)]

pub mod chart;
mod graph;
mod path;
pub mod terms;

pub use graph::{Builder, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Tie, Union};
pub use path::{Hop, Path, Step};
