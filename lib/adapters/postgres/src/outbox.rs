//! [`Outbox`] and [`SiteSettings`]: tables `mail_outbox` and `site_settings`.

use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Letter, Outbox, OutgoingLetter, SiteRecord, SiteSettings, StoreError};
use jiff::Timestamp;
use serde_json::Value;
use sqlx_core::error::Error;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::{PgConnection, PgRow};
use uuid::Uuid;

use crate::connection::PgAccounts;
use crate::error::{Outcome, invalid};
use crate::types::{self, Micros};
use crate::user_search::unsigned;

#[async_trait]
impl Outbox for PgAccounts {
    async fn post(&self, letters: Vec<Letter>) -> Result<(), StoreError> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            post(&mut tx, &letters).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    async fn lease(
        &self,
        max: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<OutgoingLetter>, StoreError> {
        self.within(async {
            // What another leases at this moment is passed over, not waited for.
            let rows = query(
                "WITH due AS (
                     SELECT id, due_at AS was_due FROM mail_outbox WHERE due_at <= $1
                     ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE mail_outbox SET due_at = $3, receipt = gen_random_uuid()::text, attempts = attempts + 1
                 FROM due WHERE mail_outbox.id = due.id
                 RETURNING mail_outbox.*, due.was_due",
            )
            .bind(Micros(now))
            .bind(i64::from(max))
            .bind(Micros(now).plus(lease))
            .fetch_all(&self.pool)
            .await?;
            let mut taken = rows.iter().map(outgoing).collect::<Result<Vec<_>, _>>()?;
            taken.sort_by(|(a_due, a), (b_due, b)| (a_due, &a.letter.id).cmp(&(b_due, &b.letter.id)));
            Ok(taken.into_iter().map(|(_, letter)| letter).collect())
        })
        .await
    }

    async fn done(&self, receipt: &str) -> Result<bool, StoreError> {
        self.within(async {
            let removed =
                query("DELETE FROM mail_outbox WHERE receipt = $1").bind(receipt).execute(&self.pool).await?;
            Ok(removed.rows_affected() > 0)
        })
        .await
    }

    async fn retry(&self, receipt: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.within(async {
            let sql = "UPDATE mail_outbox SET due_at = $1, receipt = NULL WHERE receipt = $2";
            let given_back = query(sql).bind(Micros(at)).bind(receipt).execute(&self.pool).await?;
            Ok(given_back.rows_affected() > 0)
        })
        .await
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        self.within(async {
            let row = query("SELECT count(*) FROM mail_outbox").fetch_one(&self.pool).await?;
            unsigned(row.try_get(0)?)
        })
        .await
    }
}

pub(crate) async fn post(conn: &mut PgConnection, letters: &[Letter]) -> Outcome<()> {
    for letter in letters {
        let id = types::id(&letter.id).ok_or_else(|| invalid("mail_outbox.id"))?;
        query(
            "INSERT INTO mail_outbox (id, sealed, created_at, expires_at, due_at) VALUES ($1, $2, $3, $4, $3)",
        )
        .bind(id)
        .bind(&letter.sealed)
        .bind(Micros(letter.created_at))
        .bind(Micros(letter.expires_at))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A leased letter, and since when it was due.
fn outgoing(row: &PgRow) -> Result<(Micros, OutgoingLetter), Error> {
    let letter = Letter {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        sealed: row.try_get("sealed")?,
        created_at: row.try_get::<Micros, _>("created_at")?.0,
        expires_at: row.try_get::<Micros, _>("expires_at")?.0,
    };
    let attempts = u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or(u32::MAX);
    Ok((row.try_get("was_due")?, OutgoingLetter { letter, receipt: row.try_get("receipt")?, attempts }))
}

#[async_trait]
impl SiteSettings for PgAccounts {
    async fn read(&self) -> Result<Option<SiteRecord>, StoreError> {
        self.within(async {
            let sql = "SELECT * FROM site_settings WHERE id = 'global_settings'";
            let row = query(sql).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(site).transpose()?)
        })
        .await
    }

    async fn write(
        &self,
        data: Value,
        by: Option<&str>,
        expected: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = if expected == 0 {
            query(
                "INSERT INTO site_settings (id, version, data, updated_by, created_at, updated_at) \
                 VALUES ('global_settings', 1, $1, $2, $3, $3) ON CONFLICT (id) DO NOTHING",
            )
            .bind(data)
            .bind(by)
            .bind(Micros(now))
        } else {
            query(
                "UPDATE site_settings SET version = version + 1, data = $1, updated_by = $2, updated_at = $3 \
                 WHERE id = 'global_settings' AND version = $4",
            )
            .bind(data)
            .bind(by)
            .bind(Micros(now))
            .bind(expected)
        };
        self.within(async { Ok(write.execute(&self.pool).await?.rows_affected() > 0) }).await
    }
}

fn site(row: &PgRow) -> Result<SiteRecord, Error> {
    Ok(SiteRecord {
        version: row.try_get("version")?,
        data: row.try_get("data")?,
        updated_by: row.try_get("updated_by")?,
        created_at: row.try_get::<Micros, _>("created_at")?.0,
        updated_at: row.try_get::<Micros, _>("updated_at")?.0,
    })
}
