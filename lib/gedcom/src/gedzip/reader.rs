//! Reading an archive without trusting it.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::name::{entry_names, is_safe};
use super::{GEDCOM, ZipProblem};

/// What [`Archive`] refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZipLimits {
    /// Most entries; 100 000 by default.
    pub entries: usize,
    /// Most bytes that are read to find the list of entries; 16 MiB by default. It bounds the memory.
    pub directory_bytes: u64,
    /// Most unpacked bytes of the records; 4 GiB by default.
    pub gedcom_bytes: u64,
    /// Most unpacked bytes of one medium; 2 GiB by default.
    pub media_bytes: u64,
    /// How many times its packed size an entry may have; 200 by default. Entries below 1 MiB are let through.
    pub ratio: u64,
}

impl Default for ZipLimits {
    fn default() -> Self {
        Self {
            entries: 100_000,
            directory_bytes: 16 << 20,
            gedcom_bytes: 4 << 30,
            media_bytes: 2 << 30,
            ratio: 200,
        }
    }
}

/// Below this an entry is too small to do harm, whatever its ratio.
const HARMLESS: u64 = 1 << 20;

/// An opened GEDZIP.
pub struct Archive<R: Read + Seek> {
    zip: ZipArchive<Budget<R>>,
    limits: ZipLimits,
    gedcom: usize,
}

/// One medium in the list of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its path within the archive, which never leads outside.
    pub name: String,
    /// Its unpacked size as the archive says.
    pub size: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the list of entries.
    ///
    /// # Errors
    /// [`ZipProblem`], for all that makes the archive unusable as a whole.
    pub fn open(input: R) -> Result<Self, ZipProblem> {
        Self::with_limits(input, ZipLimits::default())
    }

    /// As [`open`](Self::open), with other limits.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_limits(input: R, limits: ZipLimits) -> Result<Self, ZipProblem> {
        let left = Arc::new(AtomicU64::new(limits.directory_bytes));
        let zip = ZipArchive::new(Budget { input, left: Arc::clone(&left) }).map_err(|error| {
            if left.load(Relaxed) == 0 { ZipProblem::TooManyEntries } else { error.into() }
        })?;
        left.store(u64::MAX, Relaxed);
        if zip.len() > limits.entries {
            return Err(ZipProblem::TooManyEntries);
        }
        if zip.has_duplicate_names() {
            return Err(ZipProblem::DuplicateName);
        }
        let gedcom = find_gedcom(&zip)?;
        Ok(Self { zip, limits, gedcom })
    }

    /// The records, for [`Reader`](crate::Reader).
    ///
    /// # Errors
    /// [`ZipProblem::Encrypted`], [`ZipProblem::TooLarge`], [`ZipProblem::Damaged`]. What turns out to be damaged
    /// or larger than it said while it is read is an [`io::Error`] of the entry.
    pub fn gedcom(&mut self) -> Result<Entry<'_, R>, ZipProblem> {
        self.entry(self.gedcom, self.limits.gedcom_bytes)
    }

    /// The file that a `FILE` payload refers to; `None` if it is not local or not in the archive.
    ///
    /// # Errors
    /// As [`gedcom`](Self::gedcom).
    pub fn media(&mut self, reference: &str) -> Result<Option<Entry<'_, R>>, ZipProblem> {
        let found = entry_names(reference).find_map(|name| self.zip.index_for_name(&name));
        found.map(|at| self.entry(at, self.limits.media_bytes)).transpose()
    }

    /// The file of this name, as [`list`](Self::list) has it.
    ///
    /// # Errors
    /// As [`gedcom`](Self::gedcom).
    pub fn named(&mut self, name: &str) -> Result<Option<Entry<'_, R>>, ZipProblem> {
        let found = self.zip.index_for_name(name).filter(|at| *at != self.gedcom);
        found.map(|at| self.entry(at, self.limits.media_bytes)).transpose()
    }

    /// All media in the order of the archive. Folders, and names that lead outside the archive, are left out.
    pub fn list(&self) -> impl Iterator<Item = Media> {
        (0..self.zip.len()).filter(|at| *at != self.gedcom).filter_map(|at| {
            let entry = self.zip.by_index_data(at).ok()?;
            let name = entry.name().ok()?.into_owned();
            (!entry.is_dir() && !entry.is_symlink() && is_safe(&name))
                .then(|| Media { name, size: entry.size() })
        })
    }

    fn entry(&mut self, at: usize, limit: u64) -> Result<Entry<'_, R>, ZipProblem> {
        let data = self.zip.by_index_data(at)?;
        if data.encrypted() {
            return Err(ZipProblem::Encrypted);
        }
        let (size, packed) = (data.size(), data.compressed_size());
        let dense = size > HARMLESS && size / self.limits.ratio.max(1) > packed;
        if size > limit || dense {
            return Err(ZipProblem::TooLarge { limit });
        }
        Ok(Entry { file: self.zip.by_index(at)?, size, left: size })
    }
}

/// `gedcom.ged`, or the only `.ged` at the top if there is none of that name.
fn find_gedcom<R: Read + Seek>(zip: &ZipArchive<R>) -> Result<usize, ZipProblem> {
    if let Some(at) = zip.index_for_name(GEDCOM) {
        return Ok(at);
    }
    let is_gedcom = |at: &usize| {
        let entry = zip.by_index_data(*at);
        entry.is_ok_and(|entry| entry.name().is_ok_and(|name| is_top_gedcom(&name)))
    };
    let mut found = (0..zip.len()).filter(is_gedcom);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        _ => Err(ZipProblem::NoGedcom),
    }
}

fn is_top_gedcom(name: &str) -> bool {
    name.len() > 4 && !name.contains('/') && name.to_ascii_lowercase().ends_with(".ged")
}

impl<R: Read + Seek> std::fmt::Debug for Archive<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("entries", &self.zip.len()).finish_non_exhaustive()
    }
}

/// One entry, unpacked while it is read. Its checksum is tested at the end.
pub struct Entry<'a, R: Read + Seek> {
    file: ZipFile<'a, Budget<R>>,
    size: u64,
    left: u64,
}

impl<R: Read + Seek> Entry<'_, R> {
    /// The unpacked size as the archive says; no more than this is ever read.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl<R: Read + Seek> Read for Entry<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // One byte more than it said, to notice that there is more and to get the checksum tested.
        let room = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(buf.len());
        let n = self.file.read(buf.get_mut(..room).unwrap_or_default())?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the entry is larger than it says"));
            }
        }
        Ok(n)
    }
}

impl<R: Read + Seek> std::fmt::Debug for Entry<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Stops reading when too much was read: the list of entries is held in memory, and its length is only claimed.
struct Budget<R> {
    input: R,
    /// Bytes that may still be read; shared with whoever lifts the limit.
    left: Arc<AtomicU64>,
}

impl<R: Read> Read for Budget<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        let left = self.left.load(Relaxed);
        if left != u64::MAX {
            self.left.store(left.saturating_sub(n as u64), Relaxed);
            if left <= n as u64 {
                return Err(io::Error::other("the list of entries is too long"));
            }
        }
        Ok(n)
    }
}

impl<R: Seek> Seek for Budget<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}
