//! Listing, reading, adding and changing records of any kind.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::GEDCOM_RECORDS;
use dzinza_domain::gedcom::{
    Pointers, RecordKind, changed_record, named_records, new_record, read_changes, record_view,
};
use dzinza_domain::text::fold;
use dzinza_domain::tree::{self, TreeRole};
use dzinza_ports::{Batch, Body, Direction, Document, Filter, Query};
use dzinza_web::{
    Edit, Level, PageQuery, Paged, Problem, QueryParams, TreeAccess, View, retry_stale, timestamp,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::lookup::{check_version, dialect, etag, pointers, raw, resolve, text, touch_tree};
use crate::sight::{citing, is_limited, may_see, refuse_submitters};
use crate::{SourcesPorts, citers, files};

const PAGES: PageQuery = PageQuery { default: 100, max: 200 };
/// Where each has to be judged by itself, so many are looked at.
const LOOKED_AT: u32 = 500;
const SEARCH_BYTES: usize = 400;

/// A page of the records of a kind. Those who see only some of them get what is among the first [`LOOKED_AT`].
pub async fn list(
    ports: &SourcesPorts,
    access: &TreeAccess<View>,
    kind: RecordKind,
    query: &QueryParams,
) -> Result<Json<Value>, Problem> {
    refuse_submitters(access, kind)?;
    let page = PAGES.read(query)?;
    let sort = query.word(&["sortBy"], &["title", "createdAt"])?.unwrap_or("title");
    let order = query.word(&["sortOrder"], &["asc", "desc"])?.unwrap_or("asc");
    let direction = if order == "desc" { Direction::Descending } else { Direction::Ascending };
    let mut filter = access.filter().and(Filter::eq("index.kind", kind.word()));
    let search = query.text(&["search"]).map(fold).unwrap_or_default();
    if search.len() > SEARCH_BYTES {
        return Err(Problem::field("search", "too_long", "Search for fewer words"));
    }
    for word in search.split(' ').filter(|word| !word.is_empty()).take(10) {
        filter = filter.and(Filter::Contains("index.title", word.to_owned()));
    }
    let sorted =
        Query::new(filter.clone()).sort(if sort == "title" { "index.title" } else { "id" }, direction);
    let (found, total) = if is_limited(access, kind) {
        let mut seen = Vec::new();
        for record in ports.documents.find(&GEDCOM_RECORDS, sorted.limit(LOOKED_AT)).await? {
            if may_see(ports, access, kind, &record).await? {
                seen.push(record);
            }
        }
        let total = seen.len() as u64;
        (seen.into_iter().skip(page.skip as usize).take(page.limit as usize).collect(), total)
    } else {
        let total = ports.documents.count(&GEDCOM_RECORDS, filter).await?;
        (ports.documents.find(&GEDCOM_RECORDS, sorted.skip(page.skip).limit(page.limit)).await?, total)
    };
    let pointers = pointers(ports, access, found.iter().map(|record| raw(&record.body))).await?;
    let shown = found.iter().map(|record| Value::Object(view(access, record, kind, &pointers))).collect();
    Ok(Json(Paged::new(page, total).body(&["items"], shown)))
}

/// A record as the caller may see it: what it points to only as far as that is shown, and its remarks only inside.
fn view<L: Level>(access: &TreeAccess<L>, record: &Document, kind: RecordKind, pointers: &Pointers) -> Body {
    let mut view = record_view(record, kind, pointers);
    if access.role < TreeRole::Editor {
        for key in ["noteIds", "mediaIds"] {
            view.remove(key);
        }
    }
    if access.role < TreeRole::Viewer {
        view.remove("notes");
        let repositories = view.get_mut("repositories").and_then(Value::as_array_mut).into_iter().flatten();
        for entry in repositories.filter_map(Value::as_object_mut) {
            entry.remove("notes");
        }
    }
    view
}

/// The record of this kind in the tree, if it is there for these eyes.
pub async fn find<L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    (kind, id): (RecordKind, &str),
) -> Result<Document, Problem> {
    let missing = || Problem::not_found(format!("There is no such {} in this family tree", kind.word()));
    refuse_submitters(access, kind)?;
    if id.is_empty() || id.len() > 200 {
        return Err(missing());
    }
    let record = ports.documents.get(&GEDCOM_RECORDS, id).await?.ok_or_else(missing)?;
    let own = text(&record.body, "familyTreeId") == access.id() && RecordKind::of(&record.body) == Some(kind);
    let import = text(&record.body, "importId");
    let pending =
        !import.is_empty() && tree::pending_imports(&access.tree.body).iter().any(|id| id == import);
    if !own || pending || !may_see(ports, access, kind, &record).await? {
        return Err(missing());
    }
    Ok(record)
}

