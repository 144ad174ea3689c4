//! Removing a record, and what points to it.

use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{Citations, Dialect, RecordKind, kept_xref, person_record, union_record};
use dzinza_ports::{Batch, Collection, Document, Filter, Query};
use dzinza_web::{Edit, Problem, QueryParams, TreeAccess, retry_stale, timestamp};
use http::{HeaderMap, StatusCode};

use crate::SourcesPorts;
use crate::citers::{HOLDERS, count};
use crate::lookup::{check_version, dialect, touch_tree};
use crate::owner::{Author, commit, write};
use crate::records::find;
use crate::sight::citing;

/// So many documents can lose their pointers at once: they all change in one batch.
const UNLINKED: u64 = 300;

/// Removes a record that nothing points to; with `unlink=true` also the pointers. Whoever points to it at the same
/// moment changes its version, and this looks again.
pub async fn remove(
    ports: &SourcesPorts,
    access: &TreeAccess<Edit>,
    (kind, id): (RecordKind, &str),
    query: &QueryParams,
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    let unlink = query.flag(&["unlink"])?.unwrap_or(false);
    retry_stale(|| async move {
        let record = find(ports, access, (kind, id)).await?;
        check_version(headers, &record)?;
        let citing = citing(access, &record);
        let cited: u64 = count(ports, &citing).await?.iter().sum();
        if cited > 0 && !unlink {
            let message = format!("This {} is still pointed to by {cited}", kind.word());
            return Err(Problem::conflict(message).with("citedBy", cited).into());
        }
        if cited > UNLINKED {
            let message = format!(
                "This {} is pointed to by {cited}; no more than {UNLINKED} can be unlinked at once",
                kind.word()
            );
            return Err(Problem::conflict(message).with("citedBy", cited).into());
        }
        let (mut batch, now) = (Batch::new(), timestamp(&ports.clock));
        if cited > 0 {
            let author = Author { user_id: &access.caller.user_id, now: &now };
            let dialect = dialect(ports, access).await?;
            forget(ports, &mut batch, (&record, &citing), dialect, author).await?;
        }
        batch.delete(&GEDCOM_RECORDS, &record);
        touch_tree(&mut batch, access.id(), &now);
        commit(ports, batch).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

async fn forget(
    ports: &SourcesPorts,
    batch: &mut Batch,
    (record, citing): (&Document, &Filter),
    dialect: Dialect,
    author: Author<'_>,
) -> Result<(), Problem> {
    let xref = kept_xref(&record.body).unwrap_or_default();
    for holder in HOLDERS {
        let found = Query::new(citing.clone()).limit(UNLINKED as u32);
        for document in ports.documents.find(holder, found).await? {
            let mut citations = held(holder, &document, dialect);
            citations.forget(xref);
            write(ports, batch, (holder, &document), &citations, author).await?;
        }
    }
    Ok(())
}

fn held(holder: &'static Collection, document: &Document, dialect: Dialect) -> Citations {
    let record = match holder.name {
        name if name == PEOPLE.name => person_record(document, dialect),
        name if name == RELATIONSHIPS.name => union_record(document, None, dialect),
        _ => return Citations::kept(&document.body),
    };
    Citations::of(record, &document.body)
}
