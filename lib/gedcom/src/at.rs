//! The at sign, which GEDCOM also uses for pointers and escapes, inside ordinary text.
//!
//! [`Record::value`](crate::Record) always holds the payload as written; these helpers translate between that
//! and what a person should see. Which pair applies depends on the version in `HEAD.GEDC.VERS`.

use std::borrow::Cow;

/// Payload to plain text in 5.5.1, where *every* at sign is doubled: `a@@b` becomes `a@b`.
///
/// A single at sign, which many programs write in e-mail addresses, stays.
pub fn unescape_at(value: &str) -> Cow<'_, str> {
    if value.contains("@@") { Cow::Owned(value.replace("@@", "@")) } else { Cow::Borrowed(value) }
}

/// Plain text to payload in 5.5.1: every at sign is doubled.
pub fn escape_all_at(text: &str) -> Cow<'_, str> {
    if text.contains('@') { Cow::Owned(text.replace('@', "@@")) } else { Cow::Borrowed(text) }
}

/// Payload to plain text in 7.0, where only an at sign that *starts* a line is doubled.
pub fn unescape_leading_at(value: &str) -> &str {
    if value.starts_with("@@") { &value[1..] } else { value }
}

/// Plain text to payload in 7.0: an at sign that starts the line is doubled, all others stay single.
pub fn escape_leading_at(text: &str) -> Cow<'_, str> {
    if text.starts_with('@') { Cow::Owned(format!("@{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_five_one_doubles_every_at_sign() {
        assert_eq!(unescape_at("me@@home @@x"), "me@home @x");
        assert_eq!(unescape_at("me@home"), "me@home");
        assert_eq!(escape_all_at("me@home"), "me@@home");
    }

    #[test]
    fn seven_doubles_only_the_leading_one() {
        assert_eq!(unescape_leading_at("@@me and @@you"), "@me and @@you");
        assert_eq!(unescape_leading_at("me@@home"), "me@@home");
        assert_eq!(escape_leading_at("@me@home"), "@@me@home");
    }
}
