//! Letters about accounts that go.

use dzinza_letters::{Letterhead, Reader, Written};
use dzinza_ports::User;

use crate::{JobError, JobsPorts};

/// Puts a letter to this person into the outbox.
async fn post(
    ports: &JobsPorts,
    user: &User,
    write: impl FnOnce(&Letterhead, &Reader<'_>) -> Written,
) -> Result<(), JobError> {
    let letter = ports.post.news(user, write).await.map_err(|error| {
        tracing::error!(%error, "there is no letter");
        JobError::Malformed("a letter could not be written or sealed")
    })?;
    ports.outbox.post(vec![letter]).await?;
    ports.post.announce().await;
    Ok(())
}

/// To one whose account is gone.
pub async fn erased(ports: &JobsPorts, user: &User) -> Result<(), JobError> {
    post(ports, user, Letterhead::erased).await
}

/// To an owner whose tree somebody will not have.
pub async fn refused(ports: &JobsPorts, owner: &User, tree: &str) -> Result<(), JobError> {
    post(ports, owner, |head, reader| head.heir_refused(reader, tree)).await
}
