//! [`Limits`]: counters and values that end by themselves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Hits, Limits, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Outcome, invalid};
use crate::row::unsigned;
use crate::store::SqliteStore;
use crate::types::Micros;

const LONGEST_KEY: usize = 200;
/// Every so many writes what has ended is removed.
const SWEEP_EVERY: u32 = 512;

/// Removes what has ended.
pub(crate) fn sweep(conn: &Connection, now: Micros) -> Outcome<()> {
    conn.prepare_cached("DELETE FROM limit_counters WHERE resets_at <= ?")?.execute([now])?;
    conn.prepare_cached("DELETE FROM limit_values WHERE expires_at <= ?")?.execute([now])?;
    Ok(())
}

fn checked(key: &str) -> Result<String, StoreError> {
    if key.len() > LONGEST_KEY {
        return Err(invalid(format!("a key of {} bytes", key.len())));
    }
    Ok(key.to_owned())
}

fn all_checked(keys: &[&str]) -> Result<Vec<String>, StoreError> {
    keys.iter().map(|key| checked(key)).collect()
}

impl SqliteStore {
    fn sweep_is_due(&self) -> bool {
        self.limit_writes.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1
    }
}

#[async_trait]
impl Limits for SqliteStore {
    async fn hit(&self, key: &str, window: Duration) -> Result<Hits, StoreError> {
        let key = checked(key)?;
        let now = self.now();
        let sweeps = self.sweep_is_due();
        // Counts are asked for with every request and matter for minutes: not worth a flush of the disk.
        self.writer
            .write(false, move |conn| {
                if sweeps {
                    sweep(conn, now)?;
                }
                let mut statement = conn.prepare_cached(
                    "INSERT INTO limit_counters (key, count, resets_at) VALUES (?1, 1, ?2)
                     ON CONFLICT (key) DO UPDATE SET
                         count = CASE WHEN resets_at <= ?3 THEN 1 ELSE count + 1 END,
                         resets_at = CASE WHEN resets_at <= ?3 THEN excluded.resets_at ELSE resets_at END
                     RETURNING count, resets_at",
                )?;
                let (count, resets_at) = statement.query_row(params![key, now.plus(window), now], |row| {
                    Ok((row.get(0)?, row.get::<_, Micros>(1)?))
                })?;
                Ok(Hits { count: unsigned(count)?, resets_at: resets_at.timestamp() })
            })
            .await
    }

    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), StoreError> {
        let key = checked(key)?;
        let value = value.to_owned();
        let now = self.now();
        let sweeps = self.sweep_is_due();
        self.writer
            .write(true, move |conn| {
                if sweeps {
                    sweep(conn, now)?;
                }
                conn.prepare_cached(
                    "INSERT INTO limit_values (key, value, expires_at) VALUES (?, ?, ?)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
                )?
                .execute(params![key, value, now.plus(lifetime)])?;
                Ok(())
            })
            .await
    }

    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<String>>, StoreError> {
        let keys = all_checked(keys)?;
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql = "SELECT value FROM limit_values WHERE key = ? AND expires_at > ?";
                let mut statement = conn.prepare_cached(sql)?;
                let values = keys
                    .iter()
                    .map(|key| Ok(statement.query_row(params![key, now], |row| row.get(0)).optional()?));
                values.collect()
            })
            .await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = checked(key)?;
        let now = self.now();
        self.writer
            .write(true, move |conn| {
                let mut statement = conn.prepare_cached(
                    "DELETE FROM limit_values WHERE key = ? RETURNING value, expires_at > ?",
                )?;
                let taken = statement
                    .query_row(params![key, now], |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)))
                    .optional()?;
                Ok(taken.and_then(|(value, alive)| alive.then_some(value)))
            })
            .await
    }

    async fn remove(&self, keys: &[&str]) -> Result<(), StoreError> {
        let keys = all_checked(keys)?;
        self.writer
            .write(true, move |conn| {
                for key in &keys {
                    conn.prepare_cached("DELETE FROM limit_values WHERE key = ?")?.execute([key])?;
                    conn.prepare_cached("DELETE FROM limit_counters WHERE key = ?")?.execute([key])?;
                }
                Ok(())
            })
            .await
    }
}
