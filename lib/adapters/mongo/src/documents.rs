//! [`Documents`]: finds and batches.

use async_trait::async_trait;
use dzinza_ports::{Batch, Collection, Document, Documents, Filter, Query, Row, StoreError, field_value};
use futures::TryStreamExt as _;
use mongodb::ClientSession;
use mongodb::bson::{Document as Bsons, doc};
use serde_json::Value;

use crate::commit;
use crate::error::{invalid, store_error};
use crate::plan::Plan;
use crate::query::{by_id, condition, plan};
use crate::shape::{ODD, VERSION, decode, escaped};
use crate::store::MongoStore;
use crate::table::{Kind, Table};

#[async_trait]
impl Documents for MongoStore {
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let collection = self.ready().await?.collection(&table);
        let found = collection.find_one(by_id(id)).await.map_err(store_error)?;
        found.map(|stored| decode(&table, stored)).transpose()
    }

    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let only = query.only.iter().map(|name| escaped(name, true)).collect();
        self.found(&table, &query, only, None).await
    }

    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let filter = condition(&table, &filter)?;
        let collection = self.ready().await?.collection(&table);
        collection.count_documents(filter).await.map_err(store_error)
    }

    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError> {
        let table = self.catalog.table(collection)?.clone();
        let mut only = Vec::with_capacity(fields.len());
        for path in fields.iter().filter(|path| **path != "id") {
            let field = table.field(path).filter(|field| field.kind != Kind::TextArray);
            only.push(
                field
                    .ok_or_else(|| invalid(format!("{}.{path} is not declared for this", table.name())))?
                    .path,
            );
        }
        let only = if only.is_empty() {
            vec![VERSION.to_owned()]
        } else {
            only.iter().map(|path| (*path).to_owned()).collect()
        };
        let found = self.found(&table, &query, only, None).await?;
        let row = |document: Document| Row {
            values: fields.iter().map(|path| projected(&table, &document, path)).collect(),
            id: document.id,
        };
        Ok(found.into_iter().map(row).collect())
    }

    async fn commit_noting(&self, batch: Batch) -> Result<Vec<u64>, StoreError> {
        if batch.writes.is_empty() && batch.jobs.is_empty() {
            return Ok(Vec::new());
        }
        let plan = Plan::of(&self.catalog, batch.writes)?;
        let jobs: Vec<_> = batch.jobs.iter().map(|job| self.outgoing(job)).collect();
        let ready = self.ready().await?;
        let versions = commit::commit(ready, &plan, &jobs).await?;
        self.send(ready, jobs).await;
        Ok(versions)
    }
}

/// The value as the field's kind has it.
fn projected(table: &Table, document: &Document, path: &str) -> Value {
    let value = field_value(document, path);
    let right = match table.field(path).map(|field| field.kind) {
        Some(Kind::Integer) => value.is_i64(),
        _ => value.is_string(),
    };
    if right { value } else { Value::Null }
}

impl MongoStore {
    /// The documents of a query, with these stored fields only, unless none are named; as the session sees them, if there
    /// is one.
    pub(crate) async fn found(
        &self,
        table: &Table,
        query: &Query,
        only: Vec<String>,
        mut session: Option<&mut ClientSession>,
    ) -> Result<Vec<Document>, StoreError> {
        plan(table, query, false)?;
        let ready = self.ready().await?;
        let plan = plan(table, query, ready.has_foreign_ids(table))?;
        let collection = ready.collection(table);
        let projection = if only.is_empty() { None } else { Some(projection(only)) };
        let limit = query.limit as usize;
        let mut found: Vec<Document> = Vec::new();
        for filter in plan.filters {
            let left = limit.saturating_sub(found.len());
            if left == 0 {
                break;
            }
            let mut find =
                collection.find(filter).sort(plan.sort.clone()).limit(left as i64).skip(query.skip);
            if let Some(projection) = &projection {
                find = find.projection(projection.clone());
            }
            let stored: Vec<Bsons> = match session.as_deref_mut() {
                None => find.await.map_err(store_error)?.try_collect().await,
                Some(session) => {
                    let mut cursor = find.session(&mut *session).await.map_err(store_error)?;
                    cursor.stream(session).try_collect().await
                }
            }
            .map_err(store_error)?;
            for stored in stored {
                found.push(decode(table, stored)?);
            }
        }
        Ok(found)
    }
}

fn projection(only: Vec<String>) -> Bsons {
    let mut projection = doc! { VERSION: 1, ODD: 1 };
    for name in only {
        projection.insert(name, 1);
    }
    projection
}
