//! GEDZIP: a file of 7.0 and its media in one zip archive (`.gdz`).
//!
//! The archive has the records as `gedcom.ged`, and each local file that a `FILE` payload names by a relative URI
//! reference under the path that the reference stands for, percent escapes decoded.
//!
//! ```
//! use std::io::{Cursor, Read, Write};
//!
//! use dzinza_gedcom::Reader;
//! use dzinza_gedcom::gedzip::{Archive, Compression, Writer};
//!
//! let mut writer = Writer::new(Vec::new());
//! writer.gedcom()?.write_all(b"0 HEAD\n1 GEDC\n2 VERS 7.0\n0 @O1@ OBJE\n1 FILE media/Zo%C3%AB.txt\n0 TRLR\n")?;
//! writer.media("media/Zo%C3%AB.txt", Compression::Deflated)?.write_all(b"a poem")?;
//! let bytes = writer.finish()?;
//!
//! let mut archive = Archive::open(Cursor::new(bytes))?;
//! let mut files = Vec::new();
//! for record in Reader::new(archive.gedcom()?).map_err(std::io::Error::other)? {
//!     let record = record.map_err(std::io::Error::other)?;
//!     files.extend(record.value_of(&["FILE"]).map(str::to_owned));
//! }
//! let mut text = String::new();
//! archive.media(&files[0])?.expect("it is in the archive").read_to_string(&mut text)?;
//! assert_eq!(text, "a poem");
//! # Ok::<(), dzinza_gedcom::gedzip::ZipProblem>(())
//! ```
//!
//! Archives come from strangers, so [`Archive`] bounds what it reads by [`ZipLimits`], refuses encrypted entries
//! and two entries of one name, and never lets out a name that leads outside the archive. Nothing is unpacked to
//! disk.

mod name;
mod reader;
mod writer;

use std::io;

use zip::result::ZipError;

pub use name::{archive_name, entry_names, file_reference};
pub use reader::{Archive, Entry, Media, ZipLimits};
pub use writer::{Compression, Writer};

/// The name of the records within the archive.
pub const GEDCOM: &str = "gedcom.ged";

/// Why an archive cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipProblem {
    /// The source or the target failed.
    #[error("reading or writing the archive failed: {0}")]
    Io(#[from] io::Error),
    /// It is no zip archive, or a broken one.
    #[error("this is no zip archive that can be read: {0}")]
    Damaged(String),
    /// There are no records in it.
    #[error("there is no gedcom.ged in the archive")]
    NoGedcom,
    /// An entry needs a password.
    #[error("an entry of the archive is encrypted")]
    Encrypted,
    /// Two entries have the same name, so that nobody can say which one is meant.
    #[error("two entries of the archive have the same name")]
    DuplicateName,
    /// There are more entries than [`ZipLimits::entries`], or their list is absurdly long.
    #[error("the archive has too many entries")]
    TooManyEntries,
    /// An entry is larger than [`ZipLimits`] allow, or packed so densely that it can only be meant to do harm.
    #[error("an entry of the archive is larger than {limit} bytes or absurdly compressed")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// [`Writer`] was given a reference that is not local, leads outside the archive or was there before.
    #[error("this is no name for a file in the archive")]
    BadName,
}

impl From<ZipError> for ZipProblem {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => Self::Io(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
