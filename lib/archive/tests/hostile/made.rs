//! Archives made by hand, sealed and summed as they should be, with whatever in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const MARK: &str = "dzinza-archive sha256 ";

/// An archive taken apart.
#[derive(Clone)]
pub struct Made {
    pub manifest: Value,
    pub entries: BTreeMap<String, Vec<u8>>,
    /// The manifest's own sums and counts stay as they are.
    pub lies: bool,
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Made {
    /// Takes an archive apart.
    pub fn of(mut file: File) -> Self {
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut zip = ZipArchive::new(file).unwrap();
        let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        let mut entries = BTreeMap::new();
        for name in names {
            let mut bytes = Vec::new();
            zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            entries.insert(name, bytes);
        }
        let manifest = serde_json::from_slice(&entries.remove("manifest.json").unwrap()).unwrap();
        Self { manifest, entries, lies: false }
    }

    /// The documents of a collection, to be changed.
    pub fn documents(&self, collection: &str) -> Vec<Value> {
        let lines = &self.entries[&format!("documents/{collection}.jsonl")];
        String::from_utf8_lossy(lines).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn set(&mut self, collection: &str, documents: &[Value]) {
        let lines: String =
            documents.iter().fold(String::new(), |text, document| text + &format!("{document}\n"));
        self.entries.insert(format!("documents/{collection}.jsonl"), lines.into());
        self.manifest["documents"][collection] = json!(documents.len());
    }

    /// Lists and adds a file.
    pub fn add_blob(&mut self, key: &str, bytes: &[u8]) {
        let line =
            json!({ "key": key, "contentType": "text/plain", "size": bytes.len(), "sha256": sum(bytes) });
        let list = self.entries.entry("blobs.jsonl".into()).or_default();
        list.extend(format!("{line}\n").into_bytes());
        self.manifest["blobs"] = json!(self.manifest["blobs"].as_u64().unwrap() + 1);
        self.entries.insert(format!("blobs/{key}"), bytes.to_vec());
    }

    /// Puts it together again.
    pub fn file(&self) -> File {
        let mut manifest = self.manifest.clone();
        if !self.lies {
            let mut sums = BTreeMap::new();
            for (name, bytes) in self.entries.iter().filter(|(name, _)| !name.starts_with("blobs/")) {
                sums.insert(name, json!({ "size": bytes.len(), "sha256": sum(bytes) }));
            }
            manifest["entries"] = json!(sums);
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let packed = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, bytes) in &self.entries {
            zip.start_file(name, packed).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.start_file("manifest.json", packed).unwrap();
        zip.write_all(manifest.to_string().as_bytes()).unwrap();
        zip.set_comment(format!("{MARK}{}", "0".repeat(64))).unwrap();
        let mut bytes = zip.finish().unwrap().into_inner();
        bytes.truncate(bytes.len() - MARK.len() - 64);
        let seal = format!("{MARK}{}", sum(&bytes));
        bytes.extend(seal.into_bytes());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file
    }
}
