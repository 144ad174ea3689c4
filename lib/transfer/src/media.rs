//! The files that an archive brings along.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::sync::Arc;

use dzinza_domain::import::{self, Kept};
use dzinza_gedcom::Record;
use dzinza_gedcom::gedzip::{Compression, Writer, ZipProblem, file_reference};
use dzinza_ports::{Blobs, Document};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::places::Places;
use crate::{ExportError, spool};

/// Pointers of media records that are made here start with this.
const OURS: &str = "@DZM";

/// A file of the platform, and how the records name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    pub key: String,
    pub reference: String,
}

/// The document that a record was written from, and the import that brought it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Origin {
    pub document: String,
    pub import: Option<String>,
}

impl Origin {
    /// Of a document.
    pub fn of(document: &Document) -> Self {
        let import = document.body.get("importId").and_then(Value::as_str).map(str::to_owned);
        Self { document: document.id.clone(), import }
    }

    /// A line that says so in a record, under a tag that nobody else can know.
    pub fn line(&self, tag: &str) -> Record {
        Record::with(tag, json!([self.document, self.import]).to_string())
    }

    /// Takes such a line out of a record.
    pub fn take(record: &mut Record, tag: &str) -> Self {
        let Some(at) = record.children.iter().rposition(|line| line.tag == tag) else {
            return Self::default();
        };
        let line = record.children.remove(at);
        let said = line.value.and_then(|value| serde_json::from_str(&value).ok());
        let (document, import) = said.unwrap_or_default();
        Self { document, import }
    }
}

/// Puts photos of the platform, and what imported archives brought, where an archive has them.
pub struct Media<'s> {
    scheme: Option<&'s str>,
    /// Files that imported archives brought.
    kept: &'s Kept,
    found: Vec<Medium>,
    /// What each key of a photo is named by.
    names: HashMap<String, String>,
    places: Places,
    /// The greatest number that a pointer of ours has already.
    number: u64,
}

impl<'s> Media<'s> {
    /// `scheme` is what photos are named by; `kept` are files that the records name by their names in an archive.
    pub fn new(scheme: Option<&'s str>, kept: &'s Kept) -> Self {
        let mut places = Places::default();
        kept.names().for_each(|name| places.reserve(name));
        Self { scheme, kept, found: Vec::new(), names: HashMap::new(), places, number: 0 }
    }

    /// Looks at every record first: pointers and names that are taken.
    pub fn survey(&mut self, record: &Record) {
        let number = record.xref.as_deref().and_then(|xref| xref.strip_prefix(OURS));
        let number = number.and_then(|rest| rest.trim_end_matches('@').parse::<u64>().ok());
        self.number = self.number.max(number.filter(|number| *number < 1 << 53).unwrap_or(0));
        if self.scheme.is_none() {
            return;
        }
        for (_, line) in record.walk().filter(|(_, line)| line.tag == "FILE") {
            let named = import::medium_names(line.value.as_deref().unwrap_or_default());
            named.for_each(|name| self.places.reserve(&name));
        }
    }

    /// Rewrites the names of photos in a record, and of files that cannot have in the archive the name they had. A photo
    /// within a person's record becomes a record of its own, which is given back: 7.0 has no other.
    pub fn place(&mut self, record: &mut Record, origin: &Origin) -> Vec<Record> {
        let Some(scheme) = self.scheme else { return Vec::new() };
        let head = record.tag == "HEAD";
        let mut open = vec![(0, &mut *record)];
        let mut some = false;
        while let Some((level, node)) = open.pop() {
            if let Some(key) = node.value.as_deref().and_then(|value| value.strip_prefix(scheme)) {
                some = true;
                let medium = self.medium(key.to_owned());
                node.value = Some(medium.reference.clone());
                if node.child("FORM").is_none() {
                    node.push(Record::with("FORM", media_type(&medium.key)));
                }
            } else if node.tag == "FILE" && !(head && level == 1) {
                // A header says by it what the file with the records was called.
                let renamed = self.bring(node.value.as_deref().unwrap_or_default(), origin);
                node.value = renamed.or(node.value.take());
            }
            open.extend(node.children.iter_mut().map(|child| (level + 1, child)));
        }
        if !some || record.tag == "OBJE" {
            return Vec::new();
        }
        let inline = |line: &Record| line.tag == "OBJE" && line.pointer().is_none();
        let mut made = Vec::new();
        for line in record.children.iter_mut().filter(|line| inline(line)) {
            self.number += 1;
            let xref = format!("{OURS}{}@", self.number);
            let children = std::mem::take(&mut line.children);
            *line = Record::with("OBJE", xref.as_str());
            made.push(Record { children, ..Record::top(&xref, "OBJE") });
        }
        made
    }

