//! Writing an archive of one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use dzinza_domain::collections;
use dzinza_domain::store::{Body, Collection, Document, FieldKind};
use dzinza_domain::tree::pending_imports;
use dzinza_ports::{AccountTable, Archives, Blobs, Filter, Query, Snapshot, StoreError, cursor_of};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::manifest::{
    BLOB, BLOBS, Entry, FORMAT, MANIFEST, Manifest, Scope, VERSION, accounts_entry, documents_entry,
};
use crate::seal::{Sealing, blank};
use crate::transform::blob_keys;
use crate::{ArchiveError, hex, lost};

const CHUNK: u32 = 500;

/// Where everything comes from.
#[derive(Clone)]
pub struct Sources {
    /// Documents and accounts.
    pub archives: Arc<dyn Archives>,
    /// Files.
    pub blobs: Arc<dyn Blobs>,
    /// For the manifest.
    pub clock: Arc<dyn dzinza_ports::Clock>,
}

/// What to archive.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// Everything, accounts with their password hashes included.
    Installation,
    /// One tree with all that is visible in it, and no accounts.
    Tree(&'a str),
}

/// Writes an archive into the empty file, and says what is in it.
///
/// Documents and accounts are of one moment. A file is read after that moment: one that was deleted since is counted
/// as missing.
///
/// # Errors
/// What the store or the file says, or `Refused` if there is no such tree.
pub async fn write(sources: &Sources, what: What<'_>, file: File) -> Result<Manifest, ArchiveError> {
    let moment = sources.archives.snapshot().await?;
    let mut manifest = Manifest {
        format: FORMAT.into(),
        version: VERSION,
        program: concat!("dzinza ", env!("CARGO_PKG_VERSION")).into(),
        created_at: format!("{:.6}", sources.clock.now()),
        scope: if matches!(what, What::Tree(_)) { Scope::Tree } else { Scope::Installation },
        tree_id: None,
        has_password_hashes: matches!(what, What::Installation),
        documents: BTreeMap::new(),
        accounts: BTreeMap::new(),
        blobs: 0,
        missing_blobs: 0,
        entries: BTreeMap::new(),
    };
    let (sender, receiver) = mpsc::channel(4);
    let packing = tokio::task::spawn_blocking(move || pack(file, receiver));
    let told = tell(sources, &*moment, what, &mut manifest, &Packer(sender.clone())).await;
    if told.is_ok() {
        let _ = sender.send(Piece::Finish(Box::new(manifest))).await;
    }
    drop(sender);
    let packed = packing.await.map_err(lost)?;
    match told {
        // The thread took no more: it says why.
        Ok(()) | Err(ArchiveError::Io(_)) => packed,
        Err(error) => Err(error),
    }
}

/// Everything but the manifest, which follows from it.
async fn tell(
    sources: &Sources,
    moment: &dyn Snapshot,
    what: What<'_>,
    manifest: &mut Manifest,
    packer: &Packer,
) -> Result<(), ArchiveError> {
    let mut keys = BTreeSet::new();
    let pending = match what {
        What::Installation => Vec::new(),
        What::Tree(id) => {
            manifest.tree_id = Some(id.to_owned());
            let query = Query::new(Filter::eq("id", id));
            let tree = moment.find(&collections::FAMILY_TREES, query).await?.pop();
            pending_imports(&tree.ok_or_else(|| ArchiveError::refused("there is no such tree"))?.body)
        }
    };
    for collection in collections::ALL {
        let Some(filter) = filter(collection, what, &pending) else { continue };
        packer.begin(documents_entry(collection.name), true).await?;
        let count = documents(moment, collection, filter, &mut keys, packer).await?;
        manifest.documents.insert(collection.name.into(), count);
    }
    if matches!(what, What::Installation) {
        for table in AccountTable::ALL {
            packer.begin(accounts_entry(*table), true).await?;
            manifest.accounts.insert(table.name().into(), accounts(moment, *table, packer).await?);
        }
        let mut all = sources.blobs.list();
        while let Some(key) = all.try_next().await? {
            keys.insert(key);
        }
    }
    files(&*sources.blobs, &keys, manifest, packer).await
}

/// Which documents of a collection belong to it; `None` if none can.
pub(crate) fn filter(collection: &Collection, what: What<'_>, pending: &[String]) -> Option<Filter> {
    let What::Tree(id) = what else { return Some(Filter::All) };
    let declares = |path: &str| {
        collection.fields.iter().any(|field| field.path == path && field.kind == FieldKind::Text)
    };
    if collection.name == collections::FAMILY_TREES.name
        || collection.name == collections::TREE_STRUCTURES.name
    {
        return Some(Filter::eq("id", id));
    }
    if declares("data.familyTreeId") {
        return Some(Filter::eq("data.familyTreeId", id));
    }
    if !declares("familyTreeId") {
        return None;
    }
    let hidden = || pending.iter().map(|id| Value::from(id.as_str())).collect();
    let own = Filter::eq("familyTreeId", id);
    Some(match collection.name {
        _ if pending.is_empty() => own,
        _ if declares("importId") => own.and(Filter::NotIn("importId", hidden())),
        name if name == collections::IMPORTS.name => own.and(Filter::NotIn("id", hidden())),
        _ => own,
    })
}

