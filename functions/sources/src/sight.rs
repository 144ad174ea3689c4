//! Which records those may see who do not edit the tree. A record has no life of its own: it speaks of whom it is cited
//! for, and is shown to those who may see them.
//!
//! | | sources | repositories | notes, media | submitters |
//! |---|---|---|---|---|
//! | accepted viewer | all | all | linked from somebody seen in full, a family, a source | none |
//! | anyone, public tree | cited only by the dead, by one of them who is seen in full | of such a source | as sources | none |

use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{RecordKind, cite_key, kept_xref};
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Collection, Document, Filter, Query};
use dzinza_web::{Level, Problem, TreeAccess};

use crate::SourcesPorts;

/// So many of those who cite a record are looked at for one who lets it be seen.
const LOOKED_AT: u32 = 50;

/// The filter for what points to a record.
pub fn citing<L: Level>(access: &TreeAccess<L>, record: &Document) -> Filter {
    let xref = kept_xref(&record.body).unwrap_or_default();
    access.filter().and(Filter::Has("index.cites", cite_key(access.id(), xref)))
}

/// Whether what these eyes may see of a kind has to be looked at one by one.
pub fn is_limited<L: Level>(access: &TreeAccess<L>, kind: RecordKind) -> bool {
    match access.role {
        TreeRole::Public => true,
        TreeRole::Viewer => !matches!(kind, RecordKind::Source | RecordKind::Repository),
        _ => false,
    }
}

/// Who sent the tree's files is the business of those who work on it.
///
/// # Errors
/// 403.
pub fn refuse_submitters<L: Level>(access: &TreeAccess<L>, kind: RecordKind) -> Result<(), Problem> {
    if kind == RecordKind::Submitter && access.role < TreeRole::Editor {
        return Err(Problem::forbidden("Only editors of this family tree may see its submitters"));
    }
    Ok(())
}

/// Whether these eyes may see a record.
pub async fn may_see<L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    kind: RecordKind,
    record: &Document,
) -> Result<bool, Problem> {
    if !is_limited(access, kind) {
        return Ok(true);
    }
    if access.role >= TreeRole::Viewer {
        return seen_inside(ports, access, record).await;
    }
    if kind != RecordKind::Repository {
        return seen_outside(ports, access, record).await;
    }
    for source in some(ports, &GEDCOM_RECORDS, citing(access, record)).await? {
        let is_source = RecordKind::of(&source.body) == Some(RecordKind::Source);
        if is_source && seen_outside(ports, access, &source).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn some(
    ports: &SourcesPorts,
    collection: &'static Collection,
    filter: Filter,
) -> Result<Vec<Document>, Problem> {
    Ok(ports.documents.find(collection, Query::new(filter).limit(LOOKED_AT)).await?)
}

/// Whether a person is shown with the record it came as.
pub fn in_full<L: Level>(access: &TreeAccess<L>, person: &Document) -> bool {
    access.viewer.redact(&person.body).contains_key("gedcom")
}

async fn seen_inside<L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    record: &Document,
) -> Result<bool, Problem> {
    let citing = citing(access, record);
    let people = some(ports, &PEOPLE, citing.clone()).await?;
    if people.iter().any(|person| in_full(access, person)) {
        return Ok(true);
    }
    let shown = |record: &Document| {
        matches!(RecordKind::of(&record.body), Some(RecordKind::Source | RecordKind::Repository))
            || record.body.get("tag").is_some_and(|tag| tag == "FAM")
    };
    Ok(some(ports, &GEDCOM_RECORDS, citing.clone()).await?.iter().any(shown)
        || !some(ports, &RELATIONSHIPS, citing).await?.is_empty())
}

/// Families tell of children, and records of whom they tell of: what is cited there stays inside.
async fn seen_outside<L: Level>(
    ports: &SourcesPorts,
    access: &TreeAccess<L>,
    record: &Document,
) -> Result<bool, Problem> {
    let citing = citing(access, record);
    let living =
        citing.clone().and(Filter::Range("index.livingUntil", Some(access.viewer.year.into()), None));
    for (collection, filter) in
        [(&PEOPLE, living), (&GEDCOM_RECORDS, citing.clone()), (&RELATIONSHIPS, citing.clone())]
    {
        if !ports.documents.find(collection, Query::new(filter).limit(1)).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(some(ports, &PEOPLE, citing).await?.iter().any(|person| in_full(access, person)))
}
