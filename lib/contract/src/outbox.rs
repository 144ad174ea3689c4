//! What [`Outbox`](dzinza_ports::Outbox) promises.

use std::collections::BTreeSet;
use std::time::Duration;

use dzinza_ports::{Clock as _, Letter, OutgoingLetter, StoreErrorKind};
use jiff::{SignedDuration, Timestamp};

use crate::guards::letter;
use crate::support::{crowd, fails, there};
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

const LEASE: Duration = Duration::from_mins(1);

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("letters are leased oldest first, up to the limit, as they were posted", leased);
    suite.case("letters are posted together or not at all", posted_together);
    suite.case("a leased letter is nobody else's until the lease ends", lease_ends);
    suite.case("a letter that was sent is gone, and its receipt void", done);
    suite.case("a letter given back is leased again when it said, and not before", retried);
    suite.case("a receipt is void once another has the letter", void_receipt);
    suite.case("20 parallel leasers never get the same letter", no_letter_twice);
}

/// Posts letters written at these seconds.
async fn post(fresh: &Fresh<AccountPorts>, seconds: &[i64]) -> Result<(Timestamp, Vec<Letter>), Failed> {
    let now = fresh.clock.now();
    let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let letters: Vec<_> =
        seconds.iter().enumerate().map(|(number, seconds)| letter(number, at(*seconds))).collect();
    fresh.port.outbox.post(letters.clone()).await?;
    Ok((now, letters))
}

async fn one(fresh: &Fresh<AccountPorts>, at: Timestamp) -> Result<Option<OutgoingLetter>, Failed> {
    Ok(fresh.port.outbox.lease(1, LEASE, at).await?.pop())
}

async fn leased(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, letters) = post(&fresh, &[-1, -3, 0, -2, 1]).await?;
    let outbox = &*fresh.port.outbox;
    assert_eq!(outbox.waiting().await?, 5);
    let first = outbox.lease(2, LEASE, now).await?;
    assert_eq!(first.iter().map(|sent| &sent.letter).collect::<Vec<_>>(), [&letters[1], &letters[3]]);
    assert!(first.iter().all(|sent| sent.attempts == 1 && !sent.receipt.is_empty()));
    let second = outbox.lease(9, LEASE, now).await?;
    assert_eq!(second.iter().map(|sent| &sent.letter).collect::<Vec<_>>(), [&letters[0], &letters[2]]);
    assert_eq!(outbox.waiting().await?, 5);
    outbox.post(vec![]).await?;
    Ok(())
}

async fn posted_together(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, _) = post(&fresh, &[0]).await?;
    let outbox = &*fresh.port.outbox;
    fails(outbox.post(vec![letter(1, now), letter(0, now)]).await, StoreErrorKind::Conflict)?;
    assert_eq!(outbox.waiting().await?, 1);
    Ok(())
}

async fn lease_ends(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, _) = post(&fresh, &[0]).await?;
    let first = there(one(&fresh, now).await?)?;
    assert!(one(&fresh, now + SignedDuration::from_secs(59)).await?.is_none());
    let second = there(one(&fresh, now + SignedDuration::from_secs(60)).await?)?;
    assert_eq!((second.attempts, &second.letter), (2, &first.letter));
    assert_ne!(second.receipt, first.receipt);
    Ok(())
}

async fn done(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, _) = post(&fresh, &[0, 0]).await?;
    let outbox = &*fresh.port.outbox;
    let sent = there(one(&fresh, now).await?)?;
    assert!(outbox.done(&sent.receipt).await?);
    assert!(!outbox.done(&sent.receipt).await?);
    assert!(!outbox.retry(&sent.receipt, now).await?);
    assert!(!outbox.done("no receipt").await?);
    assert_eq!(outbox.waiting().await?, 1);
    Ok(())
}

async fn retried(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, _) = post(&fresh, &[0]).await?;
    let outbox = &*fresh.port.outbox;
    let sent = there(one(&fresh, now).await?)?;
    let later = now + SignedDuration::from_hours(1);
    assert!(outbox.retry(&sent.receipt, later).await?);
    assert!(!outbox.retry(&sent.receipt, now).await?);
    assert!(one(&fresh, later - SignedDuration::from_secs(1)).await?.is_none());
    assert_eq!(there(one(&fresh, later).await?)?.attempts, 2);
    Ok(())
}

async fn void_receipt(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, _) = post(&fresh, &[0]).await?;
    let outbox = &*fresh.port.outbox;
    let first = there(one(&fresh, now).await?)?;
    let second = there(one(&fresh, now + SignedDuration::from_mins(2)).await?)?;
    assert!(!outbox.done(&first.receipt).await?);
    assert!(!outbox.retry(&first.receipt, now).await?);
    assert_eq!(outbox.waiting().await?, 1);
    assert!(outbox.done(&second.receipt).await?);
    Ok(())
}

async fn no_letter_twice(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, letters) = post(&fresh, &[0; 60]).await?;
    let results = crowd(20, |_| {
        let outbox = fresh.port.outbox.clone();
        async move { outbox.lease(5, LEASE, now).await }
    });
    let mut taken = Vec::new();
    for result in results.await? {
        taken.extend(result?.into_iter().map(|sent| sent.letter.id));
    }
    let different: BTreeSet<_> = taken.iter().collect();
    assert_eq!(different.len(), taken.len());
    // Those that a leaser passed over because another held them are left for the next one.
    taken.extend(fresh.port.outbox.lease(60, LEASE, now).await?.into_iter().map(|sent| sent.letter.id));
    assert_eq!(taken.len(), letters.len());
    Ok(())
}
