//! [`Sessions`] and [`Audit`]: tables `refresh_tokens` and `audit_logs`.

use async_trait::async_trait;
use dzinza_ports::{Audit, AuditEntry, RefreshToken, Sessions, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx_core::error::Error;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::{PgConnection, PgRow};
use uuid::Uuid;

use crate::connection::PgAccounts;
use crate::error::{Outcome, invalid};
use crate::types::{self, Micros};

#[async_trait]
impl Sessions for PgAccounts {
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError> {
        self.within(async {
            let mut conn = self.pool.acquire().await?;
            insert(&mut conn, &self.ids.new_id(), &token).await
        })
        .await
    }

    async fn find(&self, jti: &str) -> Result<Option<RefreshToken>, StoreError> {
        self.within(async {
            let sql = "SELECT * FROM refresh_tokens WHERE token_jti = $1";
            let row = query(sql).bind(jti).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(token).transpose()?)
        })
        .await
    }

    async fn rotate(&self, old_jti: &str, new: RefreshToken, now: Timestamp) -> Result<bool, StoreError> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            // Locks the row: who comes second waits, and then finds it revoked.
            let revoked = query(
                "UPDATE refresh_tokens SET revoked_at = $1, revoked_reason = 'rotated', replaced_by_jti = $2 \
                 WHERE token_jti = $3 AND revoked_at IS NULL",
            )
            .bind(Micros(now))
            .bind(&new.jti)
            .bind(old_jti)
            .execute(&mut *tx)
            .await?;
            if revoked.rows_affected() == 0 {
                return Ok(false);
            }
            insert(&mut tx, &self.ids.new_id(), &new).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn revoke_session(
        &self,
        session_id: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.within(async {
            let revoked = query(
                "UPDATE refresh_tokens SET revoked_at = $1, revoked_reason = $2 \
                 WHERE session_id = $3 AND revoked_at IS NULL",
            )
            .bind(Micros(now))
            .bind(reason)
            .bind(session_id)
            .execute(&self.pool)
            .await?;
            Ok(revoked.rows_affected())
        })
        .await
    }

    async fn active(&self, user_id: &str, now: Timestamp) -> Result<Vec<RefreshToken>, StoreError> {
        let Some(user_id) = types::id(user_id) else { return Ok(Vec::new()) };
        self.within(async {
            let rows = query(
                "SELECT DISTINCT ON (session_id) * FROM refresh_tokens \
                 WHERE user_id = $1 AND expires_at > $2 AND revoked_at IS NULL \
                 ORDER BY session_id, created_at DESC, id DESC",
            )
            .bind(user_id)
            .bind(Micros(now))
            .fetch_all(&self.pool)
            .await?;
            let mut sessions = rows.iter().map(token).collect::<Result<Vec<_>, _>>()?;
            sessions.sort_by(|a, b| {
                (a.session_started_at, &a.session_id).cmp(&(b.session_started_at, &b.session_id))
            });
            Ok(sessions)
        })
        .await
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.within(async {
            let purged = query("DELETE FROM refresh_tokens WHERE expires_at < $1 OR revoked_at < $1")
                .bind(Micros(before))
                .execute(&self.pool)
                .await?;
            Ok(purged.rows_affected())
        })
        .await
    }
}

async fn insert(conn: &mut PgConnection, id: &str, token: &RefreshToken) -> Outcome<()> {
    let id = types::id(id).ok_or_else(|| invalid("refresh_tokens.id"))?;
    let user_id = types::id(&token.user_id).ok_or_else(|| invalid("refresh_tokens.user_id"))?;
    query(
        "INSERT INTO refresh_tokens (id, user_id, token, token_jti, session_id, created_at, session_started_at, \
             expires_at, revoked_at, revoked_reason, replaced_by_jti, ip_address, user_agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(id)
    .bind(user_id)
    .bind(&token.token)
    .bind(&token.jti)
    .bind(&token.session_id)
    .bind(Micros(token.created_at))
    .bind(Micros(token.session_started_at))
    .bind(Micros(token.expires_at))
    .bind(token.revoked_at.map(Micros))
    .bind(&token.revoked_reason)
    .bind(&token.replaced_by_jti)
    .bind(&token.ip_address)
    .bind(&token.user_agent)
    .execute(conn)
    .await?;
    Ok(())
}

fn token(row: &PgRow) -> Result<RefreshToken, Error> {
    let moment = |name: &str| Ok::<_, Error>(row.try_get::<Option<Micros>, _>(name)?.map(|moment| moment.0));
    let jti: String = row.try_get("token_jti")?;
    let created_at = moment("created_at")?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(RefreshToken {
        user_id: row.try_get::<Uuid, _>("user_id")?.to_string(),
        session_id: row.try_get::<Option<String>, _>("session_id")?.unwrap_or_else(|| jti.clone()),
        jti,
        token: row.try_get("token")?,
        created_at,
        session_started_at: moment("session_started_at")?.unwrap_or(created_at),
        expires_at: row.try_get::<Micros, _>("expires_at")?.0,
        revoked_at: moment("revoked_at")?,
        revoked_reason: row.try_get("revoked_reason")?,
        replaced_by_jti: row.try_get("replaced_by_jti")?,
        ip_address: row.try_get("ip_address")?,
        user_agent: row.try_get("user_agent")?,
    })
}

#[async_trait]
impl Audit for PgAccounts {
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let id = types::id(&entry.id).ok_or_else(|| invalid("audit_logs.id"))?;
        let user_id = entry.user_id.as_deref();
        let user_id =
            user_id.map(|id| types::id(id).ok_or_else(|| invalid("audit_logs.user_id"))).transpose()?;
        self.within(async {
            query(
                "INSERT INTO audit_logs (id, user_id, action, ip_address, user_agent, timestamp, details) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(id)
            .bind(user_id)
            .bind(&entry.action)
            .bind(&entry.ip_address)
            .bind(&entry.user_agent)
            .bind(Micros(entry.timestamp))
            .bind(&entry.details)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
        .await
    }

    async fn of_user(&self, user_id: &str, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let Some(user_id) = types::id(user_id) else { return Ok(Vec::new()) };
        self.within(async {
            let sql = "SELECT * FROM audit_logs WHERE user_id = $1 ORDER BY timestamp DESC, id DESC LIMIT $2";
            let rows = query(sql).bind(user_id).bind(i64::from(limit)).fetch_all(&self.pool).await?;
            Ok(rows.iter().map(audit_entry).collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn audit_entry(row: &PgRow) -> Result<AuditEntry, Error> {
    let timestamp = row.try_get::<Option<Micros>, _>("timestamp")?;
    Ok(AuditEntry {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(|id| id.to_string()),
        action: row.try_get("action")?,
        ip_address: row.try_get("ip_address")?,
        user_agent: row.try_get("user_agent")?,
        timestamp: timestamp.map_or(Timestamp::UNIX_EPOCH, |moment| moment.0),
        details: row.try_get::<Option<Value>, _>("details")?.unwrap_or_else(|| json!({})),
    })
}
