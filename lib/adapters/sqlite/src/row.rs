//! Reading and writing single documents on a connection, side tables included.

use dzinza_ports::adapting::add_at;
use dzinza_ports::{Body, Document, StoreError, StoreErrorKind};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row};
use serde_json::Value;

use crate::chosen;
use crate::error::{Fault, Outcome, corrupt, invalid, violated};
use crate::table::{Side, Table};

const LONGEST_ID: usize = 200;

/// A row that was selected as `id, version, body`, with these fields of the body only, unless none are named.
pub(crate) fn document(table: &Table, row: &Row<'_>, only: &'static [&'static str]) -> Outcome<Document> {
    let text = row.get_ref(2)?.as_str().map_err(|error| Fault::Database(error.into()))?;
    let body = if only.is_empty() { serde_json::from_str(text) } else { chosen::fields(text, only) };
    let body = body.map_err(|error| {
        StoreError::with_source(StoreErrorKind::Corrupt, format!("a body in {}", table.name()), error)
    })?;
    Ok(Document { id: row.get(0)?, version: row.get::<_, i64>(1)? as u64, body })
}

/// A row that was selected as `id` and these fields, of which the id may be one.
pub(crate) fn projected(row: &Row<'_>, fields: &[&str]) -> Outcome<dzinza_ports::Row> {
    let mut values = Vec::with_capacity(fields.len());
    for at in 1..=fields.len() {
        values.push(match row.get_ref(at)? {
            ValueRef::Integer(number) => Value::from(number),
            ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
            _ => Value::Null,
        });
    }
    Ok(dzinza_ports::Row { id: row.get(0)?, values })
}

pub(crate) fn get(conn: &Connection, table: &Table, id: &str) -> Outcome<Option<Document>> {
    let mut statement = conn.prepare_cached(&table.get)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| document(table, row, &[])).transpose()
}

/// Adds a document at a version that it had elsewhere.
pub(crate) fn put(conn: &Connection, table: &Table, document: &Document) -> Outcome<()> {
    let json = serde_json::to_string(&document.body)?;
    insert(conn, table, &document.id, &document.body, &json)?;
    if document.version != 1 {
        let sql = format!(r#"UPDATE "{}" SET version = ? WHERE id = ?"#, table.name());
        let version = i64::try_from(document.version).map_err(|_| invalid("a version beyond all bounds"))?;
        conn.prepare_cached(&sql)?.execute((version, &document.id))?;
    }
    Ok(())
}

pub(crate) fn insert(conn: &Connection, table: &Table, id: &str, body: &Body, json: &str) -> Outcome<()> {
    if id.len() > LONGEST_ID {
        return Err(Fault::Store(invalid(format!("{}: an id of {} bytes", table.name(), id.len()))));
    }
    let mut statement = conn.prepare_cached(&table.insert)?;
    statement.raw_bind_parameter(1, id)?;
    statement.raw_bind_parameter(2, json)?;
    bind_cells(&mut statement, 3, table, body)?;
    statement.raw_execute().map_err(|error| name_rule(error, table))?;
    for side in &table.sides {
        fill_side(conn, side, id, body)?;
    }
    Ok(())
}

/// Replaces the body of the document if it is at this version.
pub(crate) fn replace(
    conn: &Connection,
    table: &Table,
    (id, expected): (&str, u64),
    body: &Body,
    json: &str,
) -> Outcome<()> {
    let mut statement = conn.prepare_cached(&table.update)?;
    statement.raw_bind_parameter(1, json)?;
    let next = bind_cells(&mut statement, 2, table, body)?;
    statement.raw_bind_parameter(next, id)?;
    statement.raw_bind_parameter(next + 1, expected as i64)?;
    let changed = statement.raw_execute().map_err(|error| name_rule(error, table))?;
    if changed == 0 {
        return Err(stale(table));
    }
    for side in &table.sides {
        conn.prepare_cached(&side.delete)?.execute([id])?;
        fill_side(conn, side, id, body)?;
    }
    Ok(())
}

/// Adds and sets; says which version that made.
pub(crate) fn adjust(
    conn: &Connection,
    table: &Table,
    id: &str,
    add: &[(&'static str, i64)],
    set: Body,
) -> Outcome<u64> {
    let Some(Document { version, mut body, .. }) = get(conn, table, id)? else { return Err(stale(table)) };
    for (path, amount) in add {
        add_at(&mut body, path, *amount)?;
    }
    body.extend(set);
    let json = serde_json::to_string(&body)?;
    replace(conn, table, (id, version), &body, &json)?;
    Ok(version + 1)
}

pub(crate) fn delete(conn: &Connection, table: &Table, id: &str, expected: Option<u64>) -> Outcome<()> {
    let changed = match expected {
        Some(version) => conn.prepare_cached(&table.delete_at)?.execute((id, version as i64))?,
        None => conn.prepare_cached(&table.delete)?.execute([id])?,
    };
    if changed == 0 {
        return if expected.is_some() { Err(stale(table)) } else { Ok(()) };
    }
    for side in &table.sides {
        conn.prepare_cached(&side.delete)?.execute([id])?;
    }
    Ok(())
}

pub(crate) fn fill_side(conn: &Connection, side: &Side, id: &str, body: &Body) -> Outcome<()> {
    let texts = side.texts(body);
    if texts.is_empty() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(&side.insert)?;
    for text in texts {
        statement.execute([text, id])?;
    }
    Ok(())
}

/// Sets the columns from the body and nothing else; for columns that came later than the row.
pub(crate) fn refresh_columns(conn: &Connection, table: &Table, rowid: i64, body: &Body) -> Outcome<()> {
    if table.columns.is_empty() {
        return Ok(());
    }
    let settings: Vec<_> = table.columns.iter().map(|column| format!("\"{}\" = ?", column.name)).collect();
    let sql = format!(r#"UPDATE "{}" SET {} WHERE rowid = ?"#, table.name(), settings.join(", "));
    let mut statement = conn.prepare_cached(&sql)?;
    let next = bind_cells(&mut statement, 1, table, body)?;
    statement.raw_bind_parameter(next, rowid)?;
    statement.raw_execute()?;
    Ok(())
}

/// The error of a uniqueness rule, under the name it was declared by.
pub(crate) fn name_rule(error: rusqlite::Error, table: &Table) -> Fault {
    match violated(&error).map(|(_, columns)| table.rule(&columns)) {
        Some(rule) => Fault::Store(StoreError::with_source(StoreErrorKind::Conflict, rule, error)),
        None => Fault::Database(error),
    }
}

/// Binds the columns in their order from this parameter on; says which parameter is next.
fn bind_cells(
    statement: &mut CachedStatement<'_>,
    first: usize,
    table: &Table,
    body: &Body,
) -> Outcome<usize> {
    for (at, column) in table.columns.iter().enumerate() {
        statement.raw_bind_parameter(first + at, column.cell(body))?;
    }
    Ok(first + table.columns.len())
}

fn stale(table: &Table) -> Fault {
    Fault::Store(StoreError::new(StoreErrorKind::Stale, table.name()))
}

/// The one value of a statement that yields at most one row.
pub(crate) fn one<T: rusqlite::types::FromSql>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Outcome<Option<T>> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

/// A count as SQLite gives it.
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt("a negative count"))
}
