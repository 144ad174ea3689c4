//! Reading an archive, all of which anybody may have written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek as _, SeekFrom};

use dzinza_ports::{AccountTable, Body, Collection, Document};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::manifest::{
    BLOB, BLOBS, MANIFEST, Manifest, Scope, accounts_entry, collection, documents_entry, is_key,
};
use crate::{ArchiveError, hex, seal};

/// The longest manifest.
const LONGEST_MANIFEST: u64 = 1 << 20;
/// The longest line: one document.
const LONGEST_LINE: u64 = 1 << 26;
/// No content type is longer.
const LONGEST_TYPE: usize = 255;
/// What the store takes as an id.
const LONGEST_ID: usize = 200;

/// How much an archive may unpack to.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// In all, in bytes.
    pub unpacked: u64,
    /// As a multiple of the archive's own size, above the first 16 MiB.
    pub ratio: u64,
}

impl Allowed {
    /// For an operator's own archive: it takes what it takes.
    pub const ANYTHING: Self = Self { unpacked: u64::MAX, ratio: u64::MAX };
    /// For what somebody sends.
    pub const UPLOAD: Self = Self { unpacked: 4 << 30, ratio: 100 };
}

/// A line of `blobs.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobLine {
    /// Its key.
    pub key: String,
    /// Its media type.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// Lowercase hex.
    pub sha256: String,
}

#[derive(Deserialize)]
struct DocumentLine {
    id: String,
    version: u64,
    body: Body,
}

/// An archive whose seal is whole and whose table of contents is as its manifest says. All of it blocks.
pub struct Reader {
    zip: ZipArchive<BufReader<File>>,
    manifest: Manifest,
}

impl Reader {
    /// Opens an archive after reading every byte of it once.
    ///
    /// # Errors
    /// `Refused` if it is damaged, unknown, newer than this program, or would unpack to more than is allowed.
    pub fn open(mut file: File, allowed: Allowed) -> Result<Self, ArchiveError> {
        file.seek(SeekFrom::Start(0))?;
        let length = file.metadata()?.len();
        let mut start = [0; 2];
        let _ = file.read(&mut start)?;
        if &start != b"PK" {
            return Err(ArchiveError::refused("this is not an archive of Dzinza"));
        }
        file.seek(SeekFrom::Start(0))?;
        seal::check(&file, length)?;
        file.seek(SeekFrom::Start(0))?;
        let mut zip = ZipArchive::new(BufReader::with_capacity(1 << 18, file)).map_err(unreadable)?;
        if zip.has_duplicate_names() {
            return Err(ArchiveError::refused("the archive has two entries of one name"));
        }
        let mut json = Vec::new();
        entry(&mut zip, MANIFEST)?.take(LONGEST_MANIFEST).read_to_end(&mut json)?;
        let mut reader = Self { zip, manifest: Manifest::parse(&json)? };
        let most = length.saturating_mul(allowed.ratio).saturating_add(16 << 20).min(allowed.unpacked);
        reader.check_entries(most)?;
        Ok(reader)
    }

