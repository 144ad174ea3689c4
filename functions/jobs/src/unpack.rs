//! GEDZIP: the records of an archive are imported like any others, its files are kept beside them.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write};

use bytes::Bytes;
use dzinza_domain::import;
use dzinza_gedcom::gedzip::{Archive, ZipProblem};
use dzinza_ports::{Batch, StoreError, StoreErrorKind};
use futures::{StreamExt as _, stream};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::JobError;
use crate::hold::Held;
use crate::settle::Failure;

/// Bytes a step, when a file is handed on.
const STEP: usize = 1 << 16;

/// The records of what was uploaded: the file itself, or what is in it if it is an archive. The other files of an
/// archive are kept, if `keep`, and the import remembers them.
pub async fn records(
    held: &mut Held<'_>,
    mut file: File,
    keep: bool,
) -> Result<Result<File, Failure>, JobError> {
    let mut start = [0; 4];
    file.rewind()?;
    let there = file.read(&mut start)?;
    file.rewind()?;
    if start.get(..there) != Some(b"PK\x03\x04") {
        return Ok(Ok(file));
    }
    let opened = blocking(move || {
        let mut archive = Archive::open(file)?;
        let mut records = tempfile::tempfile()?;
        io::copy(&mut archive.gedcom()?, &mut records)?;
        Ok::<_, ZipProblem>((archive, records))
    })
    .await?;
    let (mut archive, records) = match opened {
        Ok(opened) => opened,
        Err(problem) => return refused(problem),
    };
    if keep {
        let names: Vec<String> = archive.list().map(|medium| medium.name).collect();
        let mut kept: Vec<Value> = Vec::with_capacity(names.len());
        for (number, name) in names.into_iter().enumerate() {
            let (given_back, wanted) = (archive, name.clone());
            let (given_back, medium) = blocking(move || {
                let mut archive = given_back;
                let medium = extracted(&mut archive, &wanted);
                (archive, medium)
            })
            .await?;
            archive = given_back;
            let (medium, sha256) = match medium {
                Ok(Some(medium)) => medium,
                Ok(None) => continue,
                Err(problem) => return refused(problem),
            };
            let key = import::medium_key(held.id(), number, &name);
            held.ports.blobs.put(&key, "application/octet-stream", pieces(medium)).await?;
            kept.push(import::kept_medium(&name, &key, &sha256));
            held.beat().await?;
        }
        held.set(import::MEDIA, kept);
        held.save(Batch::new()).await?;
    }
    Ok(Ok(records))
}

/// A file of the archive, and its SHA-256.
fn extracted(archive: &mut Archive<File>, name: &str) -> Result<Option<(File, String)>, ZipProblem> {
    let Some(mut entry) = archive.named(name)? else { return Ok(None) };
    let mut summed = Summed { file: tempfile::tempfile()?, sum: Sha256::new() };
    io::copy(&mut entry, &mut summed)?;
    summed.file.rewind()?;
    Ok(Some((summed.file, format!("{:x}", summed.sum.finalize()))))
}

/// A file that is summed while it is written.
struct Summed {
    file: File,
    sum: Sha256,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn refused<T>(problem: ZipProblem) -> Result<Result<T, Failure>, JobError> {
    match problem {
        // What an archive says of itself and does not keep is an error of its reader, not of our disk.
        ZipProblem::Io(error) if !is_of_archive(&error) => Err(error.into()),
        problem => Ok(Err(Failure::new("unreadable", &format!("The archive cannot be read: {problem}")))),
    }
}

/// Whether an error tells of a broken archive and not of our disk.
fn is_of_archive(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

/// A file as a stream; reading it is quick enough to do in between.
fn pieces(file: File) -> dzinza_ports::ByteStream {
    let read = |mut file: File| {
        let mut bytes = vec![0; STEP];
        match file.read(&mut bytes) {
            Ok(0) => None,
            Ok(length) => {
                bytes.truncate(length);
                Some((Ok(Bytes::from(bytes)), file))
            }
            Err(error) => {
                let error = StoreError::with_source(StoreErrorKind::Unavailable, "an unpacked file", error);
                Some((Err(error), file))
            }
        }
    };
    stream::unfold(file, move |file| async move { read(file) }).boxed()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| JobError::Io(io::Error::other(error)))
}
