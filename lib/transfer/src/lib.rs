//! Trees as files: GEDCOM streamed out of documents, in bounded memory.
//!
//! What an export says is [`dzinza_domain::gedcom::Export`]'s to decide; here documents are fetched for it, as few and as
//! little of them as will do.
#![warn(missing_docs)]

mod chunks;
mod gedcom;
mod people;

use dzinza_domain::gedcom::UnknownRoot;
use dzinza_ports::StoreError;

pub use gedcom::{Prepared, prepare};

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The branch's root is nobody in the tree.
    #[error(transparent)]
    Root(#[from] UnknownRoot),
}
