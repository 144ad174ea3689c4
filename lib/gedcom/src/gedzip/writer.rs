//! Writing an archive to a stream.

use std::collections::HashSet;
use std::io::Write;

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::name::archive_name;
use super::{GEDCOM, ZipProblem};

/// How a medium is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is: for pictures, sound and films, which are packed already.
    Stored,
    /// Deflated: for text.
    Deflated,
}

impl Compression {
    /// What suits a file of this name.
    pub fn for_name(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let packs = [
            "bmp", "csv", "ged", "htm", "html", "json", "md", "rtf", "svg", "tif", "tiff", "txt", "vtt",
            "wav", "xml",
        ];
        let text = packs.iter().any(|known| known.eq_ignore_ascii_case(extension));
        if text { Self::Deflated } else { Self::Stored }
    }
}

/// Writes a GEDZIP to anything that takes bytes, without going back and without holding an entry in memory.
///
/// The records should come first, so that they can be read while the media are still coming. Times are left out,
/// so that the same content gives the same bytes.
pub struct Writer<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    names: HashSet<String>,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new_stream(out), names: HashSet::new() }
    }

    /// Begins the records; what is written until the next entry belongs to them.
    ///
    /// # Errors
    /// [`ZipProblem::BadName`] if they were begun before, [`ZipProblem::Io`].
    pub fn gedcom(&mut self) -> Result<impl Write + '_, ZipProblem> {
        self.begin(GEDCOM.to_owned(), Compression::Deflated)
    }

    /// Begins a medium that `FILE` refers to by `reference`; what is written until the next entry belongs to it.
    ///
    /// # Errors
    /// [`ZipProblem::BadName`] for references that are not local or were there before, [`ZipProblem::Io`].
    pub fn media(
        &mut self,
        reference: &str,
        compression: Compression,
    ) -> Result<impl Write + '_, ZipProblem> {
        let name = archive_name(reference).ok_or(ZipProblem::BadName)?;
        self.begin(name, compression)
    }

    fn begin(
        &mut self,
        name: String,
        compression: Compression,
    ) -> Result<&mut ZipWriter<StreamWriter<W>>, ZipProblem> {
        // Many systems cannot tell names apart that differ in letter case only.
        if !self.names.insert(name.to_lowercase()) {
            return Err(ZipProblem::BadName);
        }
        let method = match compression {
            Compression::Stored => CompressionMethod::Stored,
            Compression::Deflated => CompressionMethod::Deflated,
        };
        // Nobody knows beforehand how large it will be.
        let options = SimpleFileOptions::default().compression_method(method).large_file(true);
        self.zip.start_file(name, options)?;
        Ok(&mut self.zip)
    }

    /// Writes the list of entries and gives back the target.
    ///
    /// # Errors
    /// [`ZipProblem::NoGedcom`] if the records were never begun, [`ZipProblem::Io`].
    pub fn finish(self) -> Result<W, ZipProblem> {
        if !self.names.contains(GEDCOM) {
            return Err(ZipProblem::NoGedcom);
        }
        Ok(self.zip.finish()?.into_inner())
    }
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("entries", &self.names.len()).finish_non_exhaustive()
    }
}
