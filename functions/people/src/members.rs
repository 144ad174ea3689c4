//! The simple members API, which the live tree page uses (contract 1.1).

use axum::extract::State;
use axum::response::Response;
use dzinza_web::{Caller, Edit, JsonBody, PersonAccess, Problem, TreeAccess, View, default_tree};
use http::{HeaderMap, StatusCode};

use crate::kinfolk::{Shape, show_one};
use crate::persons::tree_named;
use crate::schema::PersonInput;
use crate::{PeoplePorts, edit};

/// Adds a member to the named tree, or to the caller's newest one.
#[utoipa::path(post, path = "/api/genealogy/members", tag = "members", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput,
    responses((status = 201, description = "The member"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
pub async fn create(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let access: TreeAccess<Edit> = match tree_named(&input)? {
        Some(id) => TreeAccess::of(&ports.documents, &ports.clock, &caller, id).await?,
        None => default_tree(&ports.documents, &ports.clock, &ports.ids, &caller).await?,
    };
    let person = edit::create(&ports, &access, &input).await?;
    show_one(&ports, &access, &person, Shape::Member, StatusCode::CREATED).await
}

/// Reads a member.
#[utoipa::path(get, path = "/api/genealogy/members/{personId}", tag = "members", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 200, description = "The member"), (status = 401, description = "Not signed in"), (status = 404, description = "No such member for this caller")))]
pub async fn show(State(ports): State<PeoplePorts>, found: PersonAccess<View>) -> Result<Response, Problem> {
    show_one(&ports, &found.access, &found.person, Shape::Member, StatusCode::OK).await
}

/// Changes fields of a member; an empty text clears one.
#[utoipa::path(put, path = "/api/genealogy/members/{personId}", tag = "members", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput, params(("personId" = String, Path)),
    responses((status = 200, description = "The member"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such member for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn update(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<Edit>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let person = edit::update(&ports, &found, &input, &headers).await?;
    show_one(&ports, &found.access, &person, Shape::Member, StatusCode::OK).await
}

/// Removes a member and its relationships.
#[utoipa::path(delete, path = "/api/genealogy/members/{personId}", tag = "members", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such member for this caller")))]
pub async fn remove(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<Edit>,
) -> Result<StatusCode, Problem> {
    edit::remove(&ports, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}
