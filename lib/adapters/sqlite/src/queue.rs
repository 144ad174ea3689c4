//! [`Queue`]: one table; a lease is a receipt whose time has not come.

use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Message, NewMessage, Queue, QueueDepth, StoreError};
use rusqlite::{Connection, named_params, params};

use crate::error::{Fault, Outcome};
use crate::row;
use crate::store::SqliteStore;
use crate::types::{Json, Micros};

/// A message as its row will be.
pub(crate) struct Outgoing {
    id: String,
    queue: &'static str,
    body: String,
    sent_at: Micros,
    visible_at: Micros,
}

impl Outgoing {
    pub(crate) fn insert(&self, conn: &Connection) -> Outcome<()> {
        conn.prepare_cached(
            "INSERT INTO queue_messages (id, queue, body, sent_at, visible_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![self.id, self.queue, self.body, self.sent_at, self.visible_at])?;
        Ok(())
    }
}

impl SqliteStore {
    pub(crate) fn outgoing(&self, message: &NewMessage) -> Outgoing {
        let sent_at = self.now();
        Outgoing {
            id: self.ids.new_id(),
            queue: message.queue,
            body: message.body.to_string(),
            sent_at,
            visible_at: sent_at.plus(message.delay),
        }
    }

    /// Completes when this process has sent or given back a message since the last call returned. What other
    /// processes send goes unnoticed, and what is delayed is not waited for: a pump also looks now and then.
    /// It may complete without cause, and of several that wait only those already waiting are sure to wake.
    pub async fn notified(&self) {
        self.sent.notified().await;
    }

    pub(crate) fn wake(&self) {
        self.sent.notify_waiters();
        self.sent.notify_one();
    }
}

#[async_trait]
impl Queue for SqliteStore {
    async fn send(&self, message: NewMessage) -> Result<(), StoreError> {
        let outgoing = self.outgoing(&message);
        self.writer.write(true, move |conn| outgoing.insert(conn)).await?;
        self.wake();
        Ok(())
    }

    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        max_receives: u32,
    ) -> Result<Vec<Message>, StoreError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let now = self.now();
        let name = queue.to_owned();
        // An idle pump must not take the write lock.
        let due = self.readers.read(move |conn| {
            let sql = "SELECT 1 FROM queue_messages WHERE queue = ? AND dead = 0 AND visible_at <= ? LIMIT 1";
            row::one::<i64>(conn, sql, params![name, now])
        });
        if due.await?.is_none() {
            return Ok(Vec::new());
        }
        let receipts: Vec<_> = (0..max.min(1000)).map(|_| self.ids.new_id()).collect();
        let queue = queue.to_owned();
        let until = now.plus(lease);
        // A lease that is lost with the power is a second delivery, which may happen anyway.
        self.writer
            .write(false, move |conn| {
                bury(conn, &queue, now, max_receives)?;
                take(conn, &queue, receipts, (now, until))
            })
            .await
    }

    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError> {
        let sql =
            "UPDATE queue_messages SET visible_at = :then WHERE receipt = :receipt AND visible_at > :now";
        self.leased(sql, receipt, Some(lease)).await
    }

    async fn delete(&self, receipt: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM queue_messages WHERE receipt = :receipt AND visible_at > :now";
        self.leased(sql, receipt, None).await
    }

    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        let sql = "UPDATE queue_messages SET visible_at = :then, receipt = NULL
                   WHERE receipt = :receipt AND visible_at > :now";
        let given = self.leased(sql, receipt, Some(delay)).await?;
        if given {
            self.wake();
        }
        Ok(given)
    }

    async fn release(&self, receipt: &str) -> Result<bool, StoreError> {
        let sql =
            "UPDATE queue_messages SET visible_at = :now, receipt = NULL, attempts = max(attempts - 1, 0)
                   WHERE receipt = :receipt AND visible_at > :now";
        let released = self.leased(sql, receipt, None).await?;
        if released {
            self.wake();
        }
        Ok(released)
    }

    async fn depth(&self, queue: &str) -> Result<QueueDepth, StoreError> {
        let now = self.now();
        let queue = queue.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT count(*) FILTER (WHERE dead = 0 AND (receipt IS NULL OR visible_at <= :now)),
                            count(*) FILTER (WHERE dead = 0 AND receipt IS NOT NULL AND visible_at > :now),
                            count(*) FILTER (WHERE dead = 1)
                     FROM queue_messages WHERE queue = :queue",
                )?;
                let counts = statement.query_row(named_params! {":now": now, ":queue": queue}, |row| {
                    Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?])
                })?;
                let [waiting, in_flight, dead] = counts.map(row::unsigned);
                Ok(QueueDepth { waiting: waiting?, in_flight: in_flight?, dead: dead? })
            })
            .await
    }
}

impl SqliteStore {
    /// Runs a statement on the message that is leased by this receipt; says whether there was one.
    async fn leased(
        &self,
        sql: &'static str,
        receipt: &str,
        span: Option<Duration>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let receipt = receipt.to_owned();
        self.writer
            .write(true, move |conn| {
                let mut statement = conn.prepare_cached(sql)?;
                let changed = match span {
                    Some(span) => {
                        let then = now.plus(span);
                        statement.execute(named_params! {":receipt": receipt, ":now": now, ":then": then})?
                    }
                    None => statement.execute(named_params! {":receipt": receipt, ":now": now})?,
                };
                Ok(changed > 0)
            })
            .await
    }
}

/// Puts aside what has been received often enough.
fn bury(conn: &Connection, queue: &str, now: Micros, max_receives: u32) -> Outcome<()> {
    conn.prepare_cached(
        "UPDATE queue_messages SET dead = 1, receipt = NULL
         WHERE queue = ? AND dead = 0 AND visible_at <= ? AND attempts >= ?",
    )?
    .execute(params![queue, now, max_receives])?;
    Ok(())
}

fn take(
    conn: &Connection,
    queue: &str,
    receipts: Vec<String>,
    (now, until): (Micros, Micros),
) -> Outcome<Vec<Message>> {
    let mut select = conn.prepare_cached(
        "SELECT id, body, attempts FROM queue_messages
         WHERE queue = ? AND dead = 0 AND visible_at <= ? ORDER BY visible_at LIMIT ?",
    )?;
    let rows = select.query_map(params![queue, now, receipts.len() as i64], |row| {
        Ok((row.get(0)?, row.get::<_, Json>(1)?, row.get::<_, u32>(2)?))
    })?;
    let rows: Vec<(String, Json, u32)> = rows.collect::<Result<_, _>>()?;
    let mut update = conn.prepare_cached(
        "UPDATE queue_messages SET receipt = ?, visible_at = ?, attempts = attempts + 1 WHERE id = ?",
    )?;
    let leases = rows.into_iter().zip(receipts).map(|((id, Json(body), attempts), receipt)| {
        update.execute(params![receipt, until, id])?;
        Ok::<_, Fault>(Message { id, receipt, body, attempts: attempts + 1 })
    });
    leases.collect()
}
