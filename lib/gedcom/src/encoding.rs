//! Which character encoding a file is in: byte order mark, then byte pattern, then what the header says.

use crate::lines::{Line, parse_line};

/// A character encoding the reader understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, least significant byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
    /// ANSI/NISO Z39.47, GEDCOM's default before Unicode.
    Ansel,
    /// Seven-bit ASCII.
    Ascii,
    /// Windows code page 1252, in GEDCOM usually called `ANSI`. Also what ISO 8859-1 is read as.
    Windows1252,
    /// Windows code page 1250, Central European.
    Windows1250,
    /// Windows code page 1251, Cyrillic.
    Windows1251,
    /// Mac OS Roman.
    Macintosh,
    /// IBM code page 437, in GEDCOM called `IBMPC`.
    Cp437,
}

impl Encoding {
    /// A name to show and to log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Ansel => "ANSEL",
            Self::Ascii => "ASCII",
            Self::Windows1252 => "windows-1252",
            Self::Windows1250 => "windows-1250",
            Self::Windows1251 => "windows-1251",
            Self::Macintosh => "macintosh",
            Self::Cp437 => "IBM437",
        }
    }

    /// What a `HEAD.CHAR` payload means, including the names that never were in any standard.
    ///
    /// `UNICODE` is UTF-16 in the standard; a file whose bytes are not UTF-16 and which says so is UTF-8.
    pub fn from_char_payload(payload: &str) -> Option<Self> {
        let name: String = payload.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match name.to_ascii_uppercase().as_str() {
            "UTF8" | "UNICODE" | "UTF16" | "UTF" => Self::Utf8,
            "ANSEL" => Self::Ansel,
            "ASCII" | "USASCII" => Self::Ascii,
            "ANSI" | "WINDOWS" | "WINDOWS1252" | "CP1252" | "IBMWINDOWS" | "WINANSI" | "LATIN1"
            | "ISO88591" | "ISO885915" | "ISO8859" => Self::Windows1252,
            "WINDOWS1250" | "CP1250" => Self::Windows1250,
            "WINDOWS1251" | "CP1251" => Self::Windows1251,
            "MACINTOSH" | "MAC" | "MACROMAN" => Self::Macintosh,
            "IBMPC" | "IBM" | "IBMDOS" | "MSDOS" | "DOS" | "PC" | "OEM" | "CP437" | "IBM437" => Self::Cp437,
            _ => return None,
        })
    }
}

/// A byte order mark or the pattern of UTF-16, with the length of the mark.
pub(crate) fn sniff_bytes(prefix: &[u8]) -> Option<(Encoding, usize)> {
    match prefix {
        [0xEF, 0xBB, 0xBF, ..] => Some((Encoding::Utf8, 3)),
        [0xFF, 0xFE, ..] => Some((Encoding::Utf16Le, 2)),
        [0xFE, 0xFF, ..] => Some((Encoding::Utf16Be, 2)),
        // Without a mark: an ASCII character is one zero and one other byte, and a file starts with several.
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some((Encoding::Utf16Le, 0)),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some((Encoding::Utf16Be, 0)),
        _ => None,
    }
}

/// What `HEAD.CHAR` says, from the start of the file in any encoding that contains ASCII.
pub(crate) fn declared(prefix: &[u8]) -> Option<String> {
    let mut in_head = false;
    for line in byte_lines(prefix) {
        let text = String::from_utf8_lossy(line);
        match parse_line(&text) {
            Some(Line { level: 0, tag, .. }) if in_head || !tag.eq_ignore_ascii_case("HEAD") => return None,
            Some(Line { level: 0, .. }) => in_head = true,
            Some(Line { level: 1, tag, value: Some(value), .. }) if tag.eq_ignore_ascii_case("CHAR") => {
                return Some(value.trim().to_owned());
            }
            _ => {}
        }
    }
    None
}

/// Why the start of a file cannot be GEDCOM; `None` when it can.
///
/// It needs one `0 HEAD` or `0 @X@ TAG` among the first lines, or a level-0 line first of all.
pub(crate) fn refusal(prefix: &[u8]) -> Option<String> {
    let magic: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "it is a zip archive (a GEDZIP has to be unpacked first)"),
        (b"\x1F\x8B", "it is compressed with gzip"),
        (b"%PDF", "it is a PDF document"),
        (b"\x89PNG", "it is a PNG picture"),
        (b"\xFF\xD8\xFF", "it is a JPEG picture"),
    ];
    if let Some((_, reason)) = magic.iter().find(|(start, _)| prefix.starts_with(start)) {
        return Some((*reason).to_owned());
    }
    let mut first = true;
    for line in byte_lines(prefix) {
        let text = String::from_utf8_lossy(line).replace('\0', "");
        if text.trim().is_empty() {
            continue;
        }
        if let Some(line) = parse_line(&text)
            && line.level == 0
            && (line.tag.eq_ignore_ascii_case("HEAD")
                || line.xref.is_some()
                || (first && line.tag.len() >= 3))
        {
            return None;
        }
        first = false;
    }
    Some("no line like `0 HEAD` or `0 @I1@ INDI` at its start".to_owned())
}

fn byte_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n' || *b == b'\r').filter(|l| !l.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_and_patterns() {
        assert_eq!(sniff_bytes(b"\xEF\xBB\xBF0 HEAD"), Some((Encoding::Utf8, 3)));
        assert_eq!(sniff_bytes(b"\xFF\xFE0\0"), Some((Encoding::Utf16Le, 2)));
        assert_eq!(sniff_bytes(b"0\0 \0H\0"), Some((Encoding::Utf16Le, 0)));
        assert_eq!(sniff_bytes(b"\x000\0 \0H"), Some((Encoding::Utf16Be, 0)));
        assert_eq!(sniff_bytes(b"0 HEAD"), None);
    }

    #[test]
    fn only_the_char_of_the_head_counts() {
        assert_eq!(declared(b"0 HEAD\r1 CHAR ANSEL\r").as_deref(), Some("ANSEL"));
        assert_eq!(declared(b"0 HEAD\n1 SOUR x\n2 CHAR no\n0 @I1@ INDI\n1 CHAR ANSEL\n"), None);
    }

    #[test]
    fn names_of_encodings_in_the_wild() {
        for (name, encoding) in [
            ("UTF-8", Encoding::Utf8),
            ("ansel", Encoding::Ansel),
            ("IBM WINDOWS", Encoding::Windows1252),
            ("ISO-8859-1", Encoding::Windows1252),
            ("IBMPC", Encoding::Cp437),
        ] {
            assert_eq!(Encoding::from_char_payload(name), Some(encoding), "{name}");
        }
        assert_eq!(Encoding::from_char_payload("KLINGON"), None);
    }

    #[test]
    fn what_is_not_gedcom_is_refused_with_a_reason() {
        assert!(refusal(b"PK\x03\x04....").is_some_and(|r| r.contains("zip")));
        assert!(refusal(b"id,name\n1,John\n").is_some());
        assert_eq!(refusal(b"\n\n junk\n0 @I1@ INDI\n"), None);
        assert_eq!(refusal(b"0 SUBM\n"), None);
    }
}
