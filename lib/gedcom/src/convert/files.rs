//! File references: paths in 5.5.1, URI references in 7.0.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What may not stand in the path of a URI reference (RFC 3986), and the percent sign.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A path or address as a URI reference.
pub(crate) fn to_seven(path: &str) -> String {
    let path = path.trim();
    if has_scheme(path) {
        return path.replace(' ', "%20");
    }
    let slashed = path.replace('\\', "/");
    let encoded = utf8_percent_encode(&slashed, NOT_IN_PATHS).to_string();
    if is_drive(path) {
        format!("file:///{encoded}")
    } else if slashed.starts_with("//") {
        format!("file:{encoded}")
    } else if slashed.starts_with('/') {
        format!("file://{encoded}")
    } else if slashed.split('/').next().is_some_and(|first| first.contains(':')) {
        // Else it would look like a scheme.
        format!("./{encoded}")
    } else {
        encoded
    }
}

/// The path for a URI reference where that says as much, else the reference itself.
pub(crate) fn to_five(reference: &str) -> String {
    let path = path_of(reference);
    match path {
        Some(path) if to_seven(&path) == reference => path,
        _ => reference.to_owned(),
    }
}

fn path_of(reference: &str) -> Option<String> {
    let local = reference.strip_prefix("file://");
    if local.is_none() && has_scheme(reference) {
        return None;
    }
    let path = percent_decode_str(local.unwrap_or(reference)).decode_utf8().ok()?;
    Some(match (local, path.strip_prefix('/')) {
        (Some(_), Some(drive)) if is_drive(drive) => drive.replace('/', "\\"),
        (Some(_), None) => format!("\\\\{}", path.replace('/', "\\")),
        _ => path.strip_prefix("./").unwrap_or(&path).to_owned(),
    })
}

/// `C:\` or `C:/`.
fn is_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

/// `https:` and the like; one letter is a drive.
pub(crate) fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && (rest.starts_with("//") || ["mailto", "urn", "data", "file", "tel"].contains(&scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (path, reference) in [
            ("photos/Grandma 1920.jpg", "photos/Grandma%201920.jpg"),
            ("100%.jpg", "100%25.jpg"),
            (r"C:\My Pictures\a.jpg", "file:///C:/My%20Pictures/a.jpg"),
            (r"\\server\share\a.jpg", "file://server/share/a.jpg"),
            ("/var/a.jpg", "file:///var/a.jpg"),
            ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
            ("12:30.jpg", "./12:30.jpg"),
            ("Zoë.jpg", "Zo%C3%AB.jpg"),
        ] {
            assert_eq!(to_seven(path), reference);
            assert_eq!(to_five(reference), path);
        }
        assert_eq!(to_seven(r"photos\a.jpg"), "photos/a.jpg");
        for reference in ["a%2Fb.jpg", "https%3a//not.a.url/x", "%FF"] {
            assert_eq!(to_five(reference), reference);
        }
    }
}
