//! Ancestors and descendants of a few generations, nested as the contract has them (1.3).

use std::collections::HashMap;

use axum::extract::State;
use dzinza_domain::view;
use dzinza_kinship::{Direction, Graph, Line, Link, Place, Walk};
use dzinza_ports::Body;
use dzinza_web::{PersonAccess, Problem, QueryParams, View};
use serde_json::{Value, json};

use super::{graph_of, lines, outside, role, shown};
use crate::PeoplePorts;
use crate::kinfolk::{Shape, show_all};

/// At most so many persons in one answer.
const MAX_PEOPLE: usize = 20_000;

/// The ancestors of a person, nested.
#[utoipa::path(get, path = "/api/persons/{personId}/ancestors", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 10), ("lines" = Option<String>, Query, description = "birth, legal or all (default)")),
    responses((status = 200, description = "The ancestors"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn ancestors(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Direction::Up).await
}

/// The descendants of a person, nested.
#[utoipa::path(get, path = "/api/persons/{personId}/descendants", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 10), ("lines" = Option<String>, Query, description = "birth, legal or all (default)")),
    responses((status = 200, description = "The descendants"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn descendants(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<axum::Json<Value>, Problem> {
    walk(&ports, &found, &query, Direction::Down).await
}

async fn walk(
    ports: &PeoplePorts,
    found: &PersonAccess<View>,
    query: &QueryParams,
    way: Direction,
) -> Result<axum::Json<Value>, Problem> {
    let generations = query.number(&["generations"], 1..=10)?.unwrap_or(5);
    let lines = lines(query)?;
    let (graph, root) = graph_of(ports, found).await?;
    let mut levels = HashMap::from([(root, 0)]);
    let mut reached = Walk::new(&**graph, root, way, lines).within(generations as u32);
    levels.extend(reached.by_ref().take(MAX_PEOPLE).map(|one| (one.place, one.generation)));
    let complete = reached.next().is_none();
    let ids = levels.keys().filter(|place| **place != root).map(|place| graph.id(*place));
    let shown = shown(ports, &found.access, ids, view::summary).await?;
    let root_person =
        show_all(ports, &found.access, std::slice::from_ref(&found.person), Shape::Person).await?.pop();
    let total = shown.len();
    let mut nest =
        Nest { graph: &graph, levels: &levels, lines, shown, way, outside: outside(&found.access) };
    let nested = nest.next_to(root, 1);
    let mut body = Body::new();
    body.insert("rootPerson".into(), root_person.unwrap_or(Value::Null));
    let key = if way == Direction::Up { "ancestors" } else { "descendants" };
    body.insert(key.into(), Value::Array(nested));
    body.insert("generations".into(), json!(generations));
    body.insert("totalPersons".into(), json!(total));
    body.insert("complete".into(), json!(complete));
    Ok(axum::Json(Value::Object(body)))
}

struct Nest<'a> {
    graph: &'a Graph,
    /// Who is reached, and the nearest generation in which they stand.
    levels: &'a HashMap<Place, u32>,
    lines: dzinza_kinship::Lines,
    /// Those not yet shown in full.
    shown: HashMap<String, Body>,
    way: Direction,
    outside: bool,
}

impl Nest<'_> {
    /// The relatives next to this person, each with theirs. Someone who is reached by several lines is shown once,
    /// at the nearest generation; elsewhere only the id says who it is.
    fn next_to(&mut self, place: Place, level: u32) -> Vec<Value> {
        let mut nested = Vec::new();
        for (relative, line, sex) in self.around(place) {
            let Some(at) = self.levels.get(&relative) else { continue };
            let id = self.graph.id(relative);
            let first = if *at == level { self.shown.remove(id) } else { None };
            let mut entry = Body::new();
            let role = role(line, sex);
            let (word, key) = match self.way {
                Direction::Up if self.outside => ("Parent", "parents"),
                Direction::Up => (role, "parents"),
                Direction::Down => ("Child", "children"),
            };
            entry.insert("relationship".into(), json!(word));
            entry.insert("level".into(), json!(level));
            if !self.outside {
                entry.insert("parentalRole".into(), json!(role));
            }
            let (person, beyond) = if let Some(person) = first {
                (Value::Object(person), self.next_to(relative, level + 1))
            } else {
                entry.insert("repeated".into(), json!(true));
                (json!({ "id": id, "_id": id }), Vec::new())
            };
            entry.insert("person".into(), person);
            entry.insert(key.into(), Value::Array(beyond));
            nested.push(Value::Object(entry));
        }
        nested
    }

    /// Parents or children: who, along which line, and of which sex the parent of the two is.
    fn around(&self, place: Place) -> Vec<(Place, Line, dzinza_kinship::Sex)> {
        let ties = self.graph.ties(place).iter();
        let next = ties.filter_map(|tie| match (self.way, tie.link) {
            (Direction::Up, Link::Parent(line)) => Some((tie.to, line, self.graph.sex(tie.to))),
            (Direction::Down, Link::Child(line)) => Some((tie.to, line, self.graph.sex(place))),
            _ => None,
        });
        next.filter(|(_, line, _)| self.lines.contains(*line)).collect()
    }
}
