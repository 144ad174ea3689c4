//! Table `users`.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::{Identity, Letter, TokenHash};
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
    /// SHA-256 of the token that proves the address, lowercase hex, and until when it is good.
    pub email_verification: Option<(TokenHash, Timestamp)>,
    /// SHA-256 of the token that sets a new password, lowercase hex, and until when it is good.
    pub password_reset: Option<(TokenHash, Timestamp)>,
    /// Whether a second factor is asked for.
    pub mfa_enabled: bool,
    /// The secret of the one-time codes, sealed; accounts of older versions may have it as plain base32.
    pub mfa_secret: Option<String>,
    /// The one that is being set up, sealed, and until when that may be completed.
    pub pending_mfa: Option<(String, Timestamp)>,
    /// Hashes of the backup codes that are left, as a JSON array of texts.
    pub mfa_backup_codes: Option<String>,
    /// The last time step whose code was accepted (RFC 6238): no code of it or of an earlier one is again.
    pub mfa_last_used_step: Option<i64>,
    /// Wrong passwords since the last right one.
    pub failed_login_attempts: i64,
    /// No sign-in before this.
    pub locked_until: Option<Timestamp>,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// From where.
    pub last_login_ip: Option<String>,
    /// With what.
    pub last_login_user_agent: Option<String>,
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
    /// Since when it is deactivated by its owner.
    pub deleted_at: Option<Timestamp>,
    /// When it will be erased; its owner has asked for that.
    pub erase_after: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The `erase_after` of an account whose erasure has begun: nobody comes back to it any more.
pub const ERASURE_BEGUN: Timestamp = Timestamp::UNIX_EPOCH;

/// An account to be made; everything else has its default.
#[derive(Debug, Clone, Default)]
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
    /// Whether the address is proved already.
    pub email_verified: bool,
    /// See [`User::email_verification`].
    pub email_verification: Option<(TokenHash, Timestamp)>,
    /// How it signs in elsewhere; stored with the account or not at all. `Conflict` with context
    /// `user_identities.provider,provider_user_id` if somebody has it.
    pub identity: Option<Identity>,
    /// Letters that follow, in the outbox if and only if the account is made.
    pub letters: Vec<Letter>,
    /// When.
    pub created_at: Timestamp,
}

/// What must still be so for a change to be made; what is `None` is not looked at. Looked at and changed in one
/// step, so that of many who use up the same thing one wins.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The password is this one still.
    pub password_hash: Option<String>,
    /// The address has not changed.
    pub email: Option<String>,
    /// The token that proves the address is this one.
    pub email_verification: Option<TokenHash>,
    /// The token that sets a new password is this one.
    pub password_reset: Option<TokenHash>,
    /// The second factor being set up is this one.
    pub pending_mfa: Option<String>,
    /// The second factor is on or off.
    pub mfa_enabled: Option<bool>,
    /// No code of this time step or a later one was accepted.
    pub mfa_step_unused: Option<i64>,
    /// The backup codes are these.
    pub mfa_backup_codes: Option<String>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// Whether it waits for its erasure.
    pub erasing: Option<bool>,
    /// It is to be erased at this moment: neither has its owner come back, nor has the erasure begun.
    pub erase_after: Option<Timestamp>,
    /// If set: another active account administers the platform. Of changes that take the role away at the same moment
    /// this lets through as many as leave one.
    pub admin_remains: bool,
}

/// Columns to change; `None` leaves one as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// What must be so; otherwise nothing is changed.
    pub given: Given,
    /// Letters that follow, in the outbox if and only if the change is made.
    pub letters: Vec<Letter>,
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
    /// See [`User::email_verification`].
    pub email_verification: Option<Option<(TokenHash, Timestamp)>>,
    /// See [`User::password_reset`].
    pub password_reset: Option<Option<(TokenHash, Timestamp)>>,
    /// Platform role.
    pub role: Option<Role>,
    /// See [`User::is_superuser`].
    pub is_superuser: Option<bool>,
    /// See [`User::mfa_enabled`].
    pub mfa_enabled: Option<bool>,
    /// See [`User::mfa_secret`].
    pub mfa_secret: Option<Option<String>>,
    /// See [`User::pending_mfa`].
    pub pending_mfa: Option<Option<(String, Timestamp)>>,
    /// See [`User::mfa_backup_codes`].
    pub mfa_backup_codes: Option<Option<String>>,
    /// See [`User::mfa_last_used_step`].
    pub mfa_last_used_step: Option<Option<i64>>,
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
    /// See [`User::deleted_at`].
    pub deleted_at: Option<Option<Timestamp>>,
    /// See [`User::erase_after`].
    pub erase_after: Option<Option<Timestamp>>,
}

/// Which accounts; what is `None` is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// A part of the address, without regard to case; no character in it is special.
    pub email_part: Option<String>,
    /// Platform role.
    pub role: Option<Role>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// Made at this moment or later.
    pub created_since: Option<Timestamp>,
    /// Made before this moment.
    pub created_before: Option<Timestamp>,
    /// Signed in at this moment or later.
    pub seen_since: Option<Timestamp>,
}

/// By what a list of accounts is sorted; ties by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UserOrder {
    /// When they were made.
    #[default]
    CreatedAt,
    /// Address.
    Email,
    /// Family name, without regard to case; those without one come first.
    LastName,
}

/// A page of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPage {
    /// Which.
    pub filter: UserFilter,
    /// In what order.
    pub order: UserOrder,
    /// The other way round.
    pub descending: bool,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u32,
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
    /// The account whose token to set a new password has this hash, whether or not it is still good.
    async fn by_password_reset(&self, token: &TokenHash) -> Result<Option<User>, StoreError>;
    /// The account whose token to prove its address has this hash, whether or not it is still good.
    async fn by_email_verification(&self, token: &TokenHash) -> Result<Option<User>, StoreError>;
    /// Changes columns and `updated_at`, and puts the letters into the outbox, in one step. `None`, and nothing done, if
    /// there is no such account or what was [given](UserChange::given) is not so; `Conflict` as for insert.
    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError>;
    /// The accounts that were made first, in that order, at most this many.
    async fn oldest(&self, limit: u32) -> Result<Vec<User>, StoreError>;
    /// How many accounts there are.
    async fn count(&self) -> Result<u64, StoreError>;
    /// A page of accounts, and how many there are in all.
    async fn page(&self, page: UserPage) -> Result<(Vec<User>, u64), StoreError>;
    /// On which days (UTC) how many of these accounts were made; only days with any, in order.
    async fn made_by_day(&self, filter: UserFilter) -> Result<Vec<(Date, u64)>, StoreError>;
    /// Accounts whose time to be erased has come, the longest overdue first, at most this many.
    async fn to_erase(&self, now: Timestamp, limit: u32) -> Result<Vec<User>, StoreError>;
    /// Removes an account and everything that hangs on it, in one step, if it still waits for its erasure at this moment.
    /// Its audit entries stay, without user, address and agent, and with `details.subject` set to `pseudonym`; what
    /// else `details` held is dropped. `false` if there was nothing to remove.
    async fn erase(&self, id: &str, pseudonym: &str, now: Timestamp) -> Result<bool, StoreError>;
}
