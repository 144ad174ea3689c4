//! What single commands of the server do, inside a transaction or alone.

use dzinza_ports::adapting::add_at;
use dzinza_ports::{Body, StoreError, StoreErrorKind};
use mongodb::bson::{Bson, Document as Bsons, doc};
use mongodb::{ClientSession, Collection};
use std::sync::Arc;

use crate::error::{Fault, of_write};
use crate::query::{by_id, object_id};
use crate::shape::{self, VERSION, decode};
use crate::store::Ready;
use crate::table::Table;

/// What one command does, with all that can be done before the database is asked.
pub(crate) enum Prepared {
    /// New documents of one collection.
    Insert {
        table: Arc<Table>,
        ids: Vec<String>,
        documents: Vec<Bsons>,
    },
    Replace {
        table: Arc<Table>,
        id: String,
        expected: u64,
        document: Bsons,
    },
    Adjust {
        table: Arc<Table>,
        id: String,
        add: Vec<(&'static str, i64)>,
        set: Body,
    },
    /// Documents of one collection: whatever their versions are, or each at its own.
    Delete {
        table: Arc<Table>,
        ids: Vec<String>,
        expected: Option<Vec<u64>>,
    },
}

impl Prepared {
    pub(crate) fn table(&self) -> &Arc<Table> {
        match self {
            Self::Insert { table, .. }
            | Self::Replace { table, .. }
            | Self::Adjust { table, .. }
            | Self::Delete { table, .. } => table,
        }
    }

    /// Whether one command of the server does all of it, so that it needs no transaction.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Insert { ids, .. } => ids.len() == 1 && ids.iter().all(|id| object_id(id).is_none()),
            Self::Delete { ids, .. } => ids.len() == 1,
            Self::Replace { .. } | Self::Adjust { .. } => true,
        }
    }

    /// Does it, and says at which version each document is now.
    pub(crate) async fn apply(&self, place: &mut Place<'_>) -> Result<Vec<u64>, Fault> {
        match self {
            Self::Insert { table, ids, documents } => {
                place.refuse_foreign_twins(table, ids).await?;
                place.insert(table, documents).await?;
                Ok(vec![1; documents.len()])
            }
            Self::Replace { table, id, expected, document } => {
                if !place.replace(table, at_version(id, *expected), document).await? {
                    return Err(stale(table));
                }
                Ok(vec![expected + 1])
            }
            Self::Adjust { table, id, add, set } => {
                place.adjust(table, id, (add, set)).await.map(|version| vec![version])
            }
            Self::Delete { table, ids, expected } => {
                let deleted = match (ids.as_slice(), expected.as_deref()) {
                    ([id], None) => place.delete_one(table, by_id(id)).await?,
                    ([id], Some([version])) => place.delete_one(table, at_version(id, *version)).await?,
                    (ids, versions) => place.delete_many(table, those(ids, versions)).await?,
                };
                if expected.is_some() && deleted < ids.len() as u64 {
                    return Err(stale(table));
                }
                Ok(vec![0; ids.len()])
            }
        }
    }
}

impl Prepared {
    /// Whether the documents are as this leaves them; nothing, if that cannot be told from them.
    pub(crate) async fn is_in_place(&self, ready: &Ready) -> Result<Option<bool>, Fault> {
        let mut place = Place { ready, session: None };
        match self {
            Self::Insert { table, documents, .. } => {
                for document in documents {
                    let id = document.get("_id").cloned().unwrap_or_default();
                    if place.find(table, doc! { "_id": id }).await?.as_ref() != Some(document) {
                        return Ok(Some(false));
                    }
                }
                Ok(Some(true))
            }
            Self::Replace { table, id, document, .. } => {
                let found = place.find(table, by_id(id)).await?.map(|mut found| {
                    found.remove("_id");
                    found
                });
                Ok(Some(found.as_ref() == Some(document)))
            }
            Self::Adjust { .. } | Self::Delete { .. } => Ok(None),
        }
    }
}

/// The document at this version; one that others wrote is at version 1.
fn at_version(id: &str, version: u64) -> Bsons {
    let mut filter = by_id(id);
    let number = Bson::Int64(i64::try_from(version).unwrap_or(i64::MAX));
    filter.insert(VERSION, if version == 1 { doc! { "$in": [number, null] }.into() } else { number });
    filter
}

