//! GEDCOM out: streamed, for the eyes that ask for it.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::collections::{FAMILY_TREES, GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{Export, header, kept_record, submitter};
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Batch, Body, Collection, Document, Documents, Filter, Query, StoreError, StoreErrorKind};
use dzinza_web::{Problem, TreeAccess, View, timestamp, visible_imports};
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use http::header as http_header;
use serde_json::{Value, json};

use crate::TreesPorts;

/// Documents a read.
const CHUNK: u32 = 1000;

/// Downloads the tree as GEDCOM. Those who may only look get it without what they may not see.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/export/gedcom", tag = "gedcom", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 200, description = "The file", content_type = "application/x-gedcom"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn download(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
) -> Result<Response, Problem> {
    let name = access.tree.body.get("name").and_then(Value::as_str).unwrap_or("family tree");
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{safe}_{}.ged\"", access.id());
    let file = gedcom(ports.documents.clone(), &access.tree, access.viewer).await?;
    if access.role >= TreeRole::Editor {
        let mut set = Body::new();
        set.insert("lastGedcomExport".into(), json!(timestamp(&ports.clock)));
        let mut batch = Batch::new();
        batch.adjust(&FAMILY_TREES, access.id(), Vec::new(), set);
        ports.documents.commit(batch).await?;
    }
    let headers = [
        (http_header::CONTENT_TYPE, "application/x-gedcom".to_owned()),
        (http_header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, HttpBody::from_stream(file)).into_response())
}

/// The tree as GEDCOM, UTF-8, a piece at a time.
///
/// # Errors
/// What the store says while the export is prepared; later ones are in the stream.
pub async fn gedcom(
    documents: Arc<dyn Documents>,
    tree: &Document,
    viewer: Viewer,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>, StoreError> {
    let filter = Filter::eq("familyTreeId", tree.id.as_str()).and(visible_imports(&tree.body));
    let all = |collection| read(&documents, collection, &filter);
    let mut export = Export::new(viewer);
    let mut people = all(&PEOPLE);
    while let Some(person) = people.try_next().await? {
        export.take_person(&person);
    }
    let mut relationships = all(&RELATIONSHIPS);
    while let Some(relationship) = relationships.try_next().await? {
        export.take_relationship(&relationship);
    }
    export.sort();
    let (mut original, mut submitters, mut records) = (None, false, all(&GEDCOM_RECORDS));
    while let Some(record) = records.try_next().await? {
        export.take_record(&record);
        match record.body.get("tag").and_then(Value::as_str) {
            Some("HEAD") if viewer.role >= TreeRole::Editor => {
                original = original.or(kept_record(&record.body));
            }
            Some("SUBM") if viewer.role >= TreeRole::Editor => submitters = true,
            _ => {}
        }
    }
    let export = Arc::new(planned(export).await?);
    let mut head = header(original.as_ref()).to_gedcom();
    if original.is_none() && !submitters {
        head.push_str(&submitter().to_gedcom());
    }
    let both = merged(all(&PEOPLE), all(&GEDCOM_RECORDS));
    let exported = export.clone();
    let body = both.try_chunks(CHUNK as usize).map_err(|error| error.1).and_then(move |chunk| {
        let export = exported.clone();
        async move { text_of(&export, &chunk) }
    });
    let piece = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
    Ok(piece(head).chain(body).chain(made_families(export)).chain(piece("0 TRLR\n".to_owned())))
}

/// Planning looks at the whole tree at once, which is too long to keep others from this thread.
async fn planned(mut export: Export) -> Result<Export, StoreError> {
    let planning = tokio::task::spawn_blocking(move || {
        export.plan();
        export
    });
    planning.await.map_err(|error| broken("planning an export", error))
}

fn broken(what: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::with_source(StoreErrorKind::Corrupt, what, error)
}

/// Some persons (`true`) and records as lines.
fn text_of(export: &Export, chunk: &[(bool, Document)]) -> Result<Bytes, StoreError> {
    let mut text = Vec::with_capacity(chunk.len() * 512);
    for (is_person, document) in chunk {
        let written = match document.body.get("tag").and_then(Value::as_str) {
            _ if *is_person => export.write_person(document, &mut text),
            Some("HEAD" | "TRLR") => Ok(()),
            _ => export.write_record(document, &mut text),
        };
        written.map_err(|error| broken("writing an export", error))?;
    }
    Ok(Bytes::from(text))
}

/// The families that no record tells of, a piece at a time.
fn made_families(export: Arc<Export>) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    stream::try_unfold((export, 0), |(export, first)| async move {
        let mut text = Vec::new();
        let written = export.write_made_families(first, CHUNK as usize, &mut text);
        let count = written.map_err(|error| broken("writing an export", error))?;
        Ok((count > 0).then(|| (Bytes::from(text), (export, first + count))))
    })
}

fn read(
    documents: &Arc<dyn Documents>,
    collection: &'static Collection,
    filter: &Filter,
) -> BoxStream<'static, Result<Document, StoreError>> {
    dzinza_ports::stream(documents.clone(), collection, Query::new(filter.clone()).limit(CHUNK))
}

type Documented = BoxStream<'static, Result<Document, StoreError>>;

/// Persons (`true`) and other records in the order of their ids, which is the order of the file they came from.
fn merged(
    people: Documented,
    records: Documented,
) -> impl Stream<Item = Result<(bool, Document), StoreError>> + Send {
    let state = (Box::pin(people.peekable()), Box::pin(records.peekable()));
    stream::unfold(state, |(mut people, mut records)| async move {
        let person_first = {
            let person = people.as_mut().peek().await;
            let record = records.as_mut().peek().await;
            match (person, record) {
                (Some(Ok(person)), Some(Ok(record))) => person.id < record.id,
                (Some(_), _) => true,
                (None, _) => false,
            }
        };
        let next = if person_first { people.next().await } else { records.next().await };
        let next = next?.map(|document| (person_first, document));
        Some((next, (people, records)))
    })
}
