//! Ancestors and descendants, generation by generation. Each generation is two reads, however many persons it
//! has, and a person who is reached twice is expanded once, so that pedigree collapse costs nothing.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::relationship::Kind;
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
pub async fn ancestors(State(ports): State<PeoplePorts>, found: PersonAccess<View>, query: QueryParams) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Way::Up).await
}

/// The descendants of a person, nested.
#[utoipa::path(get, path = "/api/persons/{personId}/descendants", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 10)),
    responses((status = 200, description = "The descendants"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn descendants(State(ports): State<PeoplePorts>, found: PersonAccess<View>, query: QueryParams) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Way::Down).await
}

async fn walk(ports: &PeoplePorts, found: &PersonAccess<View>, query: &QueryParams, way: Way) -> Result<axum::Json<Value>, Problem> {
    let generations = query.number(&["generations"], 1..=10)?.unwrap_or(5);
    let (here, there) = way.sides();
    let mut links: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut reached = HashSet::from([found.person.id.clone()]);
    let mut generation = vec![found.person.id.clone()];
    for _ in 0..generations {
        let mut next = Vec::new();
        for edge in edges(&ports.documents, &found.access.tree.body, here, &generation).await? {
            if !Kind::of(&edge.body).is_parental() {
                continue;
            }
            let text = |key: &str| edge.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (from, to) = (text(here), text(there));
            if reached.insert(to.clone()) {
                next.push(to.clone());
            }
            links.entry(from).or_default().push((to, text("parentalRole")));
        }
        if next.is_empty() || reached.len() > MAX_PEOPLE {
            break;
        }
        generation = next;
    }
    let people = load(ports, &reached).await?;
    let shown: HashMap<&str, Value> = people
        .iter()
        .map(|person| {
            let seen = found.access.viewer.redact(&person.body);
            (person.id.as_str(), Value::Object(view::person(&person.id, &seen, &Default::default())))
        })
        .collect();
    let root = show_all(ports, &found.access, std::slice::from_ref(&found.person), Shape::Person).await?.pop();
    let mut expanded = HashSet::new();
    let nest = Nest { links: &links, shown: &shown, way };
    let inner = nest.below(&found.person.id, 1, generations, &mut expanded);
    let (key, complete) = (if matches!(way, Way::Up) { "ancestors" } else { "descendants" }, reached.len() <= MAX_PEOPLE);
    let mut body = Body::new();
    body.insert("rootPerson".into(), root.unwrap_or(Value::Null));
    body.insert(key.into(), json!(inner));
    body.insert("generations".into(), json!(generations));
    body.insert("totalPersons".into(), json!(reached.len() - 1));
    body.insert("complete".into(), json!(complete));
    Ok(axum::Json(Value::Object(body)))
}

struct Nest<'a> {
    links: &'a HashMap<String, Vec<(String, String)>>,
    shown: &'a HashMap<&'a str, Value>,
    way: Way,
}

impl Nest<'_> {
    /// The relatives next to this person, each with theirs; one who has been expanded elsewhere says so.
    fn below(&self, id: &str, level: u64, deepest: u64, expanded: &mut HashSet<String>) -> Vec<Value> {
        if level > deepest || !expanded.insert(id.to_owned()) {
            return Vec::new();
        }
        let mut nested = Vec::new();
        for (relative, role) in self.links.get(id).into_iter().flatten() {
            let Some(person) = self.shown.get(relative.as_str()) else { continue };
            let repeated = expanded.contains(relative);
            let inner = self.below(relative, level + 1, deepest, expanded);
            let (word, key) = match self.way {
                Way::Up => (json!(role), "parents"),
                Way::Down => (json!("Child"), "children"),
            };
            let mut entry = json!({ "person": person, "relationship": word, "parentalRole": role, "level": level });
            entry[key] = Value::Array(inner);
            if repeated {
                entry["repeated"] = json!(true);
            }
            nested.push(entry);
        }
        nested
    }
}

async fn load(ports: &PeoplePorts, ids: &HashSet<String>) -> Result<Vec<Document>, Problem> {
    let ids: Vec<&String> = ids.iter().collect();
    let mut people = Vec::with_capacity(ids.len());
    for some in ids.chunks(5000) {
        let query = Query::new(Filter::any_of("id", some.iter().map(|id| (*id).clone()))).limit(5000);
        people.extend(ports.documents.find(&PEOPLE, query).await?);
    }
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
