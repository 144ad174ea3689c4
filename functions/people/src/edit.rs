//! Writing persons: each change one batch of the person, its history, its links and the tree's statistics.

use dzinza_domain::collections::{FAMILY_TREES, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS, TREE_STRUCTURES};
use dzinza_domain::history::{self, Change};
use dzinza_domain::person;
use dzinza_ports::{Batch, Body, Direction, Document, Filter, Query, StoreErrorKind};
use dzinza_web::{Edit, PersonAccess, Problem, Retry, TreeAccess, retry_stale, timestamp};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::kinfolk::relationships_of;
use crate::parents::{ParentPlan, WantedParents};

/// Adds a person with its first history entry and the parents it was given.
pub async fn create(
    ports: &PeoplePorts,
    access: &TreeAccess<Edit>,
    input: &Body,
) -> Result<Document, Problem> {
    refuse_derived(input)?;
    let fields = person::read_input(input)?;
    let wanted = WantedParents::read(input)?;
    let now = timestamp(&ports.clock);
    let mut body = Body::new();
    person::apply(&mut body, fields)?;
    for (key, value) in [
        ("familyTreeId", json!(access.id())),
        ("userId", json!(access.caller.user_id)),
        ("createdAt", json!(now)),
        ("updatedAt", json!(now)),
    ] {
        body.insert(key.into(), value);
    }
    let id = ports.ids.new_id();
    retry_stale(|| async {
        let mut batch = Batch::new();
        batch.insert(&PEOPLE, id.as_str(), body.clone());
        let change = Change { kind: "create", by: &access.caller.user_id, at: &now };
        history::record(&mut batch, &id, 0, None, &body, change);
        let plan = ParentPlan::for_new(ports, access, &id, &wanted).await?;
        let links = plan.apply(&mut batch, ports, access, &now);
        count(&mut batch, access.id(), 1, links, &now);
        ports.documents.commit(batch).await?;
        Ok(())
    })
    .await?;
    Ok(Document { id, version: 1, body })
}

/// Changes fields of a person. Others may change other fields at the same moment; with `If-Match` the person must
/// be as the caller last saw it.
pub async fn update(
    ports: &PeoplePorts,
    found: &PersonAccess<Edit>,
    input: &Body,
    headers: &HeaderMap,
) -> Result<Document, Problem> {
    refuse_derived(input)?;
    let fields = person::read_input(input)?;
    let wanted = WantedParents::read(input)?;
    if fields.is_empty() && wanted.is_empty() {
        return Err(Problem::field("body", "required", "Give at least one field to change"));
    }
    write(
        ports,
        found,
        headers,
        "update",
        |current| {
            let mut next = current.clone();
            person::apply(&mut next, fields.clone())?;
            Ok(next)
        },
        &wanted,
    )
    .await
}

/// Runs one change of a person until nobody else interferes.
pub async fn write(
    ports: &PeoplePorts,
    found: &PersonAccess<Edit>,
    headers: &HeaderMap,
    kind: &str,
    next_of: impl Fn(&Body) -> Result<Body, Problem>,
    wanted: &WantedParents,
) -> Result<Document, Problem> {
    let id = &found.person.id;
    let expected = expected_version(headers)?;
    let next_of = &next_of;
    retry_stale(|| async move {
        let now = timestamp(&ports.clock);
        let current =
            ports.documents.get(&PEOPLE, id).await?.ok_or_else(|| Problem::not_found("Person not found"))?;
        if expected.is_some_and(|expected| expected != current.version) {
            let message = "Someone else has changed this person since you loaded it. Please load it again.";
            return Err(Problem::conflict(message).into());
        }
        let mut next = next_of(&current.body)?;
        next.insert("updatedAt".into(), json!(now));
        let mut batch = Batch::new();
        batch.replace(&PEOPLE, &current, next.clone());
        let change = Change { kind, by: &found.access.caller.user_id, at: &now };
        history::record(&mut batch, id, latest_version(ports, id).await?, Some(&current), &next, change);
        let plan = ParentPlan::for_known(ports, &found.access, id, wanted).await?;
        let links = plan.apply(&mut batch, ports, &found.access, &now);
        count(&mut batch, found.access.id(), 0, links, &now);
        commit(ports, batch).await?;
        Ok(Document { id: id.clone(), version: current.version + 1, body: next })
    })
    .await
}

