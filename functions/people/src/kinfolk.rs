//! Reading relationships and showing persons with their kin.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use dzinza_domain::collections::RELATIONSHIPS;
use dzinza_domain::kin::{Kin, kin_of};
use dzinza_domain::relationship::Kind;
use dzinza_domain::tree::TreeRole;
use dzinza_domain::{tree, view};
use dzinza_ports::{Body, Document, Documents, Filter, Query};
use dzinza_web::{Level, Problem, TreeAccess};
use http::StatusCode;
use serde_json::Value;

use crate::PeoplePorts;

/// Which of the two views of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The simple API's member.
    Member,
    /// The full person.
    Person,
}

/// The visible relationships in which these persons are on the given side (`person1Id`, `person2Id`).
pub async fn edges(
    documents: &Arc<dyn Documents>,
    tree_body: &Body,
    side: &'static str,
    ids: &[String],
) -> Result<Vec<Document>, Problem> {
    let pending = tree::pending_imports(tree_body);
    let mut found = Vec::new();
    for some in ids.chunks(2000) {
        let mut query = Query::new(Filter::any_of(side, some.iter().cloned())).limit(10_000);
        loop {
            let page = documents.find(&RELATIONSHIPS, query.clone()).await?;
            let last =
                (page.len() == 10_000).then(|| page.last().map(|last| dzinza_ports::cursor_of(last, &[])));
            found.extend(page);
            match last.flatten() {
                Some(cursor) => query.after = Some(cursor),
                None => break,
            }
        }
    }
    let import =
        |document: &Document| document.body.get("importId").and_then(Value::as_str).map(str::to_owned);
    found.retain(|document| import(document).is_none_or(|id| !pending.contains(&id)));
    Ok(found)
}

/// Every visible relationship of these persons, each once.
pub async fn relationships_of(
    documents: &Arc<dyn Documents>,
    tree_body: &Body,
    ids: &[String],
) -> Result<Vec<Document>, Problem> {
    let mut all = edges(documents, tree_body, "person1Id", ids).await?;
    all.extend(edges(documents, tree_body, "person2Id", ids).await?);
    all.sort_by(|one, two| one.id.cmp(&two.id));
    all.dedup_by(|one, two| one.id == two.id);
    Ok(all)
}

/// Shows persons of one tree as the caller may see them.
pub async fn show_all<L: Level>(
    ports: &PeoplePorts,
    access: &TreeAccess<L>,
    people: &[Document],
    shape: Shape,
) -> Result<Vec<Value>, Problem> {
    let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
    let relationships = relationships_of(&ports.documents, &access.tree.body, &ids).await?;
    let mut kin: HashMap<String, Kin> = kin_of(&relationships);
    let outside = access.role < TreeRole::Viewer;
    let mut shown = Vec::with_capacity(people.len());
    for person in people {
        let seen = access.viewer.redact(&person.body);
        let kin = kin.remove(&person.id).unwrap_or_default();
        let kin = if outside { kin.without_circumstances() } else { kin };
        let mut view = match shape {
            Shape::Member => view::member(&person.id, &seen, &kin),
            Shape::Person => view::person(&person.id, &seen, &kin),
        };
        ports.links.open_photo(&mut view).await;
        shown.push(Value::Object(view));
    }
    Ok(shown)
}

/// Shows one person, with its version as `ETag`.
pub async fn show_one<L: Level>(
    ports: &PeoplePorts,
    access: &TreeAccess<L>,
    person: &Document,
    shape: Shape,
    status: StatusCode,
) -> Result<Response, Problem> {
    let shown = show_all(ports, access, std::slice::from_ref(person), shape).await?;
    let body = shown.into_iter().next().unwrap_or(Value::Null);
    let etag = [(http::header::ETAG, format!("\"{}\"", person.version))];
    Ok((status, etag, axum::Json(body)).into_response())
}

/// Refuses a parent who descends from the child (contract 4.5, rule 5). Read from the store, not from the graph: it has
/// to hold at the version of the tree's shape that the caller has read.
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