    /// What the archive says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Every entry is one that the manifest speaks of, and the other way round; together they claim at most this many
    /// bytes. Nothing of an entry is ever read beyond its claim.
    fn check_entries(&mut self, most: u64) -> Result<(), ArchiveError> {
        let too_large =
            || ArchiveError::refused(format!("the archive would unpack to more than {most} bytes"));
        let mut claimed =
            self.manifest.entries.values().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
        if claimed > most {
            return Err(too_large());
        }
        for (name, count) in &self.manifest.documents {
            if collection(name).is_none() {
                return Err(ArchiveError::refused(format!(
                    "the archive has {count} documents of a collection {name:?}, which this program does not know"
                )));
            }
        }
        let mut known: BTreeSet<String> = BTreeSet::from([MANIFEST.to_owned(), BLOBS.to_owned()]);
        known.extend(self.manifest.documents.keys().map(|name| documents_entry(name)));
        if let Some(other) = self
            .manifest
            .accounts
            .keys()
            .find(|name| AccountTable::ALL.iter().all(|table| table.name() != **name))
        {
            return Err(ArchiveError::refused(format!(
                "the archive has accounts of an unknown kind {other:?}"
            )));
        }
        if self.manifest.scope == Scope::Tree && !self.manifest.accounts.is_empty() {
            return Err(ArchiveError::refused("the archive of a tree has accounts in it"));
        }
        known.extend(
            AccountTable::ALL
                .iter()
                .filter(|table| self.manifest.accounts.contains_key(table.name()))
                .map(|table| accounts_entry(*table)),
        );
        for name in known.iter().filter(|name| *name != MANIFEST) {
            if !self.manifest.entries.contains_key(name) || self.zip.index_for_name(name).is_none() {
                return Err(ArchiveError::refused(format!("the archive has no {name}")));
            }
        }
        self.blobs(&mut |blob| {
            claimed = claimed.saturating_add(blob.size);
            known.insert(format!("{BLOB}{}", blob.key));
            if claimed > most { Err(too_large()) } else { Ok(()) }
        })?;
        for name in self.zip.file_names() {
            let name = name.map_err(unreadable)?;
            if !known.remove(&*name) {
                return Err(ArchiveError::refused(format!(
                    "the archive has an entry {name:?} that must not be"
                )));
            }
        }
        match known.first() {
            None => Ok(()),
            Some(missing) => Err(ArchiveError::refused(format!("the archive has no {missing}"))),
        }
    }

    /// Reads everything, and holds it against its checksums, counts and order.
    ///
    /// # Errors
    /// `Refused` with the first thing that is wrong.
    pub fn verify(&mut self) -> Result<(), ArchiveError> {
        for table in AccountTable::ALL {
            self.accounts(*table, &mut |_| Ok(()))?;
        }
        let collections: Vec<_> =
            self.manifest.documents.keys().filter_map(|name| collection(name)).collect();
        for collection in collections {
            self.documents(collection, &mut |_, _| Ok(()))?;
        }
        let mut blobs = Vec::new();
        self.blobs(&mut |blob| {
            blobs.push(blob);
            Ok(())
        })?;
        blobs.iter().try_for_each(|blob| self.blob(blob, &mut |_| Ok(())))
    }

    /// The documents of a collection with the length of their lines, in the order of their ids; none if the archive has none.
    pub(crate) fn documents(
        &mut self,
        collection: &'static Collection,
        take: &mut dyn FnMut(Document, usize) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let Some(expected) = self.manifest.documents.get(collection.name).copied() else { return Ok(()) };
        let name = documents_entry(collection.name);
        let mut order = Order::new(&name);
        self.lines(&name, &mut |line| {
            let DocumentLine { id, version, body } = parse(&name, line)?;
            if id.is_empty() || id.len() > LONGEST_ID || version == 0 || i64::try_from(version).is_err() {
                return Err(ArchiveError::refused(format!("{name}: a document {id:?} at version {version}")));
            }
            order.next(&id)?;
            take(Document { id, version, body }, line.len())
        })?;
        order.end(expected)
    }

    /// The rows of a table, in the order of their ids; none if the archive has none.
    pub(crate) fn accounts(
        &mut self,
        table: AccountTable,
        take: &mut dyn FnMut(Body) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let Some(expected) = self.manifest.accounts.get(table.name()).copied() else { return Ok(()) };
        let name = accounts_entry(table);
        let mut order = Order::new(&name);
        self.lines(&name, &mut |line| {
            let row: Body = parse(&name, line)?;
            order.next(row.get("id").and_then(Value::as_str).unwrap_or_default())?;
            take(row)
        })?;
        order.end(expected)
    }

