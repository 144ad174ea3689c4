//! ANSEL (ANSI/NISO Z39.47), the character set GEDCOM used before Unicode.
//!
//! Table: *The GEDCOM Standard 5.5.1*, appendix C, with the four zero-width controls and the euro sign of MARC-8
//! that later programs write. Combining marks come *before* their letter, the other way round than in Unicode.

use unicode_normalization::UnicodeNormalization;

/// Decodes a line to NFC. Bytes without a meaning become U+FFFD; their number is returned.
pub(crate) fn decode(bytes: &[u8], out: &mut String) -> usize {
    let mut unknown = 0;
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    let mut marks: Vec<char> = Vec::new();
    for byte in bytes {
        if let Some(mark) = combining(*byte) {
            marks.push(mark);
            continue;
        }
        let c = if byte.is_ascii() { char::from(*byte) } else { spacing(*byte) };
        unknown += usize::from(c == char::REPLACEMENT_CHARACTER);
        text.push(c);
        text.extend(marks.drain(..));
    }
    // Marks at the end of a line have lost their letter; kept rather than dropped.
    text.extend(marks);
    out.extend(text.nfc());
    unknown
}

fn combining(byte: u8) -> Option<char> {
    Some(match byte {
        0xE0 => '\u{309}',  // hook above
        0xE1 => '\u{300}',  // grave
        0xE2 => '\u{301}',  // acute
        0xE3 => '\u{302}',  // circumflex
        0xE4 => '\u{303}',  // tilde
        0xE5 => '\u{304}',  // macron
        0xE6 => '\u{306}',  // breve
        0xE7 => '\u{307}',  // dot above
        0xE8 => '\u{308}',  // diaeresis
        0xE9 => '\u{30C}',  // caron
        0xEA => '\u{30A}',  // ring above
        0xEB => '\u{FE20}', // ligature, left half
        0xEC => '\u{FE21}', // ligature, right half
        0xED => '\u{315}',  // high comma, off centre
        0xEE => '\u{30B}',  // double acute
        0xEF => '\u{310}',  // candrabindu
        0xF0 => '\u{327}',  // cedilla
        0xF1 => '\u{328}',  // ogonek
        0xF2 => '\u{323}',  // dot below
        0xF3 => '\u{324}',  // diaeresis below
        0xF4 => '\u{325}',  // ring below
        0xF5 => '\u{333}',  // double low line
        0xF6 => '\u{332}',  // low line
        0xF7 => '\u{326}',  // comma below
        0xF8 => '\u{31C}',  // left half ring below
        0xF9 => '\u{32E}',  // breve below
        0xFA => '\u{FE22}', // double tilde, left half
        0xFB => '\u{FE23}', // double tilde, right half
        0xFC => '\u{338}',  // long solidus, a GEDCOM extension
        0xFE => '\u{313}',  // high comma, centred
        _ => return None,
    })
}

fn spacing(byte: u8) -> char {
    match byte {
        0x88 => '\u{98}', // start of a part not to sort by
        0x89 => '\u{9C}',
        0x8D => '\u{200D}',
        0x8E => '\u{200C}',
        0xA1 => 'Ł',
        0xA2 => 'Ø',
        0xA3 => 'Đ',
        0xA4 => 'Þ',
        0xA5 => 'Æ',
        0xA6 => 'Œ',
        0xA7 => 'ʹ',
        0xA8 => '·',
        0xA9 => '♭',
        0xAA => '®',
        0xAB => '±',
        0xAC => 'Ơ',
        0xAD => 'Ư',
        0xAE => 'ʼ',
        0xB0 => 'ʻ',
        0xB1 => 'ł',
        0xB2 => 'ø',
        0xB3 => 'đ',
        0xB4 => 'þ',
        0xB5 => 'æ',
        0xB6 => 'œ',
        0xB7 => 'ʺ',
        0xB8 => 'ı',
        0xB9 => '£',
        0xBA => 'ð',
        0xBC => 'ơ',
        0xBD => 'ư',
        0xBE => '□', // GEDCOM extension
        0xBF => '■', // GEDCOM extension
        0xC0 => '°',
        0xC1 => 'ℓ',
        0xC2 => '℗',
        0xC3 => '©',
        0xC4 => '♯',
        0xC5 => '¿',
        0xC6 => '¡',
        0xC8 => '€',        // MARC-8
        0xCD => 'e',        // GEDCOM extension: a small e in the middle of the line
        0xCE => 'o',        // GEDCOM extension: a small o in the middle of the line
        0xC7 | 0xCF => 'ß', // MARC-8 and GEDCOM differ in the place
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = String::new();
        decode(bytes, &mut out);
        out
    }

    #[test]
    fn marks_move_behind_their_letter_and_compose() {
        assert_eq!(text(b"Jos\xE2e"), "José");
        assert_eq!(text(b"\xE8uber \xE1a"), "über à");
        assert_eq!(text(b"\xF0cedille"), "çedille");
        assert_eq!(text(b"Vi\xE3\xF2et"), "Việt");
    }

    #[test]
    fn special_letters() {
        assert_eq!(text(b"\xA1\xB2\xCF\xC7\xB9"), "Łøßß£");
    }

    #[test]
    fn broken_bytes_are_counted_and_nothing_is_dropped() {
        let mut out = String::new();
        assert_eq!(decode(b"a\xFFb\xE2", &mut out), 1);
        assert_eq!(out, "a\u{FFFD}b\u{301}");
    }
}
