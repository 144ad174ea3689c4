use std::time::Duration;

use crate::RelyingParty;

/// Lifetimes and limits of accounts and sessions (contract 3.7 and 4).
#[derive(Debug, Clone)]
pub struct AuthRules {
    /// How long an access token is good for.
    pub access_lifetime: Duration,
    /// How long a refresh token may wait for its use.
    pub refresh_lifetime: Duration,
    /// How long a session lasts, however often it is refreshed.
    pub session_lifetime: Duration,
    /// How long a refresh token that was exchanged may come again, as two tabs share one.
    pub grace: Duration,
    /// Wrong passwords that lock an address; 0 = never.
    pub max_login_attempts: u64,
    /// How long the first lock lasts; each one that follows without a sign-in between lasts twice as long.
    pub lockout: Duration,
    /// How long a lock lasts at most.
    pub max_lockout: Duration,
    /// log2 of the rounds of bcrypt.
    pub bcrypt_cost: u32,
    /// How long a mailed token may wait to set a new password.
    pub reset_lifetime: Duration,
    /// How long a mailed token may wait to prove an address.
    pub verification_lifetime: Duration,
    /// Where links in mail lead, without a slash at the end.
    pub public_url: String,
    /// What an app calls us beside its one-time codes; no colon in it.
    pub mfa_issuer: String,
    /// For whom passkeys are made, and from which pages they are taken.
    pub relying_party: RelyingParty,
    /// Where people use the platform, without a slash at the end; empty if nowhere but at the API.
    pub frontend_url: String,
    /// The page for a new password, with `{token}` in it; empty for our own.
    pub password_reset_url: String,
    /// Where people get help; empty for nowhere.
    pub support_email: String,
    /// The window of the limits that follow.
    pub window: Duration,
    /// Sign-ups and sign-ins of a client in a window; 0 = no limit.
    pub credential_limit: u64,
    /// Sign-ups for an address, and forgotten passwords for one, in a window; 0 = no limit.
    pub email_limit: u64,
    /// Times that someone signed in may do one of the things that have a limit per account; 0 = no limit.
    pub user_limit: u64,
    /// Token exchanges of a client in a window; 0 = no limit.
    pub refresh_limit: u64,
    /// Whether anyone may sign up.
    pub allow_registration: bool,
    /// How long an account can be taken back after its owner asked for its erasure.
    pub erasure_grace: Duration,
}

/// Access tokens are accepted a little longer than they live; revocations outlast that.
const MARGIN: Duration = Duration::from_mins(1);

impl AuthRules {
    /// How long a revocation must be known: as long as an access token passes, or an exchanged token comes again.
    pub fn revocation_memory(&self) -> Duration {
        self.access_lifetime.max(self.grace) + MARGIN
    }
}

impl Default for AuthRules {
    fn default() -> Self {
        let minutes = Duration::from_mins;
        let days = |count: u64| Duration::from_hours(24 * count);
        Self {
            access_lifetime: minutes(30),
            refresh_lifetime: days(7),
            session_lifetime: days(30),
            grace: minutes(1),
            max_login_attempts: 5,
            lockout: minutes(15),
            max_lockout: days(1),
            bcrypt_cost: 12,
            reset_lifetime: minutes(60),
            verification_lifetime: Duration::from_hours(24),
            public_url: "http://127.0.0.1:3001".to_owned(),
            mfa_issuer: "Dzinza".to_owned(),
            relying_party: RelyingParty::default(),
            frontend_url: "http://localhost:8080".to_owned(),
            password_reset_url: String::new(),
            support_email: "support@dzinza.com".to_owned(),
            window: minutes(15),
            credential_limit: 20,
            email_limit: 5,
            user_limit: 20,
            refresh_limit: 60,
            allow_registration: true,
            erasure_grace: days(30),
        }
    }
}
