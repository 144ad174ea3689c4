//! A tree as GEDCOM: what is read in which order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{Export, ExportOptions, kept_record, opening};
use dzinza_domain::privacy::Viewer;
use dzinza_gedcom::{Record, Version};
use dzinza_ports::{Collection, Document, Documents, Filter, StoreError, StoreErrorKind, visible_imports};
use futures::stream::{self, Stream, StreamExt as _};
use serde_json::Value;

use crate::ExportError;
use crate::chunks::{CHUNK, Reading};
use crate::media::Origin;
use crate::people::{Again, Held};

/// Bytes that are handed on at once, roughly.
const PIECE: usize = 256 << 10;

/// An export that has seen the whole tree and is ready to be written.
pub struct Prepared {
    source: Source,
    export: Arc<Export>,
    opening: Vec<Record>,
    people: Held,
    records: Held,
    progress: Arc<Progress>,
    /// Where the header comes from.
    header: Option<Origin>,
    /// The tag of the lines that say where records with files come from.
    mark: Option<String>,
}

/// How far an export is, in persons.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// How many there are, as far as that is known, and how many of them are written.
    pub fn persons(&self) -> (u64, u64) {
        (self.total.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed))
    }
}

/// Where the documents of a tree are.
#[derive(Clone)]
struct Source {
    documents: Arc<dyn Documents>,
    filter: Filter,
}

impl Source {
    fn reading(&self, collection: &'static Collection, only: &'static [&'static str]) -> Reading {
        Reading { documents: self.documents.clone(), filter: self.filter.clone(), collection, only }
    }
}

/// Reads a tree and plans its export for these eyes.
///
/// # Errors
/// What the store says, or that there is no such root.
pub async fn prepare(
    documents: Arc<dyn Documents>,
    tree: &Document,
    viewer: Viewer,
    options: ExportOptions,
    progress: &Arc<Progress>,
) -> Result<Prepared, ExportError> {
    let filter = Filter::eq("familyTreeId", tree.id.as_str()).and(visible_imports(&tree.body));
    let source = Source { documents, filter };
    let mut export = Export::of(viewer, options);
    let (mut people, mut records) =
        if export.copies() { (Held::default(), Held::default()) } else { (Held::none(), Held::none()) };
    let mut relationships = source.reading(&RELATIONSHIPS, Export::RELATIONSHIP_FIELDS).chunks();
    let mut chunks = source.reading(&PEOPLE, export.person_fields()).chunks();
    while let Some(chunk) = some(chunks.next().await?) {
        progress.total.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        for person in chunk {
            export.take_person(&person);
            people.push(person);
        }
    }
    let mut chunks = source.reading(&GEDCOM_RECORDS, Export::RECORD_FIELDS).chunks();
    while let Some(chunk) = some(relationships.next().await?) {
        for relationship in &chunk {
            export.take_relationship(relationship);
        }
    }
    export.sort();
    export.select()?;
    let (mut original, mut header, mut submitters) = (None, None, false);
    while let Some(chunk) = some(chunks.next().await?) {
        for record in chunk {
            export.take_record(&record);
            match record.body.get("tag").and_then(Value::as_str) {
                Some("HEAD") if original.is_none() => {
                    original = kept_record(&record.body);
                    header = Some(Origin::of(&record));
                }
                Some("SUBM") => submitters = true,
                _ => {}
            }
            records.push(record);
        }
    }
    let mut opening = opening(original.as_ref(), !export.shows_submitters(), submitters);
    let mut export = planned(export).await?;
    if export.collects() {
        collect(&source, &mut export, &mut opening).await?;
    }
    let progress = progress.clone();
    let export = Arc::new(export);
    Ok(Prepared { source, export, opening, people, records, progress, header, mark: None })
}

fn some<T>(chunk: Vec<T>) -> Option<Vec<T>> {
    Some(chunk).filter(|chunk| !chunk.is_empty())
}

/// Planning looks at the whole tree at once, which is too long to keep others from this thread.
async fn planned(mut export: Export) -> Result<Export, StoreError> {
    let planning = tokio::task::spawn_blocking(move || {
        export.plan();
        export
    });
    planning.await.map_err(|error| broken("planning an export", error))
}

/// The pass that finds out what comes along.
async fn collect(source: &Source, export: &mut Export, opening: &mut [Record]) -> Result<(), StoreError> {
    export.collect_opening(opening);
    let mut chunks = source.reading(&PEOPLE, &[]).chunks();
    while let Some(chunk) = some(chunks.next().await?) {
        for person in &chunk {
            export.collect_person(person);
        }
    }
    let mut chunks = source.reading(&GEDCOM_RECORDS, Export::RECORD_FIELDS).chunks();
    while let Some(chunk) = some(chunks.next().await?) {
        for record in &chunk {
            export.collect_record(record);
        }
    }
    export.close();
    Ok(())
}

pub(crate) fn broken(
    what: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::with_source(StoreErrorKind::Corrupt, what, error)
}

impl Prepared {
    /// The version that the file has.
    pub fn version(&self) -> Version {
        self.opening.first().map_or(Version::V551, Version::of)
    }