    /// The list of files, in the order of their keys.
    pub(crate) fn blobs(
        &mut self,
        take: &mut dyn FnMut(BlobLine) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let expected = self.manifest.blobs;
        let mut order = Order::new(BLOBS);
        self.lines(BLOBS, &mut |line| {
            let blob: BlobLine = parse(BLOBS, line)?;
            if !is_key(&blob.key) {
                return Err(ArchiveError::refused(format!(
                    "{BLOBS}: {:?} cannot be the key of a file",
                    blob.key
                )));
            }
            if blob.content_type.len() > LONGEST_TYPE || blob.content_type.chars().any(char::is_control) {
                return Err(ArchiveError::refused(format!("{BLOBS}: {} has an odd content type", blob.key)));
            }
            order.next(&blob.key)?;
            take(blob)
        })?;
        order.end(expected)
    }

    /// The bytes of a file, which come to what its line says.
    pub(crate) fn blob(
        &mut self,
        blob: &BlobLine,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let name = format!("{BLOB}{}", blob.key);
        let mut checked = Checked::new(entry(&mut self.zip, &name)?, blob.size);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = checked.read(&mut buffer)?;
            if read == 0 {
                return checked.end(&name, &blob.sha256);
            }
            take(buffer.get(..read).unwrap_or_default())?;
        }
    }

    fn lines(
        &mut self,
        name: &str,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let facts = self.manifest.entries.get(name).cloned();
        let facts = facts.ok_or_else(|| ArchiveError::refused(format!("the archive has no {name}")))?;
        let mut lines =
            BufReader::with_capacity(1 << 16, Checked::new(entry(&mut self.zip, name)?, facts.size));
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if read == 0 {
                return lines.into_inner().end(name, &facts.sha256);
            }
            if line.pop() != Some(b'\n') {
                return Err(ArchiveError::refused(format!("{name}: a line without an end")));
            }
            take(&line)?;
        }
    }
}

fn entry<'a>(
    zip: &'a mut ZipArchive<BufReader<File>>,
    name: &str,
) -> Result<ZipFile<'a, BufReader<File>>, ArchiveError> {
    zip.by_name(name).map_err(unreadable)
}

fn unreadable(error: zip::result::ZipError) -> ArchiveError {
    match error {
        zip::result::ZipError::Io(error) if error.kind() != std::io::ErrorKind::InvalidData => error.into(),
        other => ArchiveError::refused(format!("the archive cannot be read: {other}")),
    }
}

fn parse<'a, T: Deserialize<'a>>(name: &str, line: &'a [u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(line).map_err(|error| {
        // Where in the line, and not what: what is in it is somebody's.
        ArchiveError::refused(format!("{name}: a line that cannot be read, at character {}", error.column()))
    })
}

/// Ids come in ascending order, byte by byte, so that none can come twice.
struct Order<'a> {
    name: &'a str,
    last: String,
    count: u64,
}

impl<'a> Order<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, last: String::new(), count: 0 }
    }

    fn next(&mut self, id: &str) -> Result<(), ArchiveError> {
        if id <= self.last.as_str() {
            return Err(ArchiveError::refused(format!("{}: {id:?} comes twice or out of order", self.name)));
        }
        id.clone_into(&mut self.last);
        self.count += 1;
        Ok(())
    }

    fn end(self, expected: u64) -> Result<(), ArchiveError> {
        if self.count == expected {
            return Ok(());
        }
        let Self { name, count, .. } = self;
        Err(ArchiveError::refused(format!("{name} has {count} lines, the manifest says {expected}")))
    }
}

/// Reads up to what was claimed, and sums.
struct Checked<R> {
    inner: R,
    left: u64,
    over: bool,
    hash: Sha256,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, claimed: u64) -> Self {
        Self { inner, left: claimed, over: false, hash: Sha256::new() }
    }

    fn end(self, name: &str, sha256: &str) -> Result<(), ArchiveError> {
        if self.over || self.left > 0 || hex(&self.hash.finalize()) != sha256 {
            return Err(ArchiveError::refused(format!("{name} is not what its checksum says")));
        }
        Ok(())
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        let fits = u64::try_from(read).is_ok_and(|read| read <= self.left);
        if !fits {
            // More than it said: enough of it.
            self.over = true;
            return Ok(0);
        }
        self.left -= read as u64;
        Ok(read)
    }
}
