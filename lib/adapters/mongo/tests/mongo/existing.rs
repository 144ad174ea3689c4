//! What programs before this one left in a database: their names, their types, both kinds of ids.

use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::collections::{FAMILY_TREES, NOTIFICATIONS, PEOPLE};
use dzinza_mongo::MongoStore;
use dzinza_ports::{
    Batch, Clock as _, Direction, Document, Documents as _, Filter, NewMessage, Query, Queue as _,
    StoreErrorKind, cursor_of,
};
use libtest_mimic::{Failed, Trial};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document as Bsons, doc};
use serde_json::{Value, json};

use crate::server::{Case, Server, Shared};

type Outcome = Result<(), Failed>;

const TREE: &str = "507f1f77bcf86cd799439011";
const PERSON: &str = "507f191e810c19729de860ea";

pub fn trials(shared: &Shared) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |sentence: &str, case: fn(Arc<Server>) -> Box<dyn Future<Output = Outcome> + Unpin>| {
        let shared = shared.clone();
        trials.push(Trial::test(format!("mongo: {sentence}"), move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async { case(shared.server()?).await })
        }));
    };
    add("documents of older programs read as bodies have them", |server| Box::new(Box::pin(read(server))));
    add("they are found by references, moments and flags, and paged with ours", |server| {
        Box::new(Box::pin(found(server)))
    });
    add("they keep their ids when they change, which nobody else can have", |server| {
        Box::new(Box::pin(changed(server)))
    });
    add("ours are in the types that those programs read", |server| Box::new(Box::pin(readable(server))));
    add("queries of the port are served by indexes", |server| Box::new(Box::pin(indexed(server))));
    add("jobs that a process left in the outbox are sent, once", |server| Box::new(Box::pin(left(server))));
    trials
}

struct Old {
    case: Case,
    raw: mongodb::Database,
    _server: Arc<Server>,
}

impl Old {
    async fn with(server: Arc<Server>, collection: &str, documents: Vec<Bsons>) -> Result<Self, Failed> {
        let database = server.database();
        let raw = mongodb::Client::with_uri_str(server.url()).await?.database(&database);
        if !documents.is_empty() {
            raw.collection::<Bsons>(collection).insert_many(documents).await?;
        }
        let case = server.store(&database, &[&FAMILY_TREES, &PEOPLE, &NOTIFICATIONS])?;
        Ok(Self { case, raw, _server: server })
    }

    fn store(&self) -> &MongoStore {
        &self.case.store
    }
}

fn at(text: &str) -> Result<DateTime, Failed> {
    Ok(DateTime::parse_rfc3339_str(text)?)
}

fn person(id: ObjectId, day: u8) -> Result<Bsons, Failed> {
    let created = at(&format!("2024-05-{day:02}T10:00:00Z"))?;
    Ok(doc! {
        "_id": id, "familyTreeId": ObjectId::parse_str(TREE)?, "firstName": "Rudo", "isLiving": true,
        "siblings": [{ "personId": ObjectId::parse_str(PERSON)?, "_id": ObjectId::new() }],
        "confidence": 0.5, "order": 3.0, "createdAt": created, "updatedAt": created, "__v": 0_i32,
        "tags": Binary { subtype: BinarySubtype::Uuid, bytes: vec![7; 16] },
    })
}

async fn read(server: Arc<Server>) -> Outcome {
    let old = Old::with(server, "people", vec![person(ObjectId::parse_str(PERSON)?, 1)?]).await?;
    let read = old.store().get(&PEOPLE, PERSON).await?.ok_or("absent")?;
    assert_eq!((read.id.as_str(), read.version), (PERSON, 1));
    assert_eq!(read.body["familyTreeId"], TREE);
    assert_eq!(read.body["createdAt"], "2024-05-01T10:00:00.000000Z");
    assert_eq!(read.body["siblings"][0]["personId"], PERSON);
    assert_eq!(read.body["tags"], "07070707-0707-0707-0707-070707070707");
    assert_eq!((&read.body["order"], &read.body["confidence"]), (&json!(3), &json!(0.5)));
    assert_eq!(read.body.get("__v"), None);
    Ok(())
}

