//! Letters: sealed and put into the outbox, together with the change that they follow from where there is one. A job
//! sends them, so that no request waits for a mail server or fails with it.

use dzinza_letters::{Letterhead, Reader, Written};
use dzinza_ports::{Letter, Mail, NewMessage, User};
use dzinza_sealing::LETTERS;
use dzinza_web::Problem;
use jiff::SignedDuration;

use crate::{AuthPorts, AuthRules};

/// The queue of the jobs function.
const JOBS_QUEUE: &str = "jobs";
/// A letter without a token in it: later than this nobody wants to know.
pub(crate) const NEWS: SignedDuration = SignedDuration::from_hours(72);

/// What stands below every letter.
pub(crate) fn head(rules: &AuthRules) -> Letterhead<'_> {
    Letterhead { support: &rules.support_email, site: &rules.frontend_url }
}

/// News for the owner of an account, in the language of the account: `news(ports, &user, Letterhead::mfa_on)`.
pub(crate) fn news<'a>(
    ports: &'a AuthPorts,
    user: &User,
    write: impl FnOnce(&Letterhead<'a>, &Reader<'_>) -> Written,
) -> Result<Letter, Problem> {
    sealed(ports, write(&head(&ports.rules), &Reader::of(user)), NEWS)
}

/// A letter that was written, for the outbox; of no use after `lifetime`.
pub(crate) fn sealed(
    ports: &AuthPorts,
    written: Written,
    lifetime: SignedDuration,
) -> Result<Letter, Problem> {
    let mail = written.map_err(|error| {
        tracing::error!(%error, "a letter could not be written");
        Problem::internal()
    })?;
    seal(ports, &mail, lifetime)
}

/// A letter for the outbox; of no use after `lifetime`.
pub(crate) fn seal(ports: &AuthPorts, mail: &Mail, lifetime: SignedDuration) -> Result<Letter, Problem> {
    let failed = || {
        tracing::error!("a letter could not be sealed");
        Problem::internal()
    };
    let text = serde_json::to_string(mail).map_err(|_| failed())?;
    let created_at = ports.clock.now();
    Ok(Letter {
        id: ports.ids.new_id(),
        sealed: ports.sealer.seal(LETTERS, &text).map_err(|_| failed())?,
        created_at,
        expires_at: created_at + lifetime,
    })
}

/// Tells the job that something waits. It looks by itself every minute, so nothing is lost if this fails.
pub(crate) fn announce(ports: &AuthPorts) {
    let queue = ports.queue.clone();
    let body = serde_json::json!({ "job": "letters" });
    tokio::spawn(async move {
        let message = NewMessage { queue: JOBS_QUEUE, body, delay: std::time::Duration::ZERO };
        if let Err(error) = queue.send(message).await {
            tracing::warn!(%error, "the letters job was not called");
        }
    });
}
