//! Events and attributes of a person, structured.

use axum::Json;
use dzinza_domain::gedcom;
use dzinza_web::{PersonAccess, View};
use serde_json::{Value, json};

/// Every event and attribute of a person: those that came by import and those that were typed here.
#[utoipa::path(get, path = "/api/persons/{personId}/facts", tag = "persons", operation_id = "person_facts", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 200, description = "Events and attributes with values, dates (text, first and last day) and places (name, parts, coordinates)"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn list(found: PersonAccess<View>) -> Json<Value> {
    let facts = gedcom::facts(&found.access.viewer.redact(&found.person.body));
    Json(json!({ "personId": found.person.id, "facts": facts, "total": facts.len() }))
}
