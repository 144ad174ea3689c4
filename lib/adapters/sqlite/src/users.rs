//! [`Users`]: table `users`.

use async_trait::async_trait;
use dzinza_ports::{
    NewUser, StoreError, StoreErrorKind, TokenHash, User, UserChange, UserFilter, UserPage, Users,
};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Fault, Outcome, violated};
use crate::store::SqliteStore;
use crate::types::{Json, Micros};
use crate::user_columns::{settings, user};
use crate::user_search::Search;
use crate::{keys, outbox, row};

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

    async fn by_password_reset(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        let token = token.clone();
        let sql = "SELECT * FROM users WHERE password_reset_token = ?";
        self.readers.read(move |conn| select(conn, sql, &token)).await
    }

    async fn by_email_verification(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        let token = token.clone();
        let sql = "SELECT * FROM users WHERE email_verification_token = ?";
        self.readers.read(move |conn| select(conn, sql, &token)).await
    }

    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let id = id.to_owned();
        self.writer.write(true, move |conn| update(conn, &id, change, now.into())).await
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

    async fn page(&self, page: UserPage) -> Result<(Vec<User>, u64), StoreError> {
        self.readers.read(move |conn| Search::of(&page.filter).page(conn, &page)).await
    }

    async fn made_by_day(&self, filter: UserFilter) -> Result<Vec<(Date, u64)>, StoreError> {
        self.readers.read(move |conn| Search::of(&filter).by_day(conn)).await
    }

    async fn to_erase(&self, now: Timestamp, limit: u32) -> Result<Vec<User>, StoreError> {
        let sql = "SELECT * FROM users WHERE erase_after <= ? ORDER BY erase_after, id LIMIT ?";
        let found = self.readers.read(move |conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let users = statement.query_map(params![Micros::from(now), limit], user)?;
            Ok(users.collect::<Result<_, _>>()?)
        });
        found.await
    }

    async fn erase(&self, id: &str, pseudonym: &str, now: Timestamp) -> Result<bool, StoreError> {
        let (id, pseudonym) = (id.to_owned(), pseudonym.to_owned());
        self.writer.write(true, move |conn| erase(conn, &id, &pseudonym, now.into())).await
    }
}

fn select(conn: &Connection, sql: &str, key: &str) -> Outcome<Option<User>> {
    Ok(conn.prepare_cached(sql)?.query_row([key], user).optional()?)
}

pub(crate) fn by_id(conn: &Connection, id: &str) -> Outcome<Option<User>> {
    select(conn, "SELECT * FROM users WHERE id = ?", id)
}

fn insert(conn: &Connection, user: &NewUser) -> Outcome<User> {
    let created_at = Micros::from(user.created_at);
    let (token, token_until) = user.email_verification.clone().unzip();
    let mut statement = conn.prepare_cached(
        "INSERT INTO users (id, email, email_lower, username, username_lower, password_hash, first_name,
             last_name, preferred_language, timezone, role, created_at, updated_at, email_verified,
             email_verified_at, email_verification_token, email_verification_expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14, ?15, ?16)
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
            user.email_verified,
            user.email_verified.then_some(created_at),
            token,
            token_until.map(Micros::from),
        ],
        self::user,
    );
    let inserted = inserted.map_err(name_rule)?;
    if let Some(identity) = &user.identity {
        keys::link(conn, identity)?;
    }
    outbox::post(conn, &user.letters)?;
    Ok(inserted)
}

fn update(conn: &Connection, id: &str, change: UserChange, now: Micros) -> Outcome<Option<User>> {
    let letters = change.letters.clone();
    let (sql, values) = settings(change, now).statement(id);
    let changed = conn.prepare_cached(&sql)?.query_row(values, user).optional().map_err(name_rule)?;
    if changed.is_some() {
        outbox::post(conn, &letters)?;
    }
    Ok(changed)
}

fn erase(conn: &Connection, id: &str, pseudonym: &str, now: Micros) -> Outcome<bool> {
    let due = "SELECT 1 FROM users WHERE id = ? AND erase_after <= ?";
    if row::one::<i64>(conn, due, params![id, now])?.is_none() {
        return Ok(false);
    }
    conn.prepare_cached(
        "UPDATE audit_logs SET user_id = NULL, ip_address = NULL, user_agent = NULL, details = ? WHERE user_id = ?",
    )?
    .execute(params![Json(serde_json::json!({ "subject": pseudonym })), id])?;
    conn.prepare_cached("DELETE FROM users WHERE id = ?")?.execute([id])?;
    Ok(true)
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
