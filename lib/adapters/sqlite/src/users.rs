//! [`Users`]: table `users`.

use async_trait::async_trait;
use dzinza_ports::{NewUser, Role, StoreError, StoreErrorKind, User, UserChange, Users};
use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params, params_from_iter};
use serde_json::Value;

use crate::error::{Fault, Outcome, violated};
use crate::row;
use crate::store::SqliteStore;
use crate::types::{Day, Json, Micros};

#[async_trait]
impl Users for SqliteStore {
    async fn insert(&self, user: NewUser) -> Result<User, StoreError> {
        self.writer.write(true, move |conn| insert(conn, &user)).await
    }

    async fn by_id(&self, id: &str) -> Result<Option<User>, StoreError> {
        let id = id.to_owned();
        self.readers.read(move |conn| by_id(conn, &id)).await
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let email = email.to_lowercase();
        self.readers.read(move |conn| select(conn, "SELECT * FROM users WHERE email_lower = ?", &email)).await
    }

    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let id = id.to_owned();
        self.writer.write(true, move |conn| update(conn, id, change, now.into())).await
    }

    async fn oldest(&self, limit: u32) -> Result<Vec<User>, StoreError> {
        let found = self.readers.read(move |conn| {
            let mut statement = conn.prepare_cached("SELECT * FROM users ORDER BY created_at, id LIMIT ?")?;
            let users = statement.query_map([limit], user)?;
            Ok(users.collect::<Result<_, _>>()?)
        });
        found.await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let counted = self.readers.read(|conn| {
            let count = row::one(conn, "SELECT count(*) FROM users", [])?;
            Ok(row::unsigned(count.unwrap_or(0))?)
        });
        counted.await
    }
}

fn select(conn: &Connection, sql: &str, key: &str) -> Outcome<Option<User>> {
    Ok(conn.prepare_cached(sql)?.query_row([key], user).optional()?)
}

fn by_id(conn: &Connection, id: &str) -> Outcome<Option<User>> {
    select(conn, "SELECT * FROM users WHERE id = ?", id)
}

fn insert(conn: &Connection, user: &NewUser) -> Outcome<User> {
    let created_at = Micros::from(user.created_at);
    let mut statement = conn.prepare_cached(
        "INSERT INTO users (id, email, email_lower, username, username_lower, password_hash, first_name,
             last_name, preferred_language, timezone, role, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
         RETURNING *",
    )?;
    let inserted = statement.query_row(
        params![
            user.id,
            user.email,
            user.email.to_lowercase(),
            user.username,
            user.username.as_ref().map(|name| name.to_lowercase()),
            user.password_hash,
            user.first_name,
            user.last_name,
            user.preferred_language,
            user.timezone,
            user.role.as_str().to_ascii_uppercase(),
            created_at,
        ],
        self::user,
    );
    inserted.map_err(name_rule)
}

/// The columns to set and their values.
#[derive(Default)]
struct Settings {
    sql: String,
    values: Vec<Box<dyn ToSql + Send>>,
}

impl Settings {
    fn put<T: ToSql + Send + 'static>(&mut self, column: &str, value: Option<T>) {
        if let Some(value) = value {
            self.sql.push_str(column);
            self.sql.push_str(" = ?, ");
            self.values.push(Box::new(value));
        }
    }
}

fn update(conn: &Connection, id: String, change: UserChange, now: Micros) -> Outcome<Option<User>> {
    let mut set = settings(change, now);
    set.values.push(Box::new(now));
    set.values.push(Box::new(id));
    let sql = format!("UPDATE users SET {}updated_at = ? WHERE id = ? RETURNING *", set.sql);
    let values = params_from_iter(set.values.iter().map(|value| &**value as &dyn ToSql));
    conn.prepare_cached(&sql)?.query_row(values, user).optional().map_err(name_rule)
}

fn settings(change: UserChange, now: Micros) -> Settings {
    let mut set = Settings::default();
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
    set
}

/// `users.email` or `users.username`, whatever the columns that enforce it are called.
fn name_rule(error: rusqlite::Error) -> Fault {
    let rule = violated(&error).and_then(|(_, columns)| match columns.as_slice() {
        ["email_lower"] => Some("users.email"),
        ["username_lower"] => Some("users.username"),
        _ => None,
    });
    match rule {
        Some(rule) => Fault::Store(StoreError::with_source(StoreErrorKind::Conflict, rule, error)),
        None => Fault::Database(error),
    }
}

pub(crate) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let moment =
        |name: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<Micros>>(name)?.map(Micros::timestamp));
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
        mfa_enabled: row.get("mfa_enabled")?,
        failed_login_attempts: row.get("failed_login_attempts")?,
        locked_until: moment("locked_until")?,
        last_login_at: moment("last_login_at")?,
        max_concurrent_sessions: row.get("max_concurrent_sessions")?,
        privacy_settings: json("privacy_settings")?,
        notification_preferences: json("notification_preferences")?,
        ui_preferences: json("ui_preferences")?,
        preferred_language: row.get("preferred_language")?,
        timezone: row.get("timezone")?,
        subscription_tier: row.get("subscription_tier")?,
        is_active: row.get("is_active")?,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        updated_at: row.get::<_, Micros>("updated_at")?.timestamp(),
    })
}