/// The documents of these ids, at these versions if there are any.
fn those(ids: &[String], versions: Option<&[u64]>) -> Bsons {
    let Some(versions) = versions else {
        let both = ids.iter().flat_map(|id| [object_id(id).map(Bson::from), Some(Bson::from(id))]);
        return doc! { "_id": { "$in": both.flatten().collect::<Vec<_>>() } };
    };
    let each: Vec<_> = ids.iter().zip(versions).map(|(id, version)| at_version(id, *version)).collect();
    doc! { "$or": each }
}

fn stale(table: &Table) -> Fault {
    StoreError::new(StoreErrorKind::Stale, table.name()).into()
}

/// Where a write takes place.
pub(crate) struct Place<'a> {
    pub ready: &'a Ready,
    pub session: Option<&'a mut ClientSession>,
}

impl Place<'_> {
    fn collection(&self, table: &Table) -> Collection<Bsons> {
        self.ready.collection(table)
    }

    async fn find(&mut self, table: &Table, filter: Bsons) -> Result<Option<Bsons>, Fault> {
        let find = self.collection(table);
        let find = find.find_one(filter);
        Ok(match self.session.as_deref_mut() {
            Some(session) => find.session(session).await?,
            None => find.await?,
        })
    }

    /// To MongoDB an ObjectId and the text that writes it are two ids.
    async fn refuse_foreign_twins(&mut self, table: &Table, ids: &[String]) -> Result<(), Fault> {
        let twins: Vec<_> = ids.iter().filter_map(|id| object_id(id)).collect();
        if twins.is_empty() || self.find(table, doc! { "_id": { "$in": twins } }).await?.is_none() {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::Conflict, format!("{}.id", table.name())).into())
    }

    async fn insert(&mut self, table: &Table, documents: &[Bsons]) -> Result<(), Fault> {
        let collection = self.collection(table);
        let inserted = match (documents, self.session.as_deref_mut()) {
            ([one], None) => collection.insert_one(one).await.map(drop),
            ([one], Some(session)) => collection.insert_one(one).session(session).await.map(drop),
            (many, None) => collection.insert_many(many).await.map(drop),
            (many, Some(session)) => collection.insert_many(many).session(session).await.map(drop),
        };
        inserted.map_err(|error| of_write(error, table))
    }

    async fn replace(&mut self, table: &Table, filter: Bsons, document: &Bsons) -> Result<bool, Fault> {
        let collection = self.collection(table);
        let replace = collection.replace_one(filter, document);
        let replaced = match self.session.as_deref_mut() {
            Some(session) => replace.session(session).await,
            None => replace.await,
        };
        Ok(replaced.map_err(|error| of_write(error, table))?.matched_count > 0)
    }

    /// How many it has deleted. Outside a transaction the driver asks once more if the connection breaks, which it does
    /// for one document alone.
    async fn delete_one(&mut self, table: &Table, filter: Bsons) -> Result<u64, Fault> {
        let collection = self.collection(table);
        let delete = collection.delete_one(filter);
        let deleted = match self.session.as_deref_mut() {
            Some(session) => delete.session(session).await?,
            None => delete.await?,
        };
        Ok(deleted.deleted_count)
    }

    /// How many it has deleted.
    async fn delete_many(&mut self, table: &Table, filter: Bsons) -> Result<u64, Fault> {
        let collection = self.collection(table);
        let delete = collection.delete_many(filter);
        let deleted = match self.session.as_deref_mut() {
            Some(session) => delete.session(session).await?,
            None => delete.await?,
        };
        Ok(deleted.deleted_count)
    }

    /// Read, changed, and written if nobody was faster; inside a transaction that cannot be.
    async fn adjust(
        &mut self,
        table: &Table,
        id: &str,
        (add, set): (&[(&'static str, i64)], &Body),
    ) -> Result<u64, Fault> {
        loop {
            let stored = self.find(table, by_id(id)).await?.ok_or_else(|| stale(table))?;
            let mut read = decode(table, stored)?;
            for (path, amount) in add {
                add_at(&mut read.body, path, *amount)?;
            }
            read.body.extend(set.clone());
            let document = shape::encode(table, &read.body, read.version + 1);
            if self.replace(table, at_version(id, read.version), &document).await? {
                return Ok(read.version + 1);
            }
        }
    }
}
