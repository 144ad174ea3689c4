//! [`Users`]: table `users`.

use async_trait::async_trait;
use dzinza_ports::{NewUser, StoreError, TokenHash, User, UserChange, UserFilter, UserPage, Users};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::PgConnection;
use uuid::Uuid;

use crate::connection::PgAccounts;
use crate::error::{Outcome, invalid};
use crate::types::{self, Micros};
use crate::user_columns::{self, columns, label, user};
use crate::user_search::{self, unsigned};
use crate::{keys, outbox};

/// The lock of those who take an administrator away.
const ADMINISTRATORS: i64 = 0x647a_6164_6d69_6e73;

#[async_trait]
impl Users for PgAccounts {
    async fn insert(&self, user: NewUser) -> Result<User, StoreError> {
        let id = types::id(&user.id).ok_or_else(|| invalid("users.id"))?;
        self.within(async {
            let mut tx = self.pool.begin().await?;
            let inserted = insert(&mut tx, id, &user).await?;
            if let Some(identity) = &user.identity {
                keys::link(&mut tx, identity).await?;
            }
            outbox::post(&mut tx, &user.letters).await?;
            tx.commit().await?;
            Ok(inserted)
        })
        .await
    }

    async fn by_id(&self, id: &str) -> Result<Option<User>, StoreError> {
        let Some(id) = types::id(id) else { return Ok(None) };
        self.within(async {
            let sql = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
            let row = query(sql).bind(id).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(user).transpose()?)
        })
        .await
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        self.by_text(concat!("SELECT ", columns!(), " FROM users WHERE lower(email) = lower($1)"), email)
            .await
    }

    async fn by_password_reset(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        self.by_text(concat!("SELECT ", columns!(), " FROM users WHERE password_reset_token = $1"), token)
            .await
    }

    async fn by_email_verification(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        self.by_text(concat!("SELECT ", columns!(), " FROM users WHERE email_verification_token = $1"), token)
            .await
    }

    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let Some(id) = types::id(id) else { return Ok(None) };
        let (letters, admin_remains) = (change.letters.clone(), change.given.admin_remains);
        let mut update = user_columns::update(id, change, now);
        self.within(async {
            let mut tx = self.pool.begin().await?;
            if admin_remains {
                // Two who each see the other would both go: one after the other, and what is seen is what is left.
                query("SELECT pg_advisory_xact_lock($1)").bind(ADMINISTRATORS).execute(&mut *tx).await?;
            }
            // Whoever changes the same row at this moment is waited for; then the conditions are looked at again.
            let row = update.build().fetch_optional(&mut *tx).await?;
            let changed = row.as_ref().map(user).transpose()?;
            if changed.is_some() {
                outbox::post(&mut tx, &letters).await?;
            }
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }

    async fn oldest(&self, limit: u32) -> Result<Vec<User>, StoreError> {
        self.within(async {
            let sql = concat!("SELECT ", columns!(), " FROM users ORDER BY created_at, id LIMIT $1");
            let rows = query(sql).bind(i64::from(limit)).fetch_all(&self.pool).await?;
            Ok(rows.iter().map(user).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.within(async {
            let row = query("SELECT count(*) FROM users").fetch_one(&self.pool).await?;
            unsigned(row.try_get(0)?)
        })
        .await
    }

    async fn page(&self, page: UserPage) -> Result<(Vec<User>, u64), StoreError> {
        self.within(async {
            let mut conn = self.pool.acquire().await?;
            user_search::page(&mut conn, &page).await
        })
        .await
    }

    async fn made_by_day(&self, filter: UserFilter) -> Result<Vec<(Date, u64)>, StoreError> {
        self.within(async {
            let mut conn = self.pool.acquire().await?;
            user_search::by_day(&mut conn, &filter).await
        })
        .await
    }

    async fn to_erase(&self, now: Timestamp, limit: u32) -> Result<Vec<User>, StoreError> {
        self.within(async {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM users WHERE erase_after <= $1 ORDER BY erase_after, id LIMIT $2"
            );
            let rows = query(sql).bind(Micros(now)).bind(i64::from(limit)).fetch_all(&self.pool).await?;
            Ok(rows.iter().map(user).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn erase(&self, id: &str, pseudonym: &str, now: Timestamp) -> Result<bool, StoreError> {
        let Some(id) = types::id(id) else { return Ok(false) };
        self.within(async {
            let mut tx = self.pool.begin().await?;
            let erased = erase(&mut tx, id, pseudonym, now).await?;
            tx.commit().await?;
            Ok(erased)
        })
        .await
    }
}

impl PgAccounts {
    async fn by_text(&self, sql: &'static str, key: &str) -> Result<Option<User>, StoreError> {
        self.within(async {
            let row = query(sql).bind(key).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(user).transpose()?)
        })
        .await
    }
}

async fn insert(conn: &mut PgConnection, id: Uuid, new: &NewUser) -> Outcome<User> {
    let (token, token_until) = new.email_verification.clone().unzip();
    let created_at = Micros(new.created_at);
    let row = query(concat!(
        "INSERT INTO users (id, email, username, password_hash, first_name, last_name, preferred_language, \
             timezone, role, created_at, updated_at, email_verified, email_verified_at, \
             email_verification_token, email_verification_expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::userrole, $10, $10, $11, $12, $13, $14) RETURNING ",
        columns!()
    ))
    .bind(id)
    .bind(&new.email)
    .bind(&new.username)
    .bind(&new.password_hash)
    .bind(&new.first_name)
    .bind(&new.last_name)
    .bind(&new.preferred_language)
    .bind(&new.timezone)
    .bind(label(new.role))
    .bind(created_at)
    .bind(new.email_verified)
    .bind(new.email_verified.then_some(created_at))
    .bind(token)
    .bind(token_until.map(Micros))
    .fetch_one(conn)
    .await?;
    Ok(user(&row)?)
}

async fn erase(conn: &mut PgConnection, id: Uuid, pseudonym: &str, now: Timestamp) -> Outcome<bool> {
    // Held until the end: nobody calls the erasure off meanwhile.
    let due = query("SELECT 1 FROM users WHERE id = $1 AND erase_after <= $2 FOR UPDATE")
        .bind(id)
        .bind(Micros(now))
        .fetch_optional(&mut *conn)
        .await?;
    if due.is_none() {
        return Ok(false);
    }
    query(
        "UPDATE audit_logs SET user_id = NULL, ip_address = NULL, user_agent = NULL, details = $2 \
         WHERE user_id = $1",
    )
    .bind(id)
    .bind(json!({ "subject": pseudonym }))
    .execute(&mut *conn)
    .await?;
    // The two references of the platform's layout that would stand against it.
    query("UPDATE historical_records SET verified_by = NULL WHERE verified_by = $1")
        .bind(id)
        .execute(&mut *conn)
        .await?;
    query("UPDATE dna_matches SET contact_initiated_by = NULL WHERE contact_initiated_by = $1")
        .bind(id)
        .execute(&mut *conn)
        .await?;
    query("DELETE FROM users WHERE id = $1").bind(id).execute(conn).await?;
    Ok(true)
}
