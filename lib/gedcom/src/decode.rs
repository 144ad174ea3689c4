//! Bytes of one line to text, with the truth about the encoding found out on the way.

use std::str::from_utf8;

use crate::diagnostics::{Diagnostics, Severity};
use crate::encoding::Encoding;
use crate::{ansel, cp437};

/// Decodes line by line, because the first line that is not ASCII shows whether the header told the truth.
#[derive(Debug)]
pub(crate) struct LineDecoder {
    encoding: Encoding,
    /// Whether a line that is not ASCII has confirmed or corrected `encoding`.
    settled: bool,
    scratch: String,
}

impl LineDecoder {
    /// `certain` when a byte order mark or UTF-16 leaves no doubt.
    pub(crate) fn new(encoding: Encoding, certain: bool) -> Self {
        Self { encoding, settled: certain, scratch: String::new() }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether lines are UTF-8 until proven otherwise (text from UTF-16 arrives as UTF-8).
    pub(crate) fn reads_utf8(&self) -> bool {
        !matches!(
            self.encoding,
            Encoding::Ansel
                | Encoding::Windows1252
                | Encoding::Windows1250
                | Encoding::Windows1251
                | Encoding::Macintosh
                | Encoding::Cp437
        )
    }

    /// Decodes one line without its line end.
    pub(crate) fn decode<'a>(
        &'a mut self,
        bytes: &'a [u8],
        line: u32,
        diagnostics: &mut Diagnostics,
    ) -> &'a str {
        let has_nul = bytes.contains(&0);
        if has_nul {
            diagnostics.add(line, Severity::Warning, "nul-removed", || "NUL characters removed".to_owned());
        }
        let as_utf8 = from_utf8(bytes);
        if let Ok(text) = as_utf8
            && !has_nul
            && (self.settled && self.reads_utf8() || bytes.is_ascii())
        {
            return text;
        }
        self.scratch.clear();
        if !bytes.is_ascii() {
            self.settle(as_utf8.is_ok(), line, diagnostics);
        }
        self.decode_slowly(bytes, line, diagnostics);
        if has_nul {
            self.scratch.retain(|c| c != '\0');
        }
        &self.scratch
    }

    /// At the first line beyond ASCII. Text in a single-byte encoding that is valid UTF-8 by chance is next to
    /// impossible, so valid UTF-8 is UTF-8 whatever the header says; the rest is taken by the header's word, and
    /// where that is impossible it is windows-1252, by far the most common.
    fn settle(&mut self, valid_utf8: bool, line: u32, diagnostics: &mut Diagnostics) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let actual = match (valid_utf8, self.encoding) {
            (true, _) => Encoding::Utf8,
            (false, Encoding::Utf8 | Encoding::Ascii) => Encoding::Windows1252,
            (false, other) => other,
        };
        if actual != self.encoding {
            let (said, is) = (self.encoding.name(), actual.name());
            diagnostics.add(line, Severity::Warning, "wrong-charset", || {
                format!("the header says {said}, the text is {is}; read as {is}")
            });
        }
        self.encoding = actual;
    }

    fn decode_slowly(&mut self, bytes: &[u8], line: u32, diagnostics: &mut Diagnostics) {
        let out = &mut self.scratch;
        let table = match self.encoding {
            Encoding::Ansel => {
                let unknown = ansel::decode(bytes, out);
                if unknown > 0 {
                    diagnostics.add(line, Severity::Error, "undefined-byte", || {
                        format!("{unknown} bytes without a meaning in ANSEL")
                    });
                }
                return;
            }
            Encoding::Cp437 => {
                out.extend(bytes.iter().map(|b| cp437::decode(*b)));
                return;
            }
            Encoding::Windows1250 => encoding_rs::WINDOWS_1250,
            Encoding::Windows1251 => encoding_rs::WINDOWS_1251,
            Encoding::Macintosh => encoding_rs::MACINTOSH,
            _ => encoding_rs::WINDOWS_1252,
        };
        if table != encoding_rs::WINDOWS_1252 {
            out.push_str(&table.decode_without_bom_handling(bytes).0);
            return;
        }
        // Parts from different programs get pasted together, so each stretch is taken for what it is.
        let mut invalid = 0;
        for chunk in bytes.utf8_chunks() {
            out.push_str(chunk.valid());
            invalid += chunk.invalid().len();
            out.push_str(&table.decode_without_bom_handling(chunk.invalid()).0);
        }
        if invalid > 0 && self.encoding != Encoding::Windows1252 {
            diagnostics.add(line, Severity::Warning, "invalid-utf8", || {
                format!("{invalid} bytes are not UTF-8; read as windows-1252")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: Encoding, lines: &[&[u8]]) -> (Vec<String>, Encoding, Vec<&'static str>) {
        let mut decoder = LineDecoder::new(encoding, false);
        let mut diagnostics = Diagnostics::default();
        let texts = lines.iter().map(|l| decoder.decode(l, 1, &mut diagnostics).to_owned()).collect();
        (texts, decoder.encoding(), diagnostics.take().iter().map(|d| d.code).collect())
    }

    #[test]
    fn a_true_header_gives_no_diagnostic() {
        let utf8 = decode(Encoding::Utf8, &[b"plain", "Zoë".as_bytes()]);
        assert_eq!(utf8, (vec!["plain".into(), "Zoë".into()], Encoding::Utf8, vec![]));
        let ansi = decode(Encoding::Windows1252, &[b"Zo\xEB \x80"]);
        assert_eq!(ansi, (vec!["Zoë €".into()], Encoding::Windows1252, vec![]));
        let ansel = decode(Encoding::Ansel, &[b"Zo\xE8e"]);
        assert_eq!(ansel, (vec!["Zoë".into()], Encoding::Ansel, vec![]));
    }

    #[test]
    fn a_header_that_says_utf8_over_windows_text() {
        let (texts, encoding, codes) = decode(Encoding::Utf8, &[b"Zo\xEB", b"Andr\xE9"]);
        assert_eq!(texts, ["Zoë", "André"]);
        assert_eq!((encoding, codes), (Encoding::Windows1252, vec!["wrong-charset"]));
    }

    #[test]
    fn a_header_that_says_ansel_or_ansi_over_utf8_text() {
        for said in [Encoding::Ansel, Encoding::Windows1252, Encoding::Ascii, Encoding::Cp437] {
            let (texts, encoding, codes) = decode(said, &["Zoë".as_bytes()]);
            assert_eq!((texts, encoding, codes), (vec!["Zoë".into()], Encoding::Utf8, vec!["wrong-charset"]));
        }
    }

    #[test]
    fn one_bad_line_in_utf8_does_not_spoil_the_others() {
        let (texts, encoding, codes) =
            decode(Encoding::Utf8, &["Zoë".as_bytes(), b"Zo\xEB \xC3\xAB", "ë".as_bytes()]);
        assert_eq!(texts, ["Zoë", "Zoë ë", "ë"]);
        assert_eq!((encoding, codes), (Encoding::Utf8, vec!["invalid-utf8"]));
    }

    #[test]
    fn nul_goes_away() {
        assert_eq!(decode(Encoding::Utf8, &[b"a\0b"]).0, ["ab"]);
    }
}
