//! The columns of table `users`, and what a change makes of them.

use dzinza_ports::{Given, Role, User, UserChange};
use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Row, ToSql};
use serde_json::Value;

use crate::types::{Day, Json, Micros};

type Cell = Box<dyn ToSql + Send>;

/// The columns to set, the conditions, and the values of both.
#[derive(Default)]
pub(crate) struct Settings {
    sql: String,
    values: Vec<Cell>,
    conditions: String,
    compared: Vec<Cell>,
}

impl Settings {
    fn put<T: ToSql + Send + 'static>(&mut self, column: &str, value: Option<T>) {
        if let Some(value) = value {
            self.sql.push_str(column);
            self.sql.push_str(" = ?, ");
            self.values.push(Box::new(value));
        }
    }

    /// A text and until when it is good.
    fn put_until(&mut self, columns: [&str; 2], value: Option<(String, Timestamp)>) {
        let (text, until) = value.unzip();
        self.put(columns[0], Some(text));
        self.put(columns[1], Some(until.map(Micros::from)));
    }

    fn demand<T: ToSql + Send + 'static>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.conditions.push_str(" AND ");
            self.conditions.push_str(condition);
            self.compared.push(Box::new(value));
        }
    }

    fn demand_all(&mut self, given: Given) {
        self.demand("password_hash = ?", given.password_hash);
        self.demand("email = ?", given.email);
        self.demand("email_verification_token = ?", given.email_verification);
        self.demand("password_reset_token = ?", given.password_reset);
        self.demand("pending_mfa_secret = ?", given.pending_mfa);
        self.demand("mfa_enabled = ?", given.mfa_enabled);
        self.demand("coalesce(mfa_last_used_step, -1) < ?", given.mfa_step_unused);
        self.demand("mfa_backup_codes_hashed = ?", given.mfa_backup_codes);
        self.demand("is_active = ?", given.is_active);
        self.demand("(erase_after IS NOT NULL) = ?", given.erasing);
        self.demand("erase_after = ?", given.erase_after.map(Micros::from));
        if given.admin_remains {
            self.conditions.push_str(
                " AND EXISTS (SELECT 1 FROM users AS other WHERE other.id <> users.id AND other.is_active
                     AND (other.role = 'ADMIN' OR other.is_superuser))",
            );
        }
    }

    /// The whole statement and its values.
    pub(crate) fn statement(mut self, id: &str) -> (String, rusqlite::ParamsFromIter<Vec<Cell>>) {
        let sql = format!(
            "UPDATE users SET {} WHERE id = ?{} RETURNING *",
            self.sql.trim_end_matches(", "),
            self.conditions
        );
        self.values.push(Box::new(id.to_owned()));
        self.values.append(&mut self.compared);
        (sql, rusqlite::params_from_iter(self.values))
    }
}

