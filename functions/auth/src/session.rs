//! Beginning and ending sessions. Whatever ends one writes the revocation first and the rows after: a request
//! that adds a row in between finds the revocation when it looks.

use std::time::Duration;

use dzinza_ports::User;
use dzinza_web::{ClientInfo, Problem};

use crate::tokens::{Pair, Session};
use crate::{AuthPorts, notices};

/// Access tokens are accepted a little longer than they live; revocations outlast that.
const MARGIN: Duration = Duration::from_mins(1);

/// Begins a session; the oldest give way if the account has too many.
pub(crate) async fn begin(ports: &AuthPorts, user: &User, client: &ClientInfo) -> Result<Pair, Problem> {
    let session = Session { id: ports.ids.new_id(), started_at: ports.clock.now() };
    let pair = Pair::sign(ports, user, &session, client)?;
    notices::new_device::watch(ports, user, client).await;
    ports.sessions.insert(pair.row.clone()).await?;
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
    ports.limits.put(&revocation(session_id), reason, memory(ports)).await?;
    Ok(ports.sessions.revoke_session(session_id, reason, ports.clock.now()).await?)
}

/// Ends all sessions of a user, `current` too if it has no valid refresh token any more, and removes tokens of programs:
/// whoever ends everything means them too.
pub(crate) async fn end_all(
    ports: &AuthPorts,
    user_id: &str,
    current: Option<&str>,
    reason: &str,
) -> Result<u64, Problem> {
    let now = ports.clock.now();
    // Tokens tell their age in seconds. Those of this very second are ended by their session below, so that
    // whoever signs in again within it is not locked out.
    let key = format!("user_valid_after:{user_id}");
    ports.limits.put(&key, &now.as_second().to_string(), memory(ports)).await?;
    let mut ended = 0;
    if let Some(session_id) = current {
        ended += end(ports, session_id, reason).await?;
    }
    for session in ports.sessions.active(user_id, now).await? {
        ended += end(ports, &session.session_id, reason).await?;
    }
    ports.access_tokens.remove_all(user_id).await?;
    Ok(ended)
}

/// Whether a session still has a valid token and was not ended.
pub(crate) async fn is_alive(ports: &AuthPorts, user_id: &str, session_id: &str) -> Result<bool, Problem> {
    let revoked = ports.limits.get(&[&revocation(session_id)]).await?.into_iter().next().flatten().is_some();
    let active = ports.sessions.active(user_id, ports.clock.now()).await?;
    Ok(!revoked && active.iter().any(|token| token.session_id == session_id))
}

fn revocation(session_id: &str) -> String {
    format!("revoked_sid:{session_id}")
}

/// How long a revocation must be known: as long as an access token passes, or an exchanged token comes again.
fn memory(ports: &AuthPorts) -> Duration {
    ports.rules.access_lifetime.max(ports.rules.grace) + MARGIN
}
