//! The columns of table `users`, and what a change makes of them.

use dzinza_ports::{Given, Role, User, UserChange};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx_core::encode::Encode;
use sqlx_core::error::Error;
use sqlx_core::query_builder::QueryBuilder;
use sqlx_core::row::Row as _;
use sqlx_core::types::Type;
use sqlx_postgres::{PgRow, Postgres};
use uuid::Uuid;

use crate::types::{Day, Micros};

/// What is read of an account. The label of the role is text here: the driver need not know the type.
macro_rules! columns {
    () => {
        "id, email, username, password_hash, first_name, last_name, phone, gender, date_of_birth, \
         profile_picture_url, bio, location, email_verified, email_verified_at, role::text AS role, is_superuser, \
         email_verification_token, email_verification_expires, password_reset_token, password_reset_expires, \
         mfa_enabled, mfa_secret, pending_mfa_secret, pending_mfa_secret_expires_at, mfa_backup_codes_hashed, \
         mfa_last_used_step, failed_login_attempts, locked_until, last_login_at, last_login_ip, \
         last_login_user_agent, max_concurrent_sessions, privacy_settings, notification_preferences, \
         ui_preferences, preferred_language, timezone, subscription_tier, is_active, deleted_at, erase_after, \
         created_at, updated_at"
    };
}
pub(crate) use columns;

/// The label of a role in the database.
pub(crate) fn label(role: Role) -> String {
    role.as_str().to_ascii_uppercase()
}

/// An UPDATE as it is put together.
struct Settings(QueryBuilder<Postgres>);

impl Settings {
    fn put<'q, T: Encode<'q, Postgres> + Type<Postgres>>(&mut self, column: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.push(", ").push(column).push(" = ").push_bind(value);
        }
    }

    /// A text and until when it is good, or neither.
    fn put_until(&mut self, columns: [&str; 2], value: Option<(String, Timestamp)>) {
        let (text, until) = value.unzip();
        self.put(columns[0], Some(text));
        self.put(columns[1], Some(until.map(Micros)));
    }

    fn demand<'q, T: Encode<'q, Postgres> + Type<Postgres>>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.push(" AND ").push(condition).push_bind(value);
        }
    }

    fn demand_all(&mut self, given: Given) {
        self.demand("password_hash = ", given.password_hash);
        self.demand("email = ", given.email);
        self.demand("email_verification_token = ", given.email_verification);
        self.demand("password_reset_token = ", given.password_reset);
        self.demand("pending_mfa_secret = ", given.pending_mfa);
        // Columns of older databases may hold NULL where ours have the default.
        self.demand("coalesce(mfa_enabled, false) = ", given.mfa_enabled);
        self.demand("coalesce(mfa_last_used_step, -1) < ", given.mfa_step_unused);
        self.demand("mfa_backup_codes_hashed = ", given.mfa_backup_codes);
        self.demand("coalesce(is_active, true) = ", given.is_active);
        self.demand("(erase_after IS NOT NULL) = ", given.erasing);
        self.demand("erase_after = ", given.erase_after.map(Micros));
        if given.admin_remains {
            self.0.push(
                " AND EXISTS (SELECT FROM users AS other WHERE other.id <> users.id \
                 AND coalesce(other.is_active, true) AND (other.role = 'ADMIN' OR other.is_superuser))",
            );
        }
    }
}

/// The UPDATE of one account, made at this moment, that returns its row if what was given is so.
pub(crate) fn update(id: Uuid, change: UserChange, now: Timestamp) -> QueryBuilder<Postgres> {
    let given = change.given.clone();
    let mut set = Settings(QueryBuilder::new("UPDATE users SET updated_at = "));
    set.0.push_bind(Micros(now));
    who(&mut set, &change);
    proofs(&mut set, &change, now);
    set.put("failed_login_attempts", change.failed_login_attempts);
    set.put("locked_until", change.locked_until.map(|moment| moment.map(Micros)));
    if let Some((moment, address, agent)) = change.last_login {
        set.put("last_login_at", Some(Micros(moment)));
        set.put("last_login_ip", Some(address));
        set.put("last_login_user_agent", Some(agent));
    }
    set.put("privacy_settings", change.privacy_settings);
    set.put("notification_preferences", change.notification_preferences);
    set.put("ui_preferences", change.ui_preferences);
    set.put("preferred_language", change.preferred_language);
    set.put("timezone", change.timezone);
    set.put("is_active", change.is_active);
    set.put("deleted_at", change.deleted_at.map(|moment| moment.map(Micros)));
    set.put("erase_after", change.erase_after.map(|moment| moment.map(Micros)));
    set.0.push(" WHERE id = ").push_bind(id);
    set.demand_all(given);
    set.0.push(concat!(" RETURNING ", columns!()));
    set.0
}

