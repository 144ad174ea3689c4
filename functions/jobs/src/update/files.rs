//! The files of a newer archive: a record that is there and names one of them means the newer one from then on.

use dzinza_domain::gedcom::kept_record;
use dzinza_domain::import::{self, Kept};
use dzinza_gedcom::Record;
use dzinza_ports::{Body, Document};
use serde_json::Value;

use crate::JobError;
use crate::hold::Held;

/// What this archive brought, and what those before it did.
#[derive(Default)]
pub struct Files {
    own: Kept,
    before: Kept,
}

impl Files {
    /// Of an import that was unpacked.
    pub async fn of(held: &Held<'_>) -> Result<Self, JobError> {
        let mut files = Self::default();
        files.own.take(&held.document, |_| true);
        if !files.own.is_empty() {
            files.before =
                dzinza_transfer::kept(held.ports.documents.clone(), held.text("familyTreeId")).await?;
        }
        Ok(files)
    }

    /// The names of the files that a document means as this archive has them, and not as it meant them before. `record`
    /// is what the file says of it, `after` what the document is then: what somebody else wrote there names what it did.
    pub fn meant(&self, record: &Record, current: &Document, after: Option<&Body>) -> Vec<String> {
        let named: Vec<&str> = payloads(record).filter_map(|file| self.own.named(file)).collect();
        if named.is_empty() {
            return Vec::new();
        }
        let Some(after) = kept_record(after.unwrap_or(&current.body)) else { return Vec::new() };
        let import = current.body.get("importId").and_then(Value::as_str);
        let mut meant: Vec<String> = Vec::new();
        for file in payloads(&after) {
            let Some(name) = self.own.named(file).filter(|name| named.contains(name)) else { continue };
            let new = self.own.find(&current.id, None, file).map(|file| &file.content);
            let old = self.before.find(&current.id, import, file).map(|file| &file.content);
            if new != old && !meant.iter().any(|other| other == name) {
                meant.push(name.to_owned());
            }
        }
        meant
    }
}

fn payloads(record: &Record) -> impl Iterator<Item = &str> {
    record.walk().filter(|(_, line)| line.tag == "FILE").filter_map(|(_, line)| line.value.as_deref())
}

/// Notes what documents mean since.
pub fn note(held: &mut Held<'_>, meant: &[(String, String)]) {
    for (name, document) in meant {
        import::mean(&mut held.document.body, name, document);
    }
}
