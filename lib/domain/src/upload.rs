//! A file on its way here in pieces, as a document: how much has come, and where the pieces are kept.
//!
//! The pieces are blobs; the document lists them and is replaced with each, so that of two that come at once for one
//! place only one counts.

use serde_json::{Value, json};

use crate::store::Body;

/// The largest file, in bytes.
pub const MAX_SIZE: u64 = 1 << 30;
/// Unfinished uploads of one user.
pub const MAX_OPEN: usize = 10;
/// Bytes that the unfinished uploads of one user may declare together.
pub const MAX_OPEN_BYTES: u64 = 2 << 30;
/// Pieces of one upload.
pub const MAX_CHUNKS: usize = 4096;
/// An upload that nothing is added to for so many hours is removed.
pub const LIFETIME_HOURS: i64 = 24;

/// An upload that was announced.
#[derive(Debug, Clone)]
pub struct NewUpload<'a> {
    /// For which tree.
    pub tree_id: &'a str,
    /// By whom; nobody else may add to it or use it.
    pub user_id: &'a str,
    /// The file's name as the user knows it.
    pub file_name: &'a str,
    /// How many bytes there will be.
    pub size: u64,
    /// Their SHA-256 in lowercase hex, if the sender knows it.
    pub sha256: Option<&'a str>,
    /// Where all of it may be sent at once, past us.
    pub signed: Option<Signed>,
}

/// A blob that whoever has a signed address may put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its key.
    pub key: String,
    /// Until when, as documents have moments.
    pub until: String,
}

impl NewUpload<'_> {
    /// The document, with nothing of the file yet.
    pub fn into_body(self, now: &str, expires: &str) -> Body {
        let fields = [
            ("familyTreeId", json!(self.tree_id)),
            ("userId", json!(self.user_id)),
            ("fileName", json!(self.file_name)),
            ("size", json!(self.size)),
            ("sha256", json!(self.sha256)),
            ("offset", json!(0)),
            ("chunks", json!([])),
            ("createdAt", json!(now)),
            ("updatedAt", json!(now)),
            ("expiresAt", json!(expires)),
        ];
        let mut body: Body = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        if let Some(signed) = self.signed {
            body.insert("signedKey".into(), json!(signed.key));
            body.insert("signedUntil".into(), json!(signed.until));
        }
        body
    }
}

/// Where all of the file may come at once, if that was asked for.
pub fn signed(upload: &Body) -> Option<Signed> {
    let text = |key: &str| upload.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Signed { key: text("signedKey")?, until: text("signedUntil")? })
}

/// The keys of all blobs that may hold something of the file.
pub fn blobs(upload: &Body) -> Vec<String> {
    let pieces = chunks(upload).into_iter().map(|chunk| chunk.key);
    let mut keys: Vec<String> = pieces.chain(signed(upload).map(|signed| signed.key)).collect();
    keys.dedup();
    keys
}

/// What stays of an upload that is over while its signed address is still good: it counts, so that nobody can send
/// files without end to addresses of uploads given up, and the clean-up removes what came. None if it can go at once.
pub fn over(upload: &Body, now: &str) -> Option<Body> {
    let signed = signed(upload).filter(|signed| signed.until.as_str() > now)?;
    let mut rest = upload.clone();
    rest.insert("chunks".into(), json!([]));
    rest.insert("expiresAt".into(), json!(signed.until));
    rest.insert("over".into(), json!(true));
    Some(rest)
}

/// Whether nothing more can be done with it.
pub fn is_over(upload: &Body) -> bool {
    upload.get("over").is_some_and(|over| over == true)
}

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its blob.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in lowercase hex.
    pub sha256: String,
}

/// How many bytes have come.
pub fn offset(upload: &Body) -> u64 {
    upload.get("offset").and_then(Value::as_u64).unwrap_or(0)
}

/// How many bytes there will be.
pub fn size(upload: &Body) -> u64 {
    upload.get("size").and_then(Value::as_u64).unwrap_or(0)
}

