//! Where the files of media objects are fetched: those that an imported archive brought are kept here.

use std::collections::HashSet;

use dzinza_domain::collections::IMPORTS;
use dzinza_domain::import::{self, Kept};
use dzinza_ports::{Body, Document, Filter, Query};
use dzinza_web::Problem;
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::SourcesPorts;
use crate::lookup::text;

/// Imports a read. They name all of their files, which may be many.
const CHUNK: u32 = 4;

/// For each of the files that a shown media object names, an address to fetch it from, good for an hour; none for
/// those that are not kept here. Whoever may see a media object may see its files. Of several archives of the tree
/// that have a file of that name, the one counts that an export takes it from ([`Kept::find`]).
pub async fn addresses(
    ports: &SourcesPorts,
    tree: &str,
    record: &Document,
    shown: &Body,
) -> Result<Vec<Option<String>>, Problem> {
    let files = shown.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named: Vec<&str> = files.iter().map(|file| file["file"].as_str().unwrap_or_default()).collect();
    let names: HashSet<String> = named.iter().flat_map(|file| import::medium_names(file)).collect();
    let kept = kept(ports, tree, &names).await?;
    let own = Some(text(&record.body, "importId")).filter(|import| !import.is_empty());
    let mut addresses = Vec::with_capacity(named.len());
    for file in named {
        addresses.push(match kept.find(&record.id, own, file) {
            Some(kept) => ports.links.open(&kept.key).await,
            None => None,
        });
    }
    Ok(addresses)
}

/// What complete imports of the tree keep under these names.
async fn kept(ports: &SourcesPorts, tree: &str, names: &HashSet<String>) -> Result<Kept, Problem> {
    let mut kept = Kept::default();
    if names.is_empty() {
        return Ok(kept);
    }
    let complete = Filter::eq("familyTreeId", tree).and(Filter::eq("status", "completed"));
    let query = Query::new(complete).limit(CHUNK).only(Kept::FIELDS);
    let mut imports = dzinza_ports::stream(ports.documents.clone(), &IMPORTS, query);
    while let Some(import) = imports.try_next().await? {
        kept.take(&import, |name| names.contains(name));
    }
    Ok(kept)
}
