//! [`Documents`]: one table per collection, batches as transactions.

use std::sync::Arc;

use async_trait::async_trait;
use dzinza_ports::{Batch, Body, Collection, Document, Documents, Filter, Query, Row, StoreError, Write};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use crate::error::Outcome;
use crate::query::{self, Sql};
use crate::queue::Outgoing;
use crate::row;
use crate::store::SqliteStore;
use crate::table::{Catalog, Table};

#[async_trait]
impl Documents for SqliteStore {
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let id = id.to_owned();
        self.readers.read(move |conn| row::get(conn, &table, &id)).await
    }

    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let statements = query::statements(&table, &query)?;
        let (limit, only) = (query.limit as usize, query.only);
        let read =
            move |conn: &Connection| each(conn, statements, limit, |row| row::document(&table, row, only));
        self.readers.read(read).await
    }

    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError> {
        let sql = query::counting(self.catalog.table(collection)?, &filter)?;
        let counted = self.readers.read(move |conn| {
            let count = row::one(conn, &sql.text, params_from_iter(sql.values))?;
            Ok(row::unsigned(count.unwrap_or(0))?)
        });
        counted.await
    }

    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let statements = query::projections(&table, &query, fields)?;
        let limit = query.limit as usize;
        let read = move |conn: &Connection| each(conn, statements, limit, |row| row::projected(row, fields));
        self.readers.read(read).await
    }

    async fn commit_noting(&self, batch: Batch) -> Result<Vec<u64>, StoreError> {
        if batch.writes.is_empty() && batch.jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut writes = Vec::with_capacity(batch.writes.len());
        for write in batch.writes {
            writes.push(Prepared::new(&self.catalog, write)?);
        }
        let jobs: Vec<_> = batch.jobs.iter().map(|job| self.outgoing(job)).collect();
        let sends = !jobs.is_empty();
        let written = writes.len();
        let versions = self.writer.write(true, move |conn| apply(conn, writes, &jobs)).await?;
        if sends {
            self.wake();
        }
        if self.schedule.wrote(written) {
            let refresh = self.refresh_statistics();
            tokio::spawn(async move {
                if let Err(error) = refresh.await {
                    tracing::warn!(%error, "the statistics stay as they were");
                }
            });
        }
        Ok(versions)
    }
}

/// Runs the statements until the limit is reached, all on one snapshot.
pub(crate) fn each<T>(
    conn: &Connection,
    statements: Vec<Sql>,
    limit: usize,
    read: impl Fn(&rusqlite::Row<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let snapshot = if statements.len() > 1 { Some(conn.unchecked_transaction()?) } else { None };
    let mut found = Vec::new();
    for sql in statements {
        let left = limit - found.len();
        if left == 0 {
            break;
        }
        let mut statement = conn.prepare_cached(&sql.text)?;
        let values = sql.values.into_iter().chain([SqlValue::Integer(left as i64)]);
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
    }
    if let Some(snapshot) = snapshot {
        snapshot.commit()?;
    }
    Ok(found)
}

/// A write with all that can be done before it is the writer's turn.
enum Prepared {
    Insert { table: Arc<Table>, id: String, body: Body, json: String },
    Replace { table: Arc<Table>, id: String, expected: u64, body: Body, json: String },
    Adjust { table: Arc<Table>, id: String, add: Vec<(&'static str, i64)>, set: Body },
    Delete { table: Arc<Table>, id: String, expected: Option<u64> },
}

impl Prepared {
    fn new(catalog: &Catalog, write: Write) -> Result<Self, StoreError> {
        let json = |body: &Body| {
            serde_json::to_string(body).map_err(|error| StoreError::from(crate::error::Fault::Json(error)))
        };
        Ok(match write {
            Write::Insert { collection, id, body } => {
                let table = catalog.table(collection)?.clone();
                Self::Insert { table, id, json: json(&body)?, body }
            }
            Write::Replace { collection, id, expected, body } => {
                let table = catalog.table(collection)?.clone();
                Self::Replace { table, id, expected, json: json(&body)?, body }
            }
            Write::Adjust { collection, id, add, set } => {
                Self::Adjust { table: catalog.table(collection)?.clone(), id, add, set }
            }
            Write::Delete { collection, id, expected } => {
                Self::Delete { table: catalog.table(collection)?.clone(), id, expected }
            }
        })
    }
}

fn apply(conn: &Connection, writes: Vec<Prepared>, jobs: &[Outgoing]) -> Outcome<Vec<u64>> {
    let mut versions = Vec::with_capacity(writes.len());
    for write in writes {
        versions.push(match write {
            Prepared::Insert { table, id, body, json } => {
                row::insert(conn, &table, &id, &body, &json)?;
                1
            }
            Prepared::Replace { table, id, expected, body, json } => {
                row::replace(conn, &table, (&id, expected), &body, &json)?;
                expected + 1
            }
            Prepared::Adjust { table, id, add, set } => row::adjust(conn, &table, &id, &add, set)?,
            Prepared::Delete { table, id, expected } => {
                row::delete(conn, &table, &id, expected)?;
                0
            }
        });
    }
    jobs.iter().try_for_each(|job| job.insert(conn))?;
    Ok(versions)
}
