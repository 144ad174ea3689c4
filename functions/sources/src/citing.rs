//! Reading and changing what is cited: whoever has citations, the document that keeps them is read, changed and
//! written at its version.

use std::collections::HashMap;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::GEDCOM_RECORDS;
use dzinza_domain::gedcom::{self, Citations, Pointers, RecordKind, named_records, read_changes, read_fact};
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Batch, Body, Document};
use dzinza_web::{Caller, Edit, Problem, Retry, TreeAccess, View, retry_stale, timestamp};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::SourcesPorts;
use crate::lookup::{check_version, dialect, etag, pointers, resolve, touch_tree};
use crate::owner::{Author, Named, Owner, commit, write};
use crate::sight::{in_full, may_see};

fn missing() -> Problem {
    Problem::not_found("There is no such citation")
}

/// What the caller may see of whom is named, and the document that keeps it.
async fn seen(
    ports: &SourcesPorts,
    caller: &Caller,
    named: Named<'_>,
) -> Result<(Vec<Value>, Option<Document>), Problem> {
    let (owner, access): (_, TreeAccess<View>) = Owner::find(ports, caller, named).await?;
    let withheld = match &owner {
        // The raw record tells more than fields that are shown one by one.
        Owner::Person(person) => !in_full(&access, person),
        _ if access.role < TreeRole::Viewer => {
            return Err(Problem::forbidden(
                "Only collaborators of this family tree may see what is cited here",
            ));
        }
        _ => false,
    };
    let document = owner.document().map(|(_, document)| document.clone());
    if withheld {
        return Ok((Vec::new(), document));
    }
    let citations = owner.citations(dialect(ports, &access).await?);
    let raw = citations.record().to_gedcom();
    let pointers = pointers(ports, &access, [raw.as_str()]).await?;
    let all = citations.all().iter().map(|found| citations.fields(found, &pointers)).collect();
    Ok((for_eyes(ports, &access, all).await?, document))
}

/// Citations without what these eyes may not see: notes and media are for editors, and outsiders see citations of
/// sources that they may see.
async fn for_eyes(
    ports: &SourcesPorts,
    access: &TreeAccess<View>,
    all: Vec<Body>,
) -> Result<Vec<Value>, Problem> {
    let mut seen: HashMap<String, bool> = HashMap::new();
    let mut shown = Vec::with_capacity(all.len());
    for mut citation in all {
        if access.role < TreeRole::Editor {
            citation.remove("noteIds");
            citation.remove("mediaIds");
        }
        let source = citation.get("sourceId").and_then(Value::as_str).map(str::to_owned);
        // A source that is not there any more may have spoken of anybody.
        let lost = source.is_none() && citation.get("description").is_none_or(Value::is_null);
        if lost && access.role < TreeRole::Viewer {
            continue;
        }
        if let Some(id) = source.filter(|_| access.role < TreeRole::Viewer) {
            if !seen.contains_key(&id) {
                let source = ports.documents.get(&GEDCOM_RECORDS, &id).await?;
                let known = match &source {
                    Some(source) => may_see(ports, access, RecordKind::Source, source).await?,
                    None => false,
                };
                seen.insert(id.clone(), known);
            }
            if seen.get(&id) != Some(&true) {
                continue;
            }
        }
        shown.push(Value::Object(citation));
    }
    Ok(shown)
}

pub async fn list(ports: &SourcesPorts, caller: &Caller, named: Named<'_>) -> Result<Response, Problem> {
    let (items, document) = seen(ports, caller, named).await?;
    let body = Json(json!({ "total": items.len(), "items": items }));
    Ok(match document {
        Some(document) => (etag(&document), body).into_response(),
        None => body.into_response(),
    })
}

pub async fn show(
    ports: &SourcesPorts,
    caller: &Caller,
    named: Named<'_>,
    id: &str,
) -> Result<Response, Problem> {
    let (items, document) = seen(ports, caller, named).await?;
    let found = items.into_iter().find(|item| item["id"] == id).ok_or_else(missing)?;
    let document = document.ok_or_else(missing)?;
    Ok((etag(&document), Json(found)).into_response())
}

/// Everything that a change of citations begins with.
struct Change {
    owner: Owner,
    access: TreeAccess<Edit>,
    citations: Citations,
    pointers: Pointers,
    dialect: gedcom::Dialect,
    batch: Batch,
}

impl Change {
    async fn begin(
        ports: &SourcesPorts,
        caller: &Caller,
        named: Named<'_>,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let (owner, access) = Owner::find(ports, caller, named).await?;
        let Some((_, document)) = owner.document() else {
            let message =
                "Only persons and unions have citations; cite the source for one of the two persons";
            return Err(Problem::field("relationshipId", "no_union", message));
        };
        check_version(headers, document)?;
        let dialect = dialect(ports, &access).await?;
        let citations = owner.citations(dialect);
        let raw = citations.record().to_gedcom();
        let pointers = pointers(ports, &access, [raw.as_str()]).await?;
        Ok(Self { owner, access, citations, pointers, dialect, batch: Batch::new() })
    }

