//! Keeps the kin graphs of trees warm: built from documents, refreshed by commits.
#![warn(missing_docs)]