async fn documents(
    moment: &dyn Snapshot,
    collection: &'static Collection,
    filter: Filter,
    keys: &mut BTreeSet<String>,
    packer: &Packer,
) -> Result<u64, ArchiveError> {
    let mut query = Query::new(filter).limit(CHUNK);
    let mut count = 0;
    loop {
        let found = moment.find(collection, query.clone()).await?;
        let Some(last) = found.last() else { return Ok(count) };
        query.after = Some(cursor_of(last, &[]));
        count += found.len() as u64;
        let mut lines = Vec::with_capacity(found.len() * 1024);
        for Document { id, version, body } in found {
            blob_keys(&body, &mut |key| keys.extend([key.to_owned()]));
            line(&mut lines, &json!({ "id": id, "version": version, "body": body }))?;
        }
        packer.bytes(lines.into()).await?;
    }
}

async fn accounts(moment: &dyn Snapshot, table: AccountTable, packer: &Packer) -> Result<u64, ArchiveError> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let rows = moment.accounts(table, &after, CHUNK).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = last.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        count += rows.len() as u64;
        let mut lines = Vec::new();
        rows.iter().try_for_each(|row: &Body| line(&mut lines, row))?;
        packer.bytes(lines.into()).await?;
    }
}

/// The files, each as an entry, and the list of them.
async fn files(
    blobs: &dyn Blobs,
    keys: &BTreeSet<String>,
    manifest: &mut Manifest,
    packer: &Packer,
) -> Result<(), ArchiveError> {
    let mut list = Vec::new();
    for key in keys {
        let Some(mut read) = blobs.get(key, None).await? else {
            manifest.missing_blobs += 1;
            continue;
        };
        let facts = read.info;
        packer.begin(format!("{BLOB}{key}"), is_text(&facts.content_type)).await?;
        while let Some(bytes) = read.bytes.try_next().await? {
            packer.bytes(bytes).await?;
        }
        manifest.blobs += 1;
        let listed = json!({ "key": key, "contentType": facts.content_type, "size": facts.size, "sha256": facts.sha256 });
        line(&mut list, &listed)?;
    }
    packer.begin(BLOBS.into(), true).await?;
    packer.bytes(list.into()).await
}

/// Photos and films are packed already.
fn is_text(content_type: &str) -> bool {
    ["text/", "application/json", "application/x-gedcom", "image/svg"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

fn line(lines: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<(), ArchiveError> {
    serde_json::to_writer(&mut *lines, value).map_err(std::io::Error::from)?;
    lines.push(b'\n');
    Ok(())
}

/// What the packing thread is told.
enum Piece {
    Begin(String, bool),
    Bytes(Bytes),
    Finish(Box<Manifest>),
}

struct Packer(mpsc::Sender<Piece>);

impl Packer {
    async fn begin(&self, name: String, deflate: bool) -> Result<(), ArchiveError> {
        self.send(Piece::Begin(name, deflate)).await
    }

    async fn bytes(&self, bytes: Bytes) -> Result<(), ArchiveError> {
        self.send(Piece::Bytes(bytes)).await
    }

    async fn send(&self, piece: Piece) -> Result<(), ArchiveError> {
        // Why the thread has ended is what it answers.
        self.0.send(piece).await.map_err(|_| std::io::Error::other("the archive cannot be written").into())
    }
}

type Zip = ZipWriter<StreamWriter<Sealing<BufWriter<File>>>>;

/// The entry being written.
struct Open {
    name: String,
    size: u64,
    hash: Sha256,
}

/// Packs what comes until the manifest; without one there is no archive.
fn pack(file: File, mut pieces: mpsc::Receiver<Piece>) -> Result<Manifest, ArchiveError> {
    let mut zip: Zip = ZipWriter::new_stream(Sealing::new(BufWriter::with_capacity(1 << 18, file)));
    let mut entries = BTreeMap::new();
    let mut open: Option<Open> = None;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Begin(name, deflate) => {
                close(open.take(), &mut entries);
                zip.start_file(&name, options(deflate)).map_err(std::io::Error::from)?;
                open = Some(Open { name, size: 0, hash: Sha256::new() });
            }
            Piece::Bytes(bytes) => {
                zip.write_all(&bytes)?;
                if let Some(open) = &mut open {
                    open.hash.update(&bytes);
                    open.size += bytes.len() as u64;
                }
            }
            Piece::Finish(mut manifest) => {
                close(open.take(), &mut entries);
                manifest.entries = entries;
                zip.start_file(MANIFEST, options(true)).map_err(std::io::Error::from)?;
                zip.write_all(&serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::from)?)?;
                return finish(zip).map(|()| *manifest);
            }
        }
    }
    Err(std::io::Error::other("the archive was given up").into())
}

/// Notes what an entry came to; files have a list of their own.
fn close(open: Option<Open>, entries: &mut BTreeMap<String, Entry>) {
    if let Some(Open { name, size, hash }) = open
        && !name.starts_with(BLOB)
    {
        entries.insert(name, Entry { size, sha256: hex(&hash.finalize()) });
    }
}

fn finish(mut zip: Zip) -> Result<(), ArchiveError> {
    zip.set_comment(blank()).map_err(std::io::Error::from)?;
    let sealing = zip.finish().map_err(std::io::Error::from)?.into_inner();
    let file = sealing.close()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

fn options(deflate: bool) -> SimpleFileOptions {
    let method = if deflate { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    // ZIP64 from the start: how large an entry becomes is not known yet.
    SimpleFileOptions::default().compression_method(method).large_file(true).unix_permissions(0o600)
}

impl From<ArchiveError> for StoreError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => error,
            other => Self::with_source(dzinza_ports::StoreErrorKind::Unavailable, "an archive", other),
        }
    }
}
