//! Sending the letters that wait in the outbox.

use std::time::Duration;

use dzinza_ports::{Mail, OutgoingLetter, StoreErrorKind};
use dzinza_sealing::LETTERS;
use jiff::SignedDuration;

use crate::{JobError, JobsPorts};

/// Letters a round.
const ROUND: u32 = 20;
/// Nobody else gets them while it lasts.
const LEASE: Duration = Duration::from_mins(2);
/// Sending one takes less. With less than that left of a lease none is begun, or another would send it too.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// The first pause after a failure; each that follows is twice as long, up to the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Sends what is due. A letter may arrive twice (after a crash between sending and noting it), but is never lost while
/// there is sense in it.
pub(crate) async fn send(ports: &JobsPorts) -> Result<(), JobError> {
    loop {
        let leased_at = ports.clock.now();
        let round = ports.outbox.lease(ROUND, LEASE, leased_at).await?;
        if round.is_empty() {
            return Ok(());
        }
        for outgoing in round {
            if ports.clock.now() > leased_at + LONGEST {
                break;
            }
            send_one(ports, &outgoing).await?;
        }
    }
}

async fn send_one(ports: &JobsPorts, outgoing: &OutgoingLetter) -> Result<(), JobError> {
    let now = ports.clock.now();
    let letter = &outgoing.letter;
    let opened = ports.sealer.open(LETTERS, &letter.sealed).ok();
    let mail = opened.and_then(|text| serde_json::from_str::<Mail>(&text).ok());
    let Some(mail) = mail.filter(|_| letter.expires_at > now) else {
        return give_up(ports, outgoing).await;
    };
    // Whoever asked for an address without account got a letter to nobody.
    if mail.to.is_empty() {
        ports.outbox.done(&outgoing.receipt).await?;
        return Ok(());
    }
    match ports.mail.send(mail).await {
        Ok(()) => {
            ports.outbox.done(&outgoing.receipt).await?;
            count("sent");
        }
        // The server will not have this one, now or later.
        Err(error) if error.kind() == StoreErrorKind::Invalid => {
            tracing::error!(letter = letter.id, %error, "a letter was refused");
            give_up(ports, outgoing).await?;
        }
        Err(error) => {
            let doubled = FIRST_PAUSE.saturating_mul(1 << outgoing.attempts.saturating_sub(1).min(10));
            let pause = doubled.min(LONGEST_PAUSE);
            tracing::warn!(letter = letter.id, attempts = outgoing.attempts, %error, "a letter was not sent");
            count("failed");
            ports.outbox.retry(&outgoing.receipt, now + pause).await?;
        }
    }
    Ok(())
}

fn count(result: &'static str) {
    metrics::counter!("auth_service_mail_total", "result" => result).increment(1);
}

async fn give_up(ports: &JobsPorts, outgoing: &OutgoingLetter) -> Result<(), JobError> {
    tracing::error!(letter = outgoing.letter.id, attempts = outgoing.attempts, "a letter was given up");
    count("given_up");
    ports.outbox.done(&outgoing.receipt).await?;
    Ok(())
}
