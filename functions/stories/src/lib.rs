//! Stories and life events (contract 1.5): reading them. Existing deployments have some; writing them comes with the
//! pages that do.
#![warn(missing_docs)]

#[cfg(feature = "boot")]
pub mod boot;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::EVENTS;
use dzinza_domain::event::{self, EventListItem};
use dzinza_domain::person::display_name;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Clock, Direction, Document, Documents, Filter, Query};
use dzinza_web::{
    ApiRouter, AuthState, Caller, HasAuth, HasDocuments, PageQuery, Paged, PersonAccess, Problem,
    QueryParams, Routes, TreeAccess, View, finish, routes,
};
use http::StatusCode;
use serde_json::Value;

/// What this group needs of the outside world.
#[derive(Clone)]
pub struct StoryPorts {
    /// Events, and the persons and trees they belong to.
    pub documents: Arc<dyn Documents>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Who calls.
    pub auth: AuthState,
}

impl HasAuth for StoryPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

impl HasDocuments for StoryPorts {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }
}

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };

/// The routes of this group.
pub fn api(ports: StoryPorts) -> ApiRouter {
    finish(Routes::new().routes(routes!(list)), ports)
}

/// Lists events that the caller may see: their own, public ones, and those of a tree or person they may look at.
#[utoipa::path(get, path = "/api/events", tag = "events", security(("bearer" = []), ("cookie" = [])),
    params(("familyTreeId" = Option<String>, Query), ("relatedPersonId" = Option<String>, Query), ("userId" = Option<String>, Query), ("category" = Option<String>, Query), ("tags" = Option<String>, Query, description = "separated by commas, any of them"),
        ("sortBy" = Option<String>, Query, description = "date (default), createdAt or title"), ("sortOrder" = Option<String>, Query, description = "desc (default) or asc"), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of events"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
async fn list(
    State(ports): State<StoryPorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let sort = query.word(&["sortBy"], &["date", "createdAt", "title"])?.unwrap_or("date");
    let order = query.word(&["sortOrder"], &["asc", "desc"])?.unwrap_or("desc");
    let direction = if order == "asc" { Direction::Ascending } else { Direction::Descending };
    let mut filter = visible(&ports, &caller, &query).await?;
    if let Some(category) = query.text(&["category"]) {
        filter = filter.and(Filter::eq("category", category));
    }
    if let Some(tags) = query.text(&["tags"]) {
        let tags: BTreeSet<&str> =
            tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).take(20).collect();
        filter =
            filter.and(Filter::Or(tags.into_iter().map(|tag| Filter::Has("tags", tag.to_owned())).collect()));
    }
    if let Some(person) = query.text(&["relatedPersonId"]) {
        filter = filter.and(Filter::Has("relatedPersons", person.to_owned()));
    }
    let total = ports.documents.count(&EVENTS, filter.clone()).await?;
    let sorted = Query::new(filter).sort(sort, direction).skip(page.skip).limit(page.limit);
    let found = ports.documents.find(&EVENTS, sorted).await?;
    let names = names_of(&ports, &caller, &found).await?;
    let shown =
        found.iter().map(|event| Value::Object(EventListItem { event, names: &names }.view())).collect();
    Ok(Json(Paged::new(page, total).body(&["data", "events"], shown)))
}

/// Contract 4.6.
async fn visible(ports: &StoryPorts, caller: &Caller, query: &QueryParams) -> Result<Filter, Problem> {
    let own = Filter::eq("userId", caller.user_id.as_str());
    let public = Filter::eq("privacy", "public");
    if let Some(user) = query.text(&["userId"]) {
        return Ok(if user == caller.user_id { own } else { Filter::eq("userId", user).and(public) });
    }
    let mut seen = vec![own, public];
    if let Some(id) = query.text(&["familyTreeId", "treeId", "tree_id"]) {
        let access = TreeAccess::<View>::of(&ports.documents, &ports.clock, caller, id).await?;
        seen.extend(of_the_family(&access));
        return Ok(Filter::eq("familyTreeId", id).and(Filter::Or(seen)));
    }
    if let Some(id) = query.text(&["relatedPersonId"]) {
        match PersonAccess::<View>::of(&ports.documents, &ports.clock, caller, id).await {
            Ok(found) => seen.extend(of_the_family(&found.access)),
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(Filter::Or(seen))
}

/// Family events are for those inside the tree.
fn of_the_family(access: &TreeAccess<View>) -> Option<Filter> {
    let family = Filter::eq("familyTreeId", access.id()).and(Filter::eq("privacy", "family"));
    (access.role >= TreeRole::Viewer).then_some(family)
}

/// The names of the persons that these events speak of, as far as the caller may see them.
async fn names_of(
    ports: &StoryPorts,
    caller: &Caller,
    events: &[Document],
) -> Result<HashMap<String, String>, Problem> {
    let ids: BTreeSet<&str> = events.iter().flat_map(|event| event::related(&event.body)).collect();
    let mut names = HashMap::new();
    for id in ids {
        match PersonAccess::<View>::of(&ports.documents, &ports.clock, caller, id).await {
            Ok(found) => {
                let seen = found.access.viewer.redact(&found.person.body);
                names.insert(id.to_owned(), display_name(&seen));
            }
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(names)
}
