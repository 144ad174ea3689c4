//! The documents an export is written from, held from the first pass as far as they are few, and otherwise read again.

use std::collections::{HashMap, VecDeque};

use dzinza_domain::gedcom::Export;
use dzinza_ports::{Document, Filter, Query, StoreError};
use serde_json::Value;

use crate::chunks::{CHUNK, Chunks, Reading};

/// So much text of records is held; more would be too much for many exports at once.
const HELD_BYTES: usize = 6 << 20;

/// What the first pass has read, as far as it was held.
#[derive(Default)]
pub struct Held {
    documents: Vec<Document>,
    bytes: usize,
    full: bool,
}

impl Held {
    /// Nothing.
    pub fn none() -> Self {
        Self { full: true, ..Self::default() }
    }

    /// Holds a document if all before it were held, and there is room.
    pub fn push(&mut self, document: Document) {
        let raw = document.body.get("gedcom").and_then(|kept| kept["raw"].as_str()).map_or(0, str::len);
        self.full |= self.bytes + raw > HELD_BYTES;
        if !self.full {
            self.bytes += raw;
            self.documents.push(document);
        }
    }

    /// These, and then the rest.
    pub fn and_the_rest(self, reading: Reading) -> Again {
        let chunks = match self.documents.last() {
            _ if !self.full => None,
            None => Some(reading.clone().chunks()),
            Some(last) => Some(reading.clone().chunks_after(last)),
        };
        Again { reading, held: self.documents.into(), chunks }
    }
}

/// Documents in order, once more.
pub struct Again {
    reading: Reading,
    held: VecDeque<Document>,
    chunks: Option<Chunks>,
}

impl Again {
    /// The next documents, none at the end.
    pub async fn next(&mut self) -> Result<VecDeque<Document>, StoreError> {
        if !self.held.is_empty() {
            return Ok(std::mem::take(&mut self.held));
        }
        match &mut self.chunks {
            Some(chunks) => Ok(chunks.next().await?.into()),
            None => Ok(VecDeque::new()),
        }
    }

    /// Fetches the whole of those persons of whom more is needed than their records.
    pub async fn complete(&self, export: &Export, found: &mut VecDeque<Document>) -> Result<(), StoreError> {
        if self.reading.only.is_empty() {
            return Ok(());
        }
        let lacking = found.iter().filter(|person| export.needs_whole(person));
        let ids: Vec<Value> = lacking.map(|person| Value::from(person.id.as_str())).collect();
        let mut whole = HashMap::new();
        for ids in ids.chunks(CHUNK as usize) {
            let query = Query::new(Filter::In("id", ids.to_vec())).limit(CHUNK);
            let read = self.reading.documents.find(self.reading.collection, query).await?;
            whole.extend(read.into_iter().map(|person| (person.id.clone(), person)));
        }
        // One that is gone meanwhile is not written.
        found.retain_mut(|person| {
            if !export.needs_whole(person) {
                return true;
            }
            let read = whole.remove(&person.id);
            read.map(|read| *person = read).is_some()
        });
        Ok(())
    }
}
