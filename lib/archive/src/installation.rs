//! Putting an installation back, exactly.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_ports::{Archives, Blobs, Collection, Document, NewMessage, Queue};
use serde_json::{Value, json};

use crate::feed::{Piece, feed, put};
use crate::manifest::{Manifest, Scope};
use crate::read::Reader;
use crate::{ArchiveError, of_archive};

/// An empty installation that nobody uses yet.
#[derive(Clone)]
pub struct Installation {
    /// Documents and accounts.
    pub archives: Arc<dyn Archives>,
    /// Files.
    pub blobs: Arc<dyn Blobs>,
    /// For what has to be done again.
    pub queue: Arc<dyn Queue>,
}

/// What was put back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the archive said of itself.
    pub manifest: Manifest,
    /// Trees that had been deleted and not yet cleared away: that is queued again.
    pub clearing: usize,
}

/// Puts everything back as it was: ids, versions, accounts, files. Sessions, secrets and queues are not in an archive;
/// imports that were not complete are picked up by the next server, and clearing away a deleted tree is queued again.
///
/// The reader checks again what it reads, but what was written before it found fault stays: call [`Reader::verify`]
/// first, and throw the installation away if this fails.
///
/// # Errors
/// `Refused` if the archive is one of a tree, or cannot be stored.
pub async fn restore_installation(reader: Reader, into: &Installation) -> Result<Restored, ArchiveError> {
    if reader.manifest().scope != Scope::Installation {
        return Err(ArchiveError::refused("this is the archive of one tree, not of an installation"));
    }
    if !into.archives.is_empty().await? {
        return Err(ArchiveError::refused("the installation is not empty"));
    }
    let mut pieces = feed(reader);
    let mut trees = Trees::default();
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Accounts(table, rows) => {
                into.archives.put_accounts(table, rows).await.map_err(of_archive)?;
            }
            Piece::Documents(collection, documents) => {
                trees.note(collection, &documents);
                into.archives.put_documents(collection, documents).await.map_err(of_archive)?;
            }
            Piece::Blob(line, bytes) => put(&*into.blobs, &line.key, &line, bytes).await?,
            Piece::End(end) => {
                let manifest = *end?;
                for id in &trees.gone {
                    let body = json!({ "job": "delete-tree", "treeId": id });
                    into.queue.send(NewMessage { queue: JOBS_QUEUE, body, delay: Duration::ZERO }).await?;
                }
                into.archives.settle().await?;
                return Ok(Restored { manifest, clearing: trees.gone.len() });
            }
        }
    }
    Err(std::io::Error::other("the archive could not be read to its end").into())
}

/// Which trees there are, and which others documents belong to. Trees come first.
#[derive(Default)]
struct Trees {
    there: HashSet<String>,
    gone: BTreeSet<String>,
}

impl Trees {
    fn note(&mut self, collection: &Collection, documents: &[Document]) {
        if collection.name == FAMILY_TREES.name {
            return self.there.extend(documents.iter().map(|tree| tree.id.clone()));
        }
        if !collection.fields.iter().any(|field| field.path == "familyTreeId") {
            return;
        }
        for document in documents {
            if let Some(tree) = document.body.get("familyTreeId").and_then(Value::as_str)
                && !self.there.contains(tree)
            {
                self.gone.insert(tree.to_owned());
            }
        }
    }
}
