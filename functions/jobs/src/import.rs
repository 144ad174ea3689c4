//! Importing a GEDCOM file.
//!
//! Everything is written under the import's id, which stands in the tree's `pendingImports` until the last batch
//! takes it out: until then nobody sees any of it. Every batch also replaces the import's own document at the
//! version this run knows, so that of two runs of one job only one can write. A run that begins again first
//! clears away what the last one left.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::sync::Arc;

use dzinza_domain::collections::{FAMILY_TREES, GEDCOM_RECORDS, IMPORTS, NOTIFICATIONS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::notification::NewNotification;
use dzinza_domain::{gedcom, import, person, tree};
use dzinza_gedcom::{ReadError, Reader, Record, Severity};
use dzinza_ports::{Batch, Body, Document, Ids, StoreErrorKind, Write};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::links::Linker;
use crate::report::Report;
use crate::scan::Scan;
use crate::{JobError, JobsPorts, MAX_ATTEMPTS, clear, now};

/// Documents a batch.
const BATCH: usize = 1000;

/// What the file turned out to be.
enum Outcome {
    Complete(Box<Totals>),
    Unreadable(String, Box<Report>),
}

#[derive(Debug, Default)]
struct Totals {
    individuals: u64,
    families: u64,
    sources: u64,
    relationships: u64,
    generations: u32,
    records: usize,
    version: Option<String>,
    encoding: String,
    report: Report,
}

/// What the reading thread hands over.
enum Piece {
    Scanned { records: usize },
    Writes { writes: Vec<Write>, done: usize },
}

/// Runs an import to its end.
pub async fn run(ports: &JobsPorts, id: &str, attempt: u32) -> Result<(), JobError> {
    let Some(mut document) = ports.documents.get(&IMPORTS, id).await? else { return Ok(()) };
    if import::is_settled(&document.body) || import::status(&document.body) == "undoing" {
        return Ok(());
    }
    let again = import::status(&document.body) == "running";
    document.body.insert("status".into(), json!("running"));
    document.body.insert("attempts".into(), json!(attempt));
    save(ports, &mut document, Vec::new()).await?;
    let text = |key: &str| document.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tree_id = text("familyTreeId");
    if again {
        clear::remove_import(ports, &tree_id, id).await?;
    }
    let Some(tree) = ports.documents.get(&FAMILY_TREES, &tree_id).await? else {
        return clear::remove_import(ports, &tree_id, id).await;
    };
    let result = match fetch(ports, &text("blobKey")).await? {
        Some(file) => read_in(ports, &mut document, &tree, file).await,
        None => Ok(Outcome::Unreadable("The uploaded file is no longer there".into(), Box::default())),
    };
    match result {
        Ok(Outcome::Complete(totals)) => complete(ports, &mut document, *totals).await,
        Ok(Outcome::Unreadable(reason, report)) => fail(ports, &mut document, &reason, *report).await,
        Err(JobError::Overtaken) => Err(JobError::Overtaken),
        Err(error) if attempt >= MAX_ATTEMPTS => {
            tracing::error!(import = id, error = %error, "import given up");
            fail(ports, &mut document, "The import could not be finished. Please try again.", Report::default()).await
        }
        Err(error) => Err(error),
    }
}

/// Writes the import's document together with a batch, at the version this run knows.
async fn save(ports: &JobsPorts, document: &mut Document, writes: Vec<Write>) -> Result<(), JobError> {
    document.body.insert("updatedAt".into(), json!(now(ports)));
    let mut batch = Batch { writes, jobs: Vec::new() };
    batch.replace(&IMPORTS, document, document.body.clone());
    ports.documents.commit(batch).await.map_err(overtaken)?;
    document.version += 1;
    Ok(())
}

fn overtaken(error: dzinza_ports::StoreError) -> JobError {
    if error.kind() == StoreErrorKind::Stale { JobError::Overtaken } else { error.into() }
}

/// The upload as a local file, which both passes read.
async fn fetch(ports: &JobsPorts, key: &str) -> Result<Option<File>, JobError> {
    let Some(mut read) = ports.blobs.get(key, None).await? else { return Ok(None) };
    let mut file = tempfile::tempfile()?;
    while let Some(bytes) = read.bytes.try_next().await? {
        file.write_all(&bytes)?;
    }
    Ok(Some(file))
}

/// Reads on a thread of its own while batches are written here.
async fn read_in(
    ports: &JobsPorts,
    document: &mut Document,
    tree: &Document,
    file: File,
) -> Result<Outcome, JobError> {
    let (sender, mut pieces) = mpsc::channel(4);
    let reading = Reading {
        ids: ports.ids.clone(),
        import_id: document.id.clone(),
        tree_id: tree.id.clone(),
        user_id: document.body.get("userId").and_then(Value::as_str).unwrap_or_default().to_owned(),
        now: now(ports),
        suffix: pointer_suffix(&tree.body),
        sender,
    };
    let reader = tokio::task::spawn_blocking(move || reading.run(&file));
    let mut total = 0;
    while let Some(piece) = pieces.recv().await {
        let (writes, done) = match piece {
            Piece::Scanned { records } => {
                total = records;
                (Vec::new(), 0)
            }
            Piece::Writes { writes, done } => (writes, done),
        };
        let percent = done * 100 / total.max(1);
        let progress = json!({ "recordsTotal": total, "recordsDone": done, "percent": percent });
        document.body.insert("progress".into(), progress);
        save(ports, document, writes).await?;
    }
    reader.await.map_err(|error| JobError::Io(std::io::Error::other(error)))?
}

/// From the second file on, pointers get a suffix, or two `@I1@` would meet in one tree.
fn pointer_suffix(tree: &Body) -> Option<String> {
    let earlier = tree.get("gedcomImports").and_then(Value::as_u64).unwrap_or(0);
    (earlier > 0).then(|| (earlier + 1).to_string())
}

struct Reading {
    ids: Arc<dyn Ids>,
    import_id: String,
    tree_id: String,
    user_id: String,
    now: String,
    suffix: Option<String>,
    sender: mpsc::Sender<Piece>,
}

impl Reading {
    fn run(self, file: &File) -> Result<Outcome, JobError> {
        let mut report = Report::default();
        match self.both_passes(file, &mut report) {
            Ok(mut totals) => {
                totals.report = report;
                Ok(Outcome::Complete(Box::new(totals)))
            }
            Err(ReadError::Io(error)) => Err(error.into()),
            Err(error) => Ok(Outcome::Unreadable(error.to_string(), Box::new(report))),
        }
    }

    fn both_passes(&self, file: &File, report: &mut Report) -> Result<Totals, ReadError> {
        let scan = Scan::of(rewound(file)?, self.ids.as_ref())?;
        self.hand_over(Piece::Scanned { records: scan.records() });
        let mut linker = Linker::new(&scan);
        let mut totals = Totals {
            individuals: scan.individuals,
            families: scan.families,
            sources: scan.sources,
            records: scan.records(),
            version: scan.version.clone(),
            encoding: scan.encoding.clone(),
            ..Totals::default()
        };
        let mut reader = Reader::new(rewound(file)?)?;
        let (mut writes, mut place) = (Vec::with_capacity(BATCH + 64), 0_u32);
        while let Some(record) = reader.next_record()? {
            report.extend(reader.take_diagnostics());
            totals.relationships += self.documents(record, &scan.id(place), &mut linker, report, &mut writes);
            place += 1;
            if writes.len() >= BATCH {
                let full = std::mem::replace(&mut writes, Vec::with_capacity(BATCH + 64));
                self.hand_over(Piece::Writes { writes: full, done: place as usize });
            }
        }
        report.extend(reader.take_diagnostics());
        self.hand_over(Piece::Writes { writes, done: place as usize });
        let (generations, looped) = linker.generations();
        totals.generations = generations;
        if !looped.is_empty() {
            let message = format!("{} persons descend from themselves, or from someone who does", looped.len());
            report.add(0, Severity::Warning, "ancestor_loop", message);
        }
        Ok(totals)
    }

    /// A receiver that is gone has been overtaken; the end of the channel tells the writer.
    fn hand_over(&self, piece: Piece) {
        let _ = self.sender.blocking_send(piece);
    }

    /// The documents of one record; says how many relationships are among them.
    fn documents(
        &self,
        mut record: Record,
        id: &str,
        linker: &mut Linker<'_>,
        report: &mut Report,
        writes: &mut Vec<Write>,
    ) -> u64 {
        // Links are looked up by the pointers of the file, before those are renamed.
        let linked = (record.tag == "FAM").then(|| linker.link(&record, report));
        if let Some(suffix) = &self.suffix {
            gedcom::suffix_pointers(&mut record, suffix);
        }
        if record.tag == "TRLR" {
            return 0;
        }
        if record.tag == "INDI" {
            let mut body = gedcom::read_person(&record);
            gedcom::keep_record(&mut body, &record);
            person::refresh(&mut body);
            self.stamp(&mut body);
            writes.push(Write::Insert { collection: &PEOPLE, id: id.to_owned(), body });
            return 0;
        }
        let mut body = Body::new();
        body.insert("tag".into(), json!(record.tag));
        gedcom::keep_record(&mut body, &record);
        let linked = linked.unwrap_or_default();
        if !linked.members.is_empty() {
            body.insert("links".into(), Value::Object(self.renamed(linked.members)));
        }
        self.stamp(&mut body);
        writes.push(Write::Insert { collection: &GEDCOM_RECORDS, id: id.to_owned(), body });
        let count = linked.relationships.len() as u64;
        for mut body in linked.relationships {
            self.stamp(&mut body);
            writes.push(Write::Insert { collection: &RELATIONSHIPS, id: self.ids.new_id(), body });
        }
        count
    }

    fn renamed(&self, members: serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
        let Some(suffix) = &self.suffix else { return members };
        let longer = |xref: String| format!("{}-{suffix}@", xref.strip_suffix('@').unwrap_or(&xref));
        members.into_iter().map(|(xref, id)| (longer(xref), id)).collect()
    }

    fn stamp(&self, body: &mut Body) {
        let fields = [
            ("familyTreeId", &self.tree_id),
            ("importId", &self.import_id),
            ("userId", &self.user_id),
            ("createdAt", &self.now),
            ("updatedAt", &self.now),
        ];
        for (key, value) in fields {
            body.insert(key.to_owned(), json!(value));
        }
    }
}

fn rewound(file: &File) -> std::io::Result<BufReader<File>> {
    use std::io::Seek as _;
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// The last batch: the tree shows what was brought, its statistics count it, the importer is told.
async fn complete(ports: &JobsPorts, document: &mut Document, totals: Totals) -> Result<(), JobError> {
    let at = now(ports);
    let counts = [
        ("individualsImported", json!(totals.individuals)),
        ("familiesProcessed", json!(totals.families)),
        ("relationshipsCreated", json!(totals.relationships)),
        ("sourcesImported", json!(totals.sources)),
        ("gedcomVersion", json!(totals.version)),
        ("encoding", json!(totals.encoding)),
        ("status", json!("completed")),
        ("completedAt", json!(at)),
        ("progress", json!({ "recordsTotal": totals.records, "recordsDone": totals.records, "percent": 100 })),
        ("report", totals.report.into_value()),
    ];
    for (key, value) in counts {
        document.body.insert(key.to_owned(), value);
    }
    let title = "Your GEDCOM import is complete";
    let message = format!("{} people and {} families were imported.", totals.individuals, totals.families);
    settle(ports, document, (title, &message), |tree| {
        let statistics = tree.entry("statistics").or_insert_with(|| json!({}));
        let add = [("totalPersons", totals.individuals), ("totalRelationships", totals.relationships)];
        for (key, more) in add {
            statistics[key] = json!(statistics[key].as_u64().unwrap_or(0) + more);
        }
        let generations = statistics["totalGenerations"].as_u64().unwrap_or(0).max(u64::from(totals.generations));
        statistics["totalGenerations"] = json!(generations);
        let imports = tree.get("gedcomImports").and_then(Value::as_u64).unwrap_or(0) + 1;
        tree.insert("gedcomImports".into(), json!(imports));
        tree.insert("lastGedcomImport".into(), json!(at));
    })
    .await
}

/// What was written goes again, and the importer is told why.
async fn fail(ports: &JobsPorts, document: &mut Document, reason: &str, report: Report) -> Result<(), JobError> {
    let tree_id = document.body.get("familyTreeId").and_then(Value::as_str).unwrap_or_default().to_owned();
    clear::remove_import(ports, &tree_id, &document.id).await?;
    for (key, value) in [("status", json!("failed")), ("error", json!(reason)), ("report", report.into_value())] {
        document.body.insert(key.to_owned(), value);
    }
    settle(ports, document, ("Your GEDCOM import failed", reason), |_| {}).await
}

/// Ends an import in one batch with its tree and a notification.
async fn settle(
    ports: &JobsPorts,
    document: &mut Document,
    (title, message): (&str, &str),
    change: impl Fn(&mut Body),
) -> Result<(), JobError> {
    let text = |key: &str| document.body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (tree_id, user_id) = (text("familyTreeId").to_owned(), text("userId").to_owned());
    let kind = if import::status(&document.body) == "completed" { "gedcom_import" } else { "gedcom_import_failed" };
    loop {
        let at = now(ports);
        let mut batch = Batch::new();
        batch.replace(&IMPORTS, document, document.body.clone());
        let new = NewNotification {
            user_id: &user_id,
            kind,
            title,
            message,
            link: "/family-tree",
            resource: ("FamilyTree", &tree_id),
            data: json!({ "importId": document.id, "familyTreeId": tree_id }),
        };
        batch.insert(&NOTIFICATIONS, ports.ids.new_id(), new.into_body(&at));
        let Some(found) = ports.documents.get(&FAMILY_TREES, &tree_id).await? else { return Ok(()) };
        let mut body = tree::with_pending_import(&found.body, &document.id, false);
        change(&mut body);
        body.insert("updatedAt".into(), json!(at));
        batch.replace(&FAMILY_TREES, &found, body);
        match ports.documents.commit(batch).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == StoreErrorKind::Stale => {
                let ours = ports.documents.get(&IMPORTS, &document.id).await?;
                if ours.is_none_or(|ours| ours.version != document.version) {
                    return Err(JobError::Overtaken);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}
