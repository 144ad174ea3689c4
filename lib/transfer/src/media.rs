//! The files that an archive brings along.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::sync::Arc;

use dzinza_gedcom::Record;
use dzinza_gedcom::gedzip::{Compression, Writer, ZipProblem, file_reference};
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
    found: Vec<Medium>,
    /// What each key is named by.
    names: HashMap<String, String>,
    /// The greatest number that a pointer of ours has already.
    number: u64,
}

impl<'s> Media<'s> {
    /// `scheme` is what photos are named by.
    pub fn new(scheme: Option<&'s str>) -> Self {
        Self { scheme, found: Vec::new(), names: HashMap::new(), number: 0 }
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
        let reference = || file_reference(&format!("media/{number}-{name}"));
        let reference = self.names.entry(key.clone()).or_insert_with(reference).clone();
        let medium = Medium { key, reference };
        if self.names.len() == number {
            self.found.push(medium.clone());
        }
        medium
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

    #[test]
    fn a_photo_becomes_a_record_that_names_a_file_of_the_archive() {
        let mut media = Media::new(Some("dz1:"));
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
        let mut media = Media::new(Some("dz1:"));
        let mut person = record(text);
        assert!(media.place(&mut person).is_empty());
        assert_eq!(person.to_gedcom(), text);
        assert!(media.found().is_empty());
    }
}
