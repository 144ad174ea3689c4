//! A GEDCOM import as a document: state, progress, report.
//!
//! `queued → running → completed | failed`, and later `undoing → undone`. While an import is neither complete nor
//! gone, its id stands in the tree's `pendingImports`, and everything it wrote is invisible: completing,
//! failing and undoing are each one small batch.

use serde_json::{Value, json};

use crate::store::Body;

/// How many diagnostics a report keeps; the rest is only counted.
pub const REPORT_LIMIT: usize = 1000;

/// The queue that import jobs go to.
pub const JOBS_QUEUE: &str = "jobs";

/// A new import of an uploaded file.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// Into which tree.
    pub tree_id: &'a str,
    /// By whom.
    pub user_id: &'a str,
    /// Where the file is kept.
    pub blob_key: &'a str,
    /// Its name as the user knows it.
    pub file_name: &'a str,
    /// Its size.
    pub size: u64,
}

impl NewImport<'_> {
    /// The document, queued.
    pub fn into_body(self, now: &str) -> Body {
        let fields = [
            ("familyTreeId", json!(self.tree_id)),
            ("userId", json!(self.user_id)),
            ("blobKey", json!(self.blob_key)),
            ("fileName", json!(self.file_name)),
            ("size", json!(self.size)),
            ("status", json!("queued")),
            ("progress", json!({ "recordsTotal": 0, "recordsDone": 0, "percent": 0 })),
            ("createdAt", json!(now)),
            ("updatedAt", json!(now)),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The state of an import.
pub fn status(import: &Body) -> &str {
    import.get("status").and_then(Value::as_str).unwrap_or_default()
}

/// Whether nothing more will happen to it by itself.
pub fn is_settled(import: &Body) -> bool {
    matches!(status(import), "completed" | "failed" | "undone")
}

/// The import on the wire; the blob's key stays inside.
pub fn view(id: &str, import: &Body) -> Body {
    let mut view = import.clone();
    view.remove("blobKey");
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    view.insert("importId".into(), json!(id));
    for key in ["individualsImported", "familiesProcessed", "relationshipsCreated"] {
        view.entry(key).or_insert(json!(0));
    }
    view
}