async fn found(server: Arc<Server>) -> Outcome {
    let ids: Vec<_> = (1..=5).map(|_| ObjectId::new()).collect();
    let people = ids.iter().zip(1..).map(|(id, day)| person(*id, day)).collect::<Result<_, _>>()?;
    let old = Old::with(server, "people", people).await?;
    let mut batch = Batch::new();
    for day in 1..=5 {
        let body = json!({"familyTreeId": TREE, "createdAt": format!("2024-05-{day:02}T10:00:00.000500Z")});
        batch.insert(&PEOPLE, format!("new-{day}"), body.as_object().cloned().unwrap_or_default());
    }
    old.store().commit(batch).await?;
    let mine = Filter::eq("familyTreeId", TREE);
    assert_eq!(old.store().count(&PEOPLE, mine.clone()).await?, 10);
    let some = Filter::any_of("id", [ids[0].to_hex(), "new-2".to_owned()]);
    assert_eq!(old.store().count(&PEOPLE, some).await?, 2);
    let span =
        |from: &str, to: &str| Filter::Range("createdAt", Some(Value::from(from)), Some(Value::from(to)));
    assert_eq!(old.store().count(&PEOPLE, span("2024-05-02", "2024-05-04T00:00:00Z")).await?, 4);
    for sort in
        [vec![], vec![("createdAt", Direction::Ascending)], vec![("createdAt", Direction::Descending)]]
    {
        let mut query = Query::new(mine.clone()).limit(3);
        query.sort.clone_from(&sort);
        let mut seen: Vec<Document> = Vec::new();
        loop {
            let page = old.store().find(&PEOPLE, query.clone()).await?;
            let Some(last) = page.last() else { break };
            query.after = Some(cursor_of(last, &sort));
            seen.extend(page);
        }
        let mut distinct: Vec<_> = seen.iter().map(|document| document.id.clone()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (10, 10), "{sort:?}");
    }
    let flags = vec![doc! { "userId": "u", "isRead": true }, doc! { "userId": "u", "isRead": false }];
    old.raw.collection::<Bsons>("notifications").insert_many(flags).await?;
    for flag in [true, false] {
        let filter = Filter::eq("userId", "u").and(Filter::eq("isRead", flag));
        assert_eq!(old.store().count(&NOTIFICATIONS, filter).await?, 1);
    }
    Ok(())
}

async fn changed(server: Arc<Server>) -> Outcome {
    let id = ObjectId::parse_str(PERSON)?;
    let old = Old::with(server, "people", vec![person(id, 1)?]).await?;
    let mut read = old.store().get(&PEOPLE, PERSON).await?.ok_or("absent")?;
    let mut batch = Batch::new();
    read.body.insert("firstName".to_owned(), json!("Ruth"));
    batch.replace(&PEOPLE, &read, read.body.clone());
    batch.adjust(&PEOPLE, PERSON, vec![("order", 1)], serde_json::Map::new());
    old.store().commit(batch).await?;
    let raw =
        old.raw.collection::<Bsons>("people").find_one(doc! { "_id": id }).await?.ok_or("another id")?;
    assert_eq!(raw.get_str("firstName")?, "Ruth");
    let read = old.store().get(&PEOPLE, PERSON).await?.ok_or("absent")?;
    assert_eq!((read.version, &read.body["order"]), (3, &json!(4)));
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, PERSON, serde_json::Map::new());
    let twice = old.store().commit(batch).await.err().ok_or("two documents of one id")?;
    assert_eq!((twice.kind(), twice.context()), (StoreErrorKind::Conflict, "people.id"));
    let mut batch = Batch::new();
    batch.delete(&PEOPLE, &read);
    old.store().commit(batch).await?;
    assert!(old.store().get(&PEOPLE, PERSON).await?.is_none());
    Ok(())
}

