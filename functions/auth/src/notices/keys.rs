//! Letters about new and lost ways to sign in.

use dzinza_letters::Letterhead;
use dzinza_ports::{Letter, User};
use dzinza_web::Problem;

use crate::{AuthPorts, letters};

/// An identity was linked.
pub(crate) async fn identity_linked(
    ports: &AuthPorts,
    user: &User,
    provider: &str,
) -> Result<Letter, Problem> {
    letters::news(ports, user, |head, reader| head.identity_linked(reader, provider)).await
}

/// An account was taken from whoever made it.
pub(crate) async fn reclaimed(ports: &AuthPorts, user: &User) -> Result<Letter, Problem> {
    letters::news(ports, user, Letterhead::reclaimed).await
}

/// A token for programs was made.
pub(crate) async fn access_token_made(ports: &AuthPorts, user: &User) -> Result<Letter, Problem> {
    letters::news(ports, user, Letterhead::access_token_made).await
}

/// Posts a letter about what is done already; that it cannot be posted undoes nothing.
pub(crate) async fn post(ports: &AuthPorts, letter: Result<Letter, Problem>) {
    let Ok(letter) = letter else { return };
    match ports.outbox.post(vec![letter]).await {
        Ok(()) => letters::announce(ports),
        Err(error) => tracing::error!(%error, "a letter was lost"),
    }
}
