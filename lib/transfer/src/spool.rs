//! Temporary files, without names: they are gone with whoever holds them.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use bytes::Bytes;
use dzinza_ports::{ByteStream, StoreError, StoreErrorKind};
use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};
use tokio_util::io::ReaderStream;

use crate::ExportError;

/// Writes all of a stream down.
pub async fn fill(stream: impl Stream<Item = Result<Bytes, StoreError>> + Send) -> Result<File, ExportError> {
    let mut file = tempfile::tempfile()?;
    let mut stream = std::pin::pin!(stream);
    while let Some(piece) = stream.try_next().await? {
        file.write_all(&piece)?;
    }
    Ok(file)
}

/// Work that takes long, on a thread where that keeps nobody waiting.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The file from its beginning.
pub fn stream(mut file: File) -> Result<ByteStream, ExportError> {
    file.rewind()?;
    let broken = |error| StoreError::with_source(StoreErrorKind::Unavailable, "a temporary file", error);
    Ok(ReaderStream::with_capacity(tokio::fs::File::from_std(file), 256 << 10).map_err(broken).boxed())
}
