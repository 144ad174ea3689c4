//! What a record needs to be read and written: what its pointers lead to, and the GEDCOM of its tree.

use std::collections::{BTreeSet, HashMap};

use dzinza_domain::collections::{FAMILY_TREES, GEDCOM_RECORDS};
use dzinza_domain::gedcom::{self, Dialect, Named, Pointers, RecordKind};
use dzinza_ports::{Batch, Body, Document, Filter, Query};
use dzinza_web::{Level, Problem, TreeAccess};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::SourcesPorts;

/// Pointers that one answer resolves; what is beyond stays unresolved.
const POINTERS: usize = 5000;
/// Values of one condition.
const CHUNK: usize = 500;

/// The text of the record that a document keeps.
pub fn raw(body: &Body) -> &str {
    body.get("gedcom").and_then(|gedcom| gedcom["raw"].as_str()).unwrap_or_default()
}

/// Which GEDCOM the tree is written in: that of the first file that came.
pub async fn dialect<L: Level>(ports: &SourcesPorts, access: &TreeAccess<L>) -> Result<Dialect, Problem> {
    let headers = access.filter().and(Filter::eq("index.kind", "header"));
    let first = ports.documents.find(&GEDCOM_RECORDS, Query::new(headers).limit(1)).await?;
    Ok(Dialect::of(first.first().and_then(|header| gedcom::kept_record(&header.body)).as_ref()))
}

/// What the pointers in these records lead to.
pub async fn pointers<'r, L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    records: impl IntoIterator<Item = &'r str>,
) -> Result<Pointers, Problem> {
    let xrefs: BTreeSet<&str> = records.into_iter().flat_map(gedcom::pointers).take(POINTERS).collect();
    let xrefs: Vec<&str> = xrefs.into_iter().collect();
    let mut pointers = Pointers::default();
    for some in xrefs.chunks(CHUNK) {
        let pointed = access.filter().and(Filter::any_of("gedcom.xref", some.iter().copied()));
        for record in ports.documents.find(&GEDCOM_RECORDS, Query::new(pointed).limit(10_000)).await? {
            note(&mut pointers, &record);
        }
    }
    Ok(pointers)
}

fn note(pointers: &mut Pointers, record: &Document) {
    if let Some(xref) = gedcom::kept_xref(&record.body) {
        pointers.add(xref, &record.id, RecordKind::of(&record.body));
    }
}

/// Looks up the records that a request names. Those that the record did not point to before change version with the
/// batch, so that whoever removes one at the same moment notices.
///
/// # Errors
/// 400 naming the field whose record is not one of the tree, or is of another kind.
pub async fn resolve<L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    named: &[Named],
    (pointers, batch): (&mut Pointers, &mut Batch),
) -> Result<(), Problem> {
    let ids: BTreeSet<&str> = named.iter().map(|one| one.id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut found = HashMap::new();
    for some in ids.chunks(CHUNK) {
        let wanted = access.filter().and(Filter::any_of("id", some.iter().copied()));
        for record in ports.documents.find(&GEDCOM_RECORDS, Query::new(wanted).limit(CHUNK as u32)).await? {
            found.insert(record.id.clone(), record);
        }
    }
    for one in named {
        let record = found.get(&one.id).filter(|record| RecordKind::of(&record.body) == Some(one.kind));
        if record.is_none() {
            let message = format!("{} is not a {} of this family tree", one.field, one.kind.word());
            return Err(Problem::field(&one.field, "unknown", message));
        }
    }
    for record in found.values() {
        if pointers.xref(&record.id).is_none() {
            note(pointers, record);
            batch.adjust(&GEDCOM_RECORDS, record.id.as_str(), Vec::new(), Body::new());
        }
    }
    Ok(())
}

/// The tree changes with what is in it.
pub fn touch_tree(batch: &mut Batch, tree_id: &str, now: &str) {
    let mut set = Body::new();
    set.insert("updatedAt".into(), json!(now));
    batch.adjust(&FAMILY_TREES, tree_id, Vec::new(), set);
}

/// Whether what was read is what the caller last saw.
///
/// # Errors
/// 409 if not, 400 if `If-Match` is none of our tags.
pub fn check_version(headers: &HeaderMap, current: &Document) -> Result<(), Problem> {
    let Some(tag) = headers.get(http::header::IF_MATCH) else { return Ok(()) };
    let tag = tag.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(());
    }
    let version: Result<u64, _> = tag.trim_start_matches("W/").trim_matches('"').parse();
    let version = version
        .map_err(|_| Problem::field("If-Match", "invalid", "If-Match must be an ETag of what is changed"))?;
    if version == current.version {
        return Ok(());
    }
    Err(Problem::conflict("Someone else has changed this since you loaded it. Please load it again."))
}

/// The version of a document as a header.
pub fn etag(document: &Document) -> [(http::HeaderName, String); 1] {
    [(http::header::ETAG, format!("\"{}\"", document.version))]
}

/// A text of a body, empty if it is not there.
pub fn text<'b>(body: &'b Body, key: &str) -> &'b str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}
