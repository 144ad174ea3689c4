//! The complete archive: everything of an installation, or of one tree, in one file, and back.
//!
//! `docs/archive-format.md` describes the format. [`write()`] makes an archive of one moment, [`Reader`] checks one and
//! reads it, [`restore_installation`] puts one back exactly, [`restore_tree`] makes a new tree of one. Memory grows
//! with the number of files in an archive (about half a kilobyte each), not with its documents.
#![warn(missing_docs)]

mod feed;
mod ids;
mod installation;
mod manifest;
mod read;
mod seal;
mod transform;
mod tree;
mod write;

use dzinza_ports::{StoreError, StoreErrorKind};

pub use installation::{Installation, Restored, restore_installation};
pub use manifest::{Entry, FORMAT, Manifest, Scope, VERSION};
pub use read::{Allowed, BlobLine, Reader};
pub use tree::{RestoredTree, TreePorts, clear_tree, restore_tree};
pub use write::{Sources, What, write};

/// Why an archive was not written or not restored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive is damaged, not one of ours, or says what must not be: a line for whoever has it.
    #[error("{0}")]
    Refused(String),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl ArchiveError {
    fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// Whether the archive itself is at fault, and not the machine it was to be restored on.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// What a store says of documents from an archive: that they clash or cannot be is the archive's fault.
fn of_archive(error: StoreError) -> ArchiveError {
    match error.kind() {
        StoreErrorKind::Conflict => {
            ArchiveError::refused(format!("two documents of the archive clash in {}", error.context()))
        }
        StoreErrorKind::Invalid => {
            ArchiveError::refused(format!("the archive cannot be: {}", error.context()))
        }
        _ => error.into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A thread of ours that ended badly.
fn lost(_: tokio::task::JoinError) -> ArchiveError {
    std::io::Error::other("a thread ended early").into()
}