/// One record; those inside are told how many point to it. A media object has `fileUrls` beside its files.
pub async fn show(
    ports: &SourcesPorts,
    access: &TreeAccess<View>,
    kind: RecordKind,
    id: &str,
) -> Result<Response, Problem> {
    let record = find(ports, access, (kind, id)).await?;
    let pointers = pointers(ports, access, [raw(&record.body)]).await?;
    let mut view = view(access, &record, kind, &pointers);
    if access.role >= TreeRole::Viewer {
        let counts = citers::count(ports, &citing(access, &record)).await?;
        view.insert("citedBy".into(), json!(counts.iter().sum::<u64>()));
    }
    if kind == RecordKind::Media {
        let addresses = files::addresses(ports, access.id(), &record, &view).await?;
        view.insert("fileUrls".into(), json!(addresses));
    }
    Ok((etag(&record), Json(view)).into_response())
}

/// Adds a record, with a pointer of its own.
pub async fn create(
    ports: &SourcesPorts,
    access: &TreeAccess<Edit>,
    kind: RecordKind,
    input: &Body,
) -> Result<Response, Problem> {
    let changes = read_changes(Some(kind), input, &Body::new())?;
    let (id, changes) = (&ports.ids.new_id(), &changes);
    let (record, pointers) = retry_stale(|| async move {
        let (mut batch, mut pointers, now) = (Batch::new(), Pointers::default(), timestamp(&ports.clock));
        resolve(ports, access, &named_records(Some(kind), changes), (&mut pointers, &mut batch)).await?;
        let written = (&pointers, dialect(ports, access).await?);
        let mut body = new_record(kind, id, access.id(), changes, written).map_err(Problem::from)?;
        for (key, value) in [
            ("userId", access.caller.user_id.as_str()),
            ("createdAt", now.as_str()),
            ("updatedAt", now.as_str()),
        ] {
            body.insert(key.into(), json!(value));
        }
        batch.insert(&GEDCOM_RECORDS, id.as_str(), body.clone());
        touch_tree(&mut batch, access.id(), &now);
        ports.documents.commit(batch).await?;
        Ok((Document { id: id.clone(), version: 1, body }, pointers))
    })
    .await?;
    let view = view(access, &record, kind, &pointers);
    Ok((StatusCode::CREATED, etag(&record), Json(view)).into_response())
}

/// Changes fields of a record, and so the lines that say them.
pub async fn update(
    ports: &SourcesPorts,
    access: &TreeAccess<Edit>,
    (kind, id): (RecordKind, &str),
    input: &Body,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (record, pointers) = retry_stale(|| async move {
        let current = find(ports, access, (kind, id)).await?;
        check_version(headers, &current)?;
        let mut pointers = pointers(ports, access, [raw(&current.body)]).await?;
        let shown = record_view(&current, kind, &pointers);
        let changes = read_changes(Some(kind), input, &shown).map_err(Problem::from)?;
        if changes.is_empty() {
            // Sent back as it was shown: nothing is to be done.
            let known = input.keys().any(|key| shown.contains_key(key));
            let nothing = || Problem::field("body", "required", "Give at least one field to change");
            return if known { Ok((current, pointers)) } else { Err(nothing().into()) };
        }
        let (mut batch, now) = (Batch::new(), timestamp(&ports.clock));
        resolve(ports, access, &named_records(Some(kind), &changes), (&mut pointers, &mut batch)).await?;
        let written = (&pointers, dialect(ports, access).await?);
        let mut body = changed_record(kind, &current.body, &changes, written);
        body.insert("updatedAt".into(), json!(now));
        batch.replace(&GEDCOM_RECORDS, &current, body.clone());
        touch_tree(&mut batch, access.id(), &now);
        ports.documents.commit(batch).await?;
        Ok((Document { id: current.id, version: current.version + 1, body }, pointers))
    })
    .await?;
    Ok((etag(&record), Json(view(access, &record, kind, &pointers))).into_response())
}
