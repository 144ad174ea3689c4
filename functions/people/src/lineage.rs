//! Ancestors and descendants, generation by generation. Each generation is two reads, however many persons it
//! has, and a person who is reached twice is expanded once, so that pedigree collapse costs nothing.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::relationship::Kind;
use dzinza_domain::tree::{TreeRole, pending_imports};
use dzinza_domain::view;
use dzinza_ports::{Body, Document, Filter, Query};
use dzinza_web::{PersonAccess, Problem, QueryParams, View};
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::kinfolk::{Shape, edges, show_all};

/// At most so many persons in one answer.
const MAX_PEOPLE: usize = 20_000;

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

impl Way {
    /// The side on which the persons at hand stand, and the side of those to be found.
    fn sides(self) -> (&'static str, &'static str) {
        match self {
            Self::Up => ("person2Id", "person1Id"),
            Self::Down => ("person1Id", "person2Id"),
        }
    }
}

/// The ancestors of a person, nested.
#[utoipa::path(get, path = "/api/persons/{personId}/ancestors", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 10)),
    responses((status = 200, description = "The ancestors"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn ancestors(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Way::Up).await
}

/// The descendants of a person, nested.
#[utoipa::path(get, path = "/api/persons/{personId}/descendants", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 10)),
    responses((status = 200, description = "The descendants"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn descendants(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Way::Down).await
}

async fn walk(
    ports: &PeoplePorts,
    found: &PersonAccess<View>,
    query: &QueryParams,
    way: Way,
) -> Result<axum::Json<Value>, Problem> {
    let generations = query.number(&["generations"], 1..=10)?.unwrap_or(5);
    let reach = reach(ports, found, generations, way).await?;
    let outside = found.access.role < TreeRole::Viewer;
    let mut shown = HashMap::with_capacity(reach.level.len());
    for person in load(ports, found, &reach.level).await? {
        let mut view = view::summary(&person.id, &found.access.viewer.redact(&person.body));
        ports.links.open_photo(&mut view).await;
        shown.insert(person.id, view);
    }
    let root =
        show_all(ports, &found.access, std::slice::from_ref(&found.person), Shape::Person).await?.pop();
    let total = shown.len().saturating_sub(1);
    shown.remove(&found.person.id);
    let mut nest = Nest { reach: &reach, shown, way, outside };
    let nested = nest.next_to(&found.person.id, 1);
    let mut body = Body::new();
    body.insert("rootPerson".into(), root.unwrap_or(Value::Null));
    body.insert(
        if matches!(way, Way::Up) { "ancestors" } else { "descendants" }.into(),
        Value::Array(nested),
    );
    body.insert("generations".into(), json!(generations));
    body.insert("totalPersons".into(), json!(total));
    body.insert("complete".into(), json!(reach.complete));
    Ok(axum::Json(Value::Object(body)))
}

/// Who is reached, at which generation first, and by whom.
struct Reach {
    level: HashMap<String, u64>,
    /// From a person to those next to it, with the parental role.
    links: HashMap<String, Vec<(String, String)>>,
    complete: bool,
}

async fn reach(
    ports: &PeoplePorts,
    found: &PersonAccess<View>,
    generations: u64,
    way: Way,
) -> Result<Reach, Problem> {
    let (here, there) = way.sides();
    let root = found.person.id.clone();
    let mut reach =
        Reach { level: HashMap::from([(root.clone(), 0)]), links: HashMap::new(), complete: true };
    let mut generation = vec![root];
    for level in 1..=generations {
        let mut next = Vec::new();
        for edge in edges(&ports.documents, &found.access.tree.body, here, &generation).await? {
            if !Kind::of(&edge.body).is_parental() {
                continue;
            }
            let text = |key: &str| edge.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (from, to) = (text(here), text(there));
            if !reach.level.contains_key(&to) {
                if reach.level.len() > MAX_PEOPLE {
                    reach.complete = false;
                    continue;
                }
                reach.level.insert(to.clone(), level);
                next.push(to.clone());
            }
            reach.links.entry(from).or_default().push((to, text("parentalRole")));
        }
        if next.is_empty() {
            break;
        }
        generation = next;
    }
    Ok(reach)
}

struct Nest<'a> {
    reach: &'a Reach,
    /// Those not yet shown in full.
    shown: HashMap<String, Body>,
    way: Way,
    outside: bool,
}

impl Nest<'_> {
    /// The relatives next to this person, each with theirs. Someone who is reached by several lines is shown once,
    /// at the nearest generation; elsewhere only the id says who it is.
    fn next_to(&mut self, id: &str, level: u64) -> Vec<Value> {
        let reach = self.reach;
        let mut nested = Vec::new();
        for (relative, role) in reach.links.get(id).into_iter().flatten() {
            let nearest = reach.level.get(relative) == Some(&level);
            let first = if nearest { self.shown.remove(relative) } else { None };
            let mut entry = Body::new();
            let (word, key) = match self.way {
                Way::Up if self.outside => (json!("Parent"), "parents"),
                Way::Up => (json!(role), "parents"),
                Way::Down => (json!("Child"), "children"),
            };
            entry.insert("relationship".into(), word);
            entry.insert("level".into(), json!(level));
            if !self.outside {
                entry.insert("parentalRole".into(), json!(role));
            }
            let Some(person) = first else {
                entry.insert("person".into(), json!({ "id": relative, "_id": relative }));
                entry.insert("repeated".into(), json!(true));
                entry.insert(key.into(), json!([]));
                nested.push(Value::Object(entry));
                continue;
            };
            entry.insert("person".into(), Value::Object(person));
            entry.insert(key.into(), Value::Array(self.next_to(relative, level + 1)));
            nested.push(Value::Object(entry));
        }
        nested
    }
}

/// Those reached, without who belongs to another tree or to an unfinished import.
async fn load(
    ports: &PeoplePorts,
    found: &PersonAccess<View>,
    reached: &HashMap<String, u64>,
) -> Result<Vec<Document>, Problem> {
    // In order, as persons that came together also lie together.
    let mut ids: Vec<&String> = reached.keys().collect();
    ids.sort_unstable();
    let pending = pending_imports(&found.access.tree.body);
    let mut people = Vec::with_capacity(ids.len());
    for some in ids.chunks(5000) {
        let query = Query::new(Filter::any_of("id", some.iter().map(|id| (*id).clone()))).limit(5000);
        people.extend(ports.documents.find(&PEOPLE, query).await?);
    }
    let text = |person: &Document, key: &str| person.body.get(key).and_then(Value::as_str).map(str::to_owned);
    people.retain(|person| {
        let own = text(person, "familyTreeId").as_deref() == Some(found.access.id());
        own && text(person, "importId").is_none_or(|import| !pending.contains(&import))
    });
    Ok(people)
}

/// Refuses a parent who descends from the child (contract 4.5, rule 5).
pub async fn refuse_loop(ports: &PeoplePorts, tree: &Body, parent: &str, child: &str) -> Result<(), Problem> {
    let mut reached = HashSet::from([parent.to_owned()]);
    let mut generation = vec![parent.to_owned()];
    while !generation.is_empty() {
        if reached.contains(child) {
            let message = "This would make a person their own ancestor";
            return Err(Problem::field("person1Id", "cycle", message));
        }
        let above = edges(&ports.documents, tree, "person2Id", &generation).await?;
        let parental = above.iter().filter(|edge| Kind::of(&edge.body).is_parental());
        let ids = parental.filter_map(|edge| edge.body.get("person1Id")?.as_str());
        generation = ids.filter(|id| reached.insert((*id).to_owned())).map(str::to_owned).collect();
    }
    Ok(())
}
