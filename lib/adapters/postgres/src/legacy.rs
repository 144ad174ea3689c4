//! Reading the tables of trees that earlier gateways had.

use async_trait::async_trait;
use dzinza_ports::{Body, Legacy, LegacyRow, StoreError};
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_core::types::Json;

use crate::connection::PgAccounts;
use crate::error::invalid;
use crate::user_search::unsigned;

/// What speaks of families. Accounts stay where they are: they are brought up to date by the migrations.
const TABLES: &[&str] = &[
    "comments",
    "dna_matches",
    "dna_tests",
    "events",
    "family_members",
    "family_relationships",
    "family_tree_permissions",
    "family_trees",
    "file_metadata",
    "historical_records",
    "notifications",
    "tree_members",
];

#[async_trait]
impl Legacy for PgAccounts {
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.within(async {
            let mut tables = Vec::new();
            for name in TABLES {
                let there =
                    query("SELECT to_regclass($1) IS NOT NULL").bind(*name).fetch_one(&self.pool).await?;
                if there.try_get(0)? {
                    // One of the names above.
                    let count = AssertSqlSafe(format!("SELECT count(*) FROM {name}"));
                    let count = query(count).fetch_one(&self.pool).await?;
                    tables.push(((*name).to_owned(), unsigned(count.try_get(0)?)?));
                }
            }
            Ok(tables)
        })
        .await
    }

    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError> {
        let name = TABLES.iter().find(|name| **name == table);
        let name = name.ok_or_else(|| invalid(format!("{table} is no table of older programs")))?;
        self.within(async {
            let sql = AssertSqlSafe(format!(
                "SELECT id::text, to_jsonb(t) FROM {name} t WHERE id::text COLLATE \"C\" > $1
                 ORDER BY id::text COLLATE \"C\" LIMIT $2"
            ));
            let read = query(sql).bind(after.unwrap_or_default()).bind(i64::from(limit));
            let read = read.fetch_all(&self.pool).await?;
            let mut rows = Vec::with_capacity(read.len());
            for row in &read {
                let (id, Json(body)) = (row.try_get::<String, _>(0)?, row.try_get::<Json<Body>, _>(1)?);
                rows.push(LegacyRow { position: id.clone(), id, body });
            }
            Ok(rows)
        })
        .await
    }
}