    fn medium(&mut self, key: String) -> Medium {
        if let Some(reference) = self.names.get(&key).cloned() {
            return Medium { key, reference };
        }
        let name = key.rsplit('/').next().unwrap_or_default();
        let name = self.places.claim(&format!("media/{}-{name}", self.names.len() + 1), &key);
        let medium = Medium { reference: file_reference(&name), key };
        self.names.insert(medium.key.clone(), medium.reference.clone());
        self.found.push(medium.clone());
        medium
    }

    /// A file that came in an archive goes into this one under the name it had, or under the one that is answered.
    fn bring(&mut self, value: &str, origin: &Origin) -> Option<String> {
        let file = self.kept.find(&origin.document, origin.import.as_deref(), value)?;
        let name = import::medium_names(value).next()?;
        let put = self.places.put(&name, file);
        if put.new {
            let reference = put.renamed.clone().unwrap_or_else(|| file_reference(&name));
            self.found.push(Medium { key: file.key.clone(), reference });
        }
        put.renamed
    }

    /// What the archive has to bring along.
    pub fn found(self) -> Vec<Medium> {
        self.found
    }
}

fn media_type(key: &str) -> &'static str {
    match key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn unzippable(problem: ZipProblem) -> io::Error {
    match problem {
        ZipProblem::Io(error) => error,
        problem => io::Error::other(problem),
    }
}

