//! Kin, answered from the kin graph: who they are is read from the store and shown as the caller may see it.

pub mod chart;
pub mod lineage;
pub mod lists;
pub mod overview;
pub mod relation;
pub mod relatives;
pub mod suggestions;
pub mod tree_chart;
mod veil;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use dzinza_domain::collections::PEOPLE;
use dzinza_domain::tree::{TreeRole, pending_imports};
use dzinza_graphs::Kin;
use dzinza_kinship::{Line, Lines, Place, Sex};
use dzinza_ports::{Body, Document, Filter, Query};
use dzinza_web::{Level, PersonAccess, Problem, QueryParams, TreeAccess};
use futures::future::try_join_all;
use serde_json::Value;

use crate::PeoplePorts;

/// Persons a read.
const CHUNK: usize = 1000;
/// What summaries show, and what decides whether they may: the record that a person came from is most of a body.
const WANTED: &[&str] = &[
    "familyTreeId",
    "importId",
    "index",
    "privacy",
    "privacySettings",
    "isLiving",
    "name",
    "firstName",
    "middleName",
    "lastName",
    "nickName",
    "gender",
    "dateOfBirth",
    "dateOfDeath",
    "placeOfBirth",
    "placeOfDeath",
    "occupation",
    "totem",
    "clan",
    "profilePhotoUrl",
];

/// The kin graph of a tree; for callers outside it the one that is covered.
pub async fn graph_for<L: Level>(ports: &PeoplePorts, access: &TreeAccess<L>) -> Result<Arc<Kin>, Problem> {
    let graph = ports.graphs.of(&access.tree).await?;
    if outside(access) { blocking(move || graph.covered()).await } else { Ok(graph) }
}

/// The kin graph of the tree of a person as the caller may know it, and where the person is in it.
pub async fn graph_of<L: Level>(
    ports: &PeoplePorts,
    found: &PersonAccess<L>,
) -> Result<(Arc<Kin>, Place), Problem> {
    let graph = graph_for(ports, &found.access).await?;
    // Somebody may have been removed a moment ago.
    let place = graph.place(&found.person.id).ok_or_else(|| Problem::not_found("Person not found"))?;
    Ok((graph, place))
}

/// Runs work that takes long on a thread that nobody else waits for.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "working out kin failed");
        Problem::internal()
    })
}

/// Which parental lines the query asks for: `lines=birth`, `legal` (birth and adoption) or `all`.
pub fn lines(query: &QueryParams) -> Result<Lines, Problem> {
    Ok(match query.word(&["lines"], &["birth", "legal", "all"])? {
        Some("birth") => Lines::BIRTH,
        Some("legal") => Lines::LEGAL,
        _ => Lines::ALL,
    })
}

/// Whether the caller is outside the tree: they are told who is kin, but not whether by birth or adoption, nor how a
/// union stands.
pub fn outside<L: Level>(access: &TreeAccess<L>) -> bool {
    access.role < TreeRole::Viewer
}

/// The parental role that a line is, as relationships call it.
pub fn role(line: Line, sex: Sex) -> &'static str {
    match (line, sex) {
        (Line::Birth, Sex::Male) => "BiologicalFather",
        (Line::Birth, Sex::Female) => "BiologicalMother",
        (Line::Birth, Sex::Unknown) => "BiologicalParent",
        (Line::Adoptive, Sex::Male) => "AdoptiveFather",
        (Line::Adoptive, Sex::Female) => "AdoptiveMother",
        (Line::Adoptive, Sex::Unknown) => "AdoptiveParent",
        (Line::Step, Sex::Male) => "StepFather",
        (Line::Step, Sex::Female) => "StepMother",
        (Line::Step, Sex::Unknown) => "StepParent",
        (Line::Foster, _) => "FosterParent",
        (Line::Guardian, _) => "Guardian",
        (Line::Other, _) => "Other",
    }
}

/// Persons of a tree by id as far as summaries need them, without who has come into an unfinished import since. The reads run side by side.
pub async fn people<L: Level>(
    ports: &PeoplePorts,
    access: &TreeAccess<L>,
    ids: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, Document>, Problem> {
    // In order, as persons that came together also lie together.
    let mut ids: Vec<&str> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let reads = ids.chunks(CHUNK).map(|some| {
        let query = Query::new(Filter::any_of("id", some.iter().copied())).limit(CHUNK as u32).only(WANTED);
        ports.documents.find(&PEOPLE, query)
    });
    let pending = pending_imports(&access.tree.body);
    let text = |person: &Document, key: &str| person.body.get(key).and_then(Value::as_str).map(str::to_owned);
    let found = try_join_all(reads).await?.into_iter().flatten().filter(|person| {
        let own = person.body.get("familyTreeId").and_then(Value::as_str) == Some(access.id());
        own && (pending.is_empty()
            || text(person, "importId").is_none_or(|import| !pending.contains(&import)))
    });
    Ok(found.map(|person| (person.id.clone(), person)).collect())
}

/// The same, each as a view of what the caller may see.
pub async fn shown<L: Level>(
    ports: &PeoplePorts,
    access: &TreeAccess<L>,
    ids: impl IntoIterator<Item = &str>,
    view: fn(&str, &Body) -> Body,
) -> Result<HashMap<String, Body>, Problem> {
    let mut shown = HashMap::new();
    for (id, person) in people(ports, access, ids).await? {
        let mut seen = view(&id, &access.viewer.redact(&person.body));
        ports.links.open_photo(&mut seen).await;
        shown.insert(id, seen);
    }
    Ok(shown)
}