/// What a change made at this moment sets.
pub(crate) fn settings(change: UserChange, now: Micros) -> Settings {
    let mut set = Settings::default();
    set.demand_all(change.given);
    set.put("updated_at", Some(now));
    set.put("email_lower", change.email.as_ref().map(|email| email.to_lowercase()));
    set.put("email", change.email);
    set.put("username_lower", change.username.as_ref().map(|name| name.to_lowercase()));
    set.put("username", change.username);
    set.put("password_hash", change.password_hash);
    set.put("first_name", change.first_name);
    set.put("last_name", change.last_name);
    set.put("phone", change.phone);
    set.put("gender", change.gender);
    set.put("date_of_birth", change.date_of_birth.map(|day| day.map(Day)));
    set.put("profile_picture_url", change.profile_picture_url);
    set.put("bio", change.bio);
    set.put("location", change.location.map(|place| place.map(Json)));
    if let Some(verified) = change.email_verified {
        // The moment of the first proof stays.
        if verified {
            set.sql.push_str("email_verified_at = coalesce(email_verified_at, ?), ");
            set.values.push(Box::new(now));
        } else {
            set.put("email_verified_at", Some(None::<Micros>));
        }
        set.put("email_verified", Some(verified));
    }
    if let Some(value) = change.email_verification {
        set.put_until(["email_verification_token", "email_verification_expires"], value);
    }
    if let Some(value) = change.password_reset {
        set.put_until(["password_reset_token", "password_reset_expires"], value);
    }
    set.put("role", change.role.map(|role| role.as_str().to_ascii_uppercase()));
    set.put("is_superuser", change.is_superuser);
    set.put("mfa_enabled", change.mfa_enabled);
    set.put("mfa_secret", change.mfa_secret);
    if let Some(value) = change.pending_mfa {
        set.put_until(["pending_mfa_secret", "pending_mfa_secret_expires_at"], value);
    }
    set.put("mfa_backup_codes_hashed", change.mfa_backup_codes);
    set.put("mfa_last_used_step", change.mfa_last_used_step);
    set.put("failed_login_attempts", change.failed_login_attempts);
    set.put("locked_until", change.locked_until.map(|moment| moment.map(Micros::from)));
    if let Some((moment, address, agent)) = change.last_login {
        set.put("last_login_at", Some(Micros::from(moment)));
        set.put("last_login_ip", Some(address));
        set.put("last_login_user_agent", Some(agent));
    }
    set.put("privacy_settings", change.privacy_settings.map(Json));
    set.put("notification_preferences", change.notification_preferences.map(Json));
    set.put("ui_preferences", change.ui_preferences.map(Json));
    set.put("preferred_language", change.preferred_language);
    set.put("timezone", change.timezone);
    set.put("is_active", change.is_active);
    set.put("deleted_at", change.deleted_at.map(|moment| moment.map(Micros::from)));
    set.put("erase_after", change.erase_after.map(|moment| moment.map(Micros::from)));
    set
}

/// A row that was selected with all its columns.
pub(crate) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let moment =
        |name: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<Micros>>(name)?.map(Micros::timestamp));
    let until = |text: &str, moment_of: &str| {
        let text: Option<String> = row.get(text)?;
        Ok::<_, rusqlite::Error>(text.zip(moment(moment_of)?))
    };
    let json = |name: &str| row.get::<_, Json>(name).map(|json| json.0);
    let role = Role::parse(row.get_ref("role")?.as_str()?).ok_or(FromSqlError::InvalidType)?;
    Ok(User {
        id: row.get("id")?,
        email: row.get("email")?,
        username: row.get("username")?,
        password_hash: row.get("password_hash")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        phone: row.get("phone")?,
        gender: row.get("gender")?,
        date_of_birth: row.get::<_, Option<Day>>("date_of_birth")?.map(|day| day.0),
        profile_picture_url: row.get("profile_picture_url")?,
        bio: row.get("bio")?,
        location: row
            .get::<_, Option<Json>>("location")?
            .map(|json| json.0)
            .filter(|place| *place != Value::Null),
        email_verified: row.get("email_verified")?,
        email_verified_at: moment("email_verified_at")?,
        role,
        is_superuser: row.get("is_superuser")?,
        email_verification: until("email_verification_token", "email_verification_expires")?,
        password_reset: until("password_reset_token", "password_reset_expires")?,
        mfa_enabled: row.get("mfa_enabled")?,
        mfa_secret: row.get("mfa_secret")?,
        pending_mfa: until("pending_mfa_secret", "pending_mfa_secret_expires_at")?,
        mfa_backup_codes: row.get("mfa_backup_codes_hashed")?,
        mfa_last_used_step: row.get("mfa_last_used_step")?,
        failed_login_attempts: row.get("failed_login_attempts")?,
        locked_until: moment("locked_until")?,
        last_login_at: moment("last_login_at")?,
        last_login_ip: row.get("last_login_ip")?,
        last_login_user_agent: row.get("last_login_user_agent")?,
        max_concurrent_sessions: row.get("max_concurrent_sessions")?,
        privacy_settings: json("privacy_settings")?,
        notification_preferences: json("notification_preferences")?,
        ui_preferences: json("ui_preferences")?,
        preferred_language: row.get("preferred_language")?,
        timezone: row.get("timezone")?,
        subscription_tier: row.get("subscription_tier")?,
        is_active: row.get("is_active")?,
        deleted_at: moment("deleted_at")?,
        erase_after: moment("erase_after")?,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        updated_at: row.get::<_, Micros>("updated_at")?.timestamp(),
    })
}
