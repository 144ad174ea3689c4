//! Where the files of media objects are fetched: those that an imported archive brought are kept here.

use std::collections::HashMap;

use dzinza_domain::collections::IMPORTS;
use dzinza_domain::import;
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
/// that have a file of that name, the record's own counts, then the oldest.
pub async fn addresses(
    ports: &SourcesPorts,
    tree: &str,
    record: &Document,
    shown: &Body,
) -> Result<Vec<Option<String>>, Problem> {
    let files = shown.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = |file: &Value| import::medium_name(file.get("file")?.as_str()?);
    let names: Vec<Option<String>> = files.iter().map(name).collect();
    let keys = keys(ports, tree, text(&record.body, "importId"), names.iter().flatten()).await?;
    let mut addresses = Vec::with_capacity(names.len());
    for name in names {
        let key = name.and_then(|name| keys.get(&name).cloned().flatten());
        addresses.push(match key {
            Some(key) => ports.links.open(&key).await,
            None => None,
        });
    }
    Ok(addresses)
}

/// Where the files of these names are kept.
async fn keys(
    ports: &SourcesPorts,
    tree: &str,
    own: &str,
    names: impl Iterator<Item = &String>,
) -> Result<HashMap<String, Option<String>>, Problem> {
    let mut keys: HashMap<String, Option<String>> = names.map(|name| (name.clone(), None)).collect();
    if keys.is_empty() {
        return Ok(keys);
    }
    let mut look = |import: &Document| {
        for (name, key) in import::media(&import.body) {
            if let Some(found) = keys.get_mut(name) {
                found.get_or_insert_with(|| key.to_owned());
            }
        }
        keys.values().any(Option::is_none)
    };
    let completed = Filter::eq("familyTreeId", tree).and(Filter::eq("status", "completed"));
    for filter in [completed.clone().and(Filter::eq("id", own)), completed] {
        let query = Query::new(filter).limit(CHUNK);
        let mut imports = dzinza_ports::stream(ports.documents.clone(), &IMPORTS, query);
        while let Some(import) = imports.try_next().await? {
            if !look(&import) {
                return Ok(keys);
            }
        }
    }
    Ok(keys)
}
