//! The kin graph of one family tree, and what can be asked of it: ancestors, descendants, relationships, kinship
//! coefficients, loops and islands, the words for a relation, and the layout of charts.
//!
//! Pure: no IO, no clock. A [`Graph`] is built once from persons and links, answers in microseconds, and takes single
//! changes without being built again.
#![warn(missing_docs)]

pub mod chart;
mod coefficient;
mod common;
mod degree;
mod graph;
mod islands;
mod lines;
mod near;
mod order;
mod path;
mod paths;
mod problems;
mod relation;
#[cfg(test)]
mod sample;
pub mod terms;
mod walk;

pub use coefficient::{Inbreeding, Kinship, Watch, inbreeding, inbreeding_of_everyone, kinship, to_the_end};
pub use common::{Common, common_ancestors};
pub use degree::{Relative, Relatives, relatives};
pub use graph::{Builder, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Tie, Union};
pub use islands::Islands;
pub use lines::Lines;
pub use path::{Hop, Path, Step};
pub use paths::{BadCursor, Cursor, LONGEST, PAGE_WORK, Page, Paths, Total};
pub use problems::{
    OLDEST_FATHER, OLDEST_MOTHER, Problem, Problems, Severity, Trouble, YOUNGEST_PARENT, loops, problems,
};
pub use relation::{Kind, Relation, all_relations, relation};
pub use walk::{Direction, Reached, Walk, ancestors, descendants};
