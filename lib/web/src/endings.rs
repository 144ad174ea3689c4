//! Ending sessions. Whatever ends one writes the revocation first, which every request is checked against, and the rows
//! after: a request that adds a row in between finds the revocation when it looks.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{Clock, Limits, Sessions};

use crate::Problem;

/// Under which a session is noted as ended.
pub fn revocation_of(session_id: &str) -> String {
    format!("revoked_sid:{session_id}")
}

/// Under which is noted since when (in seconds) an account's access tokens are good.
pub fn valid_after_of(user_id: &str) -> String {
    format!("user_valid_after:{user_id}")
}

/// Ends sessions.
#[derive(Clone)]
pub struct Endings {
    /// Refresh tokens.
    pub sessions: Arc<dyn Sessions>,
    /// Revocations.
    pub limits: Arc<dyn Limits>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// How long a revocation must be known: as long as an access token passes.
    pub memory: Duration,
}

impl Endings {
    /// Ends a session: its refresh tokens, and its access tokens at once. Says how many refresh tokens were left.
    ///
    /// # Errors
    /// 503 if a store cannot be reached; the session may live on.
    pub async fn end(&self, session_id: &str, reason: &str) -> Result<u64, Problem> {
        self.limits.put(&revocation_of(session_id), reason, self.memory).await?;
        Ok(self.sessions.revoke_session(session_id, reason, self.clock.now()).await?)
    }

    /// Ends all sessions of a user, `current` too if it has no valid refresh token any more.
    ///
    /// # Errors
    /// As [`Endings::end`].
    pub async fn end_all(&self, user_id: &str, current: Option<&str>, reason: &str) -> Result<u64, Problem> {
        let now = self.clock.now();
        // Tokens tell their age in seconds. Those of this very second are ended by their session below, so that
        // whoever signs in again within it is not locked out.
        self.limits.put(&valid_after_of(user_id), &now.as_second().to_string(), self.memory).await?;
        let mut ended = 0;
        if let Some(session_id) = current {
            ended += self.end(session_id, reason).await?;
        }
        for session in self.sessions.active(user_id, now).await? {
            ended += self.end(&session.session_id, reason).await?;
        }
        Ok(ended)
    }
}
