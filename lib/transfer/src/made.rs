//! A file as it was asked for.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use dzinza_domain::collections::IMPORTS;
use dzinza_domain::export::ExportRequest;
use dzinza_domain::import::Kept;
use dzinza_domain::privacy::Viewer;
use dzinza_ports::{Blobs, ByteStream, Document, Documents, Filter, Query, StoreError};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::gedcom::{Progress, prepare};
use crate::media::zipped;
use crate::rewrite::{Losses, Rewriting};
use crate::{ExportError, spool};

/// Where a tree and its files are.
#[derive(Clone)]
pub struct Source {
    /// The documents.
    pub documents: Arc<dyn Documents>,
    /// The files.
    pub blobs: Arc<dyn Blobs>,
}

/// A file, ready to be sent.
pub struct Made {
    /// Its content.
    pub bytes: ByteStream,
    /// What its version of GEDCOM could not say; none if nothing was converted.
    pub losses: Losses,
    /// Whether it was converted from another version.
    pub converted: bool,
}

/// Makes the file that is asked for, of what these eyes may see of the tree. What needs no conversion is streamed as it is
/// read; the rest is written to temporary files first, which are gone with the answer.
///
/// # Errors
/// What the store says, that there is no such root, or that temporary files cannot be written.
pub async fn make(
    source: &Source,
    tree: &Document,
    viewer: Viewer,
    request: &ExportRequest,
    progress: &Arc<Progress>,
) -> Result<Made, ExportError> {
    let mut options = request.options.clone();
    let photos = (request.zip && options.media).then(scheme);
    options.photos.clone_from(&photos);
    let kept = match photos {
        Some(_) => kept(source.documents.clone(), &tree.id).await?,
        None => Kept::default(),
    };
    let mut prepared = prepare(source.documents.clone(), tree, viewer, options, progress).await?;
    let (from, to) = (prepared.version(), request.target(prepared.version()));
    if from == to && !request.zip {
        return Ok(Made { bytes: prepared.stream().boxed(), losses: Losses::default(), converted: false });
    }
    let mark = (!kept.is_empty()).then(mark);
    if let Some(mark) = &mark {
        prepared.mark(mark);
    }
    let raw = spool::fill(prepared.stream()).await?;
    let rewriting = Rewriting { from, to, photos, mark, kept };
    let rewritten = spool::blocking(move || rewriting.run(&raw)).await?;
    let file = if request.zip {
        zipped(rewritten.file, rewritten.media, source.blobs.clone()).await?
    } else {
        rewritten.file
    };
    Ok(Made { bytes: spool::stream(file)?, losses: rewritten.losses, converted: from != to })
}

/// Imports a read. They name all of their files, which may be many.
const IMPORTS_READ: u32 = 4;

/// The files that the complete imports of a tree brought in archives.
///
/// # Errors
/// What the store says.
pub async fn kept(documents: Arc<dyn Documents>, tree: &str) -> Result<Kept, StoreError> {
    let complete = Filter::eq("familyTreeId", tree).and(Filter::eq("status", "completed"));
    let query = Query::new(complete).limit(IMPORTS_READ).only(Kept::FIELDS);
    let mut imports = dzinza_ports::stream(documents, &IMPORTS, query);
    let mut kept = Kept::default();
    while let Some(import) = imports.try_next().await? {
        kept.take(&import, |_| true);
    }
    Ok(kept)
}

/// What photos of the platform are named by while the file is put together. Nobody can know it beforehand, so nobody can
/// have written it into a tree to get at a file that is not theirs.
fn scheme() -> String {
    format!("dz{:016x}{:016x}/", random(), random())
}

/// The tag of the lines that say where records come from, as little to be known.
fn mark() -> String {
    format!("_DZ{:016X}{:016X}", random(), random())
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
