//! Text as people type it, compared as people mean it.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Folds case and accents away and squeezes white space, for sorting and matching: `Māria  NCUBE` and
/// `maria ncube` are the same.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            folded.extend(word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
        }
    }
    folded
}

/// Joins the parts that are there with single spaces.
pub fn join<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut joined = String::new();
    for part in parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_spacing_do_not_matter() {
        assert_eq!(fold("  Māria\tNCUBE "), "maria ncube");
        assert_eq!(fold("Zoë"), fold("ZOE"));
        assert_eq!(join([Some("Nehanda"), None, Some(" "), Some("Charwe")]), "Nehanda Charwe");
    }
}
