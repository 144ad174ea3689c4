//! What only this adapter promises: files that are opened again, by newer declarations, by two at a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dzinza_contract::ManualClock;
use dzinza_ports::{
    Batch, Body, Collection, Documents, Field, Filter, Index, Limits, NewMessage, Query, Queue, StoreError,
    StoreErrorKind, SystemIds,
};
use dzinza_sqlite::SqliteStore;
use serde_json::{Value, json};

static FIRST: Collection = Collection { name: "papers", fields: &[Field::text("title")], indexes: &[] };

static LATER: Collection = Collection {
    name: "papers",
    fields: &[Field::text("title"), Field::integer("year"), Field::text("code"), Field::array("tags")],
    indexes: &[Index::on(&["title", "year"]), Index::unique(&["code"])],
};

static UNDONE: Collection = Collection {
    name: "papers",
    fields: &[Field::text("title"), Field::integer("year"), Field::text("code"), Field::array("tags")],
    indexes: &[],
};

fn open(path: &Path, collection: &'static Collection) -> Result<Arc<SqliteStore>, StoreError> {
    SqliteStore::open(path, Arc::new(ManualClock::default()), Arc::new(SystemIds), &[collection])
}

fn body(value: Value) -> Body {
    serde_json::from_value(value).unwrap_or_default()
}