fn who(set: &mut Settings, change: &UserChange) {
    set.put("email", change.email.clone());
    set.put("username", change.username.clone());
    set.put("first_name", change.first_name.clone());
    set.put("last_name", change.last_name.clone());
    set.put("phone", change.phone.clone());
    set.put("gender", change.gender.clone());
    set.put("date_of_birth", change.date_of_birth.map(|day| day.map(Day)));
    set.put("profile_picture_url", change.profile_picture_url.clone());
    set.put("bio", change.bio.clone());
    set.put("location", change.location.clone());
    if let Some(role) = change.role {
        set.0.push(", role = ").push_bind(label(role)).push("::userrole");
    }
    set.put("is_superuser", change.is_superuser);
}

fn proofs(set: &mut Settings, change: &UserChange, now: Timestamp) {
    set.put("password_hash", change.password_hash.clone());
    match change.email_verified {
        // The moment of the first proof stays.
        Some(true) => {
            set.0.push(", email_verified_at = coalesce(email_verified_at, ").push_bind(Micros(now)).push(")");
        }
        Some(false) => set.put("email_verified_at", Some(None::<Micros>)),
        None => {}
    }
    set.put("email_verified", change.email_verified);
    if let Some(proof) = &change.email_verification {
        set.put_until(["email_verification_token", "email_verification_expires"], proof.clone());
    }
    if let Some(reset) = &change.password_reset {
        set.put_until(["password_reset_token", "password_reset_expires"], reset.clone());
    }
    set.put("mfa_enabled", change.mfa_enabled);
    set.put("mfa_secret", change.mfa_secret.clone());
    if let Some(pending) = &change.pending_mfa {
        set.put_until(["pending_mfa_secret", "pending_mfa_secret_expires_at"], pending.clone());
    }
    set.put("mfa_backup_codes_hashed", change.mfa_backup_codes.clone());
    set.put("mfa_last_used_step", change.mfa_last_used_step);
}

/// A row that was selected with [`columns`]. Nearly every column of the older layouts may be NULL: what is, has its default.
pub(crate) fn user(row: &PgRow) -> Result<User, Error> {
    let text = |name: &str| row.try_get::<Option<String>, _>(name);
    let flag = |name: &str| row.try_get::<Option<bool>, _>(name);
    let number = |name: &str| row.try_get::<Option<i32>, _>(name);
    let moment = |name: &str| Ok::<_, Error>(row.try_get::<Option<Micros>, _>(name)?.map(|moment| moment.0));
    let until = |of: &str, moment_of: &str| Ok::<_, Error>(text(of)?.zip(moment(moment_of)?));
    let json = |name: &str| {
        let value = row.try_get::<Option<Value>, _>(name)?;
        Ok::<_, Error>(value.filter(|value| *value != Value::Null))
    };
    let object = |name: &str| Ok::<_, Error>(json(name)?.unwrap_or_else(|| json!({})));
    let role: String = row.try_get("role")?;
    let role = Role::parse(&role).ok_or_else(|| Error::Decode("not a role".into()))?;
    let created_at = moment("created_at")?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(User {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        email: row.try_get("email")?,
        username: text("username")?,
        password_hash: row.try_get("password_hash")?,
        first_name: text("first_name")?,
        last_name: text("last_name")?,
        phone: text("phone")?,
        gender: text("gender")?,
        date_of_birth: row.try_get::<Option<Day>, _>("date_of_birth")?.map(|day| day.0),
        profile_picture_url: text("profile_picture_url")?,
        bio: text("bio")?,
        location: json("location")?,
        email_verified: flag("email_verified")?.unwrap_or(false),
        email_verified_at: moment("email_verified_at")?,
        role,
        is_superuser: flag("is_superuser")?.unwrap_or(false),
        email_verification: until("email_verification_token", "email_verification_expires")?,
        password_reset: until("password_reset_token", "password_reset_expires")?,
        mfa_enabled: flag("mfa_enabled")?.unwrap_or(false),
        mfa_secret: text("mfa_secret")?,
        pending_mfa: until("pending_mfa_secret", "pending_mfa_secret_expires_at")?,
        mfa_backup_codes: text("mfa_backup_codes_hashed")?,
        mfa_last_used_step: row.try_get("mfa_last_used_step")?,
        failed_login_attempts: number("failed_login_attempts")?.unwrap_or(0).into(),
        locked_until: moment("locked_until")?,
        last_login_at: moment("last_login_at")?,
        last_login_ip: text("last_login_ip")?,
        last_login_user_agent: text("last_login_user_agent")?,
        max_concurrent_sessions: number("max_concurrent_sessions")?.unwrap_or(5).into(),
        privacy_settings: object("privacy_settings")?,
        notification_preferences: object("notification_preferences")?,
        ui_preferences: object("ui_preferences")?,
        preferred_language: text("preferred_language")?.unwrap_or_else(|| "en".to_owned()),
        timezone: text("timezone")?.unwrap_or_else(|| "UTC".to_owned()),
        subscription_tier: text("subscription_tier")?.unwrap_or_else(|| "free".to_owned()),
        is_active: flag("is_active")?.unwrap_or(true),
        deleted_at: moment("deleted_at")?,
        erase_after: moment("erase_after")?,
        created_at,
        updated_at: moment("updated_at")?.unwrap_or(created_at),
    })
}
