//! [`Blobs`] as files.
//!
//! A blob is one file: its bytes, then a JSON trailer of its facts, then the trailer's length and a mark. So
//! one rename makes all of it appear at once. The name is the SHA-256 of the key, because keys can be longer
//! than file names, differ in case only, or be the folder of another key.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{
    BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, Clock, StoreError, StoreErrorKind, Upload, UploadUrl,
    check_blob_key,
};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufWriter};
use tokio_util::io::ReaderStream;

use crate::blob_urls::BlobUrls;
use crate::error::{corrupt, invalid, unavailable};

const MARK: &[u8; 8] = b"dzblob01";
const MARK_LENGTH: u64 = 8 + 4;
const CHUNK: usize = 64 * 1024;
/// What was being written this long ago is not being written any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// [`Blobs`] in a folder, with addresses signed by HMAC-SHA256.
pub struct FileBlobs {
    folder: PathBuf,
    urls: BlobUrls,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    key: String,
    content_type: String,
    size: u64,
    sha256: String,
}

impl FileBlobs {
    /// Opens the folder, making it as needed, and removes what was left half written: blocking, for start-up.
    /// Signed addresses begin with `base_path` (such as `/blobs`).
    pub fn open(
        folder: impl AsRef<Path>,
        signing_key: &[u8],
        base_path: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, StoreError> {
        let folder = folder.as_ref().to_owned();
        let urls = BlobUrls::new(signing_key, base_path, clock.clone());
        let blobs = Self { folder, urls, clock };
        std::fs::create_dir_all(blobs.unfinished()).map_err(io)?;
        blobs.sweep().map_err(io)?;
        Ok(Arc::new(blobs))
    }

    /// What its addresses are signed with, and checked by.
    pub fn urls(&self) -> &BlobUrls {
        &self.urls
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join("unfinished")
    }

    fn sweep(&self) -> std::io::Result<()> {
        let now = std::time::SystemTime::from(self.clock.now());
        for entry in std::fs::read_dir(self.unfinished())? {
            let entry = entry?;
            let changed = entry.metadata().and_then(|data| data.modified());
            let age = changed.ok().and_then(|changed| now.duration_since(changed).ok());
            if age.is_some_and(|age| age > ABANDONED) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        check_blob_key(key)?;
        let name = hex(&Sha256::digest(key.as_bytes()));
        let shelf = &name[..2];
        Ok(self.folder.join(shelf).join(&name))
    }

    /// The file and what stands behind its bytes, if it is there.
    async fn look(&self, key: &str) -> Result<Option<(File, BlobInfo)>, StoreError> {
        let path = self.path(key)?;
        let mut file = match File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let length = file.metadata().await.map_err(io)?.len();
        let damaged = || corrupt("a blob file without its trailer");
        let end = length.checked_sub(MARK_LENGTH).ok_or_else(damaged)?;
        file.seek(SeekFrom::Start(end)).await.map_err(io)?;
        let size = file.read_u32().await.map_err(io)?;
        let mut mark = [0; MARK.len()];
        file.read_exact(&mut mark).await.map_err(io)?;
        let start = end.checked_sub(u64::from(size)).filter(|_| mark == *MARK).ok_or_else(damaged)?;
        file.seek(SeekFrom::Start(start)).await.map_err(io)?;
        let mut json = vec![0; size as usize];
        file.read_exact(&mut json).await.map_err(io)?;
        let trailer: Trailer = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if trailer.size != start || trailer.key != key {
            return Err(damaged());
        }
        let Trailer { content_type, size, sha256, .. } = trailer;
        Ok(Some((file, BlobInfo { size, content_type, sha256 })))
    }

    /// Writes bytes and trailer to a file that nobody sees yet and that removes itself.
    async fn write(
        &self,
        key: &str,
        content_type: &str,
        mut bytes: ByteStream,
    ) -> Result<(TempPath, BlobInfo), StoreError> {
        let folder = self.unfinished();
        let created = blocking(move || tempfile::Builder::new().tempfile_in(folder)).await?;
        let (file, path) = created.into_parts();
        let mut file = BufWriter::with_capacity(4 * CHUNK, File::from_std(file));
        let mut hash = Sha256::new();
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            size += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(io)?;
        }
        let info = BlobInfo { size, content_type: content_type.to_owned(), sha256: hex(&hash.finalize()) };
        let trailer = Trailer {
            key: key.to_owned(),
            content_type: info.content_type.clone(),
            size,
            sha256: info.sha256.clone(),
        };
        let json = serde_json::to_vec(&trailer).map_err(|error| {
            StoreError::with_source(StoreErrorKind::Invalid, "the trailer of a blob", error)
        })?;
        file.write_all(&json).await.map_err(io)?;
        file.write_u32(json.len() as u32).await.map_err(io)?;
        file.write_all(MARK).await.map_err(io)?;
        file.flush().await.map_err(io)?;
        file.get_ref().sync_all().await.map_err(io)?;
        Ok((path, info))
    }
}

#[async_trait]
impl Blobs for FileBlobs {
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError> {
        let path = self.path(key)?;
        let (unfinished, info) = self.write(key, content_type, bytes).await?;
        let place = move |path: &Path| unfinished.persist(path).map_err(|error| error.error);
        blocking(move || appear(&path, place)).await?;
        Ok(info)
    }

