//! Trees as files: GEDCOM streamed out of documents, in bounded memory.
//!
//! What an export says is [`dzinza_domain::gedcom::Export`]'s to decide; here documents are fetched for it, as few and as
//! little of them as will do. A file of another version, or with media, is put together in temporary files.
#![warn(missing_docs)]

mod chunks;
mod gedcom;
mod made;
mod media;
mod people;
mod places;
mod rewrite;
mod spool;

use dzinza_domain::gedcom::UnknownRoot;
use dzinza_ports::StoreError;

pub use gedcom::{Prepared, Progress, prepare};
pub use made::{Made, Source, kept, make};
pub use rewrite::{LOSS_LIMIT, Losses};

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The branch's root is nobody in the tree.
    #[error(transparent)]
    Root(#[from] UnknownRoot),
    /// The temporary files, or what was put together in them.
    #[error("putting the file together: {0}")]
    Io(#[from] std::io::Error),
}
