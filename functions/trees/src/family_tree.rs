//! The whole tree in one answer, as the live tree page reads it (contract 1.1). Large trees are streamed: only
//! who is whose kin is held in memory, as pairs of numbers.

use std::collections::HashMap;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::kin::{Kin, Relative};
use dzinza_domain::relationship::{self, Kind};
use dzinza_domain::tree::{self, TreeRole};
use dzinza_domain::view;
use dzinza_ports::{Body, Document, Query, StoreError};
use dzinza_web::{Caller, Level, Problem, QueryParams, TreeAccess, View, default_tree};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use http::header;
use serde_json::{Value, json};

use crate::TreesPorts;

/// Documents a read.
const CHUNK: u32 = 1000;

/// Says that the service is there.
#[utoipa::path(get, path = "/api/genealogy/test", tag = "trees", responses((status = 200, description = "A greeting")))]
pub async fn greet() -> Json<Value> {
    Json(json!({ "message": "Genealogy service is working" }))
}

/// The caller's newest tree with everyone in it, or the named one. Someone who has none gets a default one.
#[utoipa::path(get, path = "/api/genealogy/family-tree", tag = "trees", operation_id = "show_whole", security(("bearer" = []), ("cookie" = [])), params(("treeId" = Option<String>, Query)),
    responses((status = 200, description = "The tree, its members and relationships"), (status = 401, description = "Not signed in"), (status = 404, description = "No such tree for this caller")))]
pub async fn show(
    State(ports): State<TreesPorts>,
    caller: Caller,
    query: QueryParams,
) -> Result<Response, Problem> {
    if let Some(id) = query.text(&["treeId", "familyTreeId", "tree_id"]) {
        let access = TreeAccess::<View>::of(&ports.documents, &ports.clock, &caller, id).await?;
        let head = tree::view(access.id(), &access.tree.body, access.role);
        return stream(&ports, &access, head).await;
    }
    let access = default_tree(&ports.documents, &ports.clock, &ports.ids, &caller).await?;
    let head = tree::view(access.id(), &access.tree.body, access.role);
    stream(&ports, &access, head).await
}

/// Answers `head` with `members` and `relationships` added.
pub async fn stream<L: Level>(
    ports: &TreesPorts,
    access: &TreeAccess<L>,
    head: Body,
) -> Result<Response, Problem> {
    let graph = Graph::load(ports, access).await?;
    let inside = access.role >= TreeRole::Viewer;
    let viewer = access.viewer;
    let links = ports.links.clone();
    let members = documents(ports, access, &PEOPLE)
        .try_chunks(CHUNK as usize)
        .map_err(|error| error.1)
        .and_then(move |people| {
            let shown: Vec<Body> = people
                .iter()
                .map(|person| view::member(&person.id, &viewer.redact(&person.body), &graph.kin(&person.id)))
                .collect();
            let links = links.clone();
            async move {
                let mut out = Vec::with_capacity(shown.len());
                for mut member in shown {
                    links.open_photo(&mut member).await;
                    out.push(member);
                }
                Ok(out)
            }
        });
    let relationships =
        documents(ports, access, &RELATIONSHIPS).try_chunks(CHUNK as usize).map_err(|error| error.1);
    let relationships = relationships.map_ok(move |chunk| {
        let simple = chunk.iter().filter(|document| Kind::of(&document.body).simple().is_some());
        simple.map(|document| shown_relationship(document, inside)).collect::<Vec<_>>()
    });
    let mut head = serde_json::to_string(&head).unwrap_or_default();
    head.pop();
    let text = |text: &'static str| stream::once(async move { Ok(Bytes::from_static(text.as_bytes())) });
    let body = stream::once(async move { Ok(Bytes::from(head)) })
        .chain(text(",\"members\":["))
        .chain(listed(members))
        .chain(text("],\"relationships\":["))
        .chain(listed(relationships))
        .chain(text("]}"));
    Ok(([(header::CONTENT_TYPE, "application/json")], HttpBody::from_stream(body)).into_response())
}

