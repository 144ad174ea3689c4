//! [`Archives`]: one read transaction for all that is read, and rows as they were for what is put back.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dzinza_ports::{
    AccountTable, Archives, Body, Collection, Document, Query, Snapshot, StoreError, StoreErrorKind,
};
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::connection::reading;
use crate::documents::each;
use crate::error::{Outcome, invalid, unavailable};
use crate::store::SqliteStore;
use crate::table::Catalog;
use crate::{keys, outbox, query, row, sessions, statistics, user_columns};

/// A connection of its own inside a read transaction, which ends with it.
struct Moment {
    catalog: Arc<Catalog>,
    conn: Arc<Mutex<Connection>>,
    _permit: OwnedSemaphorePermit,
}

impl Moment {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let conn = self.conn.clone();
        blocking(move || work(&conn.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| unavailable("reading a moment"))??)
}

#[async_trait]
impl Snapshot for Moment {
    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let statements = query::statements(&table, &query)?;
        let limit = query.limit as usize;
        self.read(move |conn| {
            // Not `each` at once: it would begin a transaction inside of this one.
            let mut found = Vec::new();
            for statement in statements {
                let left = limit - found.len();
                if left > 0 {
                    found.extend(each(conn, vec![statement], left, |row| row::document(&table, row, &[]))?);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn accounts(&self, table: AccountTable, after: &str, limit: u32) -> Result<Vec<Body>, StoreError> {
        let after = after.to_owned();
        self.read(move |conn| {
            let sql = format!("SELECT * FROM {} WHERE id > ? ORDER BY id LIMIT ?", table.name());
            let mut statement = conn.prepare_cached(&sql)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query((after, limit))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let mut body = Body::new();
                for (at, name) in names.iter().enumerate() {
                    body.insert(name.clone(), json_of(row.get_ref(at)?));
                }
                found.push(body);
            }
            Ok(found)
        })
        .await
    }
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}

#[async_trait]
impl Archives for SqliteStore {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        let closed = |_| unavailable("the store is closed");
        let permit = self.snapshots.clone().acquire_owned().await.map_err(closed)?;
        let (catalog, path) = (self.catalog.clone(), self.readers.path().to_owned());
        let conn = blocking(move || {
            let conn = reading(&path)?;
            // The moment is that of the first read.
            conn.execute_batch("BEGIN; SELECT count(*) FROM document_collections;")?;
            Ok(conn)
        });
        Ok(Arc::new(Moment { catalog, conn: Arc::new(Mutex::new(conn.await?)), _permit: permit }))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let catalog = self.catalog.clone();
        let looked = self.readers.read(move |conn| {
            for name in catalog.tables().map(crate::table::Table::name).chain(["users"]) {
                if row::one::<i64>(conn, &format!(r#"SELECT 1 FROM "{name}" LIMIT 1"#), [])?.is_some() {
                    return Ok(false);
                }
            }
            Ok(true)
        });
        looked.await
    }

    async fn put_documents(
        &self,
        collection: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let put = move |conn: &Connection| {
            documents.iter().try_for_each(|document| row::put(conn, &table, document))
        };
        self.writer.write(false, put).await
    }

    async fn put_accounts(&self, table: AccountTable, rows: Vec<Body>) -> Result<(), StoreError> {
        let put = move |conn: &Connection| rows.into_iter().try_for_each(|row| put_account(conn, table, row));
        self.writer.write(false, put).await
    }

    async fn settle(&self) -> Result<(), StoreError> {
        let catalog = self.catalog.clone();
        let gathered = self.readers.read(move |conn| statistics::gather(conn, &catalog)).await?;
        // What is written durably makes durable what was written before it.
        self.writer.write(true, move |conn| statistics::store(conn, &gathered)).await
    }
}

fn put_account(conn: &Connection, table: AccountTable, mut given: Body) -> Outcome<()> {
    if table == AccountTable::Users {
        // What uniqueness and look-ups compare is never taken on trust.
        for (derived, from) in [("email_lower", "email"), ("username_lower", "username")] {
            let lower = given.get(from).and_then(Value::as_str).map(str::to_lowercase);
            given.insert(derived.into(), lower.map_or(Value::Null, Value::from));
        }
    }
    let name = table.name();
    let columns = columns(conn, name)?;
    if let Some(unknown) = given.keys().find(|key| columns.iter().all(|column| column.name != **key)) {
        return Err(invalid(format!("{name} has no column {unknown:?}")).into());
    }
    let (mut named, mut values) = (Vec::new(), Vec::new());
    for Column { name: column, required } in &columns {
        match given.get(column) {
            Some(value) => {
                let wrong = || invalid(format!("{name}.{column}: a value of a wrong kind"));
                values.push(sql_of(value).ok_or_else(wrong)?);
                named.push(column.as_str());
            }
            None if *required => return Err(invalid(format!("a row of {name} without {column}")).into()),
            // A column that is younger than the archive.
            None => {}
        }
    }
    let holes = vec!["?"; named.len()].join(", ");
    let sql = format!("INSERT INTO {name} ({}) VALUES ({holes}) RETURNING *", named.join(", "));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(|error| conflict(error, name))?;
    let stored = rows.next().map_err(|error| conflict(error, name))?;
    // Read as it will be read: a column takes values that nobody could read again.
    let readable = match (stored, table) {
        (None, _) => false,
        (Some(row), AccountTable::Users) => user_columns::user(row).is_ok(),
        (Some(row), AccountTable::AuditLogs) => sessions::audit_entry(row).is_ok(),
        (Some(row), AccountTable::Identities) => keys::identity(row).is_ok(),
        (Some(row), AccountTable::Passkeys) => keys::passkey(row).is_ok(),
        (Some(row), AccountTable::AccessTokens) => keys::access_token(row).is_ok(),
        (Some(row), AccountTable::SiteSettings) => outbox::site(row).is_ok(),
    };
    if readable { Ok(()) } else { Err(invalid(format!("a row of {name} that cannot be read")).into()) }
}

fn conflict(error: rusqlite::Error, table: &str) -> crate::error::Fault {
    match crate::error::violated(&error).map(|(_, columns)| columns.join(",")) {
        Some(columns) => {
            let rule = format!("{table}.{columns}");
            StoreError::with_source(StoreErrorKind::Conflict, rule, error).into()
        }
        None => error.into(),
    }
}

struct Column {
    name: String,
    required: bool,
}

fn columns(conn: &Connection, table: &str) -> Outcome<Vec<Column>> {
    let sql = r#"SELECT name, "notnull" = 1 AND dflt_value IS NULL FROM pragma_table_info(?)"#;
    let mut statement = conn.prepare_cached(sql)?;
    let columns =
        statement.query_map([table], |row| Ok(Column { name: row.get(0)?, required: row.get(1)? }))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

fn sql_of(value: &Value) -> Option<SqlValue> {
    match value {
        Value::Null => Some(SqlValue::Null),
        Value::String(text) => Some(SqlValue::Text(text.clone())),
        Value::Number(number) => number.as_i64().map(SqlValue::Integer),
        _ => None,
    }
}
