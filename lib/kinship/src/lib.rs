//! The kin graph of one family tree, and what can be asked of it: ancestors, descendants, relationships, kinship
//! coefficients, loops and islands, the words for a relation, and the layout of charts.
//!
//! Pure: no IO, no clock. A [`Graph`] is built once from persons and links, answers in microseconds, and takes single
//! changes without being built again.
//!
//! | question | answered by | takes time linear in |
//! |---|---|---|
//! | who is above or below | [`ancestors`], [`descendants`] | who is reached, lazily |
//! | how two are related, nearest | [`relation`], [`all_relations`] | the ancestors of both |
//! | in all ways | [`Paths`] | a page, with a bound on the work |
//! | over whom | [`common_ancestors`] | the ancestors of both |
//! | how much blood two share | [`kinship`], [`inbreeding`], [`inbreeding_of_everyone`] | couples times their ancestors |
//! | who is near | [`relatives`] | who is reached, lazily |
//! | who is connected at all | [`Islands`] | persons and ties |
//! | what cannot be | [`problems`] | persons and ties, lazily but for loops |
//!
//! [`Lines`] says which parental lines count. Bad data (loops of descent, a dozen parents) make answers no slower and
//! nothing hang; where a loop matters to an answer, the answer says which links it left out.
//!
//! ```
//! use dzinza_kinship::{Builder, Facts, Kind, Line, Link, relation};
//!
//! let mut builder = Builder::new();
//! let [child, aunt, mother, grandmother] =
//!     ["child", "aunt", "mother", "grandmother"].map(|id| builder.person(id, Facts::default()));
//! builder.tie(child, Link::Parent(Line::Birth), mother, None);
//! builder.tie(mother, Link::Parent(Line::Birth), grandmother, None);
//! builder.tie(aunt, Link::Parent(Line::Birth), grandmother, None);
//! let graph = builder.build();
//!
//! let found = relation(&graph, child, aunt).expect("they are kin");
//! assert_eq!((found.kind, found.up, found.down), (Kind::Blood, 2, 1));
//! assert_eq!(found.common, [grandmother]);
//! ```
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
pub use graph::{Builder, Doubt, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Span, Tie, Union};
pub use islands::Islands;
pub use lines::Lines;
pub use path::{Hop, Path, Step};
pub use paths::{BadCursor, Cursor, LONGEST, PAGE_WORK, Page, Paths, Total};
pub use problems::{
    OLDEST_FATHER, OLDEST_MOTHER, Problem, Problems, Severity, Trouble, YOUNGEST_PARENT, loops, problems,
};
pub use relation::{Kind, Relation, all_relations, relation};
pub use walk::{Direction, Reached, Walk, ancestors, descendants};