/// Chunks of objects as pieces of one JSON list.
fn listed(
    chunks: impl Stream<Item = Result<Vec<Body>, StoreError>> + Send,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    let mut first = true;
    chunks.map_ok(move |chunk| {
        let mut text = Vec::with_capacity(chunk.len() * 512);
        for object in chunk {
            if !std::mem::take(&mut first) {
                text.push(b',');
            }
            // Writing JSON to memory cannot fail.
            let _ = serde_json::to_writer(&mut text, &object);
        }
        Bytes::from(text)
    })
}

fn documents<L: Level>(
    ports: &TreesPorts,
    access: &TreeAccess<L>,
    collection: &'static dzinza_ports::Collection,
) -> impl Stream<Item = Result<Document, StoreError>> + Send + use<L> {
    dzinza_ports::stream(ports.documents.clone(), collection, Query::new(access.filter()).limit(CHUNK))
}

fn shown_relationship(document: &Document, inside: bool) -> Body {
    let full = relationship::view(&document.id, &document.body, true);
    let keys = ["id", "_id", "type", "person1Id", "person2Id", "treeId", "userId", "createdAt"];
    let own = ["parentalRole", "status", "startDate", "endDate"];
    let keys = keys.iter().chain(own.iter().filter(|_| inside));
    keys.filter_map(|key| full.get(*key).map(|value| ((*key).to_owned(), value.clone()))).collect()
}

/// Who is whose kin: pairs of numbers, sorted by the first.
struct Graph {
    numbers: HashMap<Box<str>, u32>,
    ids: Vec<Box<str>>,
    parents: Vec<(u32, u32)>,
    children: Vec<(u32, u32)>,
    spouses: Vec<(u32, u32)>,
}

impl Graph {
    async fn load<L: Level>(ports: &TreesPorts, access: &TreeAccess<L>) -> Result<Self, Problem> {
        let mut graph = Self {
            numbers: HashMap::new(),
            ids: Vec::new(),
            parents: Vec::new(),
            children: Vec::new(),
            spouses: Vec::new(),
        };
        let mut all = Box::pin(documents(ports, access, &RELATIONSHIPS));
        while let Some(document) = all.try_next().await? {
            let id = |key: &str| document.body.get(key).and_then(Value::as_str).unwrap_or_default();
            let (one, two) = (graph.number(id("person1Id")), graph.number(id("person2Id")));
            match Kind::of(&document.body) {
                Kind::ParentChild | Kind::GuardianChild => {
                    graph.children.push((one, two));
                    graph.parents.push((two, one));
                }
                Kind::Spousal => graph.spouses.extend([(one, two), (two, one)]),
                _ => {}
            }
        }
        // A stable sort: kin stay in the order in which they were recorded.
        for list in [&mut graph.parents, &mut graph.children, &mut graph.spouses] {
            list.sort_by_key(|(from, _)| *from);
        }
        Ok(graph)
    }

    fn number(&mut self, id: &str) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = self.ids.len() as u32;
        self.ids.push(id.into());
        self.numbers.insert(id.into(), number);
        number
    }

    fn kin(&self, id: &str) -> Kin {
        let Some(number) = self.numbers.get(id) else { return Kin::default() };
        let of = |list: &[(u32, u32)]| {
            let start = list.partition_point(|(from, _)| from < number);
            let found = list.iter().skip(start).take_while(|(from, _)| from == number);
            let relative = |(_, to): &(u32, u32)| Relative {
                id: self.ids.get(*to as usize).map(ToString::to_string).unwrap_or_default(),
                relationship_id: String::new(),
                word: String::new(),
                dates: (None, None),
            };
            found.map(relative).collect()
        };
        Kin {
            parents: of(&self.parents),
            children: of(&self.children),
            spouses: of(&self.spouses),
            siblings: Vec::new(),
        }
    }
}