    /// The source that the request names, as a record to look up.
    fn source(input: &Body) -> Result<Option<gedcom::Named>, Problem> {
        match input.get("sourceId") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(id)) => Ok(Some(gedcom::Named {
                field: "sourceId".to_owned(),
                kind: RecordKind::Source,
                id: id.clone(),
            })),
            Some(_) => Err(Problem::field("sourceId", "invalid_type", "sourceId must be a text")),
        }
    }

    async fn resolve(
        &mut self,
        ports: &SourcesPorts,
        fields: &Body,
        source: Option<&gedcom::Named>,
    ) -> Result<(), Problem> {
        let mut named = named_records(None, fields);
        named.extend(source.cloned());
        resolve(ports, &self.access, &named, (&mut self.pointers, &mut self.batch)).await
    }

    /// Writes what is cited now; answers the document as it is then.
    async fn end(mut self, ports: &SourcesPorts) -> Result<(Document, Citations, Pointers), Retry> {
        let Some((collection, document)) = self.owner.document() else { return Err(missing().into()) };
        let now = timestamp(&ports.clock);
        let author = Author { user_id: &self.access.caller.user_id, now: &now };
        let target = (collection, document);
        let body = write(ports, &mut self.batch, target, &self.citations, author).await?;
        touch_tree(&mut self.batch, self.access.id(), &now);
        let written = Document { id: document.id.clone(), version: document.version + 1, body };
        commit(ports, self.batch).await?;
        Ok((written, self.citations, self.pointers))
    }
}

fn one(citations: &Citations, id: &str, pointers: &Pointers) -> Value {
    citations.get(id).map_or(Value::Null, |found| Value::Object(citations.fields(found, pointers)))
}

pub async fn cite(
    ports: &SourcesPorts,
    caller: &Caller,
    named: Named<'_>,
    input: &Body,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (document, shown) = retry_stale(|| async move {
        let mut change = Change::begin(ports, caller, named, headers).await?;
        let fields = read_changes(None, input, &Body::new()).map_err(Problem::from)?;
        let fact = read_fact(input.get("fact")).map_err(Problem::from)?;
        let required = || Problem::field("sourceId", "required", "sourceId is required");
        let source = Change::source(input)?.ok_or_else(required)?;
        change.resolve(ports, &fields, Some(&source)).await?;
        let xref = change.pointers.xref(&source.id).map(str::to_owned).ok_or_else(required)?;
        let with = (&change.pointers, change.dialect);
        let id = change.citations.add(&fact, &xref, &fields, with).map_err(Problem::from)?;
        let (document, citations, pointers) = change.end(ports).await?;
        Ok((document, one(&citations, &id, &pointers)))
    })
    .await?;
    Ok((StatusCode::CREATED, etag(&document), Json(shown)).into_response())
}

pub async fn change(
    ports: &SourcesPorts,
    caller: &Caller,
    (named, id): (Named<'_>, &str),
    input: &Body,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (document, shown) = retry_stale(|| async move {
        let mut change = Change::begin(ports, caller, named, headers).await?;
        let found = change.citations.get(id).ok_or_else(missing)?;
        let current = change.citations.fields(found, &change.pointers);
        let fact = read_fact(input.get("fact")).map_err(Problem::from)?;
        let same = read_fact(current.get("fact")).map_err(Problem::from)?;
        if input.contains_key("fact") && fact != same {
            let message = "fact cannot be changed; take the citation away and cite the source again";
            return Err(Problem::field("fact", "read_only", message).into());
        }
        let fields = read_changes(None, input, &current).map_err(Problem::from)?;
        let source =
            Change::source(input)?.filter(|source| current.get("sourceId") != Some(&json!(source.id)));
        if fields.is_empty() && source.is_none() && !input.keys().any(|key| current.contains_key(key)) {
            return Err(Problem::field("body", "required", "Give at least one field to change").into());
        }
        change.resolve(ports, &fields, source.as_ref()).await?;
        let xref = source.and_then(|source| change.pointers.xref(&source.id).map(str::to_owned));
        change.citations.change(id, xref.as_deref(), &fields, (&change.pointers, change.dialect));
        let (document, citations, pointers) = change.end(ports).await?;
        Ok((document, one(&citations, id, &pointers)))
    })
    .await?;
    Ok((etag(&document), Json(shown)).into_response())
}

pub async fn remove(
    ports: &SourcesPorts,
    caller: &Caller,
    (named, id): (Named<'_>, &str),
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    retry_stale(|| async move {
        let mut change = Change::begin(ports, caller, named, headers).await?;
        if !change.citations.remove(id) {
            return Err(missing().into());
        }
        change.end(ports).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
