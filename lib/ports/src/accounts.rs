//! Accounts are relational (design decision 2). The rules (lockout, rotation, session limits) live above
//! these traits; an adapter only stores.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::StoreError;

/// What an account may do on the whole platform. Lowercase on the wire, uppercase in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// An ordinary member.
    #[default]
    User,
    /// May moderate content.
    Moderator,
    /// May administer the platform.
    Admin,
}

impl Role {
    /// The spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Reads either spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Moderator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
    }
}

/// An account, as table `users` holds it.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a row has the columns it has")]
pub struct User {
    /// Lowercase UUID.
    pub id: String,
    /// Trimmed and lowercase; unique without regard to case.
    pub email: String,
    /// Unique without regard to case.
    pub username: Option<String>,
    /// A bcrypt hash, or `!` for an account that has no password.
    pub password_hash: String,
    /// Given names.
    pub first_name: Option<String>,
    /// Family name; may be empty.
    pub last_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Free text.
    pub gender: Option<String>,
    /// Birthday.
    pub date_of_birth: Option<Date>,
    /// Address of a picture.
    pub profile_picture_url: Option<String>,
    /// Free text.
    pub bio: Option<String>,
    /// `{country, state, city, coordinates}`.
    pub location: Option<Value>,
    /// Whether the address has been proved.
    pub email_verified: bool,
    /// Since when.
    pub email_verified_at: Option<Timestamp>,
    /// Platform role.
    pub role: Role,
    /// Set by an operator; counts as administrator.
    pub is_superuser: bool,
    /// Whether a second factor is asked for.
    pub mfa_enabled: bool,
    /// Wrong passwords since the last right one.
    pub failed_login_attempts: i64,
    /// No sign-in before this.
    pub locked_until: Option<Timestamp>,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// How many sessions may live at once; the oldest gives way.
    pub max_concurrent_sessions: i64,
    /// `privacy` of the preferences.
    pub privacy_settings: Value,
    /// `notifications` of the preferences.
    pub notification_preferences: Value,
    /// `theme` of the preferences.
    pub ui_preferences: Value,
    /// `en`, `sn` or `nd`.
    pub preferred_language: String,
    /// IANA name.
    pub timezone: String,
    /// Plan.
    pub subscription_tier: String,
    /// A deactivated account cannot sign in.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An account to be made; everything else has its default.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Lowercase UUID.
    pub id: String,
    /// Trimmed and lowercase.
    pub email: String,
    /// If one was chosen or derived.
    pub username: Option<String>,
    /// See [`User::password_hash`].
    pub password_hash: String,
    /// Given names.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// `en`, `sn` or `nd`.
    pub preferred_language: String,
    /// IANA name.
    pub timezone: String,
    /// Platform role.
    pub role: Role,
    /// When.
    pub created_at: Timestamp,
}

/// Columns to change; `None` leaves one as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Address (unique).
    pub email: Option<String>,
    /// User name (unique).
    pub username: Option<String>,
    /// Hash.
    pub password_hash: Option<String>,
    /// Given names.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Telephone number.
    pub phone: Option<Option<String>>,
    /// Free text.
    pub gender: Option<Option<String>>,
    /// Birthday.
    pub date_of_birth: Option<Option<Date>>,
    /// Picture.
    pub profile_picture_url: Option<Option<String>>,
    /// Free text.
    pub bio: Option<Option<String>>,
    /// Object.
    pub location: Option<Option<Value>>,
    /// Address proved.
    pub email_verified: Option<bool>,
    /// Failure count.
    pub failed_login_attempts: Option<i64>,
    /// Lock.
    pub locked_until: Option<Option<Timestamp>>,
    /// Sign-in moment, address and agent, set together.
    pub last_login: Option<(Timestamp, String, String)>,
    /// Preferences, part by part.
    pub privacy_settings: Option<Value>,
    /// Preferences, part by part.
    pub notification_preferences: Option<Value>,
    /// Preferences, part by part.
    pub ui_preferences: Option<Value>,
    /// Language.
    pub preferred_language: Option<String>,
    /// Time zone.
    pub timezone: Option<String>,
    /// Active or not.
    pub is_active: Option<bool>,
}

/// Table `users`.
#[async_trait]
pub trait Users: Send + Sync + 'static {
    /// Adds an account. `Conflict` with context `users.email` or `users.username` if that is taken; of two
    /// at the same moment exactly one succeeds.
    async fn insert(&self, user: NewUser) -> Result<User, StoreError>;
    /// By id.
    async fn by_id(&self, id: &str) -> Result<Option<User>, StoreError>;
    /// By address, without regard to case.
    async fn by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
    /// Changes columns and `updated_at`; `None` if there is no such account; `Conflict` as for insert.
    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError>;
    /// The accounts that were made first, in that order, at most this many.
    async fn oldest(&self, limit: u32) -> Result<Vec<User>, StoreError>;
    /// How many accounts there are.
    async fn count(&self) -> Result<u64, StoreError>;
}

/// SHA-256 of a refresh token, lowercase hex: the token itself is never stored.
pub type TokenHash = String;

/// A row of table `refresh_tokens`. The rows of one sign-in share `session_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshToken {
    /// The token's own id.
    pub jti: String,
    /// Whose it is.
    pub user_id: String,
    /// The session (token family), the `sid` of access tokens.
    pub session_id: String,
    /// See [`TokenHash`].
    pub token: TokenHash,
    /// When this token was issued.
    pub created_at: Timestamp,
    /// When the session began; it ends 30 days later whatever is refreshed.
    pub session_started_at: Timestamp,
    /// End of this token.
    pub expires_at: Timestamp,
    /// When it stopped to be valid.
    pub revoked_at: Option<Timestamp>,
    /// `rotated`, `logout`, `reuse`, `session_limit`, ...
    pub revoked_reason: Option<String>,
    /// The token that took its place.
    pub replaced_by_jti: Option<String>,
    /// Client address at sign-in or refresh.
    pub ip_address: Option<String>,
    /// Client's own name.
    pub user_agent: Option<String>,
}

/// Table `refresh_tokens`.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Adds a token.
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError>;
    /// The token with this id.
    async fn find(&self, jti: &str) -> Result<Option<RefreshToken>, StoreError>;
    /// Revokes the old token as `rotated` and adds the new one, in one step. `false`, and nothing done, if the
    /// old one was revoked already: of many callers one wins.
    async fn rotate(&self, old_jti: &str, new: RefreshToken, now: Timestamp) -> Result<bool, StoreError>;
    /// Revokes what is left of a session; says how many tokens that were.
    async fn revoke_session(&self, session_id: &str, reason: &str, now: Timestamp)
    -> Result<u64, StoreError>;
    /// The sessions of a user with a valid token, oldest first, each by its newest token.
    async fn active(&self, user_id: &str, now: Timestamp) -> Result<Vec<RefreshToken>, StoreError>;
    /// Deletes rows that expired or were revoked before this moment; says how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// A row of table `audit_logs`.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: String,
    /// Whom it concerns, if known.
    pub user_id: Option<String>,
    /// `LOGIN_SUCCESS`, `USER_REGISTERED`, ...; at most 50 characters.
    pub action: String,
    /// Client address.
    pub ip_address: Option<String>,
    /// Client's own name.
    pub user_agent: Option<String>,
    /// When.
    pub timestamp: Timestamp,
    /// More, never secrets or addresses.
    pub details: Value,
}

/// Table `audit_logs`: written, never changed.
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// Adds an entry.
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError>;
    /// The newest entries of a user, newest first.
    async fn of_user(&self, user_id: &str, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}
