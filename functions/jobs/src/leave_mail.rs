//! Letters about accounts that go.

use dzinza_domain::import::JOBS_QUEUE;
use dzinza_letters::{Letterhead, Reader, Written};
use dzinza_ports::{Batch, Letter, NewMessage, User};
use dzinza_sealing::LETTERS;
use jiff::SignedDuration;

use crate::{JobError, JobsPorts};

/// Later than this nobody wants to know.
const NEWS: SignedDuration = SignedDuration::from_hours(72);

/// Puts a letter into the outbox.
pub async fn post(ports: &JobsPorts, written: Written) -> Result<(), JobError> {
    let failed = || JobError::Malformed("a letter could not be written or sealed");
    let mail = written.map_err(|error| {
        tracing::error!(%error, "a letter could not be written");
        failed()
    })?;
    let text = serde_json::to_string(&mail).map_err(|_| failed())?;
    let created_at = ports.clock.now();
    let letter = Letter {
        id: ports.ids.new_id(),
        sealed: ports.sealer.seal(LETTERS, &text).map_err(|_| failed())?,
        created_at,
        expires_at: created_at + NEWS,
    };
    ports.outbox.post(vec![letter]).await?;
    // The job for letters looks by itself every minute, so nothing is lost if this fails.
    let mut batch = Batch::new();
    let body = serde_json::json!({ "job": "letters" });
    batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: std::time::Duration::ZERO });
    if let Err(error) = ports.documents.commit(batch).await {
        tracing::warn!(%error, "the letters job was not called");
    }
    Ok(())
}

/// To one whose account is gone.
pub fn erased(user: &User) -> Written {
    Letterhead::default().erased(&Reader::of(user))
}

/// To an owner whose tree somebody will not have.
pub fn refused(owner: &User, tree: &str) -> Written {
    Letterhead::default().heir_refused(&Reader::of(owner), tree)
}
