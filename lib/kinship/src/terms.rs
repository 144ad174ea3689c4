//! Words for a relation.
