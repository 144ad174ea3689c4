//! What the fields of each kind of record are (GEDCOM 5.5.1 chapter 2 and 7.0 section 3.2; where the two differ, both
//! are read).

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::RecordKind;
use super::list::{List, Payload};
use super::shape::{Field, Rule, field};

const SHORT: usize = 255;
const LONG: usize = 5_000;
/// Whole documents are transcribed into a text.
const WHOLE: usize = 100_000;

const fn texts(tags: &'static [&'static str], max: usize) -> Rule {
    Rule::List(List { under: &[], tags, payload: Payload::Text("text", max), parts: &[], tag_key: None })
}

const fn pointing(tags: &'static [&'static str], kind: RecordKind) -> Rule {
    Rule::List(List { under: &[], tags, payload: Payload::Pointer("id", kind), parts: &[], tag_key: None })
}

const NOTES: Field = field("notes", texts(&["NOTE"], LONG));
const NOTE_IDS: Field = field("noteIds", pointing(&["SNOTE", "NOTE"], RecordKind::Note));
const MEDIA_IDS: Field = field("mediaIds", pointing(&["OBJE"], RecordKind::Media));
const CHANGED: Field = field("changed", Rule::Shown(changed));

/// Numbers that others know the record by; `kind` says which: `REFN`, `RIN`, `UID`, `_UID` or `EXID`.
const IDENTIFIERS: Field = field(
    "identifiers",
    Rule::List(List {
        under: &[],
        tags: &["UID", "EXID", "RIN", "_UID", "REFN"],
        payload: Payload::Text("value", SHORT),
        parts: &[field("type", Rule::Text(&[&["TYPE"]], SHORT))],
        tag_key: Some("kind"),
    }),
);

const REPOSITORY_CITATIONS: Field = field(
    "repositories",
    Rule::List(List {
        under: &[],
        tags: &["REPO"],
        payload: Payload::Pointer("repositoryId", RecordKind::Repository),
        parts: &[
            field("callNumber", Rule::Text(&[&["CALN"]], SHORT)),
            field("medium", Rule::Text(&[&["CALN", "MEDI"]], SHORT)),
            field("notes", texts(&["NOTE"], LONG)),
        ],
        tag_key: None,
    }),
);

/// What a source tells of: kinds of events, when and where.
const COVERAGE: Field = field(
    "coverage",
    Rule::List(List {
        under: &["DATA"],
        tags: &["EVEN"],
        payload: Payload::Text("events", SHORT),
        parts: &[field("date", Rule::Date(&["DATE"])), field("place", Rule::Place(&["PLAC"]))],
        tag_key: None,
    }),
);

const SOURCE: &[Field] = &[
    field("title", Rule::Text(&[&["TITL"]], LONG)),
    field("author", Rule::Text(&[&["AUTH"]], LONG)),
    field("publication", Rule::Text(&[&["PUBL"]], LONG)),
    field("abbreviation", Rule::Text(&[&["ABBR"]], SHORT)),
    field("text", Rule::Text(&[&["TEXT"]], WHOLE)),
    field("agency", Rule::Text(&[&["DATA", "AGNC"]], SHORT)),
    COVERAGE,
    REPOSITORY_CITATIONS,
    field("urls", texts(&["_URL", "WWW", "_LINK", "_URL"], 2000)),
    NOTES,
    NOTE_IDS,
    MEDIA_IDS,
    IDENTIFIERS,
    CHANGED,
];

const ADDRESS: Field = field("address", Rule::Text(&[&["ADDR"]], LONG));
const STREET: Field = field("street", Rule::Text(&[&["ADDR", "ADR1"]], SHORT));
const CITY: Field = field("city", Rule::Text(&[&["ADDR", "CITY"]], SHORT));
const STATE: Field = field("state", Rule::Text(&[&["ADDR", "STAE"]], SHORT));
const POSTAL_CODE: Field = field("postalCode", Rule::Text(&[&["ADDR", "POST"]], SHORT));
const COUNTRY: Field = field("country", Rule::Text(&[&["ADDR", "CTRY"]], SHORT));
const PHONES: Field = field("phones", texts(&["PHON"], SHORT));
const EMAILS: Field = field("emails", texts(&["EMAIL", "_EMAIL", "EMAIL"], SHORT));
const URLS: Field = field("urls", texts(&["WWW"], 2000));

const REPOSITORY: &[Field] = &[
    field("name", Rule::Text(&[&["NAME"]], SHORT)),
    ADDRESS,
    STREET,
    CITY,
    STATE,
    POSTAL_CODE,
    COUNTRY,
    PHONES,
    EMAILS,
    URLS,
    NOTES,
    NOTE_IDS,
    IDENTIFIERS,
    CHANGED,
];

const NOTE: &[Field] = &[
    field("text", Rule::Text(&[&[]], WHOLE)),
    field("mimeType", Rule::Text(&[&["MIME"]], SHORT)),
    field("language", Rule::Text(&[&["LANG"]], SHORT)),
    IDENTIFIERS,
    CHANGED,
];

/// Before the title, which stands below a file.
const FILES: Field = field(
    "files",
    Rule::List(List {
        under: &[],
        tags: &["FILE"],
        payload: Payload::Text("file", 2000),
        parts: &[
            field("format", Rule::Text(&[&["FORM"]], SHORT)),
            field("medium", Rule::Text(&[&["FORM", "MEDI"], &["FORM", "TYPE"]], SHORT)),
            field("title", Rule::Text(&[&["TITL"]], LONG)),
        ],
        tag_key: None,
    }),
);

const MEDIA: &[Field] = &[
    FILES,
    field("title", Rule::Text(&[&["FILE", "TITL"], &["TITL"], &["FILE", "TITL"]], LONG)),
    NOTES,
    NOTE_IDS,
    IDENTIFIERS,
    CHANGED,
];

const SUBMITTER: &[Field] = &[
    field("name", Rule::Text(&[&["NAME"]], SHORT)),
    ADDRESS,
    STREET,
    CITY,
    STATE,
    POSTAL_CODE,
    COUNTRY,
    PHONES,
    EMAILS,
    URLS,
    field("languages", texts(&["LANG"], SHORT)),
    NOTES,
    NOTE_IDS,
    MEDIA_IDS,
    IDENTIFIERS,
    CHANGED,
];

/// What stands below a citation of a source.
pub(in crate::gedcom) const CITATION: &[Field] = &[
    field("page", Rule::Text(&[&["PAGE"]], LONG)),
    field("event", Rule::Text(&[&["EVEN"]], SHORT)),
    field("role", Rule::Text(&[&["EVEN", "ROLE"]], SHORT)),
    field("date", Rule::Date(&["DATA", "DATE"])),
    field("text", Rule::Text(&[&["DATA", "TEXT"], &["TEXT"], &["DATA", "TEXT"]], WHOLE)),
    field("quality", Rule::Number(&["QUAY"], 3)),
    NOTES,
    NOTE_IDS,
    MEDIA_IDS,
];

/// The fields of a kind.
pub(super) fn of(kind: RecordKind) -> &'static [Field] {
    match kind {
        RecordKind::Source => SOURCE,
        RecordKind::Repository => REPOSITORY,
        RecordKind::Note => NOTE,
        RecordKind::Media => MEDIA,
        RecordKind::Submitter => SUBMITTER,
    }
}

/// When the record was last changed, as its file says.
fn changed(record: &Record) -> Option<Value> {
    let date = record.value_of(&["CHAN", "DATE"])?.trim();
    let time = record.value_of(&["CHAN", "DATE", "TIME"]).map(str::trim);
    Some(json!({ "date": date, "time": time }))
}
