//! Relationships in every dialect (contract 1.1, 1.4; rules 4.5).

pub mod change;

use axum::Json;
use axum::extract::{Path, State};
use dzinza_domain::collections::{FAMILY_TREES, PEOPLE, RELATIONSHIPS};
use dzinza_domain::relationship::{self, Kind, NewRelationship};
use dzinza_ports::{Batch, Body, Document, Filter, Query, StoreError, StoreErrorKind};
use dzinza_web::{
    Caller, Edit, JsonBody, Level, PageQuery, Paged, PersonAccess, Problem, QueryParams, Retry, TreeAccess,
    View, retry_stale, timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::edit::{count, touch_structure};
use crate::kinfolk::refuse_loop;
use crate::kinfolk::{edges, relationships_of};
use crate::persons::tree_named;
use crate::schema::RelationshipInput;

/// What of a relationship only those inside the tree are told.
const OWN_BUSINESS: [&str; 9] = [
    "startDate",
    "endDate",
    "startDateText",
    "endDateText",
    "place",
    "notes",
    "events",
    "status",
    "parentalRole",
];
const PAGES: PageQuery = PageQuery { default: 100, max: 200 };

/// Relates two persons of one tree.
#[utoipa::path(post, path = "/api/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])), request_body = RelationshipInput,
    responses((status = 201, description = "The relationship"), (status = 400, description = "A rule is broken"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "A person is not there"), (status = 409, description = "They are related like that already")))]
pub async fn create(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    JsonBody(input): JsonBody,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let new = relationship::read_new(&input)?;
    add(&ports, &caller, new, tree_named(&input)?).await
}

/// Relates two persons of the tree.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])), request_body = RelationshipInput, params(("treeId" = String, Path)),
    responses((status = 201, description = "The relationship"), (status = 400, description = "A rule is broken"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "A person or the tree is not there"), (status = 409, description = "They are related like that already")))]
pub async fn create_in_tree(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<Edit>,
    JsonBody(input): JsonBody,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let new = relationship::read_new(&input)?;
    add(&ports, &access.caller, new, Some(access.id())).await
}

async fn add(
    ports: &PeoplePorts,
    caller: &Caller,
    new: NewRelationship,
    tree_id: Option<&str>,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let missing = |field| Problem::not_found(format!("{field} is not a person of this family tree"));
    let one = PersonAccess::<Edit>::of(&ports.documents, &ports.clock, caller, &new.person1).await?;
    let two = PersonAccess::<Edit>::of(&ports.documents, &ports.clock, caller, &new.person2).await?;
    if two.access.id() != one.access.id() {
        return Err(missing("person2Id"));
    }
    if tree_id.is_some_and(|tree| tree != one.access.id()) {
        return Err(missing("person1Id"));
    }
    let simple = new.simple;
    let id = ports.ids.new_id();
    let (ports, one, id, new) = (&ports, &one, &id, &new);
    let body = retry_stale(|| async move {
        let mut new = new.clone();
        let stated = new.fields.contains_key("parentalRole");
        new.complete(&one.person.body).map_err(Problem::from)?;
        let tree = &one.access.tree.body;
        let mut batch = Batch::new();
        if new.kind.is_parental() {
            // The version of the shape is read before the shape is walked, or a change between the two goes unseen.
            touch_structure(ports, &mut batch, one.access.id()).await?;
            refuse_loop(ports, tree, &new.person1, &new.person2).await?;
            if !stated {
                second_birth_parent_is_other(ports, tree, &mut new).await?;
            }
        }
        let now = timestamp(&ports.clock);
        // Both persons change version, so that removing one at the same moment notices.
        for person in [&new.person1, &new.person2] {
            batch.adjust(&PEOPLE, person.as_str(), Vec::new(), Body::new());
        }
        let new_ids = (new.person1.clone(), new.person2.clone());
        let body = new.into_body(one.access.id(), &caller.user_id, &now);
        batch.insert(&RELATIONSHIPS, id.as_str(), body.clone());
        count(&mut batch, one.access.id(), 0, 1, &now);
        let result = ports.documents.commit(batch).await;
        if result.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Stale) {
            // Not only versions go stale: a person may be gone by now.
            for (field, id) in [("person1Id", &new_ids.0), ("person2Id", &new_ids.1)] {
                if ports.documents.get(&PEOPLE, id).await?.is_none() {
                    return Err(missing(field).into());
                }
            }
            if ports.documents.get(&FAMILY_TREES, one.access.id()).await?.is_none() {
                return Err(Problem::not_found("Family tree not found").into());
            }
        }
        if let Err(error) = result {
            // The store names one rule that is broken; for one who is their parent already it is this one.
            let again = error.kind() == StoreErrorKind::Conflict && is_there(ports, tree, &body).await?;
            return Err(if again { again_problem(simple).into() } else { taken(error, simple) });
        }
        Ok(body)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(relationship::view(id, &body, simple))))
}

