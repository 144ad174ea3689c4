//! The ids of an archive, and the ones their documents get in another installation.
//!
//! A new id is the old one with its last 32 bits changed by the same key throughout. Two ids stay different, none is
//! what it was, and their order stays: ids are UUIDv7, whose last 32 bits are random and behind all that orders them
//! (RFC 9562, 6.2). The order matters, for it is that of the file that somebody once imported.

use std::collections::HashSet;
use std::ops::Range;

/// Length of a UUID as text.
const LENGTH: usize = 36;

/// A UUID as text, lowercase as we write it.
pub fn parse(text: &[u8]) -> Option<u128> {
    if text.len() != LENGTH {
        return None;
    }
    let mut value = 0;
    for (at, byte) in text.iter().enumerate() {
        match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => value = value << 4 | u128::from(byte - b'0'),
            (_, b'a'..=b'f') => value = value << 4 | u128::from(byte - b'a' + 10),
            _ => return None,
        }
    }
    Some(value)
}

/// The other way round.
pub fn format(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |range: Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// The UUIDs in a reference: a text that begins with one and goes on, if at all, with something short and without
/// blanks behind a colon, as in `01990000-...:3`. Texts that people write are none.
pub fn references(text: &str) -> Vec<(usize, u128)> {
    let bytes = text.as_bytes();
    let begins = bytes.get(..LENGTH).is_some_and(|start| parse(start).is_some());
    let goes_on = bytes.get(LENGTH).is_none_or(|next| *next == b':');
    if !begins || !goes_on || bytes.len() > 200 || bytes.iter().any(u8::is_ascii_whitespace) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = 0;
    for part in text.split(':') {
        if let Some(id) = parse(part.as_bytes()) {
            found.push((at, id));
        }
        at += part.len() + 1;
    }
    found
}

/// Who is of the archive, and what becomes of whom.
pub struct Ids {
    own: Vec<u128>,
    key: u128,
}

impl Ids {
    /// Of these ids, in any order. The key must not be 0.
    pub fn new(mut own: Vec<u128>, key: u32) -> Self {
        own.sort_unstable();
        own.dedup();
        Self { own, key: u128::from(key.max(1)) }
    }

    /// The new id.
    pub fn renew(&self, id: u128) -> u128 {
        id ^ self.key
    }

    /// Whether a document of the archive has this id.
    pub fn has(&self, id: u128) -> bool {
        self.own.binary_search(&id).is_ok()
    }

    /// A reference with new ids for those of the archive, and for those in `taken`, which then lead nowhere.
    pub fn rewrite(&self, text: &str, taken: &HashSet<u128>) -> Option<String> {
        let mut changed = None;
        for (at, id) in references(text) {
            if self.has(id) || taken.contains(&id) {
                changed
                    .get_or_insert_with(|| text.to_owned())
                    .replace_range(at..at + LENGTH, &format(self.renew(id)));
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "01990000-0000-7000-8000-0000000000aa";
    const TWO: &str = "01990000-0000-7000-8000-0000000100aa";

    #[test]
    fn references_are_told_from_what_people_write() {
        let count = |text: &str| references(text).len();
        assert_eq!([ONE, &format!("{ONE}:3"), &format!("{ONE}:{TWO}:Spousal")].map(count), [1, 1, 2]);
        for text in [
            "",
            "Nehanda",
            &ONE.to_uppercase(),
            &format!("{ONE}.jpg"),
            &format!("https://example.org/{ONE}"),
            &format!("{ONE}: my number"),
        ] {
            assert_eq!(count(text), 0, "{text}");
        }
    }

    #[test]
    fn new_ids_are_new_and_keep_their_order() {
        let number = |text: &str| parse(text.as_bytes()).unwrap();
        assert_eq!(format(number(ONE)), ONE);
        let ids = Ids::new(vec![number(TWO), number(ONE)], 0xdead_beef);
        let nobody = HashSet::new();
        let (one, two) = (ids.rewrite(ONE, &nobody).unwrap(), ids.rewrite(TWO, &nobody).unwrap());
        assert_eq!(ids.rewrite(&format!("{ONE}:{TWO}:x"), &nobody), Some(format!("{one}:{two}:x")));
        assert!(one != ONE && one[..28] == ONE[..28] && one != two);
        let later = "01990000-0001-7000-8000-000000000000";
        assert_eq!(ids.rewrite(later, &nobody), None);
        assert!(*ids.rewrite(later, &HashSet::from([number(later)])).unwrap() > *one);
    }
}
