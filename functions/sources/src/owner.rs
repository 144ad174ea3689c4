//! Who has citations: a person, a family that a file brought, a union that was made here.

use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS};
use dzinza_domain::gedcom::{Citations, Dialect, index_record, person_record, union_record};
use dzinza_domain::history::{self, Change};
use dzinza_domain::relationship::{self, Kind};
use dzinza_domain::{person, tree};
use dzinza_ports::{Batch, Body, Collection, Direction, Document, Filter, Query, StoreErrorKind};
use dzinza_web::{Caller, Level, PersonAccess, Problem, Retry, TreeAccess};
use http::StatusCode;
use serde_json::json;

use crate::SourcesPorts;
use crate::lookup::text;

/// What is named in a path.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    Person(&'a str),
    Relationship(&'a str),
}

/// Whose citations they are, and the document that keeps them.
#[derive(Debug)]
pub enum Owner {
    Person(Document),
    /// The union, and the record of its family.
    Family(Document, Document),
    Union(Document),
    /// A relationship that GEDCOM has no record for.
    Nothing,
}

impl Owner {
    /// Looks up whom the path names, with the caller's authority over its tree.
    ///
    /// # Errors
    /// 404 if there is nothing for this caller; 403 if the caller may see it but not do this.
    pub async fn find<L: Level>(
        ports: &SourcesPorts,
        caller: &Caller,
        named: Named<'_>,
    ) -> Result<(Self, TreeAccess<L>), Problem> {
        match named {
            Named::Person(id) => {
                let found = PersonAccess::of(&ports.documents, &ports.clock, caller, id).await?;
                Ok((Self::Person(found.person), found.access))
            }
            Named::Relationship(id) => of_relationship(ports, caller, id).await,
        }
    }

    /// The document that changes when a citation does.
    pub fn document(&self) -> Option<(&'static Collection, &Document)> {
        match self {
            Self::Person(person) => Some((&PEOPLE, person)),
            Self::Family(_, family) => Some((&GEDCOM_RECORDS, family)),
            Self::Union(union) => Some((&RELATIONSHIPS, union)),
            Self::Nothing => None,
        }
    }

    /// What is cited, in the record as it is now.
    pub fn citations(&self, dialect: Dialect) -> Citations {
        match self {
            Self::Person(person) => Citations::of(person_record(person, dialect), &person.body),
            Self::Family(union, family) => {
                Citations::of(union_record(union, Some(family), dialect), &family.body)
            }
            Self::Union(union) => Citations::of(union_record(union, None, dialect), &union.body),
            Self::Nothing => Citations::kept(&Body::new()),
        }
    }
}

async fn of_relationship<L: Level>(
    ports: &SourcesPorts,
    caller: &Caller,
    id: &str,
) -> Result<(Owner, TreeAccess<L>), Problem> {
    let missing = || Problem::not_found("Relationship not found");
    if id.is_empty() || id.len() > 200 {
        return Err(missing());
    }
    let union = ports.documents.get(&RELATIONSHIPS, id).await?.ok_or_else(missing)?;
    let hide = |problem: Problem| if problem.status() == StatusCode::NOT_FOUND { missing() } else { problem };
    let tree_id = text(&union.body, "familyTreeId");
    let access: TreeAccess<L> =
        TreeAccess::of(&ports.documents, &ports.clock, caller, tree_id).await.map_err(hide)?;
    let import = text(&union.body, "importId");
    if !import.is_empty() && tree::pending_imports(&access.tree.body).iter().any(|id| id == import) {
        return Err(missing());
    }
    let family = match text(&union.body, "familyRecordId") {
        "" => None,
        record => ports.documents.get(&GEDCOM_RECORDS, record).await?,
    };
    let owner = match family.filter(|family| text(&family.body, "familyTreeId") == access.id()) {
        Some(family) => Owner::Family(union, family),
        None if Kind::of(&union.body) == Kind::Spousal => Owner::Union(union),
        None => Owner::Nothing,
    };
    Ok((owner, access))
}

/// Who changes what, when.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    pub user_id: &'a str,
    pub now: &'a str,
}

/// Adds to the batch that a document has these citations from now on; a person's change is an entry of its history.
pub async fn write(
    ports: &SourcesPorts,
    batch: &mut Batch,
    (collection, document): (&'static Collection, &Document),
    citations: &Citations,
    author: Author<'_>,
) -> Result<Body, Problem> {
    let mut next = document.body.clone();
    citations.keep(&mut next);
    next.insert("updatedAt".into(), json!(author.now));
    match collection.name {
        name if name == PEOPLE.name => person::refresh(&mut next),
        name if name == RELATIONSHIPS.name => relationship::refresh(&mut next),
        _ => index_record(&mut next, citations.record()),
    }
    batch.replace(collection, document, next.clone());
    if collection.name == PEOPLE.name {
        let change = Change { kind: "update", by: author.user_id, at: author.now };
        let latest = latest_version(ports, &document.id).await?;
        history::record(batch, &document.id, latest, Some(document), &next, change);
    }
    Ok(next)
}

/// The number of a person's newest history entry, 0 if there is none.
async fn latest_version(ports: &SourcesPorts, person_id: &str) -> Result<i64, Problem> {
    let newest =
        Query::new(Filter::eq("personId", person_id)).sort("version", Direction::Descending).limit(1);
    let found = ports.documents.find(&PERSON_HISTORIES, newest).await?;
    Ok(found.first().and_then(|entry| entry.body.get("version")?.as_i64()).unwrap_or(0))
}

/// A conflict here means that someone else wrote the same history entry: read again.
pub async fn commit(ports: &SourcesPorts, batch: Batch) -> Result<(), Retry> {
    match ports.documents.commit(batch).await {
        Err(error) if error.kind() == StoreErrorKind::Conflict => Err(Retry::Stale),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}
