//! Changing and ending relationships.

use axum::Json;
use axum::extract::{Path, State};
use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::relationship::{self, Kind};
use dzinza_ports::{Batch, Body, Document};
use dzinza_web::{Caller, Edit, JsonBody, PersonAccess, Problem, retry_stale, timestamp};
use http::StatusCode;
use serde_json::{Value, json};

use super::{find, shown, taken};
use crate::PeoplePorts;
use crate::edit::{count, touch_structure};
use crate::kinfolk::relationships_of;
use crate::schema::RelationshipInput;

/// Changes role, state, dates, place or notes; kind and persons stay.
#[utoipa::path(put, path = "/api/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), request_body = Object, params(("id" = String, Path)),
    responses((status = 200, description = "The relationship"), (status = 400, description = "A rule is broken"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such relationship for this caller")))]
pub async fn update(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(input): JsonBody,
) -> Result<Json<Value>, Problem> {
    change(&ports, &caller, &id, None, &input).await
}

/// Changes a relationship of a tree.
#[utoipa::path(put, path = "/api/family-trees/{treeId}/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), request_body = Object, params(("treeId" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "The relationship"), (status = 400, description = "A rule is broken"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such relationship for this caller")))]
pub async fn update_in_tree(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path((tree, id)): Path<(String, String)>,
    JsonBody(input): JsonBody,
) -> Result<Json<Value>, Problem> {
    change(&ports, &caller, &id, Some(&tree), &input).await
}

async fn change(
    ports: &PeoplePorts,
    caller: &Caller,
    id: &str,
    tree: Option<&str>,
    input: &Body,
) -> Result<Json<Value>, Problem> {
    for key in ["type", "person1Id", "person2Id"] {
        if input.contains_key(key) {
            return Err(Problem::field(
                key,
                "read_only",
                format!("{key} cannot be changed; make a new relationship"),
            ));
        }
    }
    let fields = relationship::read_fields(input)?;
    let fields = &fields;
    retry_stale(|| async move {
        let (document, access) = find::<Edit>(ports, caller, id, tree).await?;
        let mut body = document.body.clone();
        for (key, value) in fields {
            if value.is_null() {
                drop(body.remove(key));
            } else {
                drop(body.insert(key.clone(), value.clone()));
            }
        }
        let now = timestamp(&ports.clock);
        body.insert("updatedAt".into(), json!(now));
        relationship::refresh(&mut body);
        let mut batch = Batch::new();
        batch.replace(&RELATIONSHIPS, &document, body.clone());
        count(&mut batch, access.id(), 0, 0, &now);
        ports.documents.commit(batch).await.map_err(|error| taken(error, false))?;
        Ok(Json(shown(&access, &Document { body, ..document }, false)))
    })
    .await
}

/// Ends a relationship record.
#[utoipa::path(delete, path = "/api/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such relationship for this caller")))]
pub async fn remove(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    erase(&ports, &caller, &id, None).await
}

/// Ends a relationship record of a tree.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("id" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such relationship for this caller")))]
pub async fn remove_in_tree(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path((tree, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    erase(&ports, &caller, &id, Some(&tree)).await
}

/// Ends the relationship that two persons have, named by them and its type instead of its id.
#[utoipa::path(delete, path = "/api/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])), request_body = RelationshipInput,
    responses((status = 204, description = "Gone"), (status = 400, description = "A field is missing"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "They are not related like that")))]
pub async fn remove_by_pair(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    JsonBody(input): JsonBody,
) -> Result<StatusCode, Problem> {
    let wanted = relationship::read_new(&input)?;
    let one = PersonAccess::<Edit>::of(&ports.documents, &ports.clock, &caller, &wanted.person1).await?;
    let all = relationships_of(&ports.documents, &one.access.tree.body, std::slice::from_ref(&one.person.id))
        .await?;
    let is_it = |document: &&Document| {
        let text = |key: &str| document.body.get(key).and_then(Value::as_str).unwrap_or_default();
        let stored = Kind::of(&document.body);
        let forward = text("person1Id") == wanted.person1 && text("person2Id") == wanted.person2;
        let backward = text("person2Id") == wanted.person1 && text("person1Id") == wanted.person2;
        let same =
            if wanted.simple { stored.simple() == wanted.kind.simple() } else { stored == wanted.kind };
        same && (forward || (stored.is_symmetric() && backward))
    };
    let found = all.iter().find(is_it).ok_or_else(|| Problem::not_found("Relationship not found"))?;
    erase(&ports, &caller, &found.id, None).await
}

async fn erase(
    ports: &PeoplePorts,
    caller: &Caller,
    id: &str,
    tree: Option<&str>,
) -> Result<StatusCode, Problem> {
    retry_stale(|| async move {
        let (document, access) = find::<Edit>(ports, caller, id, tree).await?;
        let mut batch = Batch::new();
        batch.delete(&RELATIONSHIPS, &document);
        // What is shown of both persons changes, and with it their version.
        for key in ["person1Id", "person2Id"] {
            if let Some(person) = document.body.get(key).and_then(Value::as_str) {
                batch.adjust(&PEOPLE, person, Vec::new(), Body::new());
            }
        }
        if Kind::of(&document.body).is_parental() {
            touch_structure(ports, &mut batch, access.id()).await?;
        }
        count(&mut batch, access.id(), 0, -1, &timestamp(&ports.clock));
        ports.documents.commit(batch).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
