//! What an archive says of itself.

use std::collections::BTreeMap;

use dzinza_domain::collections;
use dzinza_ports::{AccountTable, Collection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ArchiveError;

/// The format's name.
pub const FORMAT: &str = "dzinza-archive";
/// The format's version: one more with every change that an older program would misread.
pub const VERSION: u64 = 1;

/// The manifest's own entry.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The list of files.
pub(crate) const BLOBS: &str = "blobs.jsonl";
/// Before the key of a file.
pub(crate) const BLOB: &str = "blobs/";

/// How much of an installation an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All of it.
    Installation,
    /// One tree.
    Tree,
}

/// Size and SHA-256 (lowercase hex) of an entry, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// In bytes.
    pub size: u64,
    /// Of all of them.
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// See [`VERSION`].
    pub version: u64,
    /// The program that wrote it, with its version.
    pub program: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// What is in it.
    pub scope: Scope,
    /// Which tree, of a tree's archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_id: Option<String>,
    /// Whether there are password hashes in it: keep such a file as safe as the installation.
    pub has_password_hashes: bool,
    /// Documents by collection.
    pub documents: BTreeMap<String, u64>,
    /// Rows by table.
    #[serde(default)]
    pub accounts: BTreeMap<String, u64>,
    /// Files.
    pub blobs: u64,
    /// Files that documents speak of and that were not there.
    #[serde(default)]
    pub missing_blobs: u64,
    /// Everything in the archive but this manifest and the files, which `blobs.jsonl` has.
    pub entries: BTreeMap<String, Entry>,
}

impl Manifest {
    /// Reads one that this program understands.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, ArchiveError> {
        let unreadable = |error: serde_json::Error| {
            ArchiveError::refused(format!("the archive's manifest cannot be read: {error}"))
        };
        let value: Value = serde_json::from_slice(json).map_err(unreadable)?;
        if value["format"] != FORMAT {
            return Err(ArchiveError::refused("this is not an archive of Dzinza"));
        }
        match value["version"].as_u64() {
            Some(1..=VERSION) => serde_json::from_value(value).map_err(unreadable),
            Some(newer @ 2..) => Err(ArchiveError::refused(format!(
                "the archive has format version {newer}, this program knows up to {VERSION}: it was written by a newer one"
            ))),
            _ => Err(ArchiveError::refused("the archive has no format version")),
        }
    }

    /// How many documents of all collections.
    pub fn all_documents(&self) -> u64 {
        self.documents.values().sum()
    }
}

pub(crate) fn documents_entry(collection: &str) -> String {
    format!("documents/{collection}.jsonl")
}

pub(crate) fn accounts_entry(table: AccountTable) -> String {
    format!("accounts/{}.jsonl", table.name())
}

pub(crate) fn collection(name: &str) -> Option<&'static Collection> {
    collections::ALL.iter().copied().find(|collection| collection.name == name)
}

/// Whether this can be the key of a file: `/`-separated segments of `[A-Za-z0-9._-]+`, none of them `.` or `..`, at
/// most 500 bytes.
pub(crate) fn is_key(key: &str) -> bool {
    let plain = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(allowed)
    };
    key.len() <= 500 && key.split('/').all(plain)
}