/// The pieces in their order.
pub fn chunks(upload: &Body) -> Vec<Chunk> {
    let all = upload.get("chunks").and_then(Value::as_array).into_iter().flatten();
    let text = |chunk: &Value, key: &str| chunk[key].as_str().unwrap_or_default().to_owned();
    all.map(|chunk| Chunk {
        key: text(chunk, "key"),
        size: chunk["size"].as_u64().unwrap_or(0),
        sha256: text(chunk, "sha256"),
    })
    .collect()
}

/// The upload with one piece more, which keeps it alive.
pub fn with_chunk(upload: &Body, chunk: &Chunk, now: &str, expires: &str) -> Body {
    let mut changed = upload.clone();
    let one = json!({ "key": chunk.key, "size": chunk.size, "sha256": chunk.sha256 });
    match changed.get_mut("chunks") {
        Some(Value::Array(all)) => all.push(one),
        _ => drop(changed.insert("chunks".into(), json!([one]))),
    }
    changed.insert("offset".into(), json!(offset(upload) + chunk.size));
    changed.insert("updatedAt".into(), json!(now));
    changed.insert("expiresAt".into(), json!(expires));
    changed
}

/// Whether this piece came already as the last one: its sender did not hear that it arrived.
pub fn is_repeat(upload: &Body, at: u64, size: u64, sha256: &str) -> bool {
    chunks(upload).last().is_some_and(|last| {
        at + last.size == offset(upload) && (last.size, last.sha256.as_str()) == (size, sha256)
    })
}

/// The upload on the wire; where its pieces are stays inside.
pub fn view(id: &str, upload: &Body) -> Body {
    let mut view = upload.clone();
    for key in ["chunks", "userId", "signedKey", "signedUntil"] {
        view.remove(key);
    }
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    view.insert("uploadId".into(), json!(id));
    view.insert("complete".into(), json!(offset(upload) == size(upload)));
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_and_only_the_last_may_come_again() {
        let new =
            NewUpload { tree_id: "t", user_id: "u", file_name: "a.ged", size: 5, sha256: None, signed: None };
        let mut upload = new.into_body("now", "later");
        assert!(!is_repeat(&upload, 0, 0, ""));
        let piece = |size: u64, sha: &str| Chunk { key: "k".into(), size, sha256: sha.into() };
        upload = with_chunk(&upload, &piece(3, "a"), "now", "later");
        upload = with_chunk(&upload, &piece(2, "b"), "now", "later");
        assert_eq!((offset(&upload), chunks(&upload).len()), (5, 2));
        assert!(is_repeat(&upload, 3, 2, "b"));
        assert!(!is_repeat(&upload, 3, 2, "c") && !is_repeat(&upload, 0, 3, "a"));
        let view = view("x", &upload);
        assert_eq!((&view["complete"], view.get("chunks")), (&json!(true), None));
    }

    #[test]
    fn a_signed_address_outlives_its_upload() {
        let signed = Signed { key: "uploads/x/whole".into(), until: "2026-01-02".into() };
        let new = NewUpload {
            tree_id: "t",
            user_id: "u",
            file_name: "a.ged",
            size: 5,
            sha256: None,
            signed: Some(signed.clone()),
        };
        let upload = new.into_body("now", "2026-02-02");
        assert_eq!((blobs(&upload), view("x", &upload).get("signedKey")), (vec![signed.key.clone()], None));
        assert_eq!(over(&upload, "2026-01-02"), None);
        let rest = over(&upload, "2026-01-01").unwrap();
        assert_eq!((is_over(&rest), size(&rest), &rest["expiresAt"]), (true, 5, &json!("2026-01-02")));
        // What came by the address is one of the pieces then.
        let whole = Chunk { key: signed.key.clone(), size: 5, sha256: "a".into() };
        assert_eq!(blobs(&with_chunk(&upload, &whole, "now", "later")), vec![signed.key]);
    }
}
