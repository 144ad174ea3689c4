//! The seal: the ZIP file's comment is the SHA-256 of every byte before it, so that no byte of an archive can change
//! or go missing unnoticed, ZIP's own fields included.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::{ArchiveError, hex};

const MARK: &str = "dzinza-archive sha256 ";
/// The mark and 64 hex digits.
pub const LENGTH: usize = MARK.len() + 64;

/// What stands at the seal's place until the sum is known.
pub fn blank() -> String {
    format!("{MARK}{}", "0".repeat(64))
}

/// Keeps the last [`LENGTH`] bytes back, which at the end are the seal's to write.
pub struct Sealing<W> {
    inner: W,
    hash: Sha256,
    held: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), held: Vec::with_capacity(1 << 16) }
    }

    /// Writes the seal in place of the blank one that must stand at the end.
    pub fn close(mut self) -> io::Result<W> {
        if self.held != blank().as_bytes() {
            return Err(io::Error::other("the archive does not end with a blank seal"));
        }
        let sum = hex(&self.hash.finalize());
        self.inner.write_all(MARK.as_bytes())?;
        self.inner.write_all(sum.as_bytes())?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        let certain = self.held.len().saturating_sub(LENGTH);
        if let Some(sure) = self.held.get(..certain) {
            self.hash.update(sure);
            self.inner.write_all(sure)?;
        }
        self.held.drain(..certain);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads all of a file of this length and says whether its seal is whole.
pub fn check(mut file: impl Read, length: u64) -> Result<(), ArchiveError> {
    let broken = || ArchiveError::refused("the archive is incomplete or damaged: its seal does not fit");
    let sealed = length.checked_sub(LENGTH as u64).ok_or_else(broken)?;
    let mut hash = Sha256::new();
    let mut left = sealed;
    let mut buffer = vec![0; 1 << 18];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = file.read(buffer.get_mut(..want).unwrap_or_default())?;
        if read == 0 {
            return Err(broken());
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        left -= read as u64;
    }
    let mut seal = Vec::new();
    file.read_to_end(&mut seal)?;
    let expected = format!("{MARK}{}", hex(&hash.finalize()));
    if seal == expected.as_bytes() { Ok(()) } else { Err(broken()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &[u8], step: usize) -> Vec<u8> {
        let mut sealing = Sealing::new(Vec::new());
        for piece in text.chunks(step) {
            sealing.write_all(piece).unwrap();
        }
        sealing.write_all(blank().as_bytes()).unwrap();
        sealing.close().unwrap()
    }

    #[test]
    fn every_changed_missing_or_added_byte_breaks_the_seal() {
        let text = b"Mbuya Nehanda".repeat(20);
        for step in [1, 7, 85, 86, 87, 1000] {
            assert_eq!(sealed(&text, step), sealed(&text, 3));
        }
        let whole = sealed(&text, 3);
        check(&*whole, whole.len() as u64).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(check(&*changed, changed.len() as u64).is_err(), "byte {at}");
            assert!(check(&whole[..at], at as u64).is_err(), "cut at {at}");
        }
        let longer = [&*whole, b"x"].concat();
        assert!(check(&*longer, longer.len() as u64).is_err());
    }
}
