//! Rows in the shapes of each older program, moved into a store of ours.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dzinza_domain::collections;
use dzinza_legacy::{KEPT, Move, Report, migrate};
use dzinza_ports::{
    Body, Collection, Document, Documents, Filter, Legacy, LegacyRow, Query, StoreError, StoreErrorKind,
    SystemClock, SystemIds,
};
use dzinza_sqlite::SqliteStore;
use serde_json::{Value, json};

/// Tables in memory, that can be cut off after so many pages.
struct Tables {
    tables: BTreeMap<String, Vec<Body>>,
    pages: AtomicUsize,
}

fn tables(value: &Value) -> Tables {
    let rows =
        |rows: &Value| rows.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect();
    let tables = value.as_object().unwrap().iter().map(|(name, all)| (name.clone(), rows(all))).collect();
    Tables { tables, pages: AtomicUsize::new(usize::MAX) }
}

#[async_trait]
impl Legacy for Tables {
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(self.tables.iter().map(|(name, rows)| (name.clone(), rows.len() as u64)).collect())
    }

    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError> {
        if self.pages.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "cut off"));
        }
        let begin = after.map_or(0, |after| after.parse::<usize>().unwrap() + 1);
        let rows = self.tables[table].iter().enumerate().skip(begin).take(limit.min(2) as usize);
        let row = |(at, body): (usize, &Body)| {
            let id = body.get("_id").or(body.get("id")).and_then(Value::as_str).unwrap().to_owned();
            LegacyRow { position: at.to_string(), id, body: body.clone() }
        };
        Ok(rows.map(row).collect())
    }
}

struct Target {
    store: Arc<SqliteStore>,
    _folder: tempfile::TempDir,
}

fn target() -> Target {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store =
        SqliteStore::open(&path, Arc::new(SystemClock), Arc::new(SystemIds), collections::ALL).unwrap();
    Target { store, _folder: folder }
}

impl Target {
    async fn run(&self, source: &Tables, dry_run: bool) -> Result<Report, StoreError> {
        let now = "2026-01-01T00:00:00.000000Z".to_owned();
        migrate(Move { source, documents: self.store.clone(), dry_run, now }).await
    }

    async fn all(&self) -> Vec<(&'static str, Document)> {
        let mut all = Vec::new();
        for collection in collections::ALL {
            let found = self.store.find(collection, Query::new(Filter::All)).await.unwrap();
            all.extend(found.into_iter().map(|document| (collection.name, document)));
        }
        all
    }

    async fn body(&self, collection: &'static Collection, id: &str) -> Body {
        self.store.get(collection, id).await.unwrap().unwrap().body
    }
}

