//! Beginning and ending sessions. Whatever ends one writes the revocation first and the rows after: a request
//! that adds a row in between finds the revocation when it looks.

use dzinza_ports::User;
use dzinza_web::{ClientInfo, Endings, Problem, revocation_of};

use crate::tokens::{Pair, Session};
use crate::{AuthPorts, notices};

/// Begins a session; the oldest give way if the account has too many.
pub(crate) async fn begin(ports: &AuthPorts, user: &User, client: &ClientInfo) -> Result<Pair, Problem> {
    let session = Session { id: ports.ids.new_id(), started_at: ports.clock.now() };
    let pair = Pair::sign(ports, user, &session, client)?;
    notices::new_device::watch(ports, user, client).await;
    ports.sessions.insert(pair.row.clone()).await?;
    // Whoever deactivates an account or takes its role ends the sessions that are there. One that began in that moment
    // ends here: its token would tell what was.
    let standing = |user: &User| (user.is_active, user.role, user.is_superuser);
    let present = ports.users.by_id(&user.id).await?;
    if present.is_none_or(|present| standing(&present) != standing(user)) {
        end(ports, &session.id, "account_changed").await?;
        return Err(Problem::unauthorized("Your account has just been changed. Please sign in again."));
    }
    let active = ports.sessions.active(&user.id, ports.clock.now()).await?;
    let allowed = usize::try_from(user.max_concurrent_sessions).unwrap_or(0).max(1);
    // Looked at after the insert, so that of sign-ins at the same moment the last sees them all.
    for surplus in active.iter().take(active.len().saturating_sub(allowed)) {
        end(ports, &surplus.session_id, "session_limit").await?;
    }
    Ok(pair)
}

/// Ends a session: its refresh tokens, and its access tokens at once. Says how many refresh tokens were left.
pub(crate) async fn end(ports: &AuthPorts, session_id: &str, reason: &str) -> Result<u64, Problem> {
    endings(ports).end(session_id, reason).await
}

/// Ends all sessions of a user, `current` too if it has no valid refresh token any more, and removes tokens of programs:
/// whoever ends everything means them too.
pub(crate) async fn end_all(
    ports: &AuthPorts,
    user_id: &str,
    current: Option<&str>,
    reason: &str,
) -> Result<u64, Problem> {
    let ended = endings(ports).end_all(user_id, current, reason).await?;
    ports.access_tokens.remove_all(user_id).await?;
    Ok(ended)
}

/// Whether a session still has a valid token and was not ended.
pub(crate) async fn is_alive(ports: &AuthPorts, user_id: &str, session_id: &str) -> Result<bool, Problem> {
    let revoked =
        ports.limits.get(&[&revocation_of(session_id)]).await?.into_iter().next().flatten().is_some();
    let active = ports.sessions.active(user_id, ports.clock.now()).await?;
    Ok(!revoked && active.iter().any(|token| token.session_id == session_id))
}

fn endings(ports: &AuthPorts) -> Endings {
    Endings {
        sessions: ports.sessions.clone(),
        limits: ports.limits.clone(),
        clock: ports.clock.clone(),
        memory: ports.rules.revocation_memory(),
    }
}
