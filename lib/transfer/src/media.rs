//! The files that an archive brings along.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::sync::Arc;

use dzinza_gedcom::Record;
use dzinza_gedcom::gedzip::{Compression, Writer, ZipProblem, archive_name, file_reference};
use dzinza_ports::Blobs;
use futures::StreamExt as _;
use tokio::runtime::Handle;

use crate::{ExportError, spool};

/// Pointers of media records that are made here start with this.
const OURS: &str = "@DZM";

/// A file of the platform, and how the records name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    pub key: String,
    pub reference: String,
}

/// Puts photos of the platform where an archive has them.
pub struct Media<'s> {
    scheme: Option<&'s str>,
    /// Files that imported archives brought, by their names there.
    kept: &'s HashMap<String, String>,
    found: Vec<Medium>,
    /// What each key is named by.
    names: HashMap<String, String>,
    /// Files that came in archives: reference and key.
    brought: BTreeMap<String, String>,
    /// The greatest number that a pointer of ours has already.
    number: u64,
}

impl<'s> Media<'s> {
    /// `scheme` is what photos are named by; `kept` are files that the records name by their names in an archive.
    pub fn new(scheme: Option<&'s str>, kept: &'s HashMap<String, String>) -> Self {
        Self { scheme, kept, found: Vec::new(), names: HashMap::new(), brought: BTreeMap::new(), number: 0 }
    }

    /// Looks at every record first: pointers that are taken.
    pub fn survey(&mut self, record: &Record) {
        let number = record.xref.as_deref().and_then(|xref| xref.strip_prefix(OURS));
        let number = number.and_then(|rest| rest.trim_end_matches('@').parse::<u64>().ok());
        self.number = self.number.max(number.filter(|number| *number < 1 << 53).unwrap_or(0));
    }

    /// Rewrites the names of photos in a record. A photo within a person's record becomes a record of its own, which is
    /// given back: 7.0 has no other.
    pub fn place(&mut self, record: &mut Record) -> Vec<Record> {
        let Some(scheme) = self.scheme else { return Vec::new() };
        let mut open = vec![&mut *record];
        let mut some = false;
        while let Some(node) = open.pop() {
            if let Some(key) = node.value.as_deref().and_then(|value| value.strip_prefix(scheme)) {
                some = true;
                let medium = self.medium(key.to_owned());
                node.value = Some(medium.reference.clone());
                if node.child("FORM").is_none() {
                    node.push(Record::with("FORM", media_type(&medium.key)));
                }
            } else if node.tag == "FILE" {
                self.bring(node.value.as_deref().unwrap_or_default());
            }
            open.extend(node.children.iter_mut());
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
        let number = self.found.len() + 1;
        let name = key.rsplit('/').next().unwrap_or_default();
        let reference = || {
            let mut folder = "media".to_owned();
            while self.kept.contains_key(&format!("{folder}/{number}-{name}")) {
                folder.push('s');
            }
            file_reference(&format!("{folder}/{number}-{name}"))
        };
        let reference = self.names.entry(key.clone()).or_insert_with(reference).clone();
        let medium = Medium { key, reference };
        if self.names.len() == number {
            self.found.push(medium.clone());
        }
        medium
    }

    /// A file that came in an archive goes into this one under the name it had.
    fn bring(&mut self, value: &str) {
        let Some(name) = archive_name(value.trim()) else { return };
        if let Some(key) = self.kept.get(&name) {
            self.brought.insert(file_reference(&name), key.clone());
        }
    }

    /// What the archive has to bring along.
    pub fn found(self) -> Vec<Medium> {
        let brought = self.brought.into_iter().map(|(reference, key)| Medium { key, reference });
        self.found.into_iter().chain(brought).collect()
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

    #[test]
    fn a_photo_becomes_a_record_that_names_a_file_of_the_archive() {
        let none = HashMap::new();
        let mut media = Media::new(Some("dz1:"), &none);
        media.survey(&record("0 @DZM4@ OBJE\n"));
        let mut person = record("0 @I1@ INDI\n1 OBJE\n2 FILE dz1:photos/a b.jpg\n1 OBJE @O1@\n");
        let made = media.place(&mut person);
        assert_eq!(person.to_gedcom(), "0 @I1@ INDI\n1 OBJE @DZM5@\n1 OBJE @O1@\n");
        let text: String = made.iter().map(Record::to_gedcom).collect();
        assert_eq!(text, "0 @DZM5@ OBJE\n1 FILE media/1-a%20b.jpg\n2 FORM image/jpeg\n");
        assert_eq!(
            media.found(),
            [Medium { key: "photos/a b.jpg".into(), reference: "media/1-a%20b.jpg".into() }]
        );
    }

    #[test]
    fn what_a_tree_says_of_itself_names_no_file_of_ours() {
        let text = "0 @I1@ INDI\n1 OBJE\n2 FILE blob:imports/other.ged\n1 OBJE\n2 FILE dz2:x\n";
        let none = HashMap::new();
        let mut media = Media::new(Some("dz1:"), &none);
        let mut person = record(text);
        assert!(media.place(&mut person).is_empty());
        assert_eq!(person.to_gedcom(), text);
        assert!(media.found().is_empty());
    }

    #[test]
    fn a_file_that_came_in_an_archive_goes_along_under_its_name() {
        let kept = HashMap::from([("old photos/a b.jpg".to_owned(), "media/i1/0-a_b.jpg".to_owned())]);
        let mut media = Media::new(Some("dz1:"), &kept);
        let lines =
            "0 @O1@ OBJE\n1 FILE old%20photos/a%20b.jpg\n1 FILE https://example.org/x.jpg\n1 FILE gone.jpg\n";
        let mut object = record(lines);
        assert!(media.place(&mut object).is_empty());
        assert_eq!(object.to_gedcom(), lines);
        let reference = "old%20photos/a%20b.jpg".to_owned();
        assert_eq!(media.found(), [Medium { key: "media/i1/0-a_b.jpg".to_owned(), reference }]);
    }
}
