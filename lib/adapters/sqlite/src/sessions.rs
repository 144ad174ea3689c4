//! [`Sessions`] and [`Audit`]: tables `refresh_tokens` and `audit_logs`.

use std::collections::HashMap;

use async_trait::async_trait;
use dzinza_ports::{Audit, AuditEntry, RefreshToken, Sessions, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::Outcome;
use crate::store::SqliteStore;
use crate::types::{Json, Micros};

#[async_trait]
impl Sessions for SqliteStore {
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError> {
        let id = self.ids.new_id();
        self.writer.write(true, move |conn| insert(conn, &id, &token)).await
    }

    async fn find(&self, jti: &str) -> Result<Option<RefreshToken>, StoreError> {
        let jti = jti.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement =
                    conn.prepare_cached("SELECT * FROM refresh_tokens WHERE token_jti = ?")?;
                Ok(statement.query_row([jti], token).optional()?)
            })
            .await
    }

    async fn rotate(&self, old_jti: &str, new: RefreshToken, now: Timestamp) -> Result<bool, StoreError> {
        let id = self.ids.new_id();
        let old_jti = old_jti.to_owned();
        self.writer
            .write(true, move |conn| {
                let revoked = conn
                    .prepare_cached(
                        "UPDATE refresh_tokens
                         SET revoked_at = ?, revoked_reason = 'rotated', replaced_by_jti = ?
                         WHERE token_jti = ? AND revoked_at IS NULL",
                    )?
                    .execute(params![Micros::from(now), new.jti, old_jti])?;
                if revoked == 0 {
                    return Ok(false);
                }
                insert(conn, &id, &new)?;
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
        let (session_id, reason) = (session_id.to_owned(), reason.to_owned());
        self.writer
            .write(true, move |conn| {
                let revoked = conn
                    .prepare_cached(
                        "UPDATE refresh_tokens SET revoked_at = ?, revoked_reason = ?
                         WHERE session_id = ? AND revoked_at IS NULL",
                    )?
                    .execute(params![Micros::from(now), reason, session_id])?;
                Ok(revoked as u64)
            })
            .await
    }

    async fn active(&self, user_id: &str, now: Timestamp) -> Result<Vec<RefreshToken>, StoreError> {
        let user_id = user_id.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT * FROM refresh_tokens
                     WHERE user_id = ? AND expires_at > ? AND revoked_at IS NULL ORDER BY created_at, id",
                )?;
                let mut newest: HashMap<String, RefreshToken> = HashMap::new();
                for row in statement.query_map(params![user_id, Micros::from(now)], token)? {
                    let token = row?;
                    newest.insert(token.session_id.clone(), token);
                }
                let mut sessions: Vec<_> = newest.into_values().collect();
                sessions.sort_by(|a, b| {
                    (a.session_started_at, &a.session_id).cmp(&(b.session_started_at, &b.session_id))
                });
                Ok(sessions)
            })
            .await
    }

    async fn recent(&self, user_id: &str, limit: u32) -> Result<Vec<RefreshToken>, StoreError> {
        let user_id = user_id.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT * FROM refresh_tokens WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT ?",
                )?;
                let rows = statement.query_map(params![user_id, limit], token)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.writer
            .write(true, move |conn| {
                let purged = conn
                    .prepare_cached("DELETE FROM refresh_tokens WHERE expires_at < ?1 OR revoked_at < ?1")?
                    .execute([Micros::from(before)])?;
                Ok(purged as u64)
            })
            .await
    }
}

fn insert(conn: &Connection, id: &str, token: &RefreshToken) -> Outcome<()> {
    conn.prepare_cached(
        "INSERT INTO refresh_tokens (id, user_id, token, token_jti, session_id, created_at,
             session_started_at, expires_at, revoked_at, revoked_reason, replaced_by_jti, ip_address, user_agent)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        id,
        token.user_id,
        token.token,
        token.jti,
        token.session_id,
        Micros::from(token.created_at),
        Micros::from(token.session_started_at),
        Micros::from(token.expires_at),
        token.revoked_at.map(Micros::from),
        token.revoked_reason,
        token.replaced_by_jti,
        token.ip_address,
        token.user_agent,
    ])?;
    Ok(())
}

fn token(row: &Row<'_>) -> rusqlite::Result<RefreshToken> {
    let moment = |name: &str| row.get::<_, Micros>(name).map(Micros::timestamp);
    Ok(RefreshToken {
        jti: row.get("token_jti")?,
        user_id: row.get("user_id")?,
        session_id: row.get("session_id")?,
        token: row.get("token")?,
        created_at: moment("created_at")?,
        session_started_at: moment("session_started_at")?,
        expires_at: moment("expires_at")?,
        revoked_at: row.get::<_, Option<Micros>>("revoked_at")?.map(Micros::timestamp),
        revoked_reason: row.get("revoked_reason")?,
        replaced_by_jti: row.get("replaced_by_jti")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
    })
}

#[async_trait]
impl Audit for SqliteStore {
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(true, move |conn| {
                conn.prepare_cached(
                    "INSERT INTO audit_logs (id, user_id, action, ip_address, user_agent, timestamp, details)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    entry.id,
                    entry.user_id,
                    entry.action,
                    entry.ip_address,
                    entry.user_agent,
                    Micros::from(entry.timestamp),
                    Json(entry.details),
                ])?;
                Ok(())
            })
            .await
    }

    async fn of_user(&self, user_id: &str, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let user_id = user_id.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT * FROM audit_logs WHERE user_id = ? ORDER BY timestamp DESC, id DESC LIMIT ?",
                )?;
                let entries = statement.query_map(params![user_id, limit], audit_entry)?;
                Ok(entries.collect::<Result<_, _>>()?)
            })
            .await
    }
}

pub(crate) fn audit_entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        action: row.get("action")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        timestamp: row.get::<_, Micros>("timestamp")?.timestamp(),
        details: row.get::<_, Json>("details")?.0,
    })
}
