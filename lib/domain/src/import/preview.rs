//! Imports that are looked at before they happen: a run reads the file, writes nothing into the tree and says what it
//! would do (`previewed`); confirmed, it runs again and does it.

use serde_json::{Value, json};

use super::{NUMBERS, job, status};
use crate::collections::{FAMILY_TREES, IMPORTS};
use crate::store::{Batch, Body, Document};
use crate::tree;

/// What a run of the import's job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Brings everything as new.
    Add,
    /// Looks only.
    Preview,
    /// Matches what is there, and changes it.
    Apply,
}

impl Phase {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Preview => "preview",
            Self::Apply => "apply",
        }
    }

    /// Of an import; one that says nothing adds.
    pub fn of(import: &Body) -> Self {
        match import.get("phase").and_then(Value::as_str) {
            Some("preview") => Self::Preview,
            Some("apply") => Self::Apply,
            _ => Self::Add,
        }
    }
}

/// Whether the import matches and changes what is there, rather than adding everything.
pub fn is_update(import: &Body) -> bool {
    import.get("mode").and_then(Value::as_str) == Some("update")
}

/// Where the plan of a preview is kept: which record of the file is which document.
pub fn plan_key(id: &str) -> String {
    format!("imports/{id}.plan")
}

/// The batch that begins a preview. Nothing of it can be seen in the tree, which is only touched, so that it cannot
/// be deleted unnoticed.
pub fn begin_preview(id: &str, tree_id: &str, new: Body) -> Batch {
    let mut body = new;
    body.insert("phase".into(), json!(Phase::Preview.as_str()));
    body.insert("dryRun".into(), json!(true));
    let mut batch = Batch::new();
    batch.adjust(&FAMILY_TREES, tree_id, Vec::new(), Body::new());
    batch.insert(&IMPORTS, id, body);
    batch.job(job("import", id));
    batch
}

/// The batch that has an import which was looked at done, and the import as it is then; `None` if there is nothing
/// to confirm.
pub fn confirm(import: &Document, tree: &Document, now: &str) -> Option<(Body, Batch)> {
    if status(&import.body) != "previewed" {
        return None;
    }
    let number = tree.body.get(NUMBERS).and_then(Value::as_u64).unwrap_or(0) + 1;
    let mut changed = tree::with_pending_import(&tree.body, &import.id, true);
    changed.insert(NUMBERS.into(), json!(number));
    let mut body = import.body.clone();
    for key in ["runs", "runBy", "attempts", "failures", "interruptions", "requeued", "expiresAt", "applied"]
    {
        body.remove(key);
    }
    let phase = if is_update(&body) { Phase::Apply } else { Phase::Add };
    for (key, value) in [
        ("number", json!(number)),
        ("phase", json!(phase.as_str())),
        ("dryRun", json!(false)),
        ("status", json!("queued")),
        ("updatedAt", json!(now)),
    ] {
        body.insert(key.into(), value);
    }
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, tree, changed);
    batch.replace(&IMPORTS, import, body.clone());
    batch.job(job("import", &import.id));
    Some((body, batch))
}

/// What a file says of where it comes from, read from its beginning: `system` and `file` of the header.
pub fn source_of(beginning: &[u8]) -> Value {
    let header =
        dzinza_gedcom::Reader::new(beginning).ok().and_then(|mut reader| reader.next_record().ok()?);
    let header = header.filter(|header| header.tag == "HEAD");
    let said = |path: &[&str]| {
        let text = header.as_ref()?.value_of(path)?.trim();
        (!text.is_empty()).then(|| text.chars().take(255).collect::<String>())
    };
    json!({ "system": said(&["SOUR"]), "file": said(&["FILE"]) })
}

/// Whether a file looks like another version of one that was imported: the same name, here or in its header, from
/// the same program.
pub fn looks_like(import: &Body, file_name: &str, source: &Value) -> bool {
    let same = |one: Option<&str>, two: Option<&str>| {
        one.zip(two).is_some_and(|(one, two)| one.trim().eq_ignore_ascii_case(two.trim()))
    };
    let before = import.get("source").cloned().unwrap_or_default();
    let (system, file) = (before["system"].as_str(), before["file"].as_str());
    let named = same(import.get("fileName").and_then(Value::as_str), Some(file_name));
    let other_program =
        system.is_some() && source["system"].is_string() && !same(system, source["system"].as_str());
    (named || same(file, source["file"].as_str())) && !other_program
}

/// The imports whose documents an update of this one may know by their pointers: it, and all that it updated.
pub fn lineage(id: &str, import: &Body) -> Vec<String> {
    let earlier = import.get("lineage").and_then(Value::as_array).into_iter().flatten();
    let earlier = earlier.filter_map(Value::as_str).map(str::to_owned);
    std::iter::once(id.to_owned()).chain(earlier).take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_where_a_file_comes_from() {
        let source = source_of(b"0 HEAD\n1 SOUR Gramps\n1 FILE moyo.ged\n0 TRLR\n");
        assert_eq!(source, json!({ "system": "Gramps", "file": "moyo.ged" }));
        assert_eq!(source_of(b"no gedcom"), json!({ "system": null, "file": null }));
        let before = json!({ "fileName": "export.ged", "source": source });
        let before = before.as_object().unwrap();
        assert!(looks_like(before, "EXPORT.GED", &json!({ "system": "gramps" })));
        assert!(looks_like(before, "x.ged", &json!({ "system": "Gramps", "file": "Moyo.ged" })));
        assert!(!looks_like(before, "export.ged", &json!({ "system": "Ancestry" })));
        assert!(!looks_like(before, "x.ged", &json!({})));
    }

    #[test]
    fn what_was_looked_at_can_be_confirmed_once() {
        let document = |id: &str, value: &Value| Document {
            id: id.into(),
            version: 1,
            body: value.as_object().unwrap().clone(),
        };
        let tree = document("t", &json!({ NUMBERS: 1 }));
        let (seen, _) = confirm(
            &document("i", &json!({ "status": "previewed", "mode": "update", "runs": 2 })),
            &tree,
            "now",
        )
        .unwrap();
        assert_eq!((&seen["number"], &seen["phase"], seen.get("runs")), (&json!(2), &json!("apply"), None));
        assert!(confirm(&document("i", &Value::Object(seen)), &tree, "now").is_none());
    }
}
