//! All ancestors or descendants, however many generations there are: streamed, or by the page.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dzinza_domain::view;
use dzinza_graphs::Kin;
use dzinza_kinship::{Direction, Reached, Walk};
use dzinza_web::{PageQuery, Paged, PersonAccess, Problem, QueryParams, View};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header;
use serde_json::{Value, json};

use super::{graph_of, lines, outside, role, shown};
use crate::PeoplePorts;

/// Persons a chunk of the stream: the first is there soon.
const CHUNK: usize = 1000;
/// Chunks that are read side by side.
const AHEAD: usize = 2;
const PAGES: PageQuery = PageQuery { default: 100, max: 1000 };

/// All ancestors of a person in one list, nearest generation first: each once, with the generation, over whom they are
/// reached and how many ways of that length lead there. With `page` or `limit` one page of it.
#[utoipa::path(get, path = "/api/persons/{personId}/ancestors/all", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 1000), ("lines" = Option<String>, Query, description = "birth, legal or all (default)"),
        ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000)),
    responses((status = 200, description = "The ancestors"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn all_ancestors(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Response, Problem> {
    list(ports, found, &query, Direction::Up).await
}

/// All descendants of a person in one list, as `ancestors/all` has them.
#[utoipa::path(get, path = "/api/persons/{personId}/descendants/all", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("generations" = Option<u32>, Query, minimum = 1, maximum = 1000), ("lines" = Option<String>, Query, description = "birth, legal or all (default)"),
        ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000)),
    responses((status = 200, description = "The descendants"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn all_descendants(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Response, Problem> {
    list(ports, found, &query, Direction::Down).await
}

async fn list(
    ports: PeoplePorts,
    found: PersonAccess<View>,
    query: &QueryParams,
    way: Direction,
) -> Result<Response, Problem> {
    let lines = lines(query)?;
    let generations = query.number(&["generations"], 1..=1000)?.unwrap_or(1000);
    let paged = query.has(&["page", "limit", "pageSize", "skip"]);
    let page = PAGES.read(query)?;
    let (graph, root) = graph_of(&ports, &found).await?;
    let all: Vec<Reached> = Walk::new(&**graph, root, way, lines).within(generations as u32).collect();
    let deepest = all.last().map_or(0, |last| last.generation);
    let lister = Arc::new(Lister { ports, found, graph });
    if paged {
        let some = all.iter().skip(page.skip as usize).take(page.limit as usize).copied().collect();
        let mut body =
            Paged::new(page, all.len() as u64).body(&["persons", "items"], lister.show(some).await?);
        body["generations"] = json!(deepest);
        return Ok(axum::Json(body).into_response());
    }
    let head = format!(r#"{{"total":{},"generations":{deepest},"persons":["#, all.len());
    let chunks: Vec<Vec<Reached>> = all.chunks(CHUNK).map(<[Reached]>::to_vec).collect();
    let pieces = stream::iter(chunks.into_iter().enumerate()).map(move |(at, some)| {
        let lister = lister.clone();
        async move {
            let mut text = Vec::with_capacity(some.len() * 256);
            for (nth, person) in lister.show(some).await?.iter().enumerate() {
                if at + nth > 0 {
                    text.push(b',');
                }
                serde_json::to_writer(&mut text, person).map_err(|_| Problem::internal())?;
            }
            Ok::<_, Problem>(Bytes::from(text))
        }
    });
    let pieces = pieces.buffered(AHEAD).map_err(|problem| {
        // The beginning is sent: all that can be done is to break off, which the client notices.
        tracing::error!(status = %problem.status(), "a list of kin broke off");
        std::io::Error::other("a list of kin broke off")
    });
    let whole = stream::iter([Ok(Bytes::from(head))])
        .chain(pieces)
        .chain(stream::iter([Ok(Bytes::from_static(b"]}"))]));
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, HttpBody::from_stream(whole)).into_response())
}

struct Lister {
    ports: PeoplePorts,
    found: PersonAccess<View>,
    graph: Arc<Kin>,
}

impl Lister {
    /// These in their order; who has been removed since is left out.
    async fn show(&self, some: Vec<Reached>) -> Result<Vec<Value>, Problem> {
        let graph = &self.graph;
        let ids = some.iter().map(|one| graph.id(one.place));
        let mut views = shown(&self.ports, &self.found.access, ids, view::brief).await?;
        let outside = outside(&self.found.access);
        let each = some.iter().filter_map(|one| {
            let mut view = views.remove(graph.id(one.place))?;
            view.insert("generation".into(), json!(one.generation));
            view.insert("via".into(), json!(graph.id(one.by)));
            view.insert("ways".into(), json!(one.ways));
            if !outside {
                // Of parent and child, the sex of the parent names the role.
                let up = graph.parents(one.by).any(|(parent, _)| parent == one.place);
                let parent = if up { one.place } else { one.by };
                view.insert("parentalRole".into(), json!(role(one.line, graph.sex(parent))));
            }
            Some(Value::Object(view))
        });
        Ok(each.collect())
    }
}
