//! Making the archive of everything that is an account's own.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use dzinza_domain::collections::{EVENTS, FAMILY_TREES, NOTIFICATIONS};
use dzinza_domain::export::ExportRequest;
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::{self, TreeRole};
use dzinza_ports::{BlobInfo, Body, Collection, Document, Filter, Query, StoreError, StoreErrorKind, stream};
use dzinza_transfer::{ExportError, Progress, Source, make};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::io::ReaderStream;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::export::{BEAT, Held, complete, fail};
use crate::{JobError, JobsPorts};

const README: &str = "Everything that is your own on this Dzinza platform.\n\n\
    account.json        your account, its keys by name, where you are signed in, what happened to it\n\
    notifications.json  what you were told\n\
    stories.json        the stories and events that you wrote\n\
    trees/*.gdz         the family trees that you own, as GEDZIP (GEDCOM 7 with its pictures): a ZIP file that\n\
    \x20                   genealogy programs read, this platform too\n";

/// Runs an export of an account to its end.
pub async fn attempt(held: &mut Held<'_>) -> Result<(), JobError> {
    let user = held.ports.users.by_id(held.text("userId")).await?;
    if user.is_none_or(|user| !user.is_active) {
        return fail(held, ("no_access", "Your account is deactivated")).await;
    }
    let (ports, export) = (held.ports.clone(), held.document.body.clone());
    let mut writing = Box::pin(async move { archive(&ports, &export).await });
    let info = loop {
        match tokio::time::timeout(BEAT, &mut writing).await {
            Ok(written) => break written?,
            // Says that it lives.
            Err(_) => held.save(dzinza_ports::Batch::new()).await?,
        }
    };
    held.set("size", info.size);
    complete(held).await?;
    // Not before: a run that is cut off until then needs it again.
    Ok(held.ports.blobs.delete(held.text("partKey")).await?)
}

async fn archive(ports: &JobsPorts, export: &Body) -> Result<BlobInfo, JobError> {
    let text = |key: &str| export.get(key).and_then(Value::as_str).unwrap_or_default();
    let packer = Packer::new()?;
    packer.entry("README.txt", CompressionMethod::Deflated).await?;
    packer.write(Bytes::from_static(README.as_bytes())).await?;
    packer.entry("account.json", CompressionMethod::Deflated).await?;
    let part = ports.blobs.get(text("partKey"), None).await?;
    let mut part = part.ok_or(JobError::Malformed("what the accounts know is gone"))?.bytes;
    while let Some(bytes) = part.try_next().await? {
        packer.write(bytes).await?;
    }
    for (name, collection) in [("notifications.json", &NOTIFICATIONS), ("stories.json", &EVENTS)] {
        packer.entry(name, CompressionMethod::Deflated).await?;
        list(ports, &packer, collection, text("userId")).await?;
    }
    trees(ports, &packer, text("userId")).await?;
    let file = packer.finish().await?;
    let broken = |error| StoreError::with_source(StoreErrorKind::Unavailable, "a temporary file", error);
    let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 256 << 10).map_err(broken);
    Ok(ports.blobs.put(text("blobKey"), "application/zip", bytes.boxed()).await?)
}

/// The documents of a user as a JSON list, one by one.
async fn list(
    ports: &JobsPorts,
    packer: &Packer,
    collection: &'static Collection,
    user_id: &str,
) -> Result<(), JobError> {
    let own = Query::new(Filter::eq("userId", user_id)).limit(200);
    let mut documents = stream(ports.documents.clone(), collection, own);
    let mut before = "[\n";
    while let Some(Document { id, mut body, .. }) = documents.try_next().await? {
        body.remove("index");
        body.insert("id".into(), json!(id));
        packer.write(Bytes::from(format!("{before}{}", Value::Object(body)))).await?;
        before = ",\n";
    }
    packer.write(Bytes::from_static(if before == ",\n" { b"\n]\n" } else { b"[]\n" })).await
}

/// The trees that a user owns, whole.
async fn trees(ports: &JobsPorts, packer: &Packer, user_id: &str) -> Result<(), JobError> {
    let wanted = Body::from_iter([("format".to_owned(), json!("gedzip"))]);
    let request = ExportRequest::read(&wanted).map_err(|_| JobError::Malformed("no such format"))?;
    let source = Source { documents: ports.documents.clone(), blobs: ports.blobs.clone() };
    let year = i64::from(ports.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year());
    let own = Query::new(Filter::eq("ownerId", user_id)).limit(20);
    let mut owned = stream(ports.documents.clone(), &FAMILY_TREES, own);
    while let Some(tree) = owned.try_next().await? {
        let viewer = Viewer { role: TreeRole::Owner, shows_living: tree::shows_living(&tree.body), year };
        // Packed already.
        packer.entry(&entry_name(&tree), CompressionMethod::Stored).await?;
        let made = make(&source, &tree, viewer, &request, &Arc::new(Progress::default())).await;
        let mut bytes = match made {
            Ok(made) => made.bytes,
            Err(ExportError::Io(error)) => return Err(error.into()),
            Err(ExportError::Store(error)) => return Err(error.into()),
            Err(ExportError::Root(_)) => return Err(JobError::Malformed("a whole tree has no root")),
        };
        while let Some(bytes) = bytes.try_next().await? {
            packer.write(bytes).await?;
        }
    }
    Ok(())
}

/// What people call the tree, in characters that every system takes, and its id, as two may be called the same.
fn entry_name(tree: &Document) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let name = tree.body.get("name").and_then(Value::as_str).unwrap_or_default();
    let name: String = name.chars().take(60).map(plain).collect();
    let id: String = tree.id.chars().map(plain).collect();
    format!("trees/{}-{id}.gdz", name.trim_matches('-'))
}

enum Piece {
    Entry(String, CompressionMethod),
    Bytes(Bytes),
}

/// Packs on a thread of its own, where that keeps nobody waiting; holds a few pieces at most.
struct Packer {
    pieces: mpsc::Sender<Piece>,
    packed: JoinHandle<io::Result<File>>,
}

impl Packer {
    fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        let (pieces, waiting) = mpsc::channel(8);
        Ok(Self { pieces, packed: tokio::task::spawn_blocking(move || pack(file, waiting)) })
    }

    async fn entry(&self, name: &str, method: CompressionMethod) -> Result<(), JobError> {
        self.send(Piece::Entry(name.to_owned(), method)).await
    }

    async fn write(&self, bytes: Bytes) -> Result<(), JobError> {
        self.send(Piece::Bytes(bytes)).await
    }

    async fn send(&self, piece: Piece) -> Result<(), JobError> {
        let ended = |_| JobError::Io(io::Error::other("the archive cannot be written"));
        self.pieces.send(piece).await.map_err(ended)
    }

    /// The archive, from its beginning.
    async fn finish(self) -> io::Result<File> {
        drop(self.pieces);
        let mut file = self.packed.await.map_err(io::Error::other)??;
        file.rewind()?;
        Ok(file)
    }
}

fn pack(file: File, mut pieces: mpsc::Receiver<Piece>) -> io::Result<File> {
    let mut zip = ZipWriter::new(file);
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Entry(name, method) => {
                let options = SimpleFileOptions::default().compression_method(method).large_file(true);
                zip.start_file(name, options)?;
            }
            Piece::Bytes(bytes) => zip.write_all(&bytes)?,
        }
    }
    Ok(zip.finish()?)
}
