//! Documents of a tree in the order of their ids, a chunk at a time, the next being fetched while one is worked on.

use std::sync::Arc;

use dzinza_ports::{Collection, Document, Documents, Filter, Query, StoreError, StoreErrorKind, cursor_of};
use tokio::task::JoinHandle;

/// Documents a read.
pub const CHUNK: u32 = 1000;

/// What is read: which documents of a tree, and which of their fields.
#[derive(Clone)]
pub struct Reading {
    pub documents: Arc<dyn Documents>,
    pub filter: Filter,
    pub collection: &'static Collection,
    /// All if empty.
    pub only: &'static [&'static str],
}

impl Reading {
    fn query(&self) -> Query {
        Query::new(self.filter.clone()).limit(CHUNK).only(self.only)
    }

    /// From the beginning.
    pub fn chunks(self) -> Chunks {
        let query = self.query();
        self.begin(query)
    }

    /// Behind this document.
    pub fn chunks_after(self, last: &Document) -> Chunks {
        let query = self.query().after(cursor_of(last, &[]));
        self.begin(query)
    }

    fn begin(self, query: Query) -> Chunks {
        let next = Some(self.fetch(query.clone()));
        Chunks { reading: self, query, next }
    }

    fn fetch(&self, query: Query) -> Fetch {
        let (documents, collection) = (self.documents.clone(), self.collection);
        Fetch(tokio::spawn(async move { documents.find(collection, query).await }))
    }
}

/// A read that is under way; given up with its reader.
struct Fetch(JoinHandle<Result<Vec<Document>, StoreError>>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// See the module.
pub struct Chunks {
    reading: Reading,
    query: Query,
    next: Option<Fetch>,
}

impl Chunks {
    /// The next chunk, empty at the end.
    pub async fn next(&mut self) -> Result<Vec<Document>, StoreError> {
        let Some(mut fetch) = self.next.take() else { return Ok(Vec::new()) };
        let ended =
            |error| StoreError::with_source(StoreErrorKind::Unavailable, "reading for an export", error);
        let chunk = (&mut fetch.0).await.map_err(ended)??;
        if let Some(last) = chunk.last().filter(|_| chunk.len() >= CHUNK as usize) {
            self.query.after = Some(cursor_of(last, &[]));
            self.next = Some(self.reading.fetch(self.query.clone()));
        }
        Ok(chunk)
    }
}
