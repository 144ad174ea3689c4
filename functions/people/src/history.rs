//! The history of a person, and going back in it (contract 1.3, 4.7).

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::PERSON_HISTORIES;
use dzinza_domain::tree::TreeRole;
use dzinza_domain::{history, person};
use dzinza_ports::{Body, Direction, Document, Filter, Query};
use dzinza_web::{Edit, JsonBody, PageQuery, Paged, PersonAccess, Problem, QueryParams, View};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::edit::write;
use crate::kinfolk::{Shape, show_all};
use crate::parents::WantedParents;
use crate::schema::RevertInput;

const PAGES: PageQuery = PageQuery { default: 100, max: 200 };

/// Every change of a person, newest first: a bare list, or a page of one where paging is asked for.
#[utoipa::path(get, path = "/api/persons/{personId}/history", tag = "history", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "The changes"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "No such person for this caller")))]
pub async fn list(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Response, Problem> {
    inside(&found)?;
    let page = PAGES.read(&query)?;
    let paged = query.has(&["page", "skip", "limit"]);
    let filter = Filter::eq("personId", found.person.id.as_str());
    let entries = Query::new(filter.clone()).sort("version", Direction::Descending).skip(page.skip);
    let mut entries =
        ports.documents.find(&PERSON_HISTORIES, entries.limit(if paged { page.limit } else { 1000 })).await?;
    let mut total = ports.documents.count(&PERSON_HISTORIES, filter).await?;
    if total == 0 {
        total = 1;
        entries = if page.skip == 0 { vec![history::implied_first(&found.person)] } else { Vec::new() };
    }
    let shown: Vec<Value> = entries.iter().map(|entry| Value::Object(shown(&found, entry))).collect();
    if !paged {
        return Ok(Json(shown).into_response());
    }
    let mut body = Paged::new(page, total).body(&["items"], shown);
    body["person_id"] = json!(found.person.id);
    Ok(Json(body).into_response())
}

/// One entry.
#[utoipa::path(get, path = "/api/persons/{personId}/history/{version}", tag = "history", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("version" = String, Path)),
    responses((status = 200, description = "The change"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "No such person or version for this caller")))]
pub async fn show(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    Path((_person, version)): Path<(String, String)>,
) -> Result<Json<Body>, Problem> {
    inside(&found)?;
    let entry = entry_at(&ports, &found.person, version.parse().unwrap_or(0)).await?;
    Ok(Json(shown(&found, &entry)))
}

/// Takes the person back to how it was at a version; that is a change like any other.
#[utoipa::path(post, path = "/api/persons/{personId}/revert", tag = "history", security(("bearer" = []), ("cookie" = [])), request_body = RevertInput, params(("personId" = String, Path)),
    responses((status = 200, description = "Done"), (status = 400, description = "No version given"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person or version for this caller")))]
pub async fn revert(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<Edit>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Json<Value>, Problem> {
    let version = input.get("version").and_then(Value::as_i64).filter(|version| *version > 0);
    let version = version
        .ok_or_else(|| Problem::field("version", "invalid", "version must be the number of an entry"))?;
    let entry = entry_at(&ports, &found.person, version).await?;
    let snapshot = entry.body.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let restored = |current: &Body| {
        let mut restored = history::restore(current, &snapshot);
        person::refresh(&mut restored);
        Ok(restored)
    };
    let person = write(&ports, &found, &headers, "revert", restored, &WantedParents::default()).await?;
    let shown = show_all(&ports, &found.access, std::slice::from_ref(&person), Shape::Person).await?.pop();
    Ok(Json(json!({ "success": true, "person": shown })))
}

async fn entry_at(ports: &PeoplePorts, person: &Document, version: i64) -> Result<Document, Problem> {
    let filter = Filter::eq("personId", person.id.as_str());
    let one = Query::new(filter.clone().and(Filter::eq("version", version))).limit(1);
    if let Some(entry) = ports.documents.find(&PERSON_HISTORIES, one).await?.pop() {
        return Ok(entry);
    }
    if version == 1 && ports.documents.count(&PERSON_HISTORIES, filter).await? == 0 {
        return Ok(history::implied_first(person));
    }
    Err(Problem::not_found("This person has no such version"))
}

/// What someone was like before is told only to those inside the tree.
fn inside(found: &PersonAccess<View>) -> Result<(), Problem> {
    if found.access.role < TreeRole::Viewer {
        return Err(Problem::forbidden("Only collaborators of this family tree may see its history"));
    }
    Ok(())
}

/// An entry with its snapshot judged by how the person stands today: what is private now is private then.
fn shown(found: &PersonAccess<View>, entry: &Document) -> Body {
    let mut entry = entry.clone();
    if let Some(Value::Object(data)) = entry.body.get_mut("data") {
        for key in ["isLiving", "privacySettings", "privacy", "index"] {
            if let Some(now) = found.person.body.get(key) {
                data.insert(key.to_owned(), now.clone());
            }
        }
        *data = found.access.viewer.redact(data).into_owned();
    }
    history::view(&entry)
}
