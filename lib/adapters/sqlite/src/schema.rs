//! Brings a file up to date: numbered migrations for the fixed tables, and for the collections whatever
//! their declarations have and the file has not.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::error::{Fault, Outcome, corrupt};
use crate::row::refresh_columns;
use crate::table::{Catalog, Side, Table};

/// In order; a file's `user_version` says how many it has had. Applied ones never change.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_initial.sql")];
/// Documents per step when columns are filled afterwards.
const BACKFILL: u32 = 500;

/// Everything in one transaction: a file is as it was before, or up to date.
pub(crate) fn prepare(conn: &mut Connection, catalog: &Catalog) -> Outcome<()> {
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    migrate(&transaction)?;
    for table in catalog.tables() {
        evolve(&transaction, table)?;
    }
    transaction.commit()?;
    Ok(())
}

fn migrate(conn: &Connection) -> Outcome<()> {
    let have: usize = conn.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
    if have > MIGRATIONS.len() {
        return Err(Fault::Store(corrupt(format!(
            "the database has schema version {have}, this program knows up to {}: it was written by a newer one",
            MIGRATIONS.len()
        ))));
    }
    for migration in &MIGRATIONS[have..] {
        conn.execute_batch(migration)?;
    }
    if have < MIGRATIONS.len() {
        conn.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len()))?;
    }
    Ok(())
}

fn evolve(conn: &Connection, table: &Table) -> Outcome<()> {
    let existing = columns(conn, table.name())?;
    let fresh = existing.is_empty();
    let mut stale = false;
    if fresh {
        create(conn, table)?;
    } else {
        stale |= add_columns(conn, table, &existing)?;
    }
    let mut added_sides = Vec::new();
    for side in &table.sides {
        if columns(conn, &side.name)?.is_empty() {
            create_side(conn, side)?;
            added_sides.push(side);
        }
    }
    if !fresh && (stale || !added_sides.is_empty()) {
        backfill(conn, table, stale, &added_sides)?;
    }
    evolve_indexes(conn, table)
}

/// Name and declared type of the columns; none if there is no such table.
fn columns(conn: &Connection, table: &str) -> Outcome<Vec<(String, String)>> {
    let mut statement = conn.prepare("SELECT name, type FROM pragma_table_info(?)")?;
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

fn column_type(kind: dzinza_ports::FieldKind) -> &'static str {
    if kind == dzinza_ports::FieldKind::Integer { "INTEGER" } else { "TEXT" }
}

fn create(conn: &Connection, table: &Table) -> Outcome<()> {
    let mut sql = format!(r#"CREATE TABLE "{}" (id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL"#, table.name());
    for column in &table.columns {
        sql.extend([", \"", &column.name, "\" ", column_type(column.kind)]);
    }
    // Last, so that a long body does not stand between a reader and the columns.
    sql += ", body TEXT NOT NULL)";
    Ok(conn.execute_batch(&sql)?)
}

/// Says whether there was a column to add.
fn add_columns(conn: &Connection, table: &Table, existing: &[(String, String)]) -> Outcome<bool> {
    let mut added = false;
    for column in &table.columns {
        let wanted = column_type(column.kind);
        match existing.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name)) {
            Some((_, kind)) if kind == wanted => {}
            Some((_, kind)) => {
                let path = column.path;
                return Err(Fault::Store(corrupt(format!(
                    "{}.{path} is {kind} in the file and declared {wanted}",
                    table.name()
                ))));
            }
            None => {
                let sql = format!(r#"ALTER TABLE "{}" ADD COLUMN "{}" {wanted}"#, table.name(), column.name);
                conn.execute_batch(&sql)?;
                added = true;
            }
        }
    }
    Ok(added)
}

fn create_side(conn: &Connection, side: &Side) -> Outcome<()> {
    let name = &side.name;
    Ok(conn.execute_batch(&format!(
        r#"CREATE TABLE "{name}" (value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, id)) WITHOUT ROWID;
           CREATE INDEX "{name}__by_id" ON "{name}" (id);"#
    ))?)
}

fn backfill(conn: &Connection, table: &Table, all_columns: bool, sides: &[&Side]) -> Outcome<()> {
    let name = table.name();
    let select = format!(r#"SELECT rowid, id, body FROM "{name}" WHERE rowid > ? ORDER BY rowid LIMIT {BACKFILL}"#);
    let mut statement = conn.prepare(&select)?;
    let mut after = i64::MIN;
    loop {
        let rows = statement.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows: Vec<(i64, String, String)> = rows.collect::<Result<_, _>>()?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (rowid, id, body) in rows {
            let body = serde_json::from_str(&body)?;
            if all_columns {
                refresh_columns(conn, table, rowid, &body)?;
            }
            for side in sides {
                crate::row::fill_side(conn, side, &id, &body)?;
            }
        }
    }
}

/// Creates what is missing and drops what is declared no longer (an old uniqueness rule would still bite).
fn evolve_indexes(conn: &Connection, table: &Table) -> Outcome<()> {
    let name = table.name();
    let mut statement =
        conn.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL")?;
    let existing = statement.query_map([name], |row| row.get(0))?;
    let mut existing: HashSet<String> = existing.collect::<Result<_, _>>()?;
    for index in &table.indexes {
        if existing.remove(&index.name) {
            continue;
        }
        let mut listed = index.columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>();
        if !index.unique {
            listed.push("id".to_owned());
        }
        let unique = if index.unique { "UNIQUE " } else { "" };
        let sql = format!(r#"CREATE {unique}INDEX "{}" ON "{name}" ({})"#, index.name, listed.join(", "));
        conn.execute_batch(&sql).map_err(|error| crate::row::name_rule(error, table))?;
    }
    for index in existing {
        conn.execute_batch(&format!(r#"DROP INDEX "{index}""#))?;
    }
    Ok(())
}
