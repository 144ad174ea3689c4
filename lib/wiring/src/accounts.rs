//! The ports of accounts, which lie in one database.

use std::sync::Arc;

use dzinza_ports::{AccessTokens, Audit, Identities, Outbox, Passkeys, Sessions, SiteSettings, Users};

/// All that one database has of accounts.
pub(crate) struct Accounts {
    pub(crate) users: Arc<dyn Users>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) passkeys: Arc<dyn Passkeys>,
    pub(crate) access_tokens: Arc<dyn AccessTokens>,
    pub(crate) site: Arc<dyn SiteSettings>,
    pub(crate) outbox: Arc<dyn Outbox>,
}

impl Accounts {
    /// Those of this database.
    pub(crate) fn of<D>(database: &Arc<D>) -> Self
    where
        D: Users + Sessions + Audit + Identities + Passkeys + AccessTokens + SiteSettings + Outbox,
    {
        Self {
            users: database.clone(),
            sessions: database.clone(),
            audit: database.clone(),
            identities: database.clone(),
            passkeys: database.clone(),
            access_tokens: database.clone(),
            site: database.clone(),
            outbox: database.clone(),
        }
    }
}
