//! Databases of both generations of older services, moved into another one and in place.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dzinza_domain::collections::{self, FAMILY_TREES, PEOPLE, RELATIONSHIPS};
use dzinza_legacy::{Move, Report, migrate};
use dzinza_mongo::{MongoAddress, MongoLegacy};
use dzinza_ports::{Direction, Documents as _, Filter, Legacy, LegacyRow, Query, StoreError, StoreErrorKind};
use libtest_mimic::{Failed, Trial};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document as Bsons, doc};
use serde_json::json;

use crate::server::{Case, Server, Shared};

type Outcome = Result<(), Failed>;

pub fn trials(shared: &Shared) -> Vec<Trial> {
    let one = |sentence: &str, in_place: bool, make: fn() -> Old| {
        let shared = shared.clone();
        Trial::test(format!("legacy: {sentence}"), move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async { moved(&*shared.server()?, &make(), in_place).await })
        })
    };
    vec![
        one("Node's collections become ours elsewhere, again and cut off", false, node),
        one("Node's collections become ours where they are", true, node),
        one("Python's collections become ours elsewhere, again and cut off", false, python),
    ]
}

/// A database of older services, and the ids as text of its tree and of a mother of 450 persons.
struct Old {
    collections: Vec<(&'static str, Vec<Bsons>)>,
    tree: String,
    mother: String,
}

const PERSONS: u64 = 451;

fn node() -> Old {
    let (tree, mother, at) = (ObjectId::new(), ObjectId::new(), DateTime::from_millis(1_747_000_000_000));
    let person = |id: ObjectId, name: &str| {
        doc! { "_id": id, "familyTreeId": tree, "firstName": name, "gender": "Female", "isLiving": true,
        "dateOfBirth": DateTime::from_millis(-1_260_000_000_000 / 86_400_000 * 86_400_000), "createdAt": at, "updatedAt": at, "__v": 0_i32 }
    };
    let mut people = vec![person(mother, "Nomsa")];
    people.extend((1..PERSONS).map(|number| person(ObjectId::new(), &format!("N{number}"))));
    let child = people.last().and_then(|child| child.get("_id")).cloned().unwrap_or(Bson::Null);
    let tie = doc! { "familyTreeId": tree, "person1Id": mother, "person2Id": child, "type": "ParentChild",
    "parentalRole": "BiologicalMother", "createdAt": at };
    let made = doc! { "_id": tree, "name": "Dube", "ownerId": "u1", "privacy": "family", "createdAt": at, "updatedAt": at };
    Old {
        collections: vec![("familytrees", vec![made]), ("people", people), ("relationships", vec![tie])],
        tree: tree.to_hex(),
        mother: mother.to_hex(),
    }
}

fn uuid(number: u64) -> Bson {
    let bytes = (u128::from(number) | (0x7000_u128 << 64)).to_be_bytes().to_vec();
    Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes })
}

fn python() -> Old {
    let at = DateTime::from_millis(1_747_000_000_000);
    let text = |number: u64| format!("00000000-0000-7000-0000-{number:012x}");
    let person = |number: u64| {
        doc! { "_id": uuid(number), "tree_ids": [uuid(9999)], "gender": "FEMALE", "created_at": at,
        "primary_name": { "given_name": format!("N{number}"), "surname": "Ncube" } }
    };
    let tie = doc! { "_id": uuid(1), "tree_id": uuid(9999), "person1_id": uuid(PERSONS), "person2_id": uuid(1),
    "relationship_type": "CHILD_OF", "parental_role_person1": "BIOLOGICAL_MOTHER", "created_at": at };
    let tree =
        doc! { "_id": uuid(9999), "name": "Ncube", "owner_id": "u1", "privacy": "PRIVATE", "created_at": at };
    Old {
        collections: vec![
            ("family_trees", vec![tree]),
            ("persons", (1..=PERSONS).map(person).collect()),
            ("relationships", vec![tie]),
        ],
        tree: text(9999),
        mother: text(1),
    }
}

/// A source that ends after so many pages.
struct CutOff {
    source: MongoLegacy,
    pages: AtomicUsize,
}

#[async_trait]
impl Legacy for CutOff {
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.source.tables().await
    }

    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError> {
        if self.pages.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "cut off"));
        }
        self.source.rows(table, after, limit).await
    }
}

async fn moving(source: &dyn Legacy, case: &Case) -> Result<Report, StoreError> {
    let now = "2026-01-01T00:00:00.000000Z".to_owned();
    migrate(Move { source, documents: case.store.clone(), dry_run: false, now }).await
}

async fn moved(server: &Server, old: &Old, in_place: bool) -> Outcome {
    let from = server.database();
    let raw = mongodb::Client::with_uri_str(server.url()).await?.database(&from);
    for (name, documents) in &old.collections {
        raw.collection::<Bsons>(name).insert_many(documents).await?;
    }
    let to = if in_place { from.clone() } else { server.database() };
    let case = server.store(&to, collections::ALL)?;
    let source = MongoLegacy::new(MongoAddress::new(&server.url(), None, Some(&from))?);
    let source = CutOff { source, pages: AtomicUsize::new(4) };
    assert!(moving(&source, &case).await.is_err(), "it was to be cut off");
    source.pages.store(usize::MAX, Ordering::SeqCst);
    let report = moving(&source, &case).await?;
    let store = &case.store;
    let mine = Filter::eq("familyTreeId", old.tree.as_str());
    assert_eq!(store.count(&PEOPLE, mine.clone()).await?, PERSONS, "{report}");
    let by_name = Query::new(mine).sort("index.sortName", Direction::Ascending).limit(3);
    assert_eq!(store.find(&PEOPLE, by_name).await?.len(), 3);
    let tree = store.get(&FAMILY_TREES, &old.tree).await?.ok_or("no tree")?;
    assert_eq!(tree.body["statistics"], json!({"totalPersons": PERSONS, "totalRelationships": 1}));
    let ties = store.find(&RELATIONSHIPS, Query::new(Filter::eq("person1Id", old.mother.as_str()))).await?;
    assert_eq!((ties.len(), &ties[0].body["parentalRole"]), (1, &json!("BiologicalMother")));
    let mother = store.get(&PEOPLE, &old.mother).await?.ok_or("no mother")?;
    assert_eq!((&mother.body["gender"], mother.body["index"].is_object()), (&json!("Female"), true));
    assert_eq!(mother.body["createdAt"], "2025-05-11T21:46:40.000000Z");
    assert_eq!(moving(&source, &case).await?.written(), 0, "a second whole run");
    Ok(())
}
