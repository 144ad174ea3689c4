//! Measures bulk inserts, small commits and reads: `cargo run --release -p dzinza-sqlite --example measure`.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dzinza_ports::{
    Batch, Body, Collection, Direction, Documents, Field, Filter, Ids as _, Index, Limits as _, Query,
    SystemClock, SystemIds, cursor_of,
};
use dzinza_sqlite::SqliteStore;
use serde_json::json;

static PERSONS: Collection = Collection {
    name: "persons",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("index.sortName"),
        Field::integer("index.born"),
        Field::text("importId"),
    ],
    indexes: &[
        Index::on(&["familyTreeId", "index.sortName"]),
        Index::on(&["familyTreeId", "index.born"]),
        Index::on(&["importId"]),
    ],
};
static HISTORIES: Collection = Collection {
    name: "histories",
    fields: &[Field::text("personId"), Field::integer("version")],
    indexes: &[Index::unique(&["personId", "version"])],
};
static RELATIONSHIPS: Collection = Collection {
    name: "relationships",
    fields: &[Field::text("familyTreeId"), Field::text("person1Id"), Field::text("person2Id")],
    indexes: &[Index::on(&["familyTreeId"]), Index::on(&["person1Id"]), Index::on(&["person2Id"])],
};
const DOCUMENTS: u32 = 300_000;
const BATCH: u32 = 1000;
const TREE: &str = "0198f7a0-0000-7000-8000-000000000001";

type Any = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Any {
    let folder = tempfile::tempdir()?;
    let open = |name: &str| {
        let collections = [&PERSONS, &HISTORIES, &RELATIONSHIPS];
        SqliteStore::open(&folder.path().join(name), Arc::new(SystemClock), Arc::new(SystemIds), &collections)
    };
    let store = open("ordered")?;
    say(&format!("open, idle: {}", memory()))?;
    bulk(&store, "3 indexes filled in order", |number| number).await?;
    drop(store);
    bulk(&*open("spread")?, "2 of 3 indexes filled at random", spread).await?;
    let store = open("tree")?;
    tree(&store).await?;
    reads(&store).await?;
    small(&store).await?;
    say(&format!("at the end: {}", memory()))
}

/// Number after number, far apart, as the names in a file are.
fn spread(number: u32) -> u32 {
    number.wrapping_mul(2_654_435_761)
}

fn say(line: &str) -> Any {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}

fn rate(what: &str, count: u32, took: Duration) -> Any {
    say(&format!("{what}: {:.0}/s ({count} in {took:.2?})", f64::from(count) / took.as_secs_f64()))
}

fn person(number: u32) -> Body {
    body(json!({
        "familyTreeId": TREE, "importId": "i1",
        "firstName": "Tendai", "lastName": format!("Family{}", number % 5000), "gender": "female",
        "birth": {"date": {"original": "ABT 1890"}, "place": "Masvingo, Zimbabwe"},
        "index": {"sortName": format!("family{number:010} tendai"), "born": number},
    }))
}

fn body(value: serde_json::Value) -> Body {
    match value {
        serde_json::Value::Object(fields) => fields,
        _ => Body::new(),
    }
}

async fn bulk(store: &SqliteStore, what: &str, place: fn(u32) -> u32) -> Any {
    let mut committing = Duration::ZERO;
    for first in (0..DOCUMENTS).step_by(BATCH as usize) {
        let mut batch = Batch::new();
        for number in first..first + BATCH {
            batch.insert(&PERSONS, SystemIds.new_id(), person(place(number)));
        }
        let commit = Instant::now();
        store.commit(batch).await?;
        committing += commit.elapsed();
    }
    rate(what, DOCUMENTS, committing)?;
    say(&format!("    {}", memory()))
}

/// What an import writes: of every three documents a person, her history and a relationship.
async fn tree(store: &SqliteStore) -> Any {
    let mut committing = Duration::ZERO;
    let mut last = SystemIds.new_id();
    for first in (0..DOCUMENTS / 3).step_by(BATCH as usize / 2) {
        let mut batch = Batch::new();
        for number in first..first + BATCH / 2 {
            let (id, person) = (SystemIds.new_id(), person(spread(number)));
            let entry = body(json!({"personId": id, "version": 1, "person": person}));
            let link =
                body(json!({"familyTreeId": TREE, "person1Id": last, "person2Id": id, "type": "spouse"}));
            batch.insert(&PERSONS, id.clone(), person);
            batch.insert(&HISTORIES, SystemIds.new_id(), entry);
            batch.insert(&RELATIONSHIPS, SystemIds.new_id(), link);
            last = id;
        }
        let commit = Instant::now();
        store.commit(batch).await?;
        committing += commit.elapsed();
    }
    rate("an import of 100000 persons, each with history and relationship", DOCUMENTS, committing)?;
    say(&format!("    {}", memory()))
}

async fn reads(store: &Arc<SqliteStore>) -> Any {
    let tree = || Filter::eq("familyTreeId", TREE);
    let query = Query::new(tree()).sort("index.sortName", Direction::Ascending).limit(50);
    let began = Instant::now();
    let mut next = query.clone();
    for _ in 0..1000 {
        let page = store.find(&PERSONS, next.clone()).await?;
        next.after = page.last().map(|last| cursor_of(last, &query.sort));
    }
    rate("pages of 50 by keyset", 1000, began.elapsed())?;
    let ids: Vec<_> = store.find(&PERSONS, Query::new(tree()).limit(10_000)).await?;
    let began = Instant::now();
    for document in &ids {
        Documents::get(&**store, &PERSONS, &document.id).await?;
    }
    rate("gets, one after the other", ids.len() as u32, began.elapsed())?;
    let began = Instant::now();
    store.count(&PERSONS, tree()).await?;
    say(&format!("count of a tree: {:.2?}", began.elapsed()))
}

async fn small(store: &Arc<SqliteStore>) -> Any {
    let began = Instant::now();
    for number in 0..500 {
        let mut batch = Batch::new();
        batch.insert(&PERSONS, SystemIds.new_id(), person(number));
        store.commit(batch).await?;
    }
    rate("durable commits, one after the other", 500, began.elapsed())?;
    let began = Instant::now();
    let writers: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..100 {
                    let mut batch = Batch::new();
                    batch.insert(&PERSONS, SystemIds.new_id(), person(number));
                    store.commit(batch).await?;
                }
                Ok::<_, dzinza_ports::StoreError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    rate("durable commits, 50 writers", 5000, began.elapsed())?;
    let began = Instant::now();
    for _ in 0..2000 {
        store.hit("key", Duration::from_mins(1)).await?;
    }
    rate("limit hits, one after the other", 2000, began.elapsed())
}
