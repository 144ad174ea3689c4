//! Persons, nested under their tree and flat (contract 1.3).

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::text::fold;
use dzinza_domain::tree::TreeRole;
use dzinza_domain::view;
use dzinza_ports::{Body, Direction, Filter, Query};
use dzinza_web::{
    Caller, Edit, JsonBody, Level, PageQuery, Paged, PersonAccess, Problem, QueryParams, TreeAccess, View,
};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::kinfolk::{Shape, show_all, show_one};
use crate::schema::PersonInput;
use crate::{PeoplePorts, edit};

const PAGES: PageQuery = PageQuery { default: 100, max: 200 };
/// Each word is one more look at every name.
const SEARCH_WORDS: usize = 10;
const SEARCH_BYTES: usize = 400;
const SORTS: &[&str] = &["lastName", "name", "birthDate", "dateOfBirth", "updatedAt", "createdAt"];

/// Lists the persons of a tree.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/persons", tag = "persons", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("search" = Option<String>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("sortBy" = Option<String>, Query, description = "lastName, birthDate, updatedAt or createdAt (default)"), ("sortOrder" = Option<String>, Query, description = "asc or desc")),
    responses((status = 200, description = "A page of persons"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn list_in_tree(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    page_of(&ports, &access, &query).await
}

/// Lists the persons of the tree named in the query.
#[utoipa::path(get, path = "/api/persons", tag = "persons", security(("bearer" = []), ("cookie" = [])),
    params(("familyTreeId" = String, Query), ("search" = Option<String>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "A page of persons"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn list(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    page_of(&ports, &access, &query).await
}

async fn page_of(
    ports: &PeoplePorts,
    access: &TreeAccess<View>,
    query: &QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    let page = PAGES.read(query)?;
    let sort = query.word(&["sortBy", "sort"], SORTS)?.unwrap_or("createdAt");
    let by_what_may_be_hidden = !matches!(sort, "createdAt" | "updatedAt");
    let (filter, whole) = visible(access, query.text(&["search"]), by_what_may_be_hidden)?;
    let order = query.word(&["sortOrder", "order"], &["asc", "desc"])?.unwrap_or("asc");
    let total = if whole {
        access.tree.body.get("statistics").and_then(|s| s["totalPersons"].as_u64()).unwrap_or(0)
    } else {
        ports.documents.count(&PEOPLE, filter.clone()).await?
    };
    let (direction, back) = if order == "desc" {
        (Direction::Descending, Direction::Ascending)
    } else {
        (Direction::Ascending, Direction::Descending)
    };
    let field = match sort {
        "lastName" | "name" => "index.sortName",
        "birthDate" | "dateOfBirth" => "index.birthDay",
        "updatedAt" => "updatedAt",
        _ => "id",
    };
    // A page in the second half is nearer to the end: read it from there.
    let end = total.saturating_sub(page.skip);
    let from_end = page.skip > total / 2 && end > 0;
    let (direction, skip, limit) = if from_end {
        let limit = end.min(u64::from(page.limit));
        (back, end - limit, limit as u32)
    } else {
        (direction, page.skip, page.limit)
    };
    let mut people = ports
        .documents
        .find(&PEOPLE, Query::new(filter).sort(field, direction).skip(skip).limit(limit))
        .await?;
    if from_end {
        people.reverse();
    }
    let shown = show_all(ports, access, &people, Shape::Person).await?;
    Ok(axum::Json(Paged::new(page, total).body(&["persons", "items"], shown)))
}

/// The filter for what this caller may find, and whether that is the whole tree. `sorted` is whether names or dates
/// decide the order.
fn visible<L: Level>(
    access: &TreeAccess<L>,
    search: Option<&str>,
    sorted: bool,
) -> Result<(Filter, bool), Problem> {
    let mut filter = access.filter();
    let hide_living =
        access.role == TreeRole::Public && (!access.viewer.shows_living || search.is_some() || sorted);
    if hide_living {
        // Who may not be seen may not be found, nor be counted by how the pages fall.
        filter = filter.and(Filter::Range("index.livingUntil", None, Some(access.viewer.year.into())));
    }
    let whole = !hide_living && search.is_none();
    let folded = search.map(fold).unwrap_or_default();
    let words: BTreeSet<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    if words.len() > SEARCH_WORDS || folded.len() > SEARCH_BYTES {
        return Err(Problem::field("search", "too_long", format!("Search for at most {SEARCH_WORDS} words")));
    }
    for word in words {
        filter = filter.and(Filter::Contains("index.names", word.to_owned()));
    }
    Ok((filter, whole))
}

/// Finds persons by name in one tree, or in all trees of the caller.
#[utoipa::path(get, path = "/api/persons/search", tag = "persons", security(("bearer" = []), ("cookie" = [])),
    params(("name" = String, Query, min_length = 2), ("tree_id" = Option<String>, Query), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "Persons found"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn search(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<axum::Json<Vec<Body>>, Problem> {
    let name = query.text(&["name", "q"]).filter(|name| name.chars().count() >= 2);
    let name =
        name.ok_or_else(|| Problem::field("name", "too_short", "name must have at least 2 characters"))?;
    let limit = query.number(&["limit"], 1..=100)?.unwrap_or(20) as u32;
    let trees = match query.text(&["tree_id", "treeId", "familyTreeId"]) {
        Some(id) => vec![id.to_owned()],
        None => own_trees(&ports, &caller).await?,
    };
    let mut found = Vec::new();
    for id in trees {
        let access = TreeAccess::<View>::of(&ports.documents, &ports.clock, &caller, &id).await?;
        let (filter, _) = visible(&access, Some(name), true)?;
        let rest = limit - found.len() as u32;
        let people = ports
            .documents
            .find(&PEOPLE, Query::new(filter).sort("index.sortName", Direction::Ascending).limit(rest))
            .await?;
        found
            .extend(people.iter().map(|person| view::found(&person.id, &access.viewer.redact(&person.body))));
        if found.len() >= limit as usize {
            break;
        }
    }
    Ok(axum::Json(found))
}

async fn own_trees(ports: &PeoplePorts, caller: &Caller) -> Result<Vec<String>, Problem> {
    let mine = Filter::Or(vec![
        Filter::eq("ownerId", caller.user_id.as_str()),
        Filter::Has("index.memberIds", caller.user_id.clone()),
    ]);
    let query = Query::new(mine).sort("updatedAt", Direction::Descending).limit(200);
    let trees = ports.documents.find(&dzinza_domain::collections::FAMILY_TREES, query).await?;
    Ok(trees.into_iter().map(|tree| tree.id).collect())
}

/// Adds a person to the tree.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/persons", tag = "persons", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput,
    params(("treeId" = String, Path)),
    responses((status = 201, description = "The person"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
pub async fn create_in_tree(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<Edit>,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let person = edit::create(&ports, &access, &input).await?;
    show_one(&ports, &access, &person, Shape::Person, StatusCode::CREATED).await
}

/// Adds a person to the tree named in the body.
#[utoipa::path(post, path = "/api/persons", tag = "persons", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput,
    responses((status = 201, description = "The person"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
pub async fn create(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let tree = tree_named(&input)?
        .ok_or_else(|| Problem::field("familyTreeId", "required", "familyTreeId is required"))?;
    let access = TreeAccess::of(&ports.documents, &ports.clock, &caller, tree).await?;
    let person = edit::create(&ports, &access, &input).await?;
    show_one(&ports, &access, &person, Shape::Person, StatusCode::CREATED).await
}

/// The tree that a body names.
///
/// # Errors
/// 400 if what stands there is no text: it must not be taken for saying nothing.
pub fn tree_named(input: &Body) -> Result<Option<&str>, Problem> {
    let named = ["familyTreeId", "treeId", "tree_id"].into_iter().find_map(|name| {
        let value = input.get(name).filter(|value| !value.is_null())?;
        Some((name, value))
    });
    let Some((name, value)) = named else { return Ok(None) };
    let bad = || Problem::field(name, "invalid_type", format!("{name} must be a text"));
    Ok(Some(value.as_str().ok_or_else(bad)?).filter(|id| !id.is_empty()))
}

/// Reads a person.
#[utoipa::path(get, path = "/api/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 200, description = "The person"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn show(State(ports): State<PeoplePorts>, found: PersonAccess<View>) -> Result<Response, Problem> {
    show_one(&ports, &found.access, &found.person, Shape::Person, StatusCode::OK).await
}

/// Reads a person of a tree.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("personId" = String, Path)),
    responses((status = 200, description = "The person"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn show_in_tree(ports: State<PeoplePorts>, found: PersonAccess<View>) -> Result<Response, Problem> {
    show(ports, found).await
}

/// Changes fields of a person.
#[utoipa::path(put, path = "/api/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput, params(("personId" = String, Path)),
    responses((status = 200, description = "The person"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn update(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<Edit>,
    headers: HeaderMap,
    JsonBody(input): JsonBody,
) -> Result<Response, Problem> {
    let person = edit::update(&ports, &found, &input, &headers).await?;
    show_one(&ports, &found.access, &person, Shape::Person, StatusCode::OK).await
}

/// Changes fields of a person of a tree.
#[utoipa::path(put, path = "/api/family-trees/{treeId}/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), request_body = PersonInput, params(("treeId" = String, Path), ("personId" = String, Path)),
    responses((status = 200, description = "The person"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person for this caller"), (status = 409, description = "Changed by someone else")))]
pub async fn update_in_tree(
    ports: State<PeoplePorts>,
    found: PersonAccess<Edit>,
    headers: HeaderMap,
    input: JsonBody,
) -> Result<Response, Problem> {
    update(ports, found, headers, input).await
}

/// Removes a person and its relationships.
#[utoipa::path(delete, path = "/api/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person for this caller")))]
pub async fn remove(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<Edit>,
) -> Result<StatusCode, Problem> {
    edit::remove(&ports, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a person of a tree and its relationships.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}/persons/{personId}", tag = "persons", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("personId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such person for this caller")))]
pub async fn remove_in_tree(
    ports: State<PeoplePorts>,
    found: PersonAccess<Edit>,
) -> Result<StatusCode, Problem> {
    remove(ports, found).await
}
