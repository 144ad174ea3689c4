//! What a database holds and what it looks like, to be compared.

use std::collections::{BTreeMap, BTreeSet};

use dzinza_postgres::PgConnectOptions;
use serde_json::Value;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_postgres::PgConnection;

use crate::server::connect;

/// What a SELECT of texts finds.
pub async fn texts(conn: &mut PgConnection, sql: &str) -> anyhow::Result<Vec<String>> {
    let rows = query(AssertSqlSafe(sql.to_owned())).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// `table.column type nullable`, of everything that is in sight.
pub async fn columns(conn: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let sql = "SELECT concat_ws(' ', table_name || '.' || column_name, udt_name, character_maximum_length, is_nullable)
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> 'schema_migrations' ORDER BY 1";
    texts(conn, sql).await
}

/// Fails with what one has and the other has not.
pub fn same<T: Ord + std::fmt::Debug>(one: impl IntoIterator<Item = T>, other: impl IntoIterator<Item = T>) {
    let (one, other): (BTreeSet<T>, BTreeSet<T>) = (one.into_iter().collect(), other.into_iter().collect());
    let differences: Vec<_> = one.symmetric_difference(&other).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Columns, defaults, indexes, constraints and triggers.
pub async fn shape(options: &PgConnectOptions) -> anyhow::Result<Vec<String>> {
    let mut conn = connect(options).await?;
    let mut shape = columns(&mut conn).await?;
    for sql in [
        "SELECT concat_ws(' ', table_name, column_name, column_default) FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'schema_migrations' ORDER BY 1",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1",
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND conrelid <> coalesce(to_regclass('schema_migrations'), 0)
         ORDER BY 1",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger
         WHERE NOT tgisinternal AND pg_get_triggerdef(oid) LIKE '% ON public.%' ORDER BY 1",
        // What is kept aside may have more.
        "SELECT DISTINCT enumlabel::text FROM pg_enum JOIN pg_attribute ON atttypid = enumtypid
         WHERE attrelid = to_regclass('public.users') ORDER BY 1",
    ] {
        shape.extend(texts(&mut conn, sql).await?);
    }
    Ok(shape)
}

/// Every row of every table, in the order of their texts, without these columns.
pub async fn rows(
    options: &PgConnectOptions,
    without: &[&str],
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut conn = connect(options).await?;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'";
    let mut dump = BTreeMap::new();
    for table in texts(&mut conn, tables).await? {
        let mut rows = Vec::new();
        for row in texts(&mut conn, &format!("SELECT to_jsonb(it)::text FROM {table} AS it")).await? {
            let mut row: Value = serde_json::from_str(&row)?;
            if let Some(fields) = row.as_object_mut() {
                fields.retain(|column, _| !without.contains(&&*format!("{table}.{column}")));
            }
            rows.push(row.to_string());
        }
        rows.sort();
        dump.insert(table, rows);
    }
    Ok(dump)
}

/// The same rows without these columns.
pub fn without(
    dump: BTreeMap<String, Vec<String>>,
    columns: &[&str],
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut left = BTreeMap::new();
    for (table, texts) in dump {
        let mut rows = Vec::new();
        for text in texts {
            let mut row: Value = serde_json::from_str(&text)?;
            if let Some(fields) = row.as_object_mut() {
                fields.retain(|column, _| !columns.contains(&&*format!("{table}.{column}")));
            }
            rows.push(row.to_string());
        }
        rows.sort();
        left.insert(table, rows);
    }
    Ok(left)
}