async fn insert(
    store: &SqliteStore,
    collection: &'static Collection,
    id: &str,
    value: Value,
) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.insert(collection, id, body(value));
    store.commit(batch).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_opened_again_holds_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, &FIRST).unwrap();
    insert(&store, &FIRST, "a", json!({"title": "A"})).await.unwrap();
    let job = NewMessage { queue: "q", body: json!(1), delay: Duration::ZERO };
    store.send(job).await.unwrap();
    store.put("k", "v", Duration::from_hours(1)).await.unwrap();
    store.hit("k", Duration::from_hours(1)).await.unwrap();
    drop(store);
    let store = open(&path, &FIRST).unwrap();
    assert_eq!(
        Documents::get(&*store, &FIRST, "a").await.unwrap().unwrap().body,
        body(json!({"title": "A"}))
    );
    assert_eq!(store.depth("q").await.unwrap().waiting, 1);
    assert_eq!(Limits::get(&*store, &["k"]).await.unwrap(), [Some("v".to_owned())]);
    assert_eq!(store.hit("k", Duration::from_hours(1)).await.unwrap().count, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"), &FIRST).unwrap();
    insert(&store, &FIRST, "a", json!({})).await.unwrap();
    assert_eq!(store.count(&FIRST, Filter::All).await.unwrap(), 1);
    drop(store);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_fields_and_indexes_are_filled_from_the_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, &FIRST).unwrap();
    let mut batch = Batch::new();
    for number in 0..1200 {
        let value = json!({"title": "T", "year": number % 10, "code": format!("c{number}"), "tags": ["x", number.to_string()]});
        batch.insert(&FIRST, format!("{number:04}"), body(value));
    }
    store.commit(batch).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let store = open(&path, &LATER).unwrap();
        assert_eq!(store.count(&LATER, Filter::eq("year", 3)).await.unwrap(), 120);
        assert_eq!(store.count(&LATER, Filter::Has("tags", "x".to_owned())).await.unwrap(), 1200);
        assert_eq!(store.count(&LATER, Filter::Has("tags", "77".to_owned())).await.unwrap(), 1);
        let clash = insert(&store, &LATER, "new", json!({"code": "c5"})).await.unwrap_err();
        assert_eq!((clash.kind(), clash.context()), (StoreErrorKind::Conflict, "papers.code"));
        let read = Documents::get(&*store, &LATER, "0007").await.unwrap().unwrap();
        assert_eq!(read.version, 1);
    }
    let store = open(&path, &UNDONE).unwrap();
    insert(&store, &UNDONE, "new", json!({"code": "c5"})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_program_wrote_in_between_is_found_by_the_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, &LATER).unwrap();
    insert(&store, &LATER, "a", json!({"year": 1, "code": "x", "tags": ["old"]})).await.unwrap();
    insert(&store, &LATER, "b", json!({"year": 2, "code": "y", "tags": ["old"]})).await.unwrap();
    drop(store);
    let store = open(&path, &FIRST).unwrap();
    let mut batch = Batch::new();
    for (id, code) in [("a", "y"), ("b", "x")] {
        let read = Documents::get(&*store, &FIRST, id).await.unwrap().unwrap();
        batch.replace(&FIRST, &read, body(json!({"year": 9, "code": code, "tags": ["new"]})));
    }
    batch.insert(&FIRST, "c", body(json!({"year": 9, "tags": ["new"]})));
    store.commit(batch).await.unwrap();
    drop(store);
    let store = open(&path, &LATER).unwrap();
    for (filter, count) in [
        (Filter::eq("year", 9), 3),
        (Filter::eq("year", 1), 0),
        (Filter::eq("code", "x").and(Filter::eq("id", "b")), 1),
        (Filter::Has("tags", "new".to_owned()), 3),
        (Filter::Has("tags", "old".to_owned()), 0),
    ] {
        assert_eq!(store.count(&LATER, filter.clone()).await.unwrap(), count, "{filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_may_change_its_kind() {
    static TEXTS: Collection =
        Collection { name: "papers", fields: &[Field::text("year")], indexes: &[Index::on(&["year"])] };
    static NUMBERS: Collection =
        Collection { name: "papers", fields: &[Field::integer("year")], indexes: &[Index::on(&["year"])] };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, &TEXTS).unwrap();
    insert(&store, &TEXTS, "a", json!({"year": 1890})).await.unwrap();
    insert(&store, &TEXTS, "b", json!({"year": "1890"})).await.unwrap();
    drop(store);
    let store = open(&path, &NUMBERS).unwrap();
    let found = store.find(&NUMBERS, Query::new(Filter::eq("year", 1890))).await.unwrap();
    assert_eq!(found.iter().map(|document| document.id.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_uniqueness_rule_that_the_documents_break_refuses_to_open_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, &FIRST).unwrap();
    insert(&store, &FIRST, "a", json!({"code": "same"})).await.unwrap();
    insert(&store, &FIRST, "b", json!({"code": "same"})).await.unwrap();
    drop(store);
    let error = open(&path, &LATER).err().unwrap();
    assert_eq!((error.kind(), error.context()), (StoreErrorKind::Conflict, "papers.code"));
    assert_eq!(open(&path, &FIRST).unwrap().count(&FIRST, Filter::All).await.unwrap(), 2);
}

#[test]
fn a_file_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(open(&path, &FIRST).unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA user_version = 999").unwrap();
    let error = open(&path, &FIRST).err().unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(error.context().contains("newer"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "this is no database, but it is long enough to be looked at as one".repeat(100))
        .unwrap();
    assert_eq!(open(&path, &FIRST).err().unwrap().kind(), StoreErrorKind::Corrupt);
}

#[test]
fn a_declaration_that_cannot_be_served_is_invalid() {
    static BAD: [Collection; 6] = [
        Collection { name: "users", fields: &[], indexes: &[] },
        Collection { name: "Papers", fields: &[], indexes: &[] },
        Collection { name: "papers", fields: &[Field::text("a\" b")], indexes: &[] },
        Collection { name: "papers", fields: &[Field::text("a"), Field::text("A")], indexes: &[] },
        Collection { name: "papers", fields: &[], indexes: &[Index::on(&["nowhere"])] },
        Collection { name: "papers", fields: &[Field::array("tags")], indexes: &[Index::on(&["tags"])] },
    ];
    let folder = tempfile::tempdir().unwrap();
    for collection in &BAD {
        let error = open(&folder.path().join("store.db"), collection).err().unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{collection:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_see_each_others_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, two) = (open(&path, &FIRST).unwrap(), open(&path, &FIRST).unwrap());
    for turn in 0..50 {
        let (writes, reads) = if turn % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let id = format!("{turn}");
        insert(writes, &FIRST, &id, json!({})).await.unwrap();
        assert!(Documents::get(&**reads, &FIRST, &id).await.unwrap().is_some());
        let clash = insert(reads, &FIRST, &id, json!({})).await.unwrap_err();
        assert_eq!(clash.kind(), StoreErrorKind::Conflict);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_over_two_stores_never_find_the_file_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let stores = [open(&path, &FIRST).unwrap(), open(&path, &FIRST).unwrap()];
    insert(&stores[0], &FIRST, "sum", json!({})).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..16 {
        let store = stores[writer % 2].clone();
        writers.push(tokio::spawn(async move {
            for turn in 0..50 {
                let mut batch = Batch::new();
                batch.adjust(&FIRST, "sum", vec![("n", 1)], Body::new());
                batch.insert(&FIRST, format!("{writer}-{turn}"), Body::new());
                store.commit(batch).await?;
            }
            Ok::<_, StoreError>(())
        }));
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    for store in &stores {
        assert_eq!(store.count(&FIRST, Filter::All).await.unwrap(), 801);
        let sum = Documents::get(&**store, &FIRST, "sum").await.unwrap().unwrap();
        assert_eq!(sum.body, body(json!({"n": 800})));
    }
}

#[test]
fn eight_threads_that_open_one_new_file_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || open(&path, &LATER).map(drop))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_write_gets_its_turn_while_another_store_writes_batch_after_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (importer, server) = (open(&path, &FIRST).unwrap(), open(&path, &FIRST).unwrap());
    let import = tokio::spawn(async move {
        for round in 0..60 {
            let mut batch = Batch::new();
            for number in 0..1000 {
                batch.insert(&FIRST, format!("{round}-{number}"), body(json!({"title": "imported"})));
            }
            importer.commit(batch).await?;
        }
        Ok::<_, StoreError>(())
    });
    let mut slowest = Duration::ZERO;
    let mut writes = 0;
    while !import.is_finished() {
        let began = std::time::Instant::now();
        insert(&server, &FIRST, &format!("s{writes}"), json!({})).await.unwrap();
        slowest = slowest.max(began.elapsed());
        writes += 1;
    }
    import.await.unwrap().unwrap();
    assert!(slowest < Duration::from_secs(5), "{slowest:?} for one of {writes} writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pump_wakes_when_a_message_is_sent_and_not_before() {
    let store =
        SqliteStore::in_memory(Arc::new(ManualClock::default()), Arc::new(SystemIds), &[&FIRST]).unwrap();
    let moment = Duration::from_millis(20);
    assert!(tokio::time::timeout(moment, store.notified()).await.is_err());
    let mut batch = Batch::new();
    batch.job(NewMessage { queue: "q", body: json!(1), delay: Duration::ZERO });
    store.commit(batch).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), store.notified()).await.unwrap();
    let message = store.receive("q", 1, Duration::from_mins(1), 3).await.unwrap().remove(0);
    assert!(store.give_back(&message.receipt, Duration::ZERO).await.unwrap());
    tokio::time::timeout(Duration::from_secs(5), store.notified()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_in_memory_are_apart() {
    let open = || SqliteStore::in_memory(Arc::new(ManualClock::default()), Arc::new(SystemIds), &[&FIRST]);
    let (one, two) = (open().unwrap(), open().unwrap());
    insert(&one, &FIRST, "a", json!({})).await.unwrap();
    assert!(two.find(&FIRST, Query::new(Filter::All)).await.unwrap().is_empty());
}
