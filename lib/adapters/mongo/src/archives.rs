//! [`Archives`] of documents that are here and of accounts that are elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use dzinza_ports::{AccountTable, Archives, Body, Collection, Document, Query, Snapshot, StoreError};
use mongodb::ClientSession;
use mongodb::bson::{Document as Bsons, doc};
use tokio::sync::Mutex;

use crate::error::{of_write, store_error};
use crate::shape::encode;
use crate::store::MongoStore;

/// Documents on MongoDB and accounts in another store, as one.
pub struct MongoArchives {
    documents: Arc<MongoStore>,
    accounts: Arc<dyn Archives>,
}

impl MongoArchives {
    /// Of these two.
    pub fn new(documents: Arc<MongoStore>, accounts: Arc<dyn Archives>) -> Self {
        Self { documents, accounts }
    }
}

/// A session that reads at one moment. MongoDB keeps what was there for five minutes, if it is not told to keep it longer
/// (`minSnapshotHistoryWindowInSeconds`); reading on after that is `Unavailable`.
struct Moment {
    documents: Arc<MongoStore>,
    session: Mutex<ClientSession>,
    accounts: Arc<dyn Snapshot>,
}

#[async_trait]
impl Snapshot for Moment {
    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        let table = self.documents.catalog.table(collection)?.clone();
        let mut session = self.session.lock().await;
        self.documents.found(&table, &query, Vec::new(), Some(&mut session)).await
    }

    async fn accounts(&self, table: AccountTable, after: &str, limit: u32) -> Result<Vec<Body>, StoreError> {
        self.accounts.accounts(table, after, limit).await
    }
}

#[async_trait]
impl Archives for MongoArchives {
    /// The accounts' moment is a little earlier than that of the documents, which refer to them.
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        let accounts = self.accounts.snapshot().await?;
        let documents = self.documents.clone();
        let ready = documents.ready().await?;
        let mut session = ready.client.start_session().snapshot(true).await.map_err(store_error)?;
        // The moment is that of the first read.
        if let Some(table) = documents.catalog.tables().next() {
            let looked = ready.collection(table).find_one(doc! {}).session(&mut session).await;
            looked.map_err(store_error)?;
        }
        Ok(Arc::new(Moment { documents: documents.clone(), session: Mutex::new(session), accounts }))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let ready = self.documents.ready().await?;
        for table in self.documents.catalog.tables() {
            if ready.collection(table).find_one(doc! {}).await.map_err(store_error)?.is_some() {
                return Ok(false);
            }
        }
        self.accounts.is_empty().await
    }

    async fn put_documents(
        &self,
        collection: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError> {
        if documents.is_empty() {
            return Ok(());
        }
        let table = self.documents.catalog.table(collection)?.clone();
        let ready = self.documents.ready().await?;
        let stored = documents.iter().map(|document| {
            let mut stored: Bsons = encode(&table, &document.body, document.version);
            stored.insert("_id", &document.id);
            stored
        });
        let mut session = ready.client.start_session().await.map_err(store_error)?;
        session.start_transaction().await.map_err(store_error)?;
        let put = ready.collection(&table).insert_many(stored).session(&mut session).await;
        if let Err(error) = put {
            drop(session.abort_transaction().await);
            return Err(of_write(error, &table).into());
        }
        session.commit_transaction().await.map_err(store_error)
    }

    async fn put_accounts(&self, table: AccountTable, rows: Vec<Body>) -> Result<(), StoreError> {
        self.accounts.put_accounts(table, rows).await
    }

    async fn settle(&self) -> Result<(), StoreError> {
        self.accounts.settle().await
    }
}
