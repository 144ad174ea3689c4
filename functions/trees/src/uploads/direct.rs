//! Files that are sent at once to a signed address, past the functions, which on AWS take 6 MB and no more. Only the file
//! that was announced is taken there: its size and its SHA-256 are part of the signature.

use std::time::Duration;

use dzinza_domain::upload::{self, Chunk, Signed};
use dzinza_ports::{Document, Upload};
use dzinza_web::Problem;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Wanted, keep};
use crate::TreesPorts;

/// How long a file may begin to be sent. Once it has begun, it may take longer.
const LIFETIME: Duration = Duration::from_mins(15);

/// A request that sends the file.
pub(super) struct Offer {
    pub(super) signed: Signed,
    url: String,
    headers: Vec<(String, String)>,
}

impl Offer {
    pub(super) fn view(&self) -> Value {
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), json!(value)));
        json!({
            "method": "PUT",
            "url": self.url,
            "headers": headers.collect::<Map<_, _>>(),
            "expiresAt": self.signed.until,
        })
    }
}

pub(super) async fn offer(ports: &TreesPorts, id: &str, wanted: &Wanted) -> Result<Offer, Problem> {
    let sha256 = wanted.sha256.clone().ok_or_else(|| {
        Problem::field("sha256", "required", "A file that is sent directly needs its sha256")
    })?;
    let key = format!("uploads/{id}/whole");
    let upload = Upload { content_type: "application/octet-stream".to_owned(), size: wanted.size, sha256 };
    let address = ports.blobs.put_url(&key, &upload, LIFETIME).await?;
    let until = ports.clock.now() + SignedDuration::try_from(LIFETIME).unwrap_or_default();
    let signed = Signed { key, until: format!("{until:.6}") };
    Ok(Offer { signed, url: address.url, headers: address.headers })
}

/// The upload with what has come by its address, if something has.
pub(super) async fn arrived(ports: &TreesPorts, found: Document) -> Result<Document, Problem> {
    let Some(signed) = upload::signed(&found.body).filter(|_| upload::offset(&found.body) == 0) else {
        return Ok(found);
    };
    let announced = found.body.get("sha256").and_then(Value::as_str).unwrap_or_default();
    let Some(info) = ports.blobs.head(&signed.key).await? else { return Ok(found) };
    // A store may not say what the sum is; the import compares it in any case.
    if info.size != upload::size(&found.body) || !(info.sha256.is_empty() || info.sha256 == announced) {
        return Ok(found);
    }
    let whole = Chunk { key: signed.key, size: info.size, sha256: announced.to_owned() };
    keep(ports, &found, 0, &whole).await?;
    let now = ports.documents.get(&super::UPLOADS, &found.id).await?;
    now.ok_or_else(|| Problem::not_found("Upload not found"))
}
