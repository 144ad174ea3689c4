//! Bytes to lines in bounded memory.

use std::io::Read;

use crate::decode::LineDecoder;
use crate::diagnostics::{Diagnostics, ReadError, Severity};
use crate::encoding::{Encoding, declared, refusal, sniff_bytes};
use crate::reader::Limits;

/// How much is read at once, and how much of the start is looked at to recognise the file.
const CHUNK: usize = 64 * 1024;

/// Splits at LF, CR, CRLF and LFCR, mixed at will, and decodes each line.
pub(crate) struct Source<R> {
    input: R,
    /// Unread text is `buf[start..]`: UTF-8 if `utf16` is set, else bytes as in the file.
    buf: Vec<u8>,
    start: usize,
    eof: bool,
    /// The other half of a line end whose first half was consumed; skipped if it comes next.
    skip: Option<u8>,
    utf16: Option<(Encoding, encoding_rs::Decoder)>,
    raw: Vec<u8>,
    decoder: LineDecoder,
    line: u32,
    bytes: u64,
    limits: Limits,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(input: R, limits: Limits, diagnostics: &mut Diagnostics) -> Result<Self, ReadError> {
        let mut source = Self {
            input,
            buf: Vec::new(),
            start: 0,
            eof: false,
            skip: None,
            utf16: None,
            raw: Vec::new(),
            decoder: LineDecoder::new(Encoding::Utf8, true),
            line: 0,
            bytes: 0,
            limits,
        };
        while source.buf.len() < CHUNK && source.fill()? {}
        source.recognise(diagnostics)?;
        Ok(source)
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.utf16.as_ref().map_or_else(|| self.decoder.encoding(), |(encoding, _)| *encoding)
    }

