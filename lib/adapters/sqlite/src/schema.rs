//! Brings a file up to date: numbered migrations for the fixed tables, and for the collections whatever
//! their declarations have and the file has not.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::error::{Fault, Outcome, corrupt};
use crate::row::{fill_side, name_rule, one, refresh_columns};
use crate::statistics;
use crate::table::{Catalog, Side, Table};

/// In order; a file's `user_version` says how many it has had. Applied ones never change.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_keys_and_letters.sql"),
];
/// Documents per step when columns are filled afterwards.
const BACKFILL: u32 = 500;

/// Everything in one transaction: a file is as it was before, or up to date.
pub(crate) fn prepare(conn: &mut Connection, catalog: &Catalog) -> Outcome<()> {
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    migrate(&transaction)?;
    let mut changed = false;
    for table in catalog.tables() {
        changed |= evolve(&transaction, table)?;
    }
    if changed {
        statistics::store(&transaction, &statistics::gather(&transaction, catalog)?)?;
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

/// Says whether there was anything to do.
fn evolve(conn: &Connection, table: &Table) -> Outcome<bool> {
    let name = table.name();
    let declared = fingerprint(table);
    let known = one::<String>(conn, "SELECT fields FROM document_collections WHERE name = ?", [name])?;
    let mut changed = false;
    if known.as_ref() != Some(&declared) {
        if known.is_none() {
            create(conn, table)?;
        } else {
            rebuild(conn, table)?;
        }
        let remember = "INSERT OR REPLACE INTO document_collections (name, fields) VALUES (?, ?)";
        conn.execute(remember, [name, &declared])?;
        changed = true;
    }
    changed |= evolve_indexes(conn, table)?;
    Ok(changed)
}

/// The fields as they were last declared. A program with other declarations, older ones too, leaves columns
/// that it does not know as they are, so whoever comes after it fills them anew.
fn fingerprint(table: &Table) -> String {
    let fields = table.collection.fields.iter().map(|field| format!("{} {:?}", field.path, field.kind));
    let mut fields: Vec<_> = fields.collect();
    fields.sort_unstable();
    fields.join("\n")
}

fn create(conn: &Connection, table: &Table) -> Outcome<()> {
    let mut sql =
        format!(r#"CREATE TABLE "{}" (id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL"#, table.name());
    for column in &table.columns {
        sql.extend([", \"", &column.name, "\" ", column_type(column.kind)]);
    }
    // Last, so that a long body does not stand between a reader and the columns.
    sql += ", body TEXT NOT NULL)";
    conn.execute_batch(&sql)?;
    table.sides.iter().try_for_each(|side| create_side(conn, side))
}

/// Adds the columns and side tables that are missing, and fills all of them from the bodies.
fn rebuild(conn: &Connection, table: &Table) -> Outcome<()> {
    let name = table.name();
    for index in indexes(conn, name)? {
        conn.execute_batch(&format!(r#"DROP INDEX "{index}""#))?;
    }
    let existing = columns(conn, name)?;
    for column in &table.columns {
        let wanted = column_type(column.kind);
        let found = existing.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
        let column = &column.name;
        match found {
            Some((_, kind)) if kind == wanted => continue,
            Some(_) => conn.execute_batch(&format!(r#"ALTER TABLE "{name}" DROP COLUMN "{column}""#))?,
            None => {}
        }
        conn.execute_batch(&format!(r#"ALTER TABLE "{name}" ADD COLUMN "{column}" {wanted}"#))?;
    }
    for side in &table.sides {
        conn.execute_batch(&format!(r#"DROP TABLE IF EXISTS "{}""#, side.name))?;
        create_side(conn, side)?;
    }
    backfill(conn, table)
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

fn create_side(conn: &Connection, side: &Side) -> Outcome<()> {
    let name = &side.name;
    Ok(conn.execute_batch(&format!(
        r#"CREATE TABLE "{name}" (value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, id)) WITHOUT ROWID;
           CREATE INDEX "{name}__by_id" ON "{name}" (id);"#
    ))?)
}

fn backfill(conn: &Connection, table: &Table) -> Outcome<()> {
    let name = table.name();
    let select =
        format!(r#"SELECT rowid, id, body FROM "{name}" WHERE rowid > ? ORDER BY rowid LIMIT {BACKFILL}"#);
    let mut statement = conn.prepare(&select)?;
    let mut after = i64::MIN;
    loop {
        let rows = statement.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows: Vec<(i64, String, String)> = rows.collect::<Result<_, _>>()?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (rowid, id, body) in rows {
            let body = serde_json::from_str(&body)?;
            refresh_columns(conn, table, rowid, &body)?;
            for side in &table.sides {
                fill_side(conn, side, &id, &body)?;
            }
        }
    }
}

/// The indexes made here; what an operator made under other names stays out of it.
fn indexes(conn: &Connection, table: &str) -> Outcome<HashSet<String>> {
    let mut statement = conn.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
    )?;
    let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
    let mut names: HashSet<String> = names.collect::<Result<_, _>>()?;
    let ours = ["by", "unique"].map(|kind| format!("{table}__{kind}__"));
    names.retain(|name| ours.iter().any(|start| name.starts_with(start)));
    Ok(names)
}

/// Creates what is missing and drops what is declared no longer (an old uniqueness rule would still bite).
fn evolve_indexes(conn: &Connection, table: &Table) -> Outcome<bool> {
    let name = table.name();
    let mut existing = indexes(conn, name)?;
    let mut changed = false;
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
        conn.execute_batch(&sql).map_err(|error| name_rule(error, table))?;
        changed = true;
    }
    for index in existing {
        conn.execute_batch(&format!(r#"DROP INDEX "{index}""#))?;
        changed = true;
    }
    Ok(changed)
}
