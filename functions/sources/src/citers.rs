//! Who points to a record: persons, unions made here, families and other records, found by index and a page at a time.

use axum::Json;
use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{
    Citations, Dialect, Pointers, RecordKind, kept_record, kept_xref, person_record, title, union_record,
};
use dzinza_domain::person::display_name;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Body, Collection, Document, Filter, Query};
use dzinza_web::{PageQuery, Paged, Problem, QueryParams, TreeAccess, View};
use serde_json::{Value, json};

use crate::SourcesPorts;
use crate::lookup::dialect;
use crate::records::find;
use crate::sight::{citing, in_full, is_limited};

const PAGES: PageQuery = PageQuery { default: 50, max: 100 };

/// Where pointers stand, in the order of lists.
pub const HOLDERS: [&Collection; 3] = [&PEOPLE, &RELATIONSHIPS, &GEDCOM_RECORDS];

/// How many of each of [`HOLDERS`].
pub async fn count(ports: &SourcesPorts, citing: &Filter) -> Result<[u64; 3], Problem> {
    let mut counts = [0; 3];
    for (count, holder) in counts.iter_mut().zip(HOLDERS) {
        *count = ports.documents.count(holder, citing.clone()).await?;
    }
    Ok(counts)
}

/// A page of those who point to a record and whom the caller may see.
pub async fn list(
    ports: &SourcesPorts,
    access: &TreeAccess<View>,
    (kind, id): (RecordKind, &str),
    query: &QueryParams,
) -> Result<Json<Value>, Problem> {
    let record = find(ports, access, (kind, id)).await?;
    let page = PAGES.read(query)?;
    let filter = seen_by(access, citing(access, &record));
    // Those outside see persons; what families and records tell of is for those inside.
    let holders = if access.role < TreeRole::Viewer { 1 } else { HOLDERS.len() };
    let (mut skip, mut left, mut total) = (page.skip, page.limit, 0);
    let mut found = Vec::new();
    for holder in HOLDERS.into_iter().take(holders) {
        let here = ports.documents.count(holder, filter.clone()).await?;
        total += here;
        if left > 0 && skip < here {
            let some = Query::new(filter.clone()).skip(skip).limit(left);
            let some = ports.documents.find(holder, some).await?;
            left -= (some.len() as u32).min(left);
            found.extend(some.into_iter().map(|document| (holder, document)));
        }
        skip = skip.saturating_sub(here);
    }
    let (dialect, xref) = (dialect(ports, access).await?, kept_xref(&record.body).unwrap_or_default());
    let entries = found.iter().filter_map(|(holder, document)| {
        entry(access, (holder, document), (kind, xref), (&record.id, dialect)).map(Value::Object)
    });
    Ok(Json(Paged::new(page, total).body(&["items"], entries.collect())))
}

/// Outside, neither pages nor counts tell of the living.
fn seen_by(access: &TreeAccess<View>, citing: Filter) -> Filter {
    if access.role < TreeRole::Viewer {
        return citing.and(Filter::Range("index.livingUntil", None, Some(access.viewer.year.into())));
    }
    citing
}

/// Who it is and, for a source, what it is cited for; nothing of persons who are not shown in full.
fn entry(
    access: &TreeAccess<View>,
    (holder, document): (&'static Collection, &Document),
    (kind, xref): (RecordKind, &str),
    (record_id, dialect): (&str, Dialect),
) -> Option<Body> {
    let (word, name, record) = if holder.name == PEOPLE.name {
        if !in_full(access, document) {
            return None;
        }
        let name = display_name(&access.viewer.redact(&document.body));
        ("person", name, person_record(document, dialect))
    } else if holder.name == RELATIONSHIPS.name {
        ("relationship", String::new(), union_record(document, None, dialect))
    } else {
        let record = kept_record(&document.body)?;
        match RecordKind::of(&document.body) {
            // Notes, media and submitters are shown one by one, or not at all.
            Some(kind) if access.role < TreeRole::Editor && is_limited(access, kind) => return None,
            Some(kind) => (kind.word(), title(kind, &record).chars().take(200).collect(), record),
            None => (if record.tag == "FAM" { "family" } else { "header" }, String::new(), record),
        }
    };
    let mut entry = Body::new();
    entry.insert("ownerType".into(), json!(word));
    entry.insert("ownerId".into(), json!(document.id));
    entry.insert("name".into(), json!(name));
    if let Some(Value::Object(members)) = document.body.get("links") {
        entry.insert("personIds".into(), members.values().cloned().collect());
    }
    if kind == RecordKind::Source {
        let mut pointers = Pointers::default();
        pointers.add(xref, record_id, Some(kind));
        let citations = Citations::of(record, &document.body);
        let cited = citations.all().iter().filter(|found| citations.source(found) == Some(xref));
        let cited = cited.map(|found| {
            let mut fields = citations.fields(found, &pointers);
            fields.retain(|key, _| !matches!(key.as_str(), "noteIds" | "mediaIds" | "description"));
            Value::Object(fields)
        });
        entry.insert("citations".into(), cited.collect());
    }
    Some(entry)
}
