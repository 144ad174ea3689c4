//! A file as it was asked for.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use dzinza_domain::collections::IMPORTS;
use dzinza_domain::export::ExportRequest;
use dzinza_domain::import;
use dzinza_domain::privacy::Viewer;
use dzinza_ports::{Blobs, ByteStream, Document, Documents, Filter, Query};
use futures::StreamExt as _;

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
    let prepared = prepare(source.documents.clone(), tree, viewer, options, progress).await?;
    let (from, to) = (prepared.version(), request.target(prepared.version()));
    if from == to && !request.zip {
        return Ok(Made { bytes: prepared.stream().boxed(), losses: Losses::default(), converted: false });
    }
    let raw = spool::fill(prepared.stream()).await?;
    let kept = if photos.is_some() { kept(source, tree).await? } else { HashMap::new() };
    let rewriting = Rewriting { from, to, photos, kept };
    let rewritten = spool::blocking(move || rewriting.run(&raw)).await?;
    let file = if request.zip {
        zipped(rewritten.file, rewritten.media, source.blobs.clone()).await?
    } else {
        rewritten.file
    };
    Ok(Made { bytes: spool::stream(file)?, losses: rewritten.losses, converted: from != to })
}

/// The files that imported archives brought into this tree. Of two with one name the older one counts.
async fn kept(source: &Source, tree: &Document) -> Result<HashMap<String, String>, ExportError> {
    let imports = Filter::eq("familyTreeId", tree.id.as_str()).and(Filter::eq("status", "completed"));
    let imports = source.documents.find(&IMPORTS, Query::new(imports).limit(1000)).await?;
    let mut kept = HashMap::new();
    for import in &imports {
        for (name, key) in import::media(&import.body) {
            kept.entry(name.to_owned()).or_insert_with(|| key.to_owned());
        }
    }
    Ok(kept)
}

/// What photos of the platform are named by while the file is put together. Nobody can know it beforehand, so nobody can
/// have written it into a tree to get at a file that is not theirs.
fn scheme() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("dz{:016x}{:016x}/", random(), random())
}
