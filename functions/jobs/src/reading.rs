//! Both passes over a file, on a thread of its own: from records to documents.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::sync::Arc;

use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::{gedcom, person};
use dzinza_gedcom::{ReadError, Reader, Record, Severity};
use dzinza_ports::{Body, Collection, Ids, Write};
use futures::executor::block_on;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::JobError;
use crate::links::{Linked, Linker};
use crate::report::Report;
use crate::scan::Scan;

/// Documents a batch. Neighbours in a file change the same pages of the indexes, which are written once a batch.
const BATCH: usize = 6000;
/// Bytes a batch, roughly.
const BATCH_BYTES: usize = 6 << 20;
/// Partners that a family record can have. Each pair of them, and each with each child, is a relationship.
const PARTNERS: usize = 20;

/// What the file turned out to be.
pub enum Outcome {
    Complete(Box<Totals>),
    Unreadable(String, Box<Report>),
}

/// What an import brought.
#[derive(Debug, Default)]
pub struct Totals {
    pub individuals: u64,
    pub families: u64,
    pub sources: u64,
    pub relationships: u64,
    pub generations: u32,
    pub records: usize,
    pub version: Option<String>,
    pub encoding: String,
    pub report: Report,
}

/// What the reading thread hands over.
pub enum Piece {
    Scanned { records: usize },
    Writes { writes: Vec<Write>, done: usize },
}

/// What the thread needs to know.
pub struct Reading {
    pub ids: Arc<dyn Ids>,
    pub import_id: String,
    pub tree_id: String,
    pub user_id: String,
    pub now: String,
    pub suffix: Option<String>,
    pub sender: mpsc::Sender<Piece>,
}

impl Reading {
    /// Reads the file to its end, or until nobody listens any more.
    pub fn run(self, file: &File) -> Result<Outcome, JobError> {
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
        let mut scan = Scan::of(self.rewound(file)?, self.ids.as_ref())?;
        scan.find_births(self.rewound(file)?)?;
        self.hand_over(Piece::Scanned { records: scan.records() })?;
        let mut totals = Totals {
            individuals: scan.individuals,
            families: scan.families,
            sources: scan.sources,
            records: scan.records(),
            version: scan.version.clone(),
            encoding: scan.encoding.clone(),
            ..Totals::default()
        };
        let mut pass =
            Pass { reading: self, linker: Linker::new(&scan), report, writes: Vec::new(), bytes: 0, done: 0 };
        let mut reader = Reader::new(self.rewound(file)?)?;
        while let Some(record) = reader.next_record()? {
            pass.report.extend(reader.take_diagnostics());
            totals.relationships += pass.documents(record, &scan.id(pass.done as u32))?;
            pass.done += 1;
        }
        pass.report.extend(reader.take_diagnostics());
        pass.flush()?;
        let (generations, looped) = pass.linker.generations();
        totals.generations = generations;
        if !looped.is_empty() {
            let message =
                format!("{} persons descend from themselves, or from someone who does", looped.len());
            pass.report.add(0, Severity::Warning, "ancestor_loop", message);
        }
        Ok(totals)
    }

    fn rewound<'f>(&'f self, file: &File) -> io::Result<BufReader<Wanted<'f>>> {
        let mut file = file.try_clone()?;
        file.rewind()?;
        Ok(BufReader::with_capacity(1 << 16, Wanted { file, sender: &self.sender }))
    }

    fn hand_over(&self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| unwanted())
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

/// The run is over: overtaken, or the process is about to stop.
fn unwanted() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "nobody waits for the file any more")
}

/// A file that ends in an error once nobody listens any more. The first pass has nothing to hand over, and would
/// notice only at its end.
struct Wanted<'f> {
    file: File,
    sender: &'f mpsc::Sender<Piece>,
}

impl Read for Wanted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.sender.is_closed() { Err(unwanted()) } else { self.file.read(buffer) }
    }
}

/// The second pass.
struct Pass<'a> {
    reading: &'a Reading,
    linker: Linker<'a>,
    report: &'a mut Report,
    writes: Vec<Write>,
    bytes: usize,
    /// Records behind us.
    done: usize,
}

impl Pass<'_> {
    /// The documents of one record; says how many relationships are among them.
    fn documents(&mut self, mut record: Record, id: &str) -> io::Result<u64> {
        // Links are looked up by the pointers of the file, before those are renamed.
        let linked = if record.tag == "FAM" {
            let linkable = linkable(&record, self.report);
            self.linker.link(&linkable, id, self.report)
        } else {
            Linked::default()
        };
        if let Some(suffix) = &self.reading.suffix {
            gedcom::suffix_pointers(&mut record, suffix);
        }
        let mut body = Body::new();
        // What a document points to is indexed within its tree.
        body.insert("familyTreeId".into(), json!(self.reading.tree_id));
        match record.tag.as_str() {
            "TRLR" => {}
            "INDI" => {
                body.append(&mut gedcom::read_person(&record));
                gedcom::keep_record(&mut body, &record);
                person::refresh(&mut body);
                self.put(&PEOPLE, id.to_owned(), body)?;
            }
            tag => {
                body.insert("tag".into(), json!(tag));
                gedcom::keep_record(&mut body, &record);
                gedcom::index_record(&mut body, &record);
                if !linked.members.is_empty() {
                    body.insert("links".into(), Value::Object(self.renamed(linked.members)));
                }
                self.put(&GEDCOM_RECORDS, id.to_owned(), body)?;
            }
        }
        let count = linked.relationships.len() as u64;
        for body in linked.relationships {
            self.put(&RELATIONSHIPS, self.reading.ids.new_id(), body)?;
        }
        Ok(count)
    }

    fn renamed(&self, members: serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
        let Some(suffix) = &self.reading.suffix else { return members };
        let longer = |xref: String| format!("{}-{suffix}@", xref.strip_suffix('@').unwrap_or(&xref));
        members.into_iter().map(|(xref, id)| (longer(xref), id)).collect()
    }

    fn put(&mut self, collection: &'static Collection, id: String, mut body: Body) -> io::Result<()> {
        self.reading.stamp(&mut body);
        self.bytes += body.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>();
        self.writes.push(Write::Insert { collection, id, body });
        if self.writes.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes = 0;
        let writes = std::mem::take(&mut self.writes);
        self.reading.hand_over(Piece::Writes { writes, done: self.done })?;
        // The next one begins when this one is being written, so that there are two of them at most.
        block_on(self.reading.sender.reserve()).map(drop).map_err(|_| unwanted())
    }
}

