//! What the query planner is told of the tables.
//!
//! Not averages, as ANALYZE gathers, but the largest group of documents with equal values: where ten thousand
//! small trees stand beside a large one, a plan must be good in the large one. And tables always count as
//! large, so that no plan made while they were small scans them when they have grown.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, params};

use crate::error::Outcome;
use crate::table::{Catalog, Table};

const LEAST_ROWS: i64 = 1_000_000;
const LEAST_GROUP: i64 = 10;
const FIRST_REFRESH: u64 = 2_000;

/// When to look again: after so many writes, then after four times as many, and so on.
pub(crate) struct Schedule {
    written: AtomicU64,
    next: AtomicU64,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Self { written: AtomicU64::new(0), next: AtomicU64::new(FIRST_REFRESH) }
    }

    /// Says whether it is time to look again, to one caller each time.
    pub(crate) fn wrote(&self, documents: usize) -> bool {
        let written = self.written.fetch_add(documents as u64, Ordering::Relaxed) + documents as u64;
        let next = self.next.load(Ordering::Relaxed);
        let later = written.saturating_mul(4);
        written >= next
            && self.next.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A row of `sqlite_stat1`: table, index, and how many rows there are in all and per value of each prefix.
pub(crate) struct Statistic {
    table: String,
    index: String,
    numbers: String,
}

/// Looks at every index, by the index alone.
pub(crate) fn gather(conn: &Connection, catalog: &Catalog) -> Outcome<Vec<Statistic>> {
    let mut statistics = Vec::new();
    for table in catalog.tables() {
        gather_table(conn, table, &mut statistics)?;
    }
    Ok(statistics)
}

fn gather_table(conn: &Connection, table: &Table, statistics: &mut Vec<Statistic>) -> Outcome<()> {
    let name = table.name();
    let rows = count(conn, &format!(r#"SELECT count(*) FROM "{name}""#))?.max(LEAST_ROWS);
    let mut add = |table: &str, index: String, groups: &[i64]| {
        let numbers = [rows].iter().chain(groups).map(i64::to_string).collect::<Vec<_>>().join(" ");
        statistics.push(Statistic { table: table.to_owned(), index, numbers });
    };
    add(name, format!("sqlite_autoindex_{name}_1"), &[1]);
    for index in &table.indexes {
        let mut groups = Vec::new();
        for end in 1..=index.columns.len() {
            groups.push(largest_group(conn, name, &index.columns[..end])?);
        }
        if index.unique {
            groups.pop();
        }
        groups.push(1);
        add(name, index.name.clone(), &groups);
    }
    for side in &table.sides {
        let largest = largest_group(conn, &side.name, &["value".to_owned()])?;
        add(&side.name, side.name.clone(), &[largest, 1]);
        add(&side.name, format!("{}__by_id", side.name), &[LEAST_GROUP, 1]);
    }
    Ok(())
}

fn largest_group(conn: &Connection, table: &str, columns: &[String]) -> Outcome<i64> {
    let listed = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let present = format!("\"{}\" IS NOT NULL", columns.first().map_or("", String::as_str));
    let groups = format!(r#"SELECT count(*) AS size FROM "{table}" WHERE {present} GROUP BY {listed}"#);
    Ok(count(conn, &format!("SELECT max(size) FROM ({groups})"))?.max(LEAST_GROUP))
}

fn count(conn: &Connection, sql: &str) -> Outcome<i64> {
    Ok(conn.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}

/// Puts them where every connection, of other processes too, finds them.
pub(crate) fn store(conn: &Connection, statistics: &[Statistic]) -> Outcome<()> {
    // Makes the table, if there is none.
    conn.execute_batch("ANALYZE sqlite_schema; DELETE FROM sqlite_stat1;")?;
    let mut insert = conn.prepare_cached("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)")?;
    for Statistic { table, index, numbers } in statistics {
        insert.execute(params![table, index, numbers])?;
    }
    // Other connections read them again when the schema has changed; this one when it is told to.
    conn.execute_batch(
        "CREATE TABLE statistics_changed (n); DROP TABLE statistics_changed; ANALYZE sqlite_schema;",
    )?;
    Ok(())
}
