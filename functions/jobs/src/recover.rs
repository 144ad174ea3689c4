//! Picking up imports whose job is no longer alive: the process was killed too often for the queue, or a message was
//! lost.

use dzinza_domain::collections::IMPORTS;
use dzinza_domain::import;
use dzinza_ports::{Batch, Body, Document, Filter, Query, StoreErrorKind};
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::export;
use crate::{DEAD_AFTER, JobError, JobsPorts, now};

/// Queues every unfinished import again whose run is dead or whose message seems lost, and says how many. Sending a
/// message too many is harmless: a run that is alive keeps its import, and one that is over keeps its end.
///
/// # Errors
/// What the store says.
pub async fn recover(ports: &JobsPorts) -> Result<u64, JobError> {
    let mut found = export::requeue(ports).await?;
    for status in ["queued", "running", "undoing"] {
        let query = Query::new(Filter::eq("status", status)).limit(100);
        let mut imports = dzinza_ports::stream(ports.documents.clone(), &IMPORTS, query);
        while let Some(document) = imports.try_next().await? {
            if silence(&document.body, ports.clock.now()) >= patience(&document.body) {
                found += u64::from(queue_again(ports, &document).await?);
            }
        }
    }
    if found > 0 {
        tracing::info!(found, "jobs that had come to a stop go on");
    }
    Ok(found)
}

/// For how long nothing has been heard of an import.
pub fn silence(import: &Body, now: Timestamp) -> SignedDuration {
    let heard = import.get("updatedAt").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    // Either way: a clock that was set back must not make the dead look alive.
    heard.map_or(SignedDuration::MAX, |heard| now.duration_since(heard).abs())
}

/// A run is heard of all the time. A message may wait behind others for long, so those that are sent again come
/// further and further apart.
fn patience(import: &Body) -> SignedDuration {
    if import::status(import) == "running" {
        return DEAD_AFTER;
    }
    let sent = import.get("requeued").and_then(Value::as_u64).unwrap_or(0).min(5);
    DEAD_AFTER * (1 << sent)
}

async fn queue_again(ports: &JobsPorts, document: &Document) -> Result<bool, JobError> {
    let mut body = document.body.clone();
    let mut count = |key: &str| {
        let more = body.get(key).and_then(Value::as_u64).unwrap_or(0) + 1;
        body.insert(key.to_owned(), json!(more));
    };
    count("requeued");
    let mut kind = "import";
    match import::status(&document.body) {
        "undoing" => kind = "undo-import",
        "running" => {
            count("interruptions");
            body.insert("status".into(), json!("queued"));
        }
        _ => {}
    }
    body.insert("updatedAt".into(), json!(now(ports)));
    let mut batch = Batch::new();
    batch.replace(&IMPORTS, document, body);
    batch.job(import::job(kind, &document.id));
    match ports.documents.commit(batch).await {
        Ok(()) => Ok(true),
        // It lives after all.
        Err(error) if error.kind() == StoreErrorKind::Stale => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sent_again_at_growing_distances() {
        let patience = |status: &str, sent: u64| {
            let body = json!({ "status": status, "requeued": sent });
            super::patience(body.as_object().unwrap()).as_secs()
        };
        assert_eq!([0, 1, 2, 9].map(|sent| patience("queued", sent)), [30, 60, 120, 960]);
        assert_eq!(patience("running", 9), 30);
    }

    #[test]
    fn an_import_that_never_said_anything_is_dead() {
        assert_eq!(silence(&Body::new(), Timestamp::UNIX_EPOCH), SignedDuration::MAX);
    }
}
