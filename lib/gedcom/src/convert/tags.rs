//! Which tags a version knows.

use crate::version::Version;

/// Tags that both versions have.
const BOTH: &[&str] = &[
    "ABBR", "ADDR", "ADOP", "ADR1", "ADR2", "ADR3", "AGE", "AGNC", "ALIA", "ANCI", "ANUL", "ASSO", "AUTH",
    "BAPL", "BAPM", "BARM", "BASM", "BIRT", "BLES", "BURI", "CALN", "CAST", "CAUS", "CENS", "CHAN", "CHIL",
    "CHR", "CHRA", "CITY", "CONF", "CONL", "CONT", "COPR", "CORP", "CREM", "CTRY", "DATA", "DATE", "DEAT",
    "DESI", "DEST", "DIV", "DIVF", "DSCR", "EDUC", "EMAIL", "EMIG", "ENDL", "ENGA", "EVEN", "FACT", "FAM",
    "FAMC", "FAMS", "FAX", "FCOM", "FILE", "FORM", "GEDC", "GIVN", "GRAD", "HEAD", "HUSB", "IDNO", "IMMI",
    "INDI", "LANG", "LATI", "LONG", "MAP", "MARB", "MARC", "MARL", "MARR", "MARS", "MEDI", "NAME", "NATI",
    "NATU", "NCHI", "NICK", "NMR", "NOTE", "NPFX", "NSFX", "OBJE", "OCCU", "ORDN", "PAGE", "PEDI", "PHON",
    "PLAC", "POST", "PROB", "PROP", "PUBL", "QUAY", "REFN", "RELI", "REPO", "RESI", "RESN", "RETI", "ROLE",
    "SEX", "SLGC", "SLGS", "SOUR", "SPFX", "SSN", "STAE", "STAT", "SUBM", "SURN", "TEMP", "TEXT", "TIME",
    "TITL", "TRLR", "TYPE", "VERS", "WIFE", "WILL", "WWW",
];

/// Tags of 5.5.1 (and 5.5) only.
const FIVE: &[&str] = &[
    "AFN", "ANCE", "BLOB", "CHAR", "CONC", "DESC", "FAMF", "FONE", "ORDI", "RELA", "RFN", "RIN", "ROMN",
    "SUBN",
];

/// Tags of 7.0 only.
const SEVEN: &[&str] = &[
    "CREA", "CROP", "EXID", "HEIGHT", "INIL", "LEFT", "MIME", "NO", "PHRASE", "SCHMA", "SDATE", "SNOTE",
    "TAG", "TOP", "TRAN", "UID", "WIDTH",
];

/// Tags of 7.0 that point at records.
const POINTERS: &[&str] = &[
    "ALIA", "ANCI", "ASSO", "CHIL", "DESI", "FAMC", "FAMS", "HUSB", "OBJE", "REPO", "SNOTE", "SOUR", "SUBM",
    "WIFE",
];

/// Events and ordinary facts without a payload of their own; `Y` says that they happened.
const EVENTS: &[&str] = &[
    "ADOP", "ANUL", "BAPM", "BARM", "BASM", "BIRT", "BLES", "BURI", "CENS", "CHR", "CHRA", "CONF", "CREM",
    "DEAT", "DIV", "DIVF", "EMIG", "ENGA", "FCOM", "GRAD", "IMMI", "MARB", "MARC", "MARL", "MARR", "MARS",
    "NATU", "ORDN", "PROB", "RETI", "WILL",
];

/// Attributes: facts whose payload says what.
const ATTRIBUTES: &[&str] = &[
    "CAST", "DSCR", "EDUC", "EVEN", "FACT", "IDNO", "NATI", "NCHI", "NMR", "OCCU", "PROP", "RELI", "RESI",
    "SSN", "TITL",
];

pub(super) const ORDINANCES: [&str; 6] = ["BAPL", "CONL", "ENDL", "INIL", "SLGC", "SLGS"];

pub(super) fn knows(version: Version, tag: &str) -> bool {
    let own = if version == Version::V551 { FIVE } else { SEVEN };
    has(BOTH, tag) || has(own, tag)
}

/// Whether the payload of a tag of 7.0 is a pointer.
pub(super) fn points(tag: &str) -> bool {
    tag.starts_with('_') || has(POINTERS, tag)
}

pub(super) fn is_event(tag: &str) -> bool {
    has(EVENTS, tag)
}

/// Events and attributes: what may stand in `SOUR.EVEN` and `SOUR.DATA.EVEN`.
pub(super) fn is_fact(tag: &str) -> bool {
    is_event(tag) || has(ATTRIBUTES, tag)
}

/// Upper-case letters, digits and underscores.
pub(super) fn is_well_formed(tag: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !tag.is_empty() && tag.bytes().all(fits)
}

/// In a list that is sorted.
fn has(tags: &[&str], tag: &str) -> bool {
    tags.binary_search(&tag).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_share_nothing() {
        assert!([BOTH, FIVE, SEVEN, POINTERS, EVENTS, ATTRIBUTES].iter().all(|list| list.is_sorted()));
        assert!(FIVE.iter().chain(SEVEN).all(|tag| !has(BOTH, tag)));
        assert!(knows(Version::V551, "RELA") && !knows(Version::V70, "RELA") && knows(Version::V70, "CREA"));
        assert!(is_fact("BIRT") && is_fact("OCCU") && !is_fact("NAME"));
    }
}