/// The gateway's tables: links in rows of persons, two fathers, a row without a tree, members.
fn gateway() -> Tables {
    let person = |id: &str, first: &str, gender: &str, more: Value| {
        let mut row = json!({
            "id": id, "name": first, "first_name": first, "last_name": "Moyo", "gender": gender, "tree_id": "t1",
            "user_id": "u1", "parent_ids": [], "child_ids": [], "spouse_ids": [],
            "created_at": "2025-07-01T10:00:00.5", "updated_at": "2025-07-02T10:00:00",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    tables(&json!({
        "family_trees": [
            {"id": "t1", "name": "Moyo", "description": null, "owner_id": "u1", "privacy": "private",
             "created_at": "2025-07-01T09:00:00", "updated_at": "2025-07-01T09:00:00"},
            {"id": "t2", "name": "Nobody's", "user_id": null},
        ],
        "tree_members": [
            {"id": "m1", "tree_id": "t1", "user_id": "u1", "role": "admin", "created_at": "2025-07-01T09:00:00"},
            {"id": "m2", "tree_id": "t1", "user_id": "u2", "role": "editor", "created_at": "2025-07-03T09:00:00"},
        ],
        "family_members": [
            person("a", "Tendai", "male", json!({"birth_date": "1890-05-01", "child_ids": ["c"], "spouse_ids": ["b"]})),
            person("b", "Rudo", "female", json!({"spouse_ids": ["a"], "profile_image_url": "not a url"})),
            person("c", "Farai", "unknown", json!({"parent_ids": ["a", "b", "d"], "death_date": "1880-01-01",
                "birth_date": "1920-01-01"})),
            person("d", "Peter", "male", json!({})),
            person("e", "Lost", "male", json!({"tree_id": "gone"})),
        ],
        "family_relationships": [
            {"id": "r1", "relationship_type": "PARENT_CHILD", "person1_id": "a", "person2_id": "c", "tree_id": "t1",
             "user_id": "u1", "created_at": "2025-07-01T10:00:00"},
            {"id": "r2", "relationship_type": "SIBLING", "person1_id": "a", "person2_id": "gone", "tree_id": "t1"},
        ],
        "comments": [{"id": "x"}],
    }))
}

#[tokio::test]
async fn the_gateways_tables_become_trees() {
    let (source, target) = (gateway(), target());
    let report = target.run(&source, false).await.unwrap();
    let told = report.to_string();
    for line in [
        "family_trees: 2 read, 1 written",
        "skipped 1: no owner (t2)",
        "family_members: 5 read, 4 written",
        "skipped 1: its tree is not there (e)",
        "skipped 1: a person is not there (r2)",
        "comments: 1 rows, not read",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let tree = target.body(&collections::FAMILY_TREES, "t1").await;
    assert_eq!((&tree["ownerId"], &tree["createdAt"]), (&json!("u1"), &json!("2025-07-01T09:00:00.000000Z")));
    assert_eq!(tree["statistics"], json!({"totalPersons": 4, "totalRelationships": 4}));
    let other = json!("2025-07-03T09:00:00.000000Z");
    assert_eq!(
        tree["collaborators"],
        json!([{"userId": "u2", "role": "editor", "addedAt": other, "acceptedAt": other}])
    );
    assert_eq!(tree["index"]["memberIds"], json!(["u2"]));
    let person = target.body(&collections::PEOPLE, "a").await;
    assert_eq!((&person["firstName"], &person["gender"]), (&json!("Tendai"), &json!("Male")));
    assert_eq!((&person["dateOfBirth"], &person["familyTreeId"]), (&json!("1 MAY 1890"), &json!("t1")));
    assert!(person["index"]["birthDay"].is_i64() && person["createdAt"] == "2025-07-01T10:00:00.500000Z");
    assert_eq!(target.body(&collections::PEOPLE, "b").await[KEPT]["profile_image_url"], "not a url");
    assert!(
        target.body(&collections::PEOPLE, "c").await[KEPT].get("dateOfDeath").is_some(),
        "a death before the birth"
    );
    let roles: Vec<_> = target.all().await.into_iter().filter(|(name, _)| *name == "relationships").collect();
    let role = |id: &str| roles.iter().find(|(_, tie)| tie.id == id).unwrap().1.body["parentalRole"].clone();
    assert_eq!(role("r1"), "BiologicalFather");
    assert_eq!(
        (role("parent_child:b:c"), role("parent_child:d:c")),
        (json!("BiologicalMother"), json!("Other"))
    );
    assert!(roles.iter().any(|(_, tie)| tie.id == "spouse:a:b" && tie.body["status"] == "Married"));
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_dry_one_writes_nothing() {
    for source in [gateway(), python(), node()] {
        let target = target();
        let foretold = target.run(&source, true).await.unwrap();
        assert!(target.all().await.is_empty(), "a dry run");
        let first = target.run(&source, false).await.unwrap();
        assert_eq!(foretold.tables, first.tables);
        let after = target.all().await;
        let second = target.run(&source, false).await.unwrap();
        assert_eq!((second.written(), target.all().await), (0, after));
    }
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_completed_by_the_next() {
    for make in [gateway, python, node] {
        let whole = target();
        whole.run(&make(), false).await.unwrap();
        let whole = whole.all().await;
        for pages in 1.. {
            let (source, target) = (make(), target());
            source.pages.store(pages, Ordering::SeqCst);
            match target.run(&source, false).await {
                Ok(_) => {
                    assert!(pages > 5, "a run of {pages} pages");
                    break;
                }
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
            }
            source.pages.store(usize::MAX, Ordering::SeqCst);
            target.run(&source, false).await.unwrap();
            let plain = |all: &[(&str, Document)]| -> Vec<_> {
                all.iter()
                    .map(|(name, document)| format!("{name} {} {:?}", document.id, document.body))
                    .collect()
            };
            assert_eq!(plain(&target.all().await), plain(&whole), "after {pages} pages");
        }
    }
}

/// The Python services: snake_case, several trees, capital words.
fn python() -> Tables {
    let at = "2025-06-01T08:00:00.000000Z";
    tables(&json!({
        "family_trees": [{"_id": "t1", "name": "Ncube", "owner_id": "u1", "root_person_id": "a", "privacy": "SHARED",
            "collaborators": [{"user_id": "u2", "role": "VIEWER", "added_at": at, "accepted_at": at}],
            "settings": {"show_living_persons": true}, "statistics": {"total_persons": 99}, "created_at": at, "updated_at": at}],
        "persons": [
            {"_id": "a", "tree_ids": ["t1", "t9"], "primary_name": {"given_name": "Sipho", "surname": "Ncube", "title": "Chief"},
             "gender": "NON_BINARY", "birth_date_string": "about 1890", "birth_date_exact": "1890-01-01T00:00:00.000000Z",
             "is_living": false, "clan": "Ndlovu", "potential_duplicates": ["z"], "created_at": at, "updated_at": at},
            {"_id": "b", "tree_ids": ["t1"], "primary_name": {"given_name": "Thandi"}, "gender": "FEMALE", "created_at": at},
            {"_id": "c", "tree_ids": ["t1"], "primary_name": {}, "created_at": at},
        ],
        "relationships": [
            {"_id": "r1", "tree_id": "t1", "person1_id": "b", "person2_id": "a", "relationship_type": "CHILD_OF",
             "start_date_exact": at, "created_at": at},
            {"_id": "r2", "tree_id": "t1", "person1_id": "a", "person2_id": "c", "relationship_type": "SPOUSE",
             "spousal_status": "CUSTOMARY_UNION", "start_date_string": "1910"},
            {"_id": "r3", "tree_id": "t1", "person1_id": "c", "person2_id": "a", "relationship_type": "SPOUSE",
             "spousal_status": "MARRIED"},
        ],
        "events": [{"_id": "e1", "tree_id": "t1", "primary_person_id": "a", "event_type": "BURIAL", "place_name": "Bulawayo",
            "date_exact": at, "description": "By the river", "created_at": at}],
        "notifications": [{"_id": "n1", "user_id": "u1", "type": "merge_suggestion", "message": "Look", "read": true, "created_at": at}],
        "person_history": [{"_id": "h1", "person_id": "a", "version": 1, "data_snapshot": {"primary_name": {"given_name": "S"}},
            "changed_by_user_id": "u1", "change_type": "CREATE", "change_description": "first", "created_at": at}],
    }))
}

#[tokio::test]
async fn documents_of_the_python_services_become_ours() {
    let (source, target) = (python(), target());
    let report = target.run(&source, false).await.unwrap();
    assert!(report.to_string().contains("skipped 1: told before (r3)"), "{report}");
    let tree = target.body(&collections::FAMILY_TREES, "t1").await;
    assert_eq!((&tree["privacy"], &tree["settings"]["showLivingPersons"]), (&json!("family"), &json!(true)));
    assert_eq!((&tree["statistics"]["totalPersons"], &tree[KEPT]["privacy"]), (&json!(3), &json!("SHARED")));
    let person = target.body(&collections::PEOPLE, "a").await;
    assert_eq!(
        (&person["firstName"], &person["lastName"], &person["clan"]),
        (&json!("Sipho"), &json!("Ncube"), &json!("Ndlovu"))
    );
    assert_eq!(person["gender"], "Non-binary");
    let kept = &person[KEPT];
    assert_eq!((&kept["treeIds"], &kept["potential_duplicates"]), (&json!(["t1", "t9"]), &json!(["z"])));
    assert_eq!(
        (&kept["primary_name"], &kept["birth_date_exact"]),
        (&json!({"title": "Chief"}), &json!("1890-01-01T00:00:00.000000Z"))
    );
    assert_eq!(target.body(&collections::PEOPLE, "c").await["name"], "Unknown");
    let tie = target.body(&collections::RELATIONSHIPS, "r1").await;
    assert_eq!(
        (&tie["person1Id"], &tie["person2Id"], &tie["type"]),
        (&json!("a"), &json!("b"), &json!("ParentChild"))
    );
    let union = target.body(&collections::RELATIONSHIPS, "r2").await;
    assert_eq!((&union["status"], &union["startDate"]), (&json!("CustomaryUnion"), &json!("1910")));
    let event = target.body(&collections::EVENTS, "e1").await;
    assert_eq!(
        (&event["userId"], &event["relatedPersons"], &event["title"]),
        (&json!("u1"), &json!(["a"]), &json!("BURIAL"))
    );
    assert_eq!(target.body(&collections::NOTIFICATIONS, "n1").await["isRead"], true);
    let entry = target.body(&collections::PERSON_HISTORIES, "h1").await;
    assert_eq!((&entry["changeType"], &entry["data"]["firstName"]), (&json!("create"), &json!("S")));
    assert_eq!(
        (&entry["data"]["familyTreeId"], &entry[KEPT]["change_description"]),
        (&json!("t1"), &json!("first"))
    );
}

/// The Node services: our names, links embedded.
fn node() -> Tables {
    let at = "2025-05-01T08:00:00.000000Z";
    let (tree, mother, child) =
        ("507f1f77bcf86cd799439011", "507f191e810c19729de860ea", "507f191e810c19729de860eb");
    tables(&json!({
        "familytrees": [{"_id": tree, "name": "Dube", "ownerId": "u1", "privacy": "family", "collaborators": [],
            "settings": {"showLivingPersons": false, "theme": "modern"}, "createdAt": at, "updatedAt": at, "__v": 0}],
        "people": [
            {"_id": mother, "familyTreeId": tree, "firstName": "Nomsa", "gender": "Female", "uniqueId": "x-1",
             "dateOfBirth": "1930-02-03T00:00:00.000000Z", "createdAt": at, "updatedAt": at},
            {"_id": child, "familyTreeId": tree, "firstName": "Sibu", "gender": "male", "biologicalMother": mother,
             "birthDate": {"date": "1950-01-01T00:00:00.000000Z", "accuracy": "circa"}, "privacy": "family",
             "birthPlace": {"city": "Gweru", "country": "Zimbabwe", "coordinates": {"latitude": 1}}, "createdAt": at},
        ],
        "relationships": [{"_id": "507f191e810c19729de860ec", "familyTreeId": tree, "person1Id": mother, "person2Id": child,
            "type": "parent-child", "parentalRole": "BiologicalMother", "createdAt": at}],
        "mergesuggestions": [],
    }))
}

#[tokio::test]
async fn documents_of_the_node_services_keep_their_ids() {
    let (source, target) = (node(), target());
    target.run(&source, false).await.unwrap();
    let mother = target.body(&collections::PEOPLE, "507f191e810c19729de860ea").await;
    assert_eq!((&mother["dateOfBirth"], &mother[KEPT]["uniqueId"]), (&json!("3 FEB 1930"), &json!("x-1")));
    let child = target.body(&collections::PEOPLE, "507f191e810c19729de860eb").await;
    assert_eq!(
        (&child["dateOfBirth"], &child["placeOfBirth"]),
        (&json!("ABT 1 JAN 1950"), &json!("Gweru, Zimbabwe"))
    );
    let ties = target.store.count(&collections::RELATIONSHIPS, Filter::All).await.unwrap();
    assert_eq!(ties, 1, "what a person names is told by a document already");
}