/// The records and the files in one archive. A file that is gone is left out.
pub async fn zipped(
    mut records: File,
    media: Vec<Medium>,
    blobs: Arc<dyn Blobs>,
) -> Result<File, ExportError> {
    let runtime = Handle::current();
    spool::blocking(move || {
        let mut archive = Writer::new(BufWriter::with_capacity(1 << 18, tempfile::tempfile()?));
        records.rewind()?;
        io::copy(&mut records, &mut archive.gedcom().map_err(unzippable)?)?;
        for Medium { key, reference } in media {
            let Some(mut read) = runtime.block_on(blobs.get(&key, None))? else { continue };
            let mut out = archive.media(&reference, Compression::for_name(&key)).map_err(unzippable)?;
            while let Some(piece) = runtime.block_on(read.bytes.next()) {
                out.write_all(&piece?)?;
            }
        }
        let out = archive.finish().map_err(unzippable)?;
        Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        Record::parse(text).unwrap()
    }

    fn origin(document: &str, import: &str) -> Origin {
        Origin { document: document.into(), import: Some(import.into()) }
    }

    /// What imports keep: the id of each, and names with what is in them.
    fn kept(imports: &[(&str, &[(&str, &str)])]) -> Kept {
        let mut kept = Kept::default();
        for (id, files) in imports {
            let media = files.iter().enumerate().map(|(number, (name, content))| {
                import::kept_medium(name, &import::medium_key(id, number, name), content)
            });
            let body = [(import::MEDIA.to_owned(), media.collect())].into_iter().collect();
            kept.take(&Document { id: (*id).into(), version: 1, body }, |_| true);
        }
        kept
    }

    fn medium(key: &str, reference: &str) -> Medium {
        Medium { key: key.into(), reference: reference.into() }
    }

    #[test]
    fn a_photo_becomes_a_record_that_names_a_file_of_the_archive() {
        let none = Kept::default();
        let mut media = Media::new(Some("dz1:"), &none);
        media.survey(&record("0 @DZM4@ OBJE\n"));
        let mut person = record("0 @I1@ INDI\n1 OBJE\n2 FILE dz1:photos/a b.jpg\n1 OBJE @O1@\n");
        let made = media.place(&mut person, &Origin::default());
        assert_eq!(person.to_gedcom(), "0 @I1@ INDI\n1 OBJE @DZM5@\n1 OBJE @O1@\n");
        let text: String = made.iter().map(Record::to_gedcom).collect();
        assert_eq!(text, "0 @DZM5@ OBJE\n1 FILE media/1-a%20b.jpg\n2 FORM image/jpeg\n");
        assert_eq!(media.found(), [medium("photos/a b.jpg", "media/1-a%20b.jpg")]);
    }

    #[test]
    fn what_a_tree_says_of_itself_names_no_file_of_ours() {
        let text = "0 @I1@ INDI\n1 OBJE\n2 FILE blob:imports/other.ged\n1 OBJE\n2 FILE dz2:x\n";
        let none = Kept::default();
        let mut media = Media::new(Some("dz1:"), &none);
        let mut person = record(text);
        assert!(media.place(&mut person, &Origin::default()).is_empty());
        assert_eq!(person.to_gedcom(), text);
        assert!(media.found().is_empty());
    }

    #[test]
    fn a_file_that_came_in_an_archive_goes_along_under_its_name() {
        let kept = kept(&[("i1", &[("old photos/a b.jpg", "1"), ("moyo.ged", "2"), ("x%20y.jpg", "3")])]);
        let mut media = Media::new(Some("dz1:"), &kept);
        let lines = "0 @O1@ OBJE\n1 FILE old%20photos/a%20b.jpg\n1 FILE https://example.org/x.jpg\n1 FILE gone.jpg\n\
            1 FILE x%20y.jpg\n";
        for lines in [lines, lines, "0 HEAD\n1 FILE moyo.ged\n"] {
            let mut object = record(lines);
            assert!(media.place(&mut object, &origin("d", "i1")).is_empty());
            assert_eq!(object.to_gedcom(), lines);
        }
        let mut found = media.found();
        found.sort_by(|one, two| one.key.cmp(&two.key));
        let photo = medium("media/i1/0-a_b.jpg", "old%20photos/a%20b.jpg");
        assert_eq!(found, [photo, medium("media/i1/2-x_20y.jpg", "x%20y.jpg")]);
    }

    #[test]
    fn of_two_files_with_one_name_each_goes_along_with_its_own_records() {
        let kept = kept(&[
            ("i1", &[("media/1.jpg", "Tendai"), ("media/2.jpg", "the well")]),
            ("i2", &[("media/1.jpg", "Rudo"), ("media/2.jpg", "the well")]),
        ]);
        let mut media = Media::new(Some("dz1:"), &kept);
        let object = "0 @O1@ OBJE\n1 FILE media/1.jpg\n2 FORM jpg\n1 FILE media/2.jpg\n";
        let person = "0 @I1@ INDI\n1 OBJE\n2 FILE ./media/1.jpg\n2 TITL Rudo\n";
        // A name that is free in no archive, but that somebody has for a file elsewhere.
        media.survey(&record("0 @O7@ OBJE\n1 FILE Media\\1-2.JPG\n"));
        let mut placed = |lines: &str, import| {
            let mut record = record(lines);
            media.place(&mut record, &origin("d", import));
            record.to_gedcom()
        };
        assert_eq!(placed(object, "i1"), object);
        assert_eq!(placed(object, "i2"), object.replace("media/1.jpg", "media/1-3.jpg"));
        assert_eq!(placed(person, "i2"), person.replace("./media/1.jpg", "media/1-3.jpg"));
        assert_eq!(placed(person, "i1"), person);
        // What is of neither means the older one.
        assert_eq!(placed(object, "i3"), object);
        let mut own = record("0 @I1@ INDI\n1 OBJE\n2 FILE dz1:media/1.jpg\n");
        assert_eq!(media.place(&mut own, &Origin::default()).len(), 1);
        let all = [
            medium("media/i1/0-1.jpg", "media/1.jpg"),
            medium("media/i1/1-2.jpg", "media/2.jpg"),
            medium("media/i2/0-1.jpg", "media/1-3.jpg"),
            medium("media/1.jpg", "media/1-1.jpg"),
        ];
        let mut found = media.found();
        found.sort_by(|one, two| two.key.len().cmp(&one.key.len()).then_with(|| one.key.cmp(&two.key)));
        assert_eq!(found, all);
    }

    #[test]
    fn where_a_record_comes_from_goes_through_its_text() {
        for origin in [origin("d@@\"", "i1"), Origin { document: "d".into(), import: None }] {
            let mut text = "0 @I1@ INDI\n1 NAME Rudo\n".to_owned();
            let mut line = Vec::new();
            origin.line("_DZ1").write_to(&mut line, 1).unwrap();
            text.push_str(&String::from_utf8(line).unwrap());
            let mut record = record(&text);
            assert_eq!(Origin::take(&mut record, "_DZ2"), Origin::default());
            assert_eq!(Origin::take(&mut record, "_DZ1"), origin);
            assert_eq!(record.to_gedcom(), "0 @I1@ INDI\n1 NAME Rudo\n");
        }
    }
}
