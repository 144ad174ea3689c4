//! A file of one version into one of another, with the photos of the platform put where an archive has them.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write as _};

use dzinza_domain::import::Kept;
use dzinza_gedcom::convert::{Converter, KeptAs, Loss};
use dzinza_gedcom::{ReadError, Reader, Record, Version};
use serde_json::{Value, json};

use crate::ExportError;
use crate::media::{Media, Medium, Origin};

/// How many losses are kept; the rest is only counted.
pub const LOSS_LIMIT: usize = 1000;

/// What the version that was asked for could not say.
#[derive(Debug, Default)]
pub struct Losses {
    total: u64,
    kept: Vec<Value>,
}

impl Losses {
    fn push(&mut self, loss: &Loss) {
        self.total += 1;
        if self.kept.len() >= LOSS_LIMIT {
            return;
        }
        let (kept_as, tag) = match &loss.kept_as {
            KeptAs::OtherWords => ("otherWords", None),
            KeptAs::Extension(tag) => ("extension", Some(tag)),
            KeptAs::AsItIs => ("asItIs", None),
            KeptAs::Dropped => ("dropped", None),
        };
        self.kept.push(json!({
            "xref": loss.xref, "path": loss.path, "what": loss.what, "why": loss.why, "keptAs": kept_as, "tag": tag,
        }));
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first [`LOSS_LIMIT`] of them: `xref` of the record, `path` of tags, `what` the line says, `why` it could not be
    /// said, `keptAs` (`otherWords`, `extension` with its `tag`, `asItIs`, `dropped`).
    pub fn list(&self) -> &[Value] {
        &self.kept
    }
}

/// What is to be done.
pub struct Rewriting {
    pub from: Version,
    pub to: Version,
    /// What photos are named by, if they are wanted.
    pub photos: Option<String>,
    /// The tag of the lines that say where a record comes from, if there are any.
    pub mark: Option<String>,
    /// Files that imported archives brought.
    pub kept: Kept,
}

/// What came of it.
pub struct Rewritten {
    pub file: File,
    pub losses: Losses,
    pub media: Vec<Medium>,
}

fn unreadable(error: ReadError) -> io::Error {
    match error {
        ReadError::Io(error) => error,
        error => io::Error::other(error),
    }
}

fn records(file: &File) -> io::Result<Reader<BufReader<&File>>> {
    let mut begin = file;
    begin.rewind()?;
    Reader::new(BufReader::with_capacity(1 << 18, file)).map_err(unreadable)
}

impl Rewriting {
    /// Reads the file twice and writes another.
    pub fn run(&self, raw: &File) -> Result<Rewritten, ExportError> {
        let mut converter = Converter::new(self.to);
        let mut media = Media::new(self.photos.as_deref(), &self.kept);
        if self.from != self.to || self.photos.is_some() {
            for record in records(raw)? {
                let (record, _) = self.unmarked(record.map_err(unreadable)?);
                media.survey(&record);
                converter.survey(&record);
            }
        }
        let mut losses = Losses::default();
        let mut out = BufWriter::with_capacity(1 << 18, tempfile::tempfile()?);
        for record in records(raw)? {
            let (record, origin) = self.unmarked(record.map_err(unreadable)?);
            let converted = converter.convert(record);
            converted.losses.iter().for_each(|loss| losses.push(loss));
            for record in converted.records {
                write(record, &origin, &mut media, &mut out)?;
            }
        }
        out.flush()?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Rewritten { file, losses, media: media.found() })
    }

    /// A record without what only we say in it.
    fn unmarked(&self, mut record: Record) -> (Record, Origin) {
        let origin = self.mark.as_ref().map(|mark| Origin::take(&mut record, mark));
        (record, origin.unwrap_or_default())
    }
}

fn write(
    mut record: Record,
    origin: &Origin,
    media: &mut Media<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let more = media.place(&mut record, origin);
    record.write_to(out, 0)?;
    more.iter().try_for_each(|record| record.write_to(out, 0))
}