async fn readable(server: Arc<Server>) -> Outcome {
    let old = Old::with(server, "people", vec![]).await?;
    let mut batch = Batch::new();
    let body = json!({"familyTreeId": "t", "createdAt": "2026-11-23T18:00:00.123456Z", "isLiving": true});
    batch.insert(&PEOPLE, "p", body.as_object().cloned().unwrap_or_default());
    old.store().commit(batch).await?;
    let raw = old.raw.collection::<Bsons>("people").find_one(doc! { "_id": "p" }).await?.ok_or("absent")?;
    assert_eq!(raw.get_datetime("createdAt")?.timestamp_millis(), 1_795_456_800_123);
    assert_eq!((raw.get_str("familyTreeId")?, raw.get_bool("isLiving")?), ("t", true));
    Ok(())
}

/// The steps of the plan that the server chose.
async fn steps(database: &mongodb::Database, filter: Bsons, sort: Bsons) -> Result<String, Failed> {
    let command = doc! {
        "explain": { "find": "people", "filter": filter, "sort": sort, "limit": 10 }, "verbosity": "queryPlanner",
    };
    Ok(database.run_command(command).await?.get_document("queryPlanner")?.to_string())
}

async fn indexed(server: Arc<Server>) -> Outcome {
    let old = Old::with(server, "people", vec![]).await?;
    old.store().check().await?;
    let names = old.raw.collection::<Bsons>("people").list_index_names().await?;
    for name in ["people__by__familyTreeId__index_sortName", "people__has__index_cites"] {
        assert!(names.iter().any(|there| there == name), "{names:?}");
    }
    for filter in [
        doc! { "familyTreeId": "t" },
        doc! { "familyTreeId": "t", "index.sortName": { "$gt": "m" } },
        doc! { "index.cites": "s" },
    ] {
        let steps = steps(&old.raw, filter.clone(), doc! { "index.sortName": 1, "_id": 1 }).await?;
        assert!(steps.contains("IXSCAN") && !steps.contains("COLLSCAN"), "{filter}: {steps}");
    }
    Ok(())
}

async fn left(server: Arc<Server>) -> Outcome {
    let old = Old::with(server, "people", vec![]).await?;
    let outbox = old.raw.collection::<Bsons>("dzinzaoutbox");
    let now = old.case.clock.now().as_millisecond();
    let due = |seconds: i64| DateTime::from_millis(now + seconds * 1000);
    let job = |id: &str, queue: &str, lease: i64| {
        doc! { "_id": id, "queue": queue, "body": json!({"job": id}).to_string(), "dueAt": due(-60), "leasedUntil": due(lease) }
    };
    outbox
        .insert_many([job("left", "jobs", -1), job("others", "jobs", 20), job("unknown", "mystery", -1)])
        .await?;
    old.store().relay().await?;
    let lease = Duration::from_mins(1);
    // The store's own sweep may have been the one that took it.
    let mut received = Vec::new();
    for _ in 0..100 {
        received.extend(old.case.queue.receive("jobs", 10, lease, 3).await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(received.iter().map(|message| &message.body["job"]).collect::<Vec<_>>(), ["left"]);
    assert_eq!(old.store().relay().await?, 0);
    assert_eq!(outbox.count_documents(doc! {}).await?, 2, "of the others one is not ours yet, one nobody's");
    let mut batch = Batch::new();
    batch.job(NewMessage { queue: "jobs", body: json!({"job": "later"}), delay: lease });
    old.store().commit(batch).await?;
    assert!(old.case.queue.receive("jobs", 10, lease, 3).await?.is_empty(), "its delay is kept");
    assert_eq!(old.case.queue.depth("jobs").await?.waiting, 1);
    assert_eq!(outbox.count_documents(doc! {}).await?, 2);
    Ok(())
}
