//! Which records there are, and under which xref they go on.

use std::collections::{HashMap, HashSet};

use crate::version::Version;

/// Xrefs that are remembered; in a file with more of them none is called dangling.
const REMEMBERED: usize = 8 << 20;

/// The xrefs of a file by hash, eight bytes each, and those of them that 7.0 does not allow.
#[derive(Debug, Default)]
pub(super) struct Xrefs {
    seen: HashSet<u64>,
    /// For a corrected xref, the written one that may have it.
    corrected: HashMap<u64, u64>,
    full: bool,
}

impl Xrefs {
    /// Notes the xref of a record, and gives its hash. `to` says which xrefs have to be corrected.
    pub(super) fn add(&mut self, xref: &str, to: Version) -> u64 {
        let hash = hash(xref);
        if self.seen.len() >= REMEMBERED {
            self.full = true;
            return hash;
        }
        self.seen.insert(hash);
        if to == Version::V70 && !is_valid(xref) {
            self.corrected.entry(self::hash(&correct(xref))).or_insert(hash);
        }
        hash
    }

    /// The hash of a pointer to a record that has not been noted (yet); none if there are too many to tell.
    pub(super) fn unknown(&self, pointer: &str) -> Option<u64> {
        let hash = hash(pointer);
        (!self.full && !self.seen.contains(&hash)).then_some(hash)
    }

    /// Whether a pointer leads nowhere; never if the records were not looked at before.
    pub(super) fn is_dangling(&self, pointer: &str) -> bool {
        !self.seen.is_empty() && !self.full && !self.seen.contains(&hash(pointer))
    }

    /// The xref as 7.0 allows it, the same for the same xref every time and never that of another record.
    pub(super) fn in_seven(&self, xref: &str) -> String {
        if is_valid(xref) {
            return xref.to_owned();
        }
        let (corrected, hash) = (correct(xref), hash(xref));
        let key = self::hash(&corrected);
        let free = !self.seen.contains(&key) && self.corrected.get(&key).is_none_or(|owner| *owner == hash);
        if free { corrected } else { format!("{}_{hash:016X}@", corrected.trim_end_matches('@')) }
    }

    /// An xref that no record has, for a new record: `@O_1@`, `@O_2@`.
    pub(super) fn fresh(&self, letter: char, made: &mut u32) -> String {
        loop {
            *made = made.saturating_add(1);
            let xref = format!("@{letter}_{made}@");
            if !self.seen.contains(&hash(&xref)) || *made == u32::MAX {
                return xref;
            }
        }
    }
}

/// FNV-1a: the same on every run, because it may become part of an xref.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3))
}

/// Letters, digits and underscores, without lower case; and not the name of nothing.
fn is_valid(xref: &str) -> bool {
    let inner = xref.trim_matches('@');
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    inner != "VOID" && !inner.is_empty() && inner.bytes().all(fits)
}

fn correct(xref: &str) -> String {
    let inner = xref.trim_matches('@');
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let inner: String = inner.chars().map(fit).collect();
    if inner == "VOID" || inner.is_empty() { "@VOID_@".to_owned() } else { format!("@{inner}@") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_records_share_an_xref() {
        let mut xrefs = Xrefs::default();
        let all = ["@I1@", "@i1@", "@i-1@", "@I_1@", "@i.2@", "@i-2@", "@VOID@", "@é@"];
        for xref in all {
            xrefs.add(xref, Version::V70);
        }
        let mapped: Vec<_> = all.iter().map(|xref| xrefs.in_seven(xref)).collect();
        let different: HashSet<_> = mapped.iter().collect();
        assert_eq!(different.len(), all.len(), "{mapped:?}");
        assert!(mapped.iter().all(|xref| is_valid(xref)), "{mapped:?}");
        assert_eq!((mapped[0].as_str(), mapped[4].as_str()), ("@I1@", "@I_2@"));
    }

    #[test]
    fn new_ones_are_new() {
        let mut xrefs = Xrefs::default();
        assert!(!xrefs.is_dangling("@X@"));
        xrefs.add("@O_1@", Version::V70);
        assert!(xrefs.is_dangling("@X@") && !xrefs.is_dangling("@O_1@"));
        assert_eq!(xrefs.fresh('O', &mut 0), "@O_2@");
    }
}
