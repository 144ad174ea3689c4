//! Names of entries and the references that stand for them.

use percent_encoding::percent_decode_str;

use crate::convert::files;

/// The name of the entry for a `FILE` payload: `media/Zo%C3%AB.jpg` to `media/Zoë.jpg`.
///
/// `None` for addresses and absolute paths, which are not in the archive; for what leads outside it (`../`) or is
/// no text; and for the names that the archive needs itself (`gedcom.ged`).
pub fn archive_name(reference: &str) -> Option<String> {
    let local = reference.trim();
    if files::has_scheme(local) {
        return None;
    }
    let name = percent_decode_str(local).decode_utf8().ok()?;
    let name = name.strip_prefix("./").unwrap_or(&name);
    (is_safe(name) && !name.eq_ignore_ascii_case(super::GEDCOM)).then(|| name.to_owned())
}

/// The names that an entry may have which a `FILE` payload stands for, the likeliest first: [`archive_name`], then what
/// is found in archives besides. The official samples have what `file:///path/x` refers to as `path/x`; some writers use
/// the payload as the name, escapes and all, or write backslashes in the payload.
pub fn entry_names(reference: &str) -> impl Iterator<Item = String> + use<> {
    let reference = reference.trim();
    let local = reference.strip_prefix("file:///").unwrap_or(reference);
    let slashed = local.replace('\\', "/");
    let decoded = archive_name(local).or_else(|| archive_name(&slashed));
    let literal =
        decoded.as_deref().and_then(|name| (name != slashed && is_safe(&slashed)).then_some(slashed));
    decoded.into_iter().chain(literal)
}

/// The `FILE` payload for a path within the archive: `media/Zoë 2.jpg` to `media/Zo%C3%AB%202.jpg`.
pub fn file_reference(name: &str) -> String {
    files::to_seven(name)
}

/// Whether a name stays inside the archive on any system.
pub(super) fn is_safe(name: &str) -> bool {
    const LONGEST: usize = 1024;
    let hidden = |c: char| c.is_control() || c == '\\';
    let drive = name.as_bytes().get(1) == Some(&b':');
    let inside = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.len() <= LONGEST && !name.contains(hidden) && !drive && name.split('/').all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_references() {
        assert_eq!(archive_name("media/Zo%C3%AB%202.jpg").as_deref(), Some("media/Zoë 2.jpg"));
        assert_eq!(archive_name("most/paths%3Fget%23escaped").as_deref(), Some("most/paths?get#escaped"));
        assert_eq!(archive_name("./a.jpg").as_deref(), Some("a.jpg"));
        for name in ["media/Zoë 2.jpg", "100%.jpg", "a?b#c[d].jpg", "12:30.jpg"] {
            assert_eq!(archive_name(&file_reference(name)).as_deref(), Some(name));
        }
    }

    #[test]
    fn names_that_entries_have_besides() {
        let names = |reference| entry_names(reference).collect::<Vec<_>>();
        assert_eq!(names("./a.jpg"), ["a.jpg"]);
        assert_eq!(names("a%20b.jpg"), ["a b.jpg", "a%20b.jpg"]);
        assert_eq!(names("file:///path/x.jpg"), ["path/x.jpg"]);
        assert_eq!(names(r"photos\a.jpg"), ["photos/a.jpg"]);
        for outside in ["", "https://example.org/a", "../a", r"..\a", "file:///C:/a", r"C:\a", "gedcom.ged"] {
            assert!(names(outside).is_empty(), "{outside}");
        }
    }

    #[test]
    fn what_is_not_in_an_archive() {
        for reference in [
            "",
            "/etc/passwd",
            "//server/a",
            "../a",
            "a/../../b",
            "a/%2e%2e/b",
            "a//b",
            "dir/",
            "C:/a",
            "C%3A/a",
            r"a\b",
            "a%5Cb",
            "a%00b",
            "%FF",
            "https://example.org/a",
            "file:///a",
            "GEDCOM.ged",
        ] {
            assert_eq!(archive_name(reference), None, "{reference}");
        }
    }
}
