//! Relatives within some degrees.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use dzinza_domain::view;
use dzinza_kinship::{Graph, Hop, Link, Path, Place, Relative, Relatives, Step};
use dzinza_web::{PageQuery, Paged, PersonAccess, Problem, QueryParams, View};
use serde_json::{Value, json};

use super::relation::{language, word};
use super::veil::Veil;
use super::{graph_of, lines, outside, shown};
use crate::PeoplePorts;

const PAGES: PageQuery = PageQuery { default: 50, max: 500 };

/// Relatives of a person within so many degrees (steps up to the common ancestor plus steps down), the nearest first,
/// each with the word for what they are.
#[utoipa::path(get, path = "/api/persons/{personId}/relatives", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("degrees" = Option<u32>, Query, minimum = 1, maximum = 20), ("lines" = Option<String>, Query, description = "birth, legal or all (default)"), ("partners" = Option<bool>, Query, description = "also the partners of relatives"),
        ("lang" = Option<String>, Query, description = "en (default), sn or nd"), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of relatives"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn relatives(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let degrees = query.number(&["degrees"], 1..=20)?.unwrap_or(4) as u32;
    let partners = query.flag(&["partners"])?.unwrap_or(false);
    let (lines, language, page) = (lines(&query)?, language(&query)?, PAGES.read(&query)?);
    let (graph, root) = graph_of(&ports, &found).await?;
    let all = Relatives::new(&**graph, root, degrees, lines);
    let all: Vec<Relative> = if partners { all.with_partners().collect() } else { all.collect() };
    let by: HashMap<Place, &Relative> = all.iter().map(|relative| (relative.place, relative)).collect();
    let some: Vec<&Relative> = all.iter().skip(page.skip as usize).take(page.limit as usize).collect();
    let chains: Vec<Path> = some.iter().map(|relative| chain(&graph, root, relative, &by)).collect();
    let ids = chains.iter().flat_map(Path::places).map(|place| graph.id(place));
    let people = shown(&ports, &found.access, ids, view::brief).await?;
    let veil = outside(&found.access).then(|| Veil::new(&people));
    let told = some.iter().zip(&chains).filter_map(|(relative, path)| {
        let person = people.get(graph.id(relative.place))?;
        Some(json!({ "person": person, "degree": relative.degree, "up": relative.up, "down": relative.down,
            "via": graph.id(relative.by), "partner": relative.partner.is_some(),
            "term": word(&graph, veil.as_ref(), path, language) }))
    });
    Ok(Json(Paged::new(page, all.len() as u64).body(&["relatives", "items"], told.collect())))
}

/// The way to a relative, over those by whom each was reached.
fn chain(graph: &Graph, root: Place, relative: &Relative, by: &HashMap<Place, &Relative>) -> Path {
    let mut hops = Vec::new();
    let mut at = *relative;
    // Nobody is farther than the degrees that were asked for, and a union.
    for _ in 0..=64 {
        let wanted = |link: &Link| match at.partner {
            Some(_) => matches!(link, Link::Partner(_)),
            None => matches!(link, Link::Parent(_) | Link::Child(_)),
        };
        let tie = graph.ties(at.by).iter().find(|tie| tie.to == at.place && wanted(&tie.link));
        let Some(tie) = tie else { break };
        hops.push(Hop { step: Step::from(tie.link), to: at.place });
        if at.by == root {
            break;
        }
        let Some(before) = by.get(&at.by) else { break };
        at = **before;
    }
    hops.reverse();
    Path { from: root, hops }
}
