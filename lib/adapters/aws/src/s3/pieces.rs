//! A stream, cut into the parts of an upload.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use dzinza_ports::{ByteStream, StoreError};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

/// The size of a part. S3 wants 5 MiB at least, and takes ten thousand.
pub(super) const PART: usize = 8 * 1024 * 1024;

/// Cuts a stream, and counts and sums up what went by.
pub(super) struct Pieces {
    bytes: ByteStream,
    /// What the last chunk had too much.
    rest: Bytes,
    ended: bool,
    hash: Sha256,
    size: u64,
}

impl Pieces {
    pub(super) fn new(bytes: ByteStream) -> Self {
        Self { bytes, rest: Bytes::new(), ended: false, hash: Sha256::new(), size: 0 }
    }

    /// The next part: [`PART`] bytes, or fewer at the end.
    pub(super) async fn next(&mut self) -> Result<Bytes, StoreError> {
        let mut piece = BytesMut::new();
        while piece.len() < PART {
            if self.rest.is_empty() {
                match self.bytes.next().await {
                    Some(chunk) => self.rest = chunk?,
                    None => self.ended = true,
                }
            }
            if self.ended {
                break;
            }
            let wanted = self.rest.len().min(PART - piece.len());
            piece.extend_from_slice(&self.rest.split_to(wanted));
        }
        let piece = piece.freeze();
        self.hash.update(&piece);
        self.size += piece.len() as u64;
        Ok(piece)
    }

    /// Whether the last part was short of [`PART`].
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Size and SHA-256 of all parts so far.
    pub(super) fn sum(&self) -> (u64, String) {
        let digest = self.hash.clone().finalize();
        let hex = digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        (self.size, hex)
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    async fn lengths(chunks: Vec<usize>) -> Vec<usize> {
        let chunks = chunks.into_iter().map(|length| Ok(Bytes::from(vec![7; length])));
        let mut pieces = Pieces::new(stream::iter(chunks.collect::<Vec<_>>()).boxed());
        let mut lengths = Vec::new();
        while !pieces.ended() {
            lengths.push(pieces.next().await.unwrap().len());
        }
        assert_eq!(pieces.sum().0, lengths.iter().sum::<usize>() as u64);
        lengths
    }

    #[tokio::test]
    async fn every_part_but_the_last_is_full() {
        assert_eq!(lengths(vec![]).await, [0]);
        assert_eq!(lengths(vec![1, 0, 2]).await, [3]);
        assert_eq!(lengths(vec![PART]).await, [PART, 0]);
        assert_eq!(lengths(vec![PART - 1, 2, 3 * PART]).await, [PART, PART, PART, PART, 1]);
    }
}
