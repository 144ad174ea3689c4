//! The chart of a tree as the contract has it (1.4): from one person up to the ancestors and down to the descendants,
//! nested.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::{Path, State};
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::{tree, view};
use dzinza_kinship::{Direction, Graph, Lines, Place, Walk};
use dzinza_ports::{Body, Query};
use dzinza_web::{Caller, Problem, QueryParams, TreeAccess, View, timestamp};
use serde_json::{Value, json};

use super::{graph_for, shown};
use crate::PeoplePorts;

/// At most so many persons in one chart.
const MAX_PEOPLE: usize = 5000;

/// The chart of a tree, from `rootPersonId`, else the tree's root person, else its first one. Somebody who is met again
/// is only named by id, with `repeated`.
#[utoipa::path(get, path = "/api/relationships/family-tree/{familyTreeId}/chart", tag = "kin", operation_id = "tree_chart", security(("bearer" = []), ("cookie" = [])),
    params(("familyTreeId" = String, Path), ("rootPersonId" = Option<String>, Query), ("generations" = Option<u32>, Query, minimum = 1, maximum = 8)),
    responses((status = 200, description = "The chart"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller, or no such person in it, or nobody at all")))]
pub async fn chart(
    State(ports): State<PeoplePorts>,
    caller: Caller,
    Path(tree_id): Path<String>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let access = TreeAccess::<View>::of(&ports.documents, &ports.clock, &caller, &tree_id).await?;
    let generations = query.number(&["generations"], 1..=8)?.unwrap_or(4) as u32;
    let graph = graph_for(&ports, &access).await?;
    let root = root(&ports, &access, &graph, query.text(&["rootPersonId", "root_person_id"])).await?;
    let mut places = HashSet::from([root]);
    for way in [Direction::Up, Direction::Down] {
        let reached = Walk::new(&**graph, root, way, Lines::ALL).within(generations);
        for one in reached.take(MAX_PEOPLE) {
            places.insert(one.place);
            if way == Direction::Down {
                places.extend(graph.partners(one.place).map(|(partner, _)| partner));
            }
        }
    }
    places.extend(graph.partners(root).map(|(partner, _)| partner));
    let people = shown(&ports, &access, places.iter().map(|place| graph.id(*place)), view::summary).await?;
    let total = people.len();
    let mut chart = Chart { graph: &graph, people, expanded: HashSet::new() };
    let data = chart.node(root, 0, (generations, generations));
    let person = data.get("person").cloned().unwrap_or(Value::Null);
    let statistics = access.tree.body.get("statistics");
    let relationships = statistics.map_or(Value::Null, |counts| counts["totalRelationships"].clone());
    Ok(Json(json!({
        "familyTree": tree::view(access.id(), &access.tree.body, access.role),
        "rootPerson": person,
        "chartData": data,
        "metadata": { "totalPersons": total, "totalRelationships": relationships, "generations": generations,
            "generatedAt": timestamp(&ports.clock) },
    })))
}

async fn root(
    ports: &PeoplePorts,
    access: &TreeAccess<View>,
    graph: &Graph,
    named: Option<&str>,
) -> Result<Place, Problem> {
    let missing = || Problem::not_found("Person not found");
    if let Some(id) = named {
        return graph.place(id).ok_or_else(missing);
    }
    let of_tree = access.tree.body.get("rootPersonId").and_then(Value::as_str);
    if let Some(place) = of_tree.and_then(|id| graph.place(id)) {
        return Ok(place);
    }
    let first = ports.documents.find(&PEOPLE, Query::new(access.filter()).limit(1)).await?;
    let first = first.first().and_then(|person| graph.place(&person.id));
    first.ok_or_else(|| Problem::not_found("Nobody is in this family tree yet"))
}

struct Chart<'a> {
    graph: &'a Graph,
    people: HashMap<String, Body>,
    expanded: HashSet<Place>,
}

impl Chart<'_> {
    /// A person with partners, and with as many generations above and below as are left.
    fn node(&mut self, place: Place, level: i64, left: (u32, u32)) -> Body {
        let graph = self.graph;
        let mut node = Body::new();
        let again = !self.expanded.insert(place);
        node.insert("person".into(), self.person(place));
        node.insert("level".into(), json!(level));
        if again {
            node.insert("repeated".into(), json!(true));
        }
        let (up, down) = if again { (0, 0) } else { left };
        let spouses: Vec<Value> = if again {
            Vec::new()
        } else {
            graph.partners(place).map(|(partner, _)| self.person(partner)).collect()
        };
        let mut parents = Vec::new();
        if up > 0 {
            for (parent, _) in graph.parents(place) {
                parents.push(Value::Object(self.node(parent, level - 1, (up - 1, 0))));
            }
        }
        let mut children = Vec::new();
        if down > 0 {
            for (child, _) in graph.children(place) {
                children.push(Value::Object(self.node(child, level + 1, (0, down - 1))));
            }
        }
        node.insert("spouses".into(), Value::Array(spouses));
        node.insert("parents".into(), Value::Array(parents));
        node.insert("children".into(), Value::Array(children));
        node
    }

    fn person(&self, place: Place) -> Value {
        let id = self.graph.id(place);
        self.people.get(id).map_or_else(|| json!({ "id": id, "_id": id }), |person| json!(person))
    }
}