/// How many bytes a value has as JSON, roughly.
fn weight(value: &Value) -> usize {
    4 + match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 4,
    }
}

/// The family as far as it is linked: with the first [`PARTNERS`] partners.
pub fn linkable<'r>(record: &'r Record, report: &mut Report) -> Cow<'r, Record> {
    let is_partner = |child: &Record| matches!(child.tag.as_str(), "HUSB" | "WIFE");
    let mut linked = HashSet::new();
    let mut beyond = Vec::new();
    for (place, child) in record.children.iter().enumerate().filter(|(_, child)| is_partner(child)) {
        let pointer = child.pointer().unwrap_or_default();
        if !linked.contains(pointer) && (linked.len() == PARTNERS || !linked.insert(pointer)) {
            beyond.push(place);
        }
    }
    let Some(first) = beyond.first().and_then(|place| record.children.get(*place)) else {
        return Cow::Borrowed(record);
    };
    let family = record.xref.as_deref().unwrap_or("A family");
    let message =
        format!("{family} names {} partners more than the {PARTNERS} that are linked", beyond.len());
    report.add(first.line, Severity::Warning, "too_many_partners", message);
    let mut less = record.clone();
    let mut place = 0;
    less.children.retain(|_| {
        place += 1;
        beyond.binary_search(&(place - 1)).is_err()
    });
    Cow::Owned(less)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dzinza_ports::SystemIds;
    use std::io::Write as _;

    fn reading(sender: mpsc::Sender<Piece>) -> Reading {
        let text = || "x".to_owned();
        Reading {
            ids: Arc::new(SystemIds),
            import_id: text(),
            tree_id: text(),
            user_id: text(),
            now: text(),
            suffix: None,
            sender,
        }
    }

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn reading_stops_in_either_pass_when_nobody_listens_any_more() {
        let text = format!("0 HEAD\n{}0 TRLR\n", "0 @I@ INDI\n1 SEX M\n".repeat(20_000));
        let (sender, pieces) = mpsc::channel(4);
        drop(pieces);
        assert!(matches!(reading(sender).run(&file(&text)), Err(JobError::Io(_))));
        let (sender, mut pieces) = mpsc::channel(1);
        let thread = std::thread::spawn(move || reading(sender).run(&file(&text)).is_err());
        assert!(matches!(pieces.blocking_recv(), Some(Piece::Scanned { records: 20_002 })));
        drop(pieces);
        assert!(thread.join().unwrap());
    }

    #[test]
    fn a_family_of_thousands_is_handed_over_in_bounded_batches() {
        let lines =
            |from: u32, to: u32, line: fn(u32) -> String| (from..to).map(line).collect::<Vec<_>>().concat();
        let people = lines(0, 3100, |n| format!("0 @I{n}@ INDI\n"));
        let husbands = lines(0, 3000, |n| format!("1 HUSB @I{n}@\n"));
        let children = lines(3000, 3100, |n| format!("1 CHIL @I{n}@\n"));
        let text = format!("0 HEAD\n{people}0 @F@ FAM\n{husbands}{children}0 TRLR\n");
        let (sender, mut pieces) = mpsc::channel(4);
        let thread = std::thread::spawn(move || reading(sender).run(&file(&text)));
        let mut sizes = Vec::new();
        while let Some(piece) = pieces.blocking_recv() {
            if let Piece::Writes { writes, .. } = piece {
                sizes.push(writes.len());
            }
        }
        let Outcome::Complete(totals) = thread.join().unwrap().unwrap() else { panic!("unreadable") };
        assert_eq!(totals.relationships, 20 * 19 / 2 + 20 * 100);
        assert!(sizes.iter().all(|size| *size <= BATCH), "{sizes:?}");
        let report = totals.report.into_value();
        let said = report["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["code"] == "too_many_partners")
            .unwrap();
        assert_eq!(said["message"], "@F@ names 2980 partners more than the 20 that are linked");
    }

    #[test]
    fn batches_are_bounded_in_bytes_too() {
        let note = format!("1 CONT {}\n", "x".repeat(1000)).repeat(1000);
        let notes: Vec<String> = (0..40).map(|n| format!("0 @N{n}@ NOTE\n{note}")).collect();
        let notes = notes.concat();
        let text = format!("0 HEAD\n{notes}0 TRLR\n");
        let (sender, mut pieces) = mpsc::channel(80);
        reading(sender).run(&file(&text)).unwrap();
        let mut batches = 0;
        while let Some(piece) = pieces.blocking_recv() {
            batches += usize::from(matches!(piece, Piece::Writes { .. }));
        }
        assert!((4..=10).contains(&batches), "{batches}");
    }
}
