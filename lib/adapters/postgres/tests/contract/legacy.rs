//! The gateways' tables of families, in both of their layouts, become trees of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dzinza_domain::collections::{self, FAMILY_TREES, PEOPLE, RELATIONSHIPS};
use dzinza_legacy::{Move, Report, migrate};
use dzinza_ports::{
    Documents, Filter, Legacy, LegacyRow, Query, StoreError, StoreErrorKind, SystemClock, SystemIds,
};
use dzinza_postgres::PgAccounts;
use dzinza_sqlite::SqliteStore;
use libtest_mimic::Trial;
use serde_json::json;

use crate::case;
use crate::server::{PostgresServer, connect, run};

const NODE: &str = include_str!("layouts/node.sql");
const PLATFORM: &str = include_str!("layouts/platform.sql");
const TREE: &str = "10000000-0000-4000-8000-00000000000a";
const FATHER: &str = "20000000-0000-4000-8000-000000000001";
const CHILD: &str = "20000000-0000-4000-8000-000000000002";

pub fn cases(trials: &mut Vec<Trial>, server: Option<&Arc<PostgresServer>>) {
    case(trials, server, "legacy: Node's tables become trees, again and cut off", |server| async move {
        moved(server, NODE, "user_id").await
    });
    case(trials, server, "legacy: Python's tables become trees, again and cut off", |server| async move {
        moved(server, PLATFORM, "owner_id").await
    });
}

/// A family of two, and a hundred and more persons so that there are pages.
fn rows(owner: &str) -> String {
    let user = "'30000000-0000-4000-8000-000000000001'";
    format!(
        "SET session_replication_role = replica;
         INSERT INTO family_trees (id, name, {owner}) VALUES ('{TREE}', 'Moyo', {user});
         INSERT INTO family_members (id, name, first_name, last_name, gender, birth_date, child_ids, tree_id, user_id)
           VALUES ('{FATHER}', 'x', 'Tendai', 'Moyo', 'male', '1890-05-01', '[\"{CHILD}\"]', '{TREE}', {user}),
                  ('{CHILD}', 'x', 'Farai', NULL, 'unknown', NULL, '[]', '{TREE}', {user});
         INSERT INTO family_members (id, name, first_name, tree_id, user_id)
           SELECT ('40000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'x', 'N' || n, '{TREE}', {user}
           FROM generate_series(1, 450) n;"
    )
}

/// A source that ends after so many pages.
struct CutOff {
    source: PgAccounts,
    pages: AtomicUsize,
}

#[async_trait]
impl Legacy for CutOff {
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.source.tables().await
    }

    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError> {
        if self.pages.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "cut off"));
        }
        self.source.rows(table, after, limit).await
    }
}

async fn moving(source: &dyn Legacy, documents: &Arc<SqliteStore>) -> Result<Report, StoreError> {
    let now = "2026-01-01T00:00:00.000000Z".to_owned();
    migrate(Move { source, documents: documents.clone(), dry_run: false, now }).await
}

async fn moved(server: Arc<PostgresServer>, layout: &str, owner: &str) -> anyhow::Result<()> {
    let options = server.empty().await?;
    let mut conn = connect(&options).await?;
    run(&mut conn, layout).await?;
    run(&mut conn, &rows(owner)).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s.db");
    let store = SqliteStore::open(&path, Arc::new(SystemClock), Arc::new(SystemIds), collections::ALL)?;
    let source = PgAccounts::new(options, 2, Arc::new(SystemIds));
    let source = CutOff { source, pages: AtomicUsize::new(5) };
    anyhow::ensure!(moving(&source, &store).await.is_err(), "it was to be cut off");
    let half = store.count(&PEOPLE, Filter::All).await?;
    anyhow::ensure!((1..452).contains(&half), "{half} persons");
    source.pages.store(usize::MAX, Ordering::SeqCst);
    let report = moving(&source, &store).await?;
    assert_eq!(store.count(&PEOPLE, Filter::eq("familyTreeId", TREE)).await?, 452, "{report}");
    let tree = store.get(&FAMILY_TREES, TREE).await?.ok_or_else(|| anyhow::anyhow!("no tree"))?;
    assert_eq!(tree.body["ownerId"], "30000000-0000-4000-8000-000000000001");
    assert_eq!(tree.body["statistics"], json!({"totalPersons": 452, "totalRelationships": 1}));
    let father = store.get(&PEOPLE, FATHER).await?.ok_or_else(|| anyhow::anyhow!("no father"))?;
    assert_eq!((&father.body["dateOfBirth"], &father.body["gender"]), (&json!("1 MAY 1890"), &json!("Male")));
    let ties = store.find(&RELATIONSHIPS, Query::new(Filter::eq("person1Id", FATHER))).await?;
    assert_eq!((ties.len(), &ties[0].body["parentalRole"]), (1, &json!("BiologicalFather")));
    assert_eq!(moving(&source, &store).await?.written(), 0, "a second whole run");
    Ok(())
}