    pub(crate) fn lines_read(&self) -> u32 {
        self.line
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Decides on the encoding from the start of the file, or that it is no GEDCOM.
    fn recognise(&mut self, diagnostics: &mut Diagnostics) -> Result<(), ReadError> {
        let found = sniff_bytes(&self.buf);
        if let Some((encoding, mark)) = found {
            let charset = match encoding {
                Encoding::Utf16Le => Some(encoding_rs::UTF_16LE),
                Encoding::Utf16Be => Some(encoding_rs::UTF_16BE),
                _ => None,
            };
            let bytes = std::mem::take(&mut self.buf);
            if let Some(charset) = charset {
                self.utf16 = Some((encoding, charset.new_decoder_without_bom_handling()));
                self.decode_utf16(&bytes[mark..], self.eof);
            } else {
                self.buf = bytes;
                self.start = mark;
            }
        }
        let text = &self.buf[self.start..];
        if text.iter().all(|b| *b <= b' ') && self.eof {
            return Err(ReadError::Empty);
        }
        if let Some(reason) = refusal(text) {
            return Err(ReadError::NotGedcom { reason });
        }
        let said = declared(text);
        let meant = said.as_deref().map(Encoding::from_char_payload);
        let warn = |diagnostics: &mut Diagnostics, code, message: String| {
            diagnostics.add(0, Severity::Warning, code, || message);
        };
        match (found.map(|(encoding, _)| encoding), meant) {
            (_, Some(None)) => warn(
                diagnostics,
                "unknown-charset",
                "the header names an unknown character set; read by what the bytes look like".to_owned(),
            ),
            (Some(is), Some(Some(meant))) if meant != Encoding::Utf8 => warn(
                diagnostics,
                "wrong-charset",
                format!("the header says {}, the bytes are {}", meant.name(), is.name()),
            ),
            _ => {}
        }
        if found.is_none() {
            self.decoder = LineDecoder::new(meant.flatten().unwrap_or(Encoding::Utf8), false);
        }
        Ok(())
    }

    /// Reads more into the buffer; `false` at the end of the input.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.eof {
            return Ok(false);
        }
        self.buf.copy_within(self.start.., 0);
        self.buf.truncate(self.buf.len() - self.start);
        self.start = 0;
        if self.utf16.is_some() {
            let mut raw = std::mem::take(&mut self.raw);
            raw.resize(CHUNK, 0);
            let n = self.read_into(&mut raw)?;
            self.decode_utf16(&raw[..n], n == 0);
            self.raw = raw;
        } else {
            let mut buf = std::mem::take(&mut self.buf);
            let old = buf.len();
            buf.resize(old + CHUNK, 0);
            let read = self.read_into(&mut buf[old..]);
            buf.truncate(old + read.as_ref().copied().unwrap_or(0));
            self.buf = buf;
            read?;
        }
        Ok(!self.eof)
    }

    fn read_into(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            match self.input.read(buf) {
                Ok(n) => {
                    self.eof = n == 0;
                    self.bytes += n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn decode_utf16(&mut self, mut raw: &[u8], last: bool) {
        let Some((_, decoder)) = &mut self.utf16 else { return };
        loop {
            let old = self.buf.len();
            let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len() * 3 + 16);
            self.buf.resize(old + room, 0);
            let (result, read, written, _) = decoder.decode_to_utf8(raw, &mut self.buf[old..], last);
            self.buf.truncate(old + written);
            raw = raw.get(read..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// The next line with its 1-based number, without its line end; `None` at the end.
    pub(crate) fn next_line(
        &mut self,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<(u32, &str)>, ReadError> {
        self.skip_second_half()?;
        let mut len = self.find_line_end(0)?;
        if len == 0 && self.start == self.buf.len() {
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        if self.decoder.reads_utf8() {
            len = self.mend_split_character(len, diagnostics)?;
        }
        let begin = self.start;
        let end = begin + len;
        match self.buf.get(end) {
            Some(b'\n') => self.skip = Some(b'\r'),
            Some(_) => self.skip = Some(b'\n'),
            None => {}
        }
        self.start = (end + 1).min(self.buf.len());
        let text = self.decoder.decode(&self.buf[begin..end], self.line, diagnostics);
        Ok(Some((self.line, text)))
    }

    fn skip_second_half(&mut self) -> Result<(), ReadError> {
        if self.start == self.buf.len() {
            self.fill()?;
        }
        if let Some(half) = self.skip.take()
            && self.buf.get(self.start) == Some(&half)
        {
            self.start += 1;
        }
        Ok(())
    }

    /// Length of the line that starts `from` bytes after the unread position, measured from the unread position.
    fn find_line_end(&mut self, from: usize) -> Result<usize, ReadError> {
        let mut scanned = from;
        loop {
            let unread = &self.buf[self.start..];
            let end =
                unread[scanned..].iter().position(|b| *b == b'\n' || *b == b'\r').map(|at| scanned + at);
            scanned = end.unwrap_or(unread.len());
            if scanned - from > self.limits.line_bytes {
                let line = self.line.saturating_add(1);
                return Err(ReadError::LineTooLong { line, limit: self.limits.line_bytes });
            }
            if end.is_some() || !self.fill()? {
                return Ok(end.unwrap_or(self.buf.len() - self.start));
            }
        }
    }

    /// Programs that count bytes split a line in the middle of a character and go on with `CONC`. When the next
    /// line is such a `CONC`, the rest of the character moves up to where it began; gives the new line length.
    fn mend_split_character(
        &mut self,
        len: usize,
        diagnostics: &mut Diagnostics,
    ) -> Result<usize, ReadError> {
        let line = &self.buf[self.start..self.start + len];
        if line.last().is_none_or(u8::is_ascii) {
            return Ok(len);
        }
        let missing = match std::str::from_utf8(line) {
            Err(e) if e.error_len().is_none() => {
                let tail = &line[e.valid_up_to()..];
                let width = match tail.first() {
                    Some(0xC2..=0xDF) => 2,
                    Some(0xE0..=0xEF) => 3,
                    _ => 4,
                };
                width - tail.len()
            }
            _ => return Ok(len),
        };
        if self.start + len >= self.buf.len() {
            return Ok(len);
        }
        let mut next = self.find_line_end(len + 1)?;
        if next == len + 1 && self.start + next < self.buf.len() {
            // That was the second half of CRLF.
            next = self.find_line_end(len + 2)?;
        }
        let unread = &mut self.buf[self.start..];
        let Some(gap) = unread.get(len..next).and_then(conc_value_start) else { return Ok(len) };
        let moved = gap + missing;
        let is_rest = |b: &u8| (0x80..0xC0).contains(b);
        if !unread.get(len + gap..len + moved).is_some_and(|rest| rest.iter().all(is_rest)) {
            return Ok(len);
        }
        unread[len..len + moved].rotate_right(missing);
        diagnostics.add(self.line, Severity::Warning, "split-character", || {
            "a character was split between a line and its CONC".to_owned()
        });
        Ok(len + missing)
    }
}

/// In bytes like `\r\n2 CONC text`, the position of the text.
fn conc_value_start(bytes: &[u8]) -> Option<usize> {
    let white = |b: &u8| b" \t\r\n".contains(b);
    let mut at = bytes.iter().take_while(|b| white(b)).count();
    at += bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    at += bytes[at..].iter().take_while(|b| **b == b' ').count();
    let tag = bytes.get(at..at + 5)?;
    tag.eq_ignore_ascii_case(b"CONC ").then_some(at + 5)
}