/// Removes a person with all its relationships; its history stays and gets its last entry.
pub async fn remove(ports: &PeoplePorts, found: &PersonAccess<Edit>) -> Result<(), Problem> {
    let id = &found.person.id;
    retry_stale(|| async move {
        let now = timestamp(&ports.clock);
        let Some(current) = ports.documents.get(&PEOPLE, id).await? else {
            return Err(Problem::not_found("Person not found").into());
        };
        let relationships =
            relationships_of(&ports.documents, &Body::new(), std::slice::from_ref(id)).await?;
        let mut batch = Batch::new();
        batch.delete(&PEOPLE, &current);
        for relationship in &relationships {
            batch.delete(&RELATIONSHIPS, relationship);
        }
        let change = Change { kind: "delete", by: &found.access.caller.user_id, at: &now };
        history::record(
            &mut batch,
            id,
            latest_version(ports, id).await?,
            Some(&current),
            &current.body,
            change,
        );
        count(&mut batch, found.access.id(), -1, -(relationships.len() as i64), &now);
        let tree = &found.access.tree;
        if tree.body.get("rootPersonId") == Some(&json!(id)) {
            let mut set = Body::new();
            set.insert("rootPersonId".into(), Value::Null);
            batch.adjust(&FAMILY_TREES, tree.id.as_str(), Vec::new(), set);
        }
        commit(ports, batch).await?;
        Ok(())
    })
    .await
}

/// A conflict here means that someone else wrote the same history entry, or the same link: read again.
pub async fn commit(ports: &PeoplePorts, batch: Batch) -> Result<(), Retry> {
    match ports.documents.commit(batch).await {
        Err(error)
            if error.kind() == StoreErrorKind::Conflict && error.context().starts_with("personhistories") =>
        {
            Err(Retry::Stale)
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

/// The number of a person's newest history entry, 0 if there is none.
pub async fn latest_version(ports: &PeoplePorts, person_id: &str) -> Result<i64, Problem> {
    let newest =
        Query::new(Filter::eq("personId", person_id)).sort("version", Direction::Descending).limit(1);
    let found = ports.documents.find(&PERSON_HISTORIES, newest).await?;
    Ok(found.first().and_then(|entry| entry.body.get("version")?.as_i64()).unwrap_or(0))
}

/// Keeps the tree's statistics right in the batch that changes them.
pub fn count(batch: &mut Batch, tree_id: &str, persons: i64, relationships: i64, now: &str) {
    let mut set = Body::new();
    set.insert("updatedAt".into(), json!(now));
    let add = vec![("statistics.totalPersons", persons), ("statistics.totalRelationships", relationships)];
    batch.adjust(&FAMILY_TREES, tree_id, add.into_iter().filter(|(_, by)| *by != 0).collect(), set);
}

/// Notes that the shape of the tree changes, so that of two changes that would make a loop only together, one
/// has to look again.
pub async fn touch_structure(ports: &PeoplePorts, batch: &mut Batch, tree_id: &str) -> Result<(), Problem> {
    match ports.documents.get(&TREE_STRUCTURES, tree_id).await? {
        Some(structure) => batch.replace(&TREE_STRUCTURES, &structure, structure.body.clone()),
        None => batch.insert(&TREE_STRUCTURES, tree_id, Body::new()),
    }
    Ok(())
}

/// Spouses and siblings are derived from relationships and cannot be written here (contract 1.3).
fn refuse_derived(input: &Body) -> Result<(), Problem> {
    for key in ["spouses", "siblings"] {
        if input.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            let message = format!("{key} cannot be written here; add a relationship instead");
            return Err(Problem::field(key, "read_only", message));
        }
    }
    Ok(())
}

fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(tag) = headers.get(http::header::IF_MATCH) else { return Ok(None) };
    let tag = tag.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(None);
    }
    let version = tag.trim_start_matches("W/").trim_matches('"').parse();
    version
        .map(Some)
        .map_err(|_| Problem::field("If-Match", "invalid", "If-Match must be the ETag of the person"))
}
