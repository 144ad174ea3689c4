//! The addresses of citations: of persons, and of unions. They are embedded in their owner, whose version is theirs.

use axum::extract::{Path, State};
use axum::response::Response;
use dzinza_web::{Caller, JsonBody, Problem};
use http::{HeaderMap, StatusCode};

use crate::SourcesPorts;
use crate::citing::{change, cite, list, remove, show};
use crate::owner::Named;
use crate::schema::CitationInput;

/// Lists what is cited for a person and its facts.
#[utoipa::path(get, path = "/api/persons/{personId}/citations", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 200, description = "The citations that the caller may see"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn list_of_person(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path(person): Path<String>,
) -> Result<Response, Problem> {
    list(&ports, &caller, Named::Person(&person)).await
}

/// Lists what is cited for a union and its events.
#[utoipa::path(get, path = "/api/relationships/{relationshipId}/citations", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("relationshipId" = String, Path)),
    responses((status = 200, description = "The citations"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "No such relationship for this caller")))]
pub async fn list_of_union(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path(relationship): Path<String>,
) -> Result<Response, Problem> {
    list(&ports, &caller, Named::Relationship(&relationship)).await
}

/// Cites a source for a person or one of its facts.
#[utoipa::path(post, path = "/api/persons/{personId}/citations", tag = "citations", security(("bearer" = []), ("cookie" = [])), request_body = CitationInput, params(("personId" = String, Path)),
    responses((status = 201, description = "The citation"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn cite_for_person(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path(person): Path<String>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    cite(&ports, &caller, Named::Person(&person), &input, &headers).await
}

/// Cites a source for a union or one of its events.
#[utoipa::path(post, path = "/api/relationships/{relationshipId}/citations", tag = "citations", security(("bearer" = []), ("cookie" = [])), request_body = CitationInput, params(("relationshipId" = String, Path)),
    responses((status = 201, description = "The citation"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such relationship for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn cite_for_union(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path(relationship): Path<String>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    cite(&ports, &caller, Named::Relationship(&relationship), &input, &headers).await
}

/// Reads a citation of a person.
#[utoipa::path(get, path = "/api/persons/{personId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path), ("citationId" = String, Path)),
    responses((status = 200, description = "The citation"), (status = 401, description = "Not signed in"), (status = 404, description = "Not there for this caller")))]
pub async fn show_of_person(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    show(&ports, &caller, Named::Person(&person), &id).await
}

/// Reads a citation of a union.
#[utoipa::path(get, path = "/api/relationships/{relationshipId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("relationshipId" = String, Path), ("citationId" = String, Path)),
    responses((status = 200, description = "The citation"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "Not there for this caller")))]
pub async fn show_of_union(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((relationship, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    show(&ports, &caller, Named::Relationship(&relationship), &id).await
}

/// Changes fields of a citation of a person; what it is cited for stays.
#[utoipa::path(put, path = "/api/persons/{personId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), request_body = CitationInput, params(("personId" = String, Path), ("citationId" = String, Path)),
    responses((status = 200, description = "The citation"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn change_of_person(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((person, id)): Path<(String, String)>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    change(&ports, &caller, (Named::Person(&person), &id), &input, &headers).await
}

/// Changes fields of a citation of a union; what it is cited for stays.
#[utoipa::path(put, path = "/api/relationships/{relationshipId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), request_body = CitationInput, params(("relationshipId" = String, Path), ("citationId" = String, Path)),
    responses((status = 200, description = "The citation"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn change_of_union(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((relationship, id)): Path<(String, String)>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    change(&ports, &caller, (Named::Relationship(&relationship), &id), &input, &headers).await
}

/// Takes a citation of a person away.
#[utoipa::path(delete, path = "/api/persons/{personId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path), ("citationId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn remove_of_person(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((person, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    remove(&ports, &caller, (Named::Person(&person), &id), &headers).await
}

/// Takes a citation of a union away.
#[utoipa::path(delete, path = "/api/relationships/{relationshipId}/citations/{citationId}", tag = "citations", security(("bearer" = []), ("cookie" = [])), params(("relationshipId" = String, Path), ("citationId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn remove_of_union(
    State(ports): State<SourcesPorts>,
    caller: Caller,
    Path((relationship, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    remove(&ports, &caller, (Named::Relationship(&relationship), &id), &headers).await
}
