//! Letters: sealed and put into the outbox, together with the change that they follow from where there is one. A job
//! sends them, so that no request waits for a mail server or fails with it.

use dzinza_letters::{Letterhead, PostError, PostOffice, Reader, Written};
use dzinza_ports::{Letter, User};
use dzinza_web::Problem;

use crate::AuthPorts;

impl AuthPorts {
    /// Where letters come from.
    pub fn post_office(&self) -> PostOffice {
        PostOffice {
            outbox: self.outbox.clone(),
            queue: self.queue.clone(),
            sealer: self.sealer.clone(),
            site: self.site.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            support: self.rules.support_email.clone(),
            home: self.rules.frontend_url.clone(),
            public_url: self.rules.public_url.clone(),
            proof_lifetime: self.rules.verification_lifetime,
        }
    }
}

/// News for the owner of an account, in the language of the account: `news(ports, &user, Letterhead::mfa_on)`.
pub(crate) async fn news(
    ports: &AuthPorts,
    user: &User,
    write: impl FnOnce(&Letterhead, &Reader<'_>) -> Written,
) -> Result<Letter, Problem> {
    ports.post_office().news(user, write).await.map_err(|error| unposted(&error))
}

/// The answer when there should be a letter and is none.
pub(crate) fn unposted(error: &PostError) -> Problem {
    tracing::error!(%error, "there is no letter");
    Problem::internal()
}

/// Tells the job that something waits, after the answer.
pub(crate) fn announce(ports: &AuthPorts) {
    let office = ports.post_office();
    tokio::spawn(async move { office.announce().await });
}
