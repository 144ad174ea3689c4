//! Accounts are relational (design decision 2). The rules (lockout, rotation, session limits, second factors) live
//! above these traits; an adapter only stores.

mod audit;
mod keys;
mod outbox;
mod sessions;
mod site;
mod users;

pub use audit::{Audit, AuditEntry};
pub use keys::{AccessToken, AccessTokens, Identities, Identity, Passkey, Passkeys};
pub use outbox::{Letter, Outbox, OutgoingLetter};
pub use sessions::{RefreshToken, Sessions};
pub use site::{SiteRecord, SiteSettings};
pub use users::{
    ERASURE_BEGUN, Given, NewUser, Role, User, UserChange, UserFilter, UserOrder, UserPage, Users,
};

/// SHA-256 of a token, lowercase hex: the token itself is never stored.
pub type TokenHash = String;