/// The simple API cannot say what kind of parent; only one of each can have given birth.
async fn second_birth_parent_is_other(
    ports: &PeoplePorts,
    tree: &Body,
    new: &mut NewRelationship,
) -> Result<(), Problem> {
    let role = new.fields.get("parentalRole").cloned();
    let parents = edges(&ports.documents, tree, "person2Id", std::slice::from_ref(&new.person2)).await?;
    let other = |edge: &&Document| edge.body.get("person1Id").and_then(Value::as_str) != Some(&new.person1);
    if parents.iter().filter(other).any(|edge| edge.body.get("parentalRole") == role.as_ref()) {
        new.fields.insert("parentalRole".into(), json!("Other"));
    }
    Ok(())
}

/// Whether there is a relationship of this kind from the one to the other.
async fn is_there(ports: &PeoplePorts, tree: &Body, wanted: &Body) -> Result<bool, Problem> {
    let one = wanted.get("person1Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let found = edges(&ports.documents, tree, "person1Id", &[one]).await?;
    let pair = |body: &Body| body.get("index").map(|index| index["pair"].clone());
    Ok(found.iter().any(|document| pair(&document.body) == pair(wanted)))
}

fn again_problem(simple: bool) -> Problem {
    let message = "These two are related like that already";
    if simple { Problem::conflict(message) } else { Problem::field("person2Id", "duplicate", message) }
}

fn taken(error: StoreError, simple: bool) -> Retry {
    if error.kind() != StoreErrorKind::Conflict {
        return error.into();
    }
    if error.context().contains("birthParent") {
        let message = "This child has a biological parent of that kind already";
        return Problem::field("parentalRole", "second_birth_parent", message).into();
    }
    again_problem(simple).into()
}

/// Lists relationships of a person or of a whole tree.
#[utoipa::path(get, path = "/api/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])),
    params(("familyTreeId" = String, Query), ("personId" = Option<String>, Query), ("type" = Option<String>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "A page of relationships"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn list(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    page_of(&ports, &access, &query, query.text(&["personId", "person_id"])).await
}

/// Lists relationships of the tree.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("personId" = Option<String>, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "A page of relationships"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn list_in_tree(
    ports: State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    list(ports, access, query).await
}

/// Lists relationships of a person.
#[utoipa::path(get, path = "/api/persons/{personId}/relationships", tag = "relationships", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, description = "A page of relationships"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn of_person(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    page_of(&ports, &found.access, &query, Some(&found.person.id)).await
}

async fn page_of<L: Level>(
    ports: &PeoplePorts,
    access: &TreeAccess<L>,
    query: &QueryParams,
    person: Option<&str>,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(query)?;
    let kind = query.text(&["type", "relationship_type"]).map(str::to_lowercase);
    let matches = |document: &Document| {
        let stored = Kind::of(&document.body);
        let simple = stored.simple().unwrap_or_default().to_lowercase();
        kind.as_ref().is_none_or(|kind| *kind == simple || *kind == stored.as_str().to_lowercase())
    };
    let (found, total) = if let Some(person) = person {
        let mut all = relationships_of(&ports.documents, &access.tree.body, &[person.to_owned()]).await?;
        all.retain(|document| {
            document.body.get("familyTreeId") == Some(&json!(access.id())) && matches(document)
        });
        let total = all.len() as u64;
        (all.into_iter().skip(page.skip as usize).take(page.limit as usize).collect::<Vec<_>>(), total)
    } else {
        let mut filter = access.filter();
        if let Some(kind) = &kind {
            let words = [
                "ParentChild",
                "GuardianChild",
                "Spousal",
                "Sibling",
                "StepSibling",
                "HalfSibling",
                "AdoptiveSibling",
                "FosterSibling",
                "Other",
            ];
            let wanted = words.iter().filter(|word| {
                let body = Body::from_iter([("type".to_owned(), json!(word))]);
                let simple = Kind::of(&body).simple().unwrap_or_default().to_lowercase();
                *kind == simple || *kind == word.to_lowercase()
            });
            filter = filter.and(Filter::any_of("type", wanted.map(|word| (*word).to_owned())));
        }
        let total = ports.documents.count(&RELATIONSHIPS, filter.clone()).await?;
        (
            ports
                .documents
                .find(&RELATIONSHIPS, Query::new(filter).skip(page.skip).limit(page.limit))
                .await?,
            total,
        )
    };
    let shown = found.iter().map(|document| shown(access, document, false)).collect();
    Ok(Json(Paged::new(page, total).body(&["relationships", "items"], shown)))
}

/// A relationship as the caller may see it: dates and notes of a union are for those inside the tree.
fn shown<L: Level>(access: &TreeAccess<L>, document: &Document, simple: bool) -> Value {
    let mut view = relationship::view(&document.id, &document.body, simple);
    if access.role < dzinza_domain::tree::TreeRole::Viewer {
        for key in OWN_BUSINESS {
            view.remove(key);
        }
    }
    Value::Object(view)
}

async fn find<L: Level>(
    ports: &PeoplePorts,
    caller: &Caller,
    id: &str,
    tree: Option<&str>,
) -> Result<(Document, TreeAccess<L>), Problem> {
    let missing = || Problem::not_found("Relationship not found");
    if id.is_empty() || id.len() > 200 {
        return Err(missing());
    }
    let document = ports.documents.get(&RELATIONSHIPS, id).await?.ok_or_else(missing)?;
    let text = |key: &str| document.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = text("familyTreeId");
    let hide = |problem: Problem| if problem.status() == StatusCode::NOT_FOUND { missing() } else { problem };
    let access = TreeAccess::of(&ports.documents, &ports.clock, caller, &own).await.map_err(hide)?;
    let pending = dzinza_domain::tree::pending_imports(&access.tree.body);
    if tree.is_some_and(|tree| tree != own) || pending.contains(&text("importId")) {
        return Err(missing());
    }
    Ok((document, access))
}

/// Reads a relationship.
#[utoipa::path(get, path = "/api/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The relationship"), (status = 401, description = "Not signed in"), (status = 404, description = "No such relationship for this caller")))]
pub async fn show(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (document, access) = find::<View>(&ports, &caller, &id, None).await?;
    Ok(Json(shown(&access, &document, false)))
}

/// Reads a relationship of a tree.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/relationships/{id}", tag = "relationships", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "The relationship"), (status = 401, description = "Not signed in"), (status = 404, description = "No such relationship for this caller")))]
pub async fn show_in_tree(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path((tree, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (document, access) = find::<View>(&ports, &caller, &id, Some(&tree)).await?;
    Ok(Json(shown(&access, &document, false)))
}
