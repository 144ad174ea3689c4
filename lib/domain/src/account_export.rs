//! Everything that is an account's own as one archive, made by a job: an export without a tree.
//!
//! What only the accounts' tables know is written down when it is asked for, as the file at [`part_key`]; the job packs it
//! together with the trees, stories and notifications.

use serde_json::{Value, json};

use crate::collections::EXPORTS;
use crate::export::job;
use crate::store::{Batch, Body};

const KIND: &str = "account";

/// Whether an export is of an account.
pub fn is_account(export: &Body) -> bool {
    export.get("kind").and_then(Value::as_str) == Some(KIND)
}

/// Where what the accounts' tables know is kept until the archive is made.
pub fn part_key(id: &str) -> String {
    format!("exports/{id}.account.json")
}

/// The batch that begins one: the document and its job.
pub fn begin(id: &str, user_id: &str, now: &str, expires_at: &str) -> Batch {
    let fields = [
        ("kind", json!(KIND)),
        ("userId", json!(user_id)),
        ("blobKey", json!(format!("exports/{id}.zip"))),
        ("partKey", json!(part_key(id))),
        ("status", json!("queued")),
        ("progress", json!({ "treesDone": 0 })),
        ("createdAt", json!(now)),
        ("updatedAt", json!(now)),
        ("expiresAt", json!(expires_at)),
    ];
    let mut batch = Batch::new();
    batch.insert(&EXPORTS, id, fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    batch.job(job(id));
    batch
}