    async fn put_new(
        &self,
        key: &str,
        content_type: &str,
        bytes: ByteStream,
    ) -> Result<BlobInfo, StoreError> {
        let path = self.path(key)?;
        let taken = || StoreError::new(StoreErrorKind::Conflict, "a blob of this key");
        if fs::try_exists(&path).await.map_err(io)? {
            return Err(taken());
        }
        let (unfinished, info) = self.write(key, content_type, bytes).await?;
        let place = move |path: &Path| match unfinished.persist_noclobber(path) {
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            placed => placed.map(|()| true).map_err(|error| error.error),
        };
        if blocking(move || appear(&path, place)).await? { Ok(info) } else { Err(taken()) }
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError> {
        let Some((mut file, info)) = self.look(key).await? else { return Ok(None) };
        let (start, length) = match range {
            None => (0, info.size),
            Some(ByteRange { start, end }) if start < info.size && start <= end => {
                (start, end.min(info.size - 1) - start + 1)
            }
            Some(_) => return Err(invalid("a range outside of the blob")),
        };
        file.seek(SeekFrom::Start(start)).await.map_err(io)?;
        let bytes = ReaderStream::with_capacity(file.take(length), CHUNK).map_err(io).boxed();
        Ok(Some(BlobRead { info, bytes }))
    }

    async fn head(&self, key: &str) -> Result<Option<BlobInfo>, StoreError> {
        Ok(self.look(key).await?.map(|(_, info)| info))
    }

    fn list(&self) -> BoxStream<'static, Result<String, StoreError>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = list_folder(&folder, &sender) {
                // Nobody listens any more, or is told.
                let _ = sender.blocking_send(Err(io(error)));
            }
        });
        let next =
            |mut receiver: tokio::sync::mpsc::Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
        futures::stream::unfold(receiver, next).boxed()
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.path(key)?).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(error)),
            _ => Ok(()),
        }
    }

    async fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        self.urls.get_url(key, lifetime)
    }

    async fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError> {
        self.urls.put_url(key, upload, lifetime)
    }
}

/// Gives a finished file its name, durably.
fn appear<T>(path: &Path, place: impl FnOnce(&Path) -> std::io::Result<T>) -> std::io::Result<T> {
    let shelf = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    std::fs::create_dir_all(&shelf)?;
    let placed = place(path)?;
    // The new name must be on disk too, and so must a new shelf.
    std::fs::File::open(&shelf)?.sync_all()?;
    if let Some(folder) = shelf.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(placed)
}

/// Every key, as the trailers of the files say it.
fn list_folder(
    folder: &Path,
    sender: &tokio::sync::mpsc::Sender<Result<String, StoreError>>,
) -> std::io::Result<()> {
    for shelf in std::fs::read_dir(folder)? {
        let shelf = shelf?;
        if shelf.file_name().len() != 2 {
            continue;
        }
        for file in std::fs::read_dir(shelf.path())? {
            let key = match key_of(&file?.path()) {
                // Deleted meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                key => key?,
            };
            if sender.blocking_send(Ok(key)).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn key_of(path: &Path) -> std::io::Result<String> {
    use std::io::{Read as _, Seek as _};
    let damaged = || std::io::Error::new(std::io::ErrorKind::InvalidData, "a blob file without its trailer");
    let mut file = std::fs::File::open(path)?;
    let end = file.metadata()?.len().checked_sub(MARK_LENGTH).ok_or_else(damaged)?;
    file.seek(SeekFrom::Start(end))?;
    let (mut size, mut mark) = ([0; 4], [0; MARK.len()]);
    file.read_exact(&mut size)?;
    file.read_exact(&mut mark)?;
    let size = u32::from_be_bytes(size);
    let start = end.checked_sub(u64::from(size)).filter(|_| mark == *MARK).ok_or_else(damaged)?;
    file.seek(SeekFrom::Start(start))?;
    let mut json = vec![0; size as usize];
    file.read_exact(&mut json)?;
    Ok(serde_json::from_slice::<Trailer>(&json).map_err(|_| damaged())?.key)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn io(error: std::io::Error) -> StoreError {
    StoreError::with_source(StoreErrorKind::Unavailable, "the blob folder", error)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| unavailable("the blob folder"))?.map_err(io)
}
