//! [`Outbox`] and [`SiteSettings`]: tables `mail_outbox` and `site_settings`.

use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Letter, Outbox, OutgoingLetter, SiteRecord, SiteSettings, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use crate::error::Outcome;
use crate::row;
use crate::store::SqliteStore;
use crate::types::{Json, Micros};

#[async_trait]
impl Outbox for SqliteStore {
    async fn post(&self, letters: Vec<Letter>) -> Result<(), StoreError> {
        self.writer.write(true, move |conn| post(conn, &letters)).await
    }

    async fn lease(
        &self,
        max: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<OutgoingLetter>, StoreError> {
        let ids = self.ids.clone();
        let now = Micros::from(now);
        self.writer
            .write(true, move |conn| {
                let sql = "SELECT id FROM mail_outbox WHERE due_at <= ? ORDER BY due_at, id LIMIT ?";
                let mut due = conn.prepare_cached(sql)?;
                let due: Vec<String> =
                    due.query_map(params![now, max], |row| row.get(0))?.collect::<Result<_, _>>()?;
                let sql =
                    "UPDATE mail_outbox SET due_at = ?, receipt = ?, attempts = attempts + 1 WHERE id = ?
                           RETURNING *";
                let mut take = conn.prepare_cached(sql)?;
                let mut taken = Vec::with_capacity(due.len());
                for id in due {
                    let receipt = ids.new_id();
                    taken.push(take.query_row(params![now.plus(lease), receipt, id], outgoing)?);
                }
                Ok(taken)
            })
            .await
    }

    async fn done(&self, receipt: &str) -> Result<bool, StoreError> {
        let receipt = receipt.to_owned();
        self.writer
            .write(true, move |conn| {
                Ok(conn.prepare_cached("DELETE FROM mail_outbox WHERE receipt = ?")?.execute([receipt])? > 0)
            })
            .await
    }

    async fn retry(&self, receipt: &str, at: Timestamp) -> Result<bool, StoreError> {
        let receipt = receipt.to_owned();
        self.writer
            .write(true, move |conn| {
                let sql = "UPDATE mail_outbox SET due_at = ?, receipt = NULL WHERE receipt = ?";
                Ok(conn.prepare_cached(sql)?.execute(params![Micros::from(at), receipt])? > 0)
            })
            .await
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        let counted = self.readers.read(|conn| {
            let count = row::one(conn, "SELECT count(*) FROM mail_outbox", [])?;
            Ok(row::unsigned(count.unwrap_or(0))?)
        });
        counted.await
    }
}

pub(crate) fn post(conn: &Connection, letters: &[Letter]) -> Outcome<()> {
    let sql =
        "INSERT INTO mail_outbox (id, sealed, created_at, expires_at, due_at) VALUES (?1, ?2, ?3, ?4, ?3)";
    let mut insert = conn.prepare_cached(sql)?;
    for letter in letters {
        let (written, over) = (Micros::from(letter.created_at), Micros::from(letter.expires_at));
        insert.execute(params![letter.id, letter.sealed, written, over])?;
    }
    Ok(())
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<OutgoingLetter> {
    let letter = Letter {
        id: row.get("id")?,
        sealed: row.get("sealed")?,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        expires_at: row.get::<_, Micros>("expires_at")?.timestamp(),
    };
    Ok(OutgoingLetter { letter, receipt: row.get("receipt")?, attempts: row.get("attempts")? })
}

#[async_trait]
impl SiteSettings for SqliteStore {
    async fn read(&self) -> Result<Option<SiteRecord>, StoreError> {
        let sql = "SELECT * FROM site_settings WHERE id = 'global_settings'";
        self.readers.read(move |conn| Ok(conn.prepare_cached(sql)?.query_row([], site).optional()?)).await
    }

    async fn write(
        &self,
        data: Value,
        by: Option<&str>,
        expected: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let by = by.map(str::to_owned);
        let now = Micros::from(now);
        self.writer
            .write(true, move |conn| {
                let written = if expected == 0 {
                    conn.prepare_cached(
                        "INSERT INTO site_settings (id, version, data, updated_by, created_at, updated_at)
                         VALUES ('global_settings', 1, ?1, ?2, ?3, ?3) ON CONFLICT (id) DO NOTHING",
                    )?
                    .execute(params![Json(data), by, now])?
                } else {
                    conn.prepare_cached(
                        "UPDATE site_settings SET version = version + 1, data = ?, updated_by = ?, updated_at = ?
                         WHERE id = 'global_settings' AND version = ?",
                    )?
                    .execute(params![Json(data), by, now, expected])?
                };
                Ok(written > 0)
            })
            .await
    }
}

pub(crate) fn site(row: &Row<'_>) -> rusqlite::Result<SiteRecord> {
    Ok(SiteRecord {
        version: row.get("version")?,
        data: row.get::<_, Json>("data")?.0,
        updated_by: row.get("updated_by")?,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        updated_at: row.get::<_, Micros>("updated_at")?.timestamp(),
    })
}
