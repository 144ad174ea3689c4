//! A whole tree as kin: islands, problems, consanguinity. For those inside it.

use axum::Json;
use axum::extract::State;
use dzinza_domain::view;
use dzinza_kinship::{Place, Problems, Severity, Trouble, problems};
use dzinza_web::{PageQuery, Paged, Problem, QueryParams, TreeAccess, View};
use serde_json::{Value, json};

use super::{blocking, outside, shown};
use crate::PeoplePorts;

const PAGES: PageQuery = PageQuery { default: 50, max: 500 };
/// Persons that are shown of a loop or an island.
const SHOWN: usize = 20;

fn inside(access: &TreeAccess<View>) -> Result<(), Problem> {
    if outside(access) {
        return Err(Problem::forbidden("Only members of this family tree may see this"));
    }
    Ok(())
}

/// Groups of persons that are not connected with one another in any way, the largest first, each with some of its
/// members.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/kinship/islands", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of islands"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not a member of the tree"), (status = 404, description = "No such tree for this caller")))]
pub async fn islands(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    inside(&access)?;
    let page = PAGES.read(&query)?;
    let graph = ports.graphs.of(&access.tree).await?;
    let work = graph.clone();
    let (total, some) = blocking(move || {
        let islands = work.islands();
        let mut members: Vec<(usize, usize, Vec<Place>)> = Vec::new();
        let numbered = islands.sizes().iter().copied().enumerate();
        members.extend(
            numbered
                .skip(page.skip as usize)
                .take(page.limit as usize)
                .map(|(at, size)| (at, size, Vec::new())),
        );
        // One pass over everybody, however many islands are shown.
        for place in work.persons() {
            let at = islands.island_of(place).and_then(|island| island.checked_sub(page.skip as usize));
            if let Some((_, _, known)) = at.and_then(|at| members.get_mut(at))
                && known.len() < SHOWN
            {
                known.push(place);
            }
        }
        (islands.len(), members)
    })
    .await?;
    let ids = some.iter().flat_map(|(_, _, members)| members).map(|place| graph.id(*place));
    let people = shown(&ports, &access, ids, view::brief).await?;
    let told = some.iter().map(|(_, size, members)| {
        let members: Vec<_> = members.iter().filter_map(|place| people.get(graph.id(*place))).collect();
        json!({ "size": size, "persons": members })
    });
    Ok(Json(Paged::new(page, total as u64).body(&["islands", "items"], told.collect())))
}

/// Loops of descent, and links that cannot be or are hard to believe.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/kinship/problems", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of problems"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not a member of the tree"), (status = 404, description = "No such tree for this caller")))]
pub async fn doubtful(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    inside(&access)?;
    let page = PAGES.read(&query)?;
    let graph = ports.graphs.of(&access.tree).await?;
    let work = graph.clone();
    let (total, some) = blocking(move || {
        let mut all: Problems<'_> = problems(&work);
        let some: Vec<_> = all.by_ref().skip(page.skip as usize).take(page.limit as usize).collect();
        let total = page.skip as usize + some.len() + all.count();
        (total, some)
    })
    .await?;
    let ids = some.iter().flat_map(|problem| problem.places.iter().take(SHOWN)).map(|place| graph.id(*place));
    let people = shown(&ports, &access, ids, view::brief).await?;
    let told = some.iter().map(|problem| {
        let (code, sentence) = words(problem.trouble);
        let persons = problem.places.iter().take(SHOWN).filter_map(|place| people.get(graph.id(*place)));
        let impossible = problem.severity() == Severity::Impossible;
        json!({ "problem": code, "severity": if impossible { "impossible" } else { "doubtful" },
            "message": sentence, "persons": persons.collect::<Vec<_>>(), "personCount": problem.places.len() })
    });
    Ok(Json(Paged::new(page, total as u64).body(&["problems", "items"], told.collect())))
}

/// Who descends from relatives, by coefficient of inbreeding, the highest first. The first time after a change it is
/// worked out for everyone.
#[utoipa::path(get, path = "/api/family-trees/{treeId}/kinship/consanguinity", tag = "kin", security(("bearer" = []), ("cookie" = [])),
    params(("treeId" = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of persons with coefficients"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not a member of the tree"), (status = 404, description = "No such tree for this caller")))]
pub async fn consanguinity(
    State(ports): State<PeoplePorts>,
    access: TreeAccess<View>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    inside(&access)?;
    let page = PAGES.read(&query)?;
    let graph = ports.graphs.of(&access.tree).await?;
    let work = graph.clone();
    let ranking = blocking(move || work.inbreeding().ranking()).await?;
    let some: Vec<_> = ranking.iter().skip(page.skip as usize).take(page.limit as usize).collect();
    let people = shown(&ports, &access, some.iter().map(|(place, _)| graph.id(*place)), view::brief).await?;
    let told = some.iter().filter_map(|(place, coefficient)| {
        Some(json!({ "person": people.get(graph.id(*place))?, "inbreeding": coefficient }))
    });
    let mut body = Paged::new(page, ranking.len() as u64).body(&["persons", "items"], told.collect());
    body["totalPersons"] = json!(graph.len());
    // Not `sum`, which is -0.0 for nobody.
    let sum = ranking.iter().fold(0.0, |sum, (_, coefficient)| sum + coefficient);
    body["mean"] = json!(sum / graph.len().max(1) as f64);
    Ok(Json(body))
}

fn words(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::Loop => ("loop", "These persons descend from one another"),
        Trouble::MixedLoop => {
            ("mixed_loop", "These persons descend from one another, not by birth all the way")
        }
        Trouble::ParentNotOlder => ("parent_not_older", "The parent is not older than the child"),
        Trouble::ParentTooYoung => ("parent_too_young", "The parent was younger than 10 years"),
        Trouble::ParentTooOld => ("parent_too_old", "The parent was very old at the birth"),
        Trouble::SeveralFathers => ("several_fathers", "More than one father by birth"),
        Trouble::SeveralMothers => ("several_mothers", "More than one mother by birth"),
        Trouble::SeveralParents => ("several_parents", "More than two parents by birth"),
        Trouble::UnionWithChild => ("union_with_child", "Parent and child are partners"),
        Trouble::SiblingOfAncestor => ("sibling_of_ancestor", "An ancestor is recorded as a sibling"),
    }
}
