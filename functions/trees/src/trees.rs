//! Family trees (contract 1.2).

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::{FAMILY_TREES, PEOPLE};
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_domain::text::fold;
use dzinza_domain::tree::{self, TreeRole};
use dzinza_domain::view;
use dzinza_ports::{Batch, Body, Direction, Document, Filter, NewMessage, Query};
use dzinza_web::{
    Caller, Edit, JsonBody, Level, Own, PageQuery, Paged, Problem, QueryParams, Retry, TreeAccess, View,
    default_tree, retry_stale, timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::TreesPorts;
use crate::schema::TreeInput;

const PAGES: PageQuery = PageQuery { default: 10, max: 100 };
/// Up to this size a tree is answered with everyone in it; larger ones have pages and the family-tree stream.
const WHOLE: u64 = 5000;

/// Lists the trees that the caller owns or collaborates in. Someone who has none gets a default one.
#[utoipa::path(get, path = "/api/family-trees", tag = "trees", security(("bearer" = []), ("cookie" = [])),
    params(("search" = Option<String>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of trees"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in")))]
pub async fn list(
    State(ports): State<TreesPorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let mut filter = Filter::Or(vec![
        Filter::eq("ownerId", caller.user_id.as_str()),
        Filter::Has("index.memberIds", caller.user_id.clone()),
    ]);
    if ports.documents.count(&FAMILY_TREES, filter.clone()).await? == 0 {
        default_tree(&ports.documents, &ports.clock, &ports.ids, &caller).await?;
    }
    if let Some(search) = query.text(&["search"]) {
        filter = filter.and(Filter::Contains("index.name", fold(search)));
    }
    let total = ports.documents.count(&FAMILY_TREES, filter.clone()).await?;
    let sorted =
        Query::new(filter).sort("updatedAt", Direction::Descending).skip(page.skip).limit(page.limit);
    let trees = ports.documents.find(&FAMILY_TREES, sorted).await?;
    let shown = trees.iter().filter_map(|tree| {
        let role = tree::role_of(&tree.body, &caller.user_id, caller.is_admin())?;
        Some(Value::Object(tree::view(&tree.id, &tree.body, role)))
    });
    Ok(Json(Paged::new(page, total).body(&["trees", "items"], shown.collect())))
}

/// Makes a tree.
#[utoipa::path(post, path = "/api/family-trees", tag = "trees", security(("bearer" = []), ("cookie" = [])), request_body = TreeInput,
    responses((status = 201, description = "The tree"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in")))]
pub async fn create(
    State(ports): State<TreesPorts>,
    caller: Caller,
    JsonBody(input): JsonBody,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let mut fields = tree::read_input(&input, true)?;
    // A tree that has nobody yet has no root; one can be set when there is.
    fields.remove("rootPersonId");
    let id = ports.ids.new_id();
    let (body, batch) = tree::create(&id, &caller.user_id, fields, &timestamp(&ports.clock));
    ports.documents.commit(batch).await?;
    Ok((StatusCode::CREATED, Json(tree::view(&id, &body, TreeRole::Owner))))
}

/// Reads a tree. Its members and relationships come along while it has at most 5000 persons.
#[utoipa::path(get, path = "/api/family-trees/{treeId}", tag = "trees", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 200, description = "The tree"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn show(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
) -> Result<axum::response::Response, Problem> {
    let mut body = tree::view(access.id(), &access.tree.body, access.role);
    if access.role >= TreeRole::Viewer {
        add_years(&ports, &access, &mut body).await?;
    }
    let persons =
        access.tree.body.get("statistics").and_then(|statistics| statistics["totalPersons"].as_u64());
    if persons.unwrap_or(0) > WHOLE {
        return Ok(axum::response::IntoResponse::into_response(Json(body)));
    }
    crate::family_tree::stream(&ports, &access, body).await
}

/// The years in which the first and the last member were born, by index.
async fn add_years(ports: &TreesPorts, access: &TreeAccess<View>, view: &mut Body) -> Result<(), Problem> {
    let born = access.filter().and(Filter::Range("index.birthDay", Some(i64::MIN.into()), None));
    for (key, direction) in
        [("oldestBirthYear", Direction::Ascending), ("newestBirthYear", Direction::Descending)]
    {
        let one = Query::new(born.clone()).sort("index.birthDay", direction).limit(1);
        let found = ports.documents.find(&PEOPLE, one).await?;
        let shown = found.first().map(|person| view::found(&person.id, &person.body));
        let date = shown.as_ref().and_then(|shown| shown["birthDateString"].as_str());
        if let (Some(Value::Object(statistics)), Some(year)) =
            (view.get_mut("statistics"), date.and_then(year_of))
        {
            statistics.insert(key.into(), json!(year));
        }
    }
    Ok(())
}

fn year_of(date: &str) -> Option<i64> {
    dzinza_domain::person::shown_date(date)?.get(..4)?.parse().ok()
}

/// Changes name, description, privacy, settings or root person.
#[utoipa::path(put, path = "/api/family-trees/{treeId}", tag = "trees", security(("bearer" = []), ("cookie" = [])), request_body = TreeInput, params(("treeId" = String, Path)),
    responses((status = 200, description = "The tree"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
pub async fn update(
    State(ports): State<TreesPorts>,
    access: TreeAccess<Edit>,
    JsonBody(input): JsonBody,
) -> Result<Json<Body>, Problem> {
    let changes = tree::read_input(&input, false)?;
    if let Some(Value::String(root)) = changes.get("rootPersonId") {
        let person = ports.documents.get(&PEOPLE, root).await?;
        if person.is_none_or(|person| person.body.get("familyTreeId") != Some(&json!(access.id()))) {
            let message = "rootPersonId must be a person of this family tree";
            return Err(Problem::field("rootPersonId", "unknown_person", message));
        }
    }
    let (ports, access, changes) = (&ports, &access, &changes);
    let tree =
        change(ports, access, |tree| tree::update(tree, changes.clone(), &timestamp(&ports.clock))).await?;
    Ok(Json(tree::view(&tree.id, &tree.body, access.role)))
}

/// Runs one change of a tree until nobody else interferes.
pub(crate) async fn change<L: Level>(
    ports: &TreesPorts,
    access: &TreeAccess<L>,
    next_of: impl Fn(&Document) -> Body,
) -> Result<Document, Problem> {
    let next_of = &next_of;
    retry_stale(|| async move {
        let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?;
        let tree = tree.ok_or_else(|| Retry::Problem(Problem::not_found("Family tree not found")))?;
        let body = next_of(&tree);
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &tree, body.clone());
        ports.documents.commit(batch).await?;
        Ok(Document { id: tree.id, version: tree.version + 1, body })
    })
    .await
}

/// Deletes a tree. It is gone at once; what belonged to it is cleared away by a job.
#[utoipa::path(delete, path = "/api/family-trees/{treeId}", tag = "trees", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 401, description = "Not signed in"), (status = 403, description = "Only the owner"), (status = 404, description = "No such tree for this caller")))]
pub async fn remove(State(ports): State<TreesPorts>, access: TreeAccess<Own>) -> Result<StatusCode, Problem> {
    let mut batch = Batch::new();
    batch.delete_any(&FAMILY_TREES, access.id());
    let body = json!({ "job": "delete-tree", "treeId": access.id() });
    batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: std::time::Duration::ZERO });
    ports.documents.commit(batch).await?;
    Ok(StatusCode::NO_CONTENT)
}
