//! Letters about accounts that go.

use dzinza_domain::import::JOBS_QUEUE;
use dzinza_ports::{Batch, Letter, Mail, NewMessage, User};
use dzinza_sealing::LETTERS;
use jiff::SignedDuration;

use crate::{JobError, JobsPorts};

/// Later than this nobody wants to know.
const NEWS: SignedDuration = SignedDuration::from_hours(72);

/// Puts a letter into the outbox.
pub async fn post(ports: &JobsPorts, mail: &Mail) -> Result<(), JobError> {
    let failed = || JobError::Malformed("a letter could not be sealed");
    let text = serde_json::to_string(mail).map_err(|_| failed())?;
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

fn mail(to: &User, subject: &str, text: &str) -> Mail {
    let name = to.first_name.as_deref().filter(|name| !name.is_empty());
    let greeting = name.map_or_else(|| "Hello,".to_owned(), |name| format!("Dear {name},"));
    Mail {
        to: to.email.clone(),
        subject: subject.to_owned(),
        text: format!("{greeting}\n\n{text}\n\nDzinza\n"),
        html: None,
    }
}

/// To one whose account is gone.
pub fn erased(user: &User) -> Mail {
    mail(
        user,
        "Your Dzinza account has been erased",
        "Your account has been erased as you asked. This is the last letter to this address.",
    )
}

/// To an owner whose tree somebody will not have.
pub fn refused(owner: &User, tree: &str) -> Mail {
    mail(
        owner,
        "Your family tree needs another owner",
        &format!(
            "The person whom you asked to take over the family tree {tree} does not want it.\n\nIf you do nothing it goes \
             to another of those who may change it, or to the people who run the platform. If you would rather choose \
             yourself, sign in, which keeps your account, and ask for its erasure again."
        ),
    )
}
