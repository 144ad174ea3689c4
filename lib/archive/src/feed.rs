//! From the blocking reader to whoever writes to the store, a piece at a time.

use bytes::Bytes;
use dzinza_domain::collections;
use dzinza_ports::{AccountTable, Blobs, Body, ByteStream, Collection, Document, StoreError, StoreErrorKind};
use futures::StreamExt as _;
use tokio::sync::mpsc;

use crate::manifest::Manifest;
use crate::read::{BlobLine, Reader};
use crate::{ArchiveError, of_archive};

/// Documents in one piece, and their size as lines.
const PIECE: usize = 500;
const PIECE_SIZE: usize = 4 << 20;

/// Some of an archive.
pub enum Piece {
    Documents(&'static Collection, Vec<Document>),
    Accounts(AccountTable, Vec<Body>),
    Blob(BlobLine, ByteStream),
    /// The end, either way.
    End(Result<Box<Manifest>, ArchiveError>),
}

/// Everything of the archive: accounts, then documents in the order of the collections, then files.
pub fn feed(mut reader: Reader) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let read = read(&mut reader, &sender).map(|()| Box::new(reader.manifest().clone()));
        // Whoever gave up need not be told.
        let _ = sender.blocking_send(Piece::End(read));
    });
    receiver
}

fn read(reader: &mut Reader, sender: &mpsc::Sender<Piece>) -> Result<(), ArchiveError> {
    let send = |piece| sender.blocking_send(piece).map_err(|_| given_up());
    for table in AccountTable::ALL {
        let mut rows = Vec::new();
        reader.accounts(*table, &mut |row| {
            rows.push(row);
            if rows.len() < PIECE { Ok(()) } else { send(Piece::Accounts(*table, std::mem::take(&mut rows))) }
        })?;
        send(Piece::Accounts(*table, rows))?;
    }
    for collection in collections::ALL {
        let (mut some, mut size) = (Vec::new(), 0);
        reader.documents(collection, &mut |document, length| {
            some.push(document);
            size += length;
            if some.len() < PIECE && size < PIECE_SIZE {
                return Ok(());
            }
            size = 0;
            send(Piece::Documents(collection, std::mem::take(&mut some)))
        })?;
        if !some.is_empty() {
            send(Piece::Documents(collection, some))?;
        }
    }
    let mut blobs = Vec::new();
    reader.blobs(&mut |blob| {
        blobs.push(blob);
        Ok(())
    })?;
    for blob in blobs {
        let (bytes, receiver) = mpsc::channel::<Result<Bytes, StoreError>>(4);
        let next = |mut receiver: mpsc::Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
        send(Piece::Blob(blob.clone(), futures::stream::unfold(receiver, next).boxed()))?;
        let read = reader.blob(&blob, &mut |piece| {
            bytes.blocking_send(Ok(Bytes::copy_from_slice(piece))).map_err(|_| given_up())
        });
        if let Err(error) = read {
            let _ = bytes.blocking_send(Err(StoreError::new(StoreErrorKind::Invalid, "a damaged file")));
            return Err(error);
        }
    }
    Ok(())
}

fn given_up() -> ArchiveError {
    std::io::Error::other("the restore was given up").into()
}

/// Stores a file under this key.
pub async fn put(
    blobs: &dyn Blobs,
    key: &str,
    line: &BlobLine,
    bytes: ByteStream,
) -> Result<(), ArchiveError> {
    let stored = blobs.put(key, &line.content_type, bytes).await.map_err(of_archive)?;
    if stored.size == line.size && stored.sha256 == line.sha256 {
        return Ok(());
    }
    Err(ArchiveError::refused(format!("the file {} is not what its checksum says", line.key)))
}