    /// Has every record that names files say where it comes from, in a last line with this tag.
    pub(crate) fn mark(&mut self, tag: &str) {
        if let Some((head, header)) = self.opening.first_mut().zip(self.header.as_ref()) {
            head.push(header.line(tag));
        }
        self.mark = Some(tag.to_owned());
    }

    /// The file, UTF-8, a piece at a time.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + use<> {
        let head: String = self.opening.iter().map(Record::to_gedcom).collect();
        let fields = if self.export.copies() { self.export.person_fields() } else { &[] };
        let people = self.people.and_the_rest(self.source.reading(&PEOPLE, fields));
        let records = self.source.reading(&GEDCOM_RECORDS, Export::RECORD_FIELDS);
        let writing = Writing {
            export: self.export.clone(),
            people,
            records: self.records.and_the_rest(records),
            queues: Default::default(),
            ended: [false; 2],
            progress: self.progress,
            mark: self.mark,
        };
        let body = stream::try_unfold(writing, |mut writing| async move {
            Ok(writing.piece().await?.map(|piece| (piece, writing)))
        });
        let piece = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
        piece(head).chain(body).chain(made_families(self.export)).chain(piece("0 TRLR\n".to_owned()))
    }
}

/// The second pass: persons and other records in the order of their ids, which is the order of the file they came from.
struct Writing {
    export: Arc<Export>,
    people: Again,
    records: Again,
    /// What has been read of persons and of records.
    queues: [VecDeque<Document>; 2],
    ended: [bool; 2],
    progress: Arc<Progress>,
    mark: Option<String>,
}

impl Writing {
    /// Some records as lines, `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut text = Vec::with_capacity(PIECE + (16 << 10));
        while text.len() < PIECE {
            self.refill().await?;
            let is_person = match (self.queues[0].front(), self.queues[1].front()) {
                (Some(person), Some(record)) => person.id < record.id,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let Some(document) = self.queues[usize::from(!is_person)].pop_front() else { break };
            self.progress.done.fetch_add(u64::from(is_person), Ordering::Relaxed);
            let written = self.write(&document, is_person, &mut text);
            written.map_err(|error| broken("writing an export", error))?;
        }
        Ok((!text.is_empty()).then(|| Bytes::from(text)))
    }

    fn write(&self, document: &Document, is_person: bool, text: &mut Vec<u8>) -> io::Result<()> {
        let before = text.len();
        match document.body.get("tag").and_then(Value::as_str) {
            _ if is_person => self.export.write_person(document, text)?,
            Some("HEAD" | "TRLR") => {}
            _ => self.export.write_record(document, text)?,
        }
        let written = text.get(before..).unwrap_or_default();
        match &self.mark {
            Some(mark) if written.windows(4).any(|bytes| bytes.eq_ignore_ascii_case(b"FILE")) => {
                Origin::of(document).line(mark).write_to(text, 1)
            }
            _ => Ok(()),
        }
    }

    async fn refill(&mut self) -> Result<(), StoreError> {
        for (place, source) in [&mut self.people, &mut self.records].into_iter().enumerate() {
            while self.queues[place].is_empty() && !self.ended[place] {
                let mut found = source.next().await?;
                self.ended[place] = found.is_empty();
                if place == 0 {
                    source.complete(&self.export, &mut found).await?;
                }
                self.queues[place] = found;
            }
        }
        Ok(())
    }
}

/// The families that no record tells of, a piece at a time.
fn made_families(export: Arc<Export>) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    stream::try_unfold((export, 0), |(export, first)| async move {
        let mut text = Vec::new();
        let written = export.write_made_families(first, CHUNK as usize, &mut text);
        let count = written.map_err(|error| broken("writing an export", error))?;
        Ok((count > 0).then(|| (Bytes::from(text), (export, first + count))))
    })
}
