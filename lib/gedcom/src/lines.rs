//! The grammar of one line: `level [xref] tag [value]`.

/// One line taken apart, borrowed from the source text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) level: u32,
    pub(crate) xref: Option<&'a str>,
    /// As written, not yet upper-cased. Empty only when there is an xref.
    pub(crate) tag: &'a str,
    pub(crate) value: Option<&'a str>,
    /// White space before the level.
    pub(crate) indented: bool,
    /// More than one space, or a tab, between level, xref, tag and value, or leading zeros in the level: forms that
    /// the writer does not reproduce.
    pub(crate) loose: bool,
}

/// Levels have at most two digits; more are accepted so that absurdly nested files can be flattened, but a number
/// longer than this is text.
const LEVEL_DIGITS: usize = 7;

fn is_gap(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Length of the white space (and stray byte order marks) at the start.
fn indent_len(text: &str) -> usize {
    let trimmed = text.trim_start_matches([' ', '\t', '\u{FEFF}', '\u{A0}']);
    text.len() - trimmed.len()
}

/// Takes a line apart, or gives `None` for text that does not start with a level and a tag.
pub(crate) fn parse_line(text: &str) -> Option<Line<'_>> {
    let indent = if text.as_bytes().first()?.is_ascii_digit() { 0 } else { indent_len(text) };
    let text = &text[indent..];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > LEVEL_DIGITS {
        return None;
    }
    let level = text[..digits].bytes().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let (mut rest, mut loose) = skip_gap(&text[digits..])?;
    loose |= digits > 1 && text.starts_with('0');
    let mut xref = None;
    if rest.starts_with('@') {
        let (id, after) = split_xref(rest)?;
        xref = Some(id);
        if after.trim_start_matches([' ', '\t']).is_empty() {
            let loose = loose || !after.is_empty();
            return Some(Line { level, xref, tag: "", value: None, indented: indent > 0, loose });
        }
        let (next, wide) = skip_gap(after)?;
        rest = next;
        loose |= wide;
    }
    let end = rest.bytes().position(is_gap).unwrap_or(rest.len());
    let (tag, after) = rest.split_at(end);
    let first = *tag.as_bytes().first()?;
    if !first.is_ascii_alphanumeric() && first != b'_' {
        return None;
    }
    loose |= after.starts_with('\t');
    Some(Line { level, xref, tag, value: after.get(1..), indented: indent > 0, loose })
}

/// Skips at least one space or tab; tells whether it was anything but one space.
fn skip_gap(text: &str) -> Option<(&str, bool)> {
    let rest = text.trim_start_matches([' ', '\t']);
    (rest.len() < text.len()).then(|| (rest, !text.starts_with(' ') || text.len() - rest.len() > 1))
}

/// `@I1@ INDI` to (`@I1@`, ` INDI`).
fn split_xref(text: &str) -> Option<(&str, &str)> {
    let close = text.get(1..)?.find('@')? + 1;
    let (id, after) = text.split_at(close + 1);
    let inner = &id[1..close];
    let followed = after.is_empty() || is_gap(after.as_bytes()[0]);
    (!inner.is_empty() && !inner.starts_with('#') && followed).then_some((id, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(
        level: u32,
        xref: Option<&'static str>,
        tag: &'static str,
        value: Option<&'static str>,
    ) -> Line<'static> {
        Line { level, xref, tag, value, indented: false, loose: false }
    }

    #[test]
    fn ordinary_lines() {
        assert_eq!(parse_line("0 HEAD"), Some(line(0, None, "HEAD", None)));
        assert_eq!(parse_line("0 @I1@ INDI"), Some(line(0, Some("@I1@"), "INDI", None)));
        assert_eq!(parse_line("1 FAMC @F1@"), Some(line(1, None, "FAMC", Some("@F1@"))));
        assert_eq!(parse_line("12 CONT a\tb "), Some(line(12, None, "CONT", Some("a\tb "))));
        assert_eq!(parse_line("0 @N1@ NOTE @x"), Some(line(0, Some("@N1@"), "NOTE", Some("@x"))));
    }

    #[test]
    fn exactly_one_space_is_the_delimiter() {
        assert_eq!(parse_line("1 CONC  two "), Some(line(1, None, "CONC", Some(" two "))));
        assert_eq!(parse_line("1 NOTE "), Some(line(1, None, "NOTE", Some(""))));
    }

    #[test]
    fn loose_forms_are_marked() {
        for text in ["01 NAME x", "1  NAME x", "1\tNAME x", "1 NAME\tx"] {
            let l = parse_line(text);
            assert!(l.is_some_and(|l| l.loose && l.value == Some("x") && l.tag == "NAME"), "{text}");
        }
        assert!(parse_line(" \t1 NAME").is_some_and(|l| l.indented && !l.loose));
        assert!(parse_line("\u{FEFF}0 HEAD").is_some_and(|l| l.tag == "HEAD"));
    }

    #[test]
    fn an_xref_without_a_tag_is_still_a_line() {
        assert_eq!(parse_line("0 @I1@"), Some(line(0, Some("@I1@"), "", None)));
    }

    #[test]
    fn text_is_not_a_line() {
        for text in
            ["", "hello", "1890", "1 ", "1", "(1 x)", "12345678 X", "1 @@ x", "1 - x", "0HEAD", "1 @#DJ@ x"]
        {
            assert_eq!(parse_line(text), None, "{text}");
        }
    }
}
