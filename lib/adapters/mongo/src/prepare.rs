//! Brings a database up to date with the declarations, before it is first used.

use std::collections::HashSet;

use dzinza_ports::StoreErrorKind;
use mongodb::bson::{Bson, Document as Bsons, doc};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

use crate::error::{self, Fault};
use crate::table::{Catalog, Kind, OUTBOX, Table, index_name};

/// Nothing is there under this name; or it is there already; or an index of this name is another one.
const NO_NAMESPACE: i32 = 26;
const NAMESPACE_EXISTS: i32 = 48;

/// Makes collections and indexes that are missing, and drops indexes of ours that are declared no longer. Says in which
/// collections there are ids of MongoDB's own type.
pub(crate) async fn prepare(database: &Database, catalog: &Catalog) -> Result<HashSet<&'static str>, Fault> {
    let there: HashSet<String> = database.list_collection_names().await?.into_iter().collect();
    let mut foreign = HashSet::new();
    for table in catalog.tables() {
        let name = table.name();
        let known = there.contains(name);
        if !known {
            create(database, name).await?;
        }
        indexes(database, table).await?;
        let object_id = doc! { "_id": { "$type": "objectId" } };
        if known && database.collection::<Bsons>(name).find_one(object_id).await?.is_some() {
            foreign.insert(name);
        }
    }
    if !there.contains(OUTBOX) {
        create(database, OUTBOX).await?;
    }
    Ok(foreign)
}

/// Of two processes that begin at once one finds it made.
async fn create(database: &Database, name: &str) -> Result<(), Fault> {
    match database.create_collection(name).await {
        Err(error) if error::code(&error) != Some(NAMESPACE_EXISTS) => Err(error.into()),
        _ => Ok(()),
    }
}

async fn indexes(database: &Database, table: &Table) -> Result<(), Fault> {
    let collection = database.collection::<Bsons>(table.name());
    let existing = match collection.list_index_names().await {
        Ok(names) => names,
        Err(error) if error::code(&error) == Some(NO_NAMESPACE) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let wanted = wanted(table);
    // An old uniqueness rule would still bite. What an operator made under other names stays.
    let ours = ["by", "unique", "has"].map(|kind| format!("{}__{kind}__", table.name()));
    for name in &existing {
        let declared = wanted.iter().any(|(wanted, _)| wanted == name);
        if !declared && ours.iter().any(|start| name.starts_with(start)) {
            collection.drop_index(name.as_str()).await?;
        }
    }
    let missing: Vec<_> = wanted.into_iter().filter(|(name, _)| !existing.contains(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let models = missing.into_iter().map(|(_, model)| model);
    let made = collection.create_indexes(models).await;
    made.map(drop).map_err(|error| error::of_write(error, table))
}

fn wanted(table: &Table) -> Vec<(String, IndexModel)> {
    let mut wanted = Vec::new();
    let mut add = |kind: &str, fields: &[&str], rule: Option<Bsons>| {
        let name = index_name(table.name(), kind, fields);
        let mut keys: Bsons = fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1))).collect();
        let mut options = IndexOptions::builder().name(name.clone()).build();
        if rule.is_some() {
            (options.unique, options.partial_filter_expression) = (Some(true), rule);
        } else {
            keys.insert("_id", 1);
        }
        wanted.push((name, IndexModel::builder().keys(keys).options(options).build()));
    };
    for index in table.collection.indexes {
        // A rule knows only documents that have all of its fields: a query needs an index that knows every one.
        add("by", index.fields, None);
        if index.unique {
            add("unique", index.fields, Some(present(table, index.fields)));
        }
    }
    for field in table.fields.iter().filter(|field| field.kind == Kind::TextArray) {
        add("has", &[field.path], None);
    }
    wanted
}

/// That each of these fields has a value of its kind, in words that a planner can compare with a query.
fn present(table: &Table, fields: &[&str]) -> Bsons {
    let least = |path: &str| match table.field(path).map(|field| field.kind) {
        Some(Kind::Integer) => Bson::Int64(i64::MIN),
        Some(Kind::Moment) => Bson::DateTime(mongodb::bson::DateTime::MIN),
        _ => Bson::String(String::new()),
    };
    fields.iter().map(|path| ((*path).to_owned(), Bson::Document(doc! { "$gte": least(path) }))).collect()
}

/// Whether there is something that breaks a rule, which no program can mend.
pub(crate) fn is_lasting(fault: &Fault) -> bool {
    matches!(fault, Fault::Store(error) if error.kind() == StoreErrorKind::Conflict)
}
