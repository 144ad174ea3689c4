//! Archives that somebody wrote by hand: refused with a reason, and harmless where they are taken.
#![cfg(test)]

mod made;

use std::fs::File;
use std::sync::Arc;

use dzinza_archive::{
    Allowed, ArchiveError, Installation, Reader, RestoredTree, Sources, TreePorts, What, clear_tree,
    restore_installation, restore_tree, write,
};
use dzinza_contract::ManualClock;
use dzinza_domain::collections::{
    self, EVENTS, FAMILY_TREES, IMPORTS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS,
};
use dzinza_domain::tree;
use dzinza_ports::{Archives as _, Batch, Blobs, Body, Documents as _, Filter, Query, SystemIds};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use futures::StreamExt as _;
use made::Made;
use serde_json::{Value, json};
use tempfile::TempDir;

const TREE: &str = "01990000-0000-7000-8000-000000000001";
const ONE: &str = "01990000-0000-7000-8000-0000000000a1";
const TWO: &str = "01990000-0000-7000-8000-0000000000a2";

struct World {
    store: Arc<SqliteStore>,
    blobs: Arc<FileBlobs>,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

fn body(value: Value) -> Body {
    let Value::Object(body) = value else { panic!("an object") };
    body
}

impl World {
    fn empty() -> Self {
        let clock = Arc::new(ManualClock::new("2026-05-01T00:00:00Z".parse().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::in_memory(clock.clone(), Arc::new(SystemIds), collections::ALL).unwrap();
        let blobs = FileBlobs::open(folder.path(), &[], "/blobs", clock.clone()).unwrap();
        Self { store, blobs, clock, _folder: folder }
    }

    /// A tree of two with a photo and an event.
    async fn with_a_tree() -> Self {
        let world = Self::empty();
        let fields = body(json!({ "name": "Mhizha", "privacy": "public" }));
        let (_, mut batch) = tree::create(TREE, "them", fields, "2026-01-01T00:00:00Z");
        for (id, name) in [(ONE, "Rudo"), (TWO, "Tendai")] {
            let person = json!({ "familyTreeId": TREE, "userId": "them", "firstName": name, "profilePhotoUrl": "blob:photos/a.jpg" });
            batch.insert(&PEOPLE, id, body(person));
        }
        let pair = json!({ "familyTreeId": TREE, "person1Id": ONE, "person2Id": TWO, "type": "PARENT_CHILD",
            "index": { "pair": format!("{ONE}:{TWO}:PARENT_CHILD") } });
        batch.insert(&RELATIONSHIPS, "01990000-0000-7000-8000-0000000000b1", body(pair));
        let history =
            json!({ "personId": ONE, "version": 1, "changedBy": TWO, "data": { "familyTreeId": TREE } });
        batch.insert(&PERSON_HISTORIES, format!("{ONE}:1"), body(history));
        let event =
            json!({ "familyTreeId": TREE, "userId": "them", "relatedPersons": [ONE], "title": "Roora" });
        batch.insert(&EVENTS, "01990000-0000-7000-8000-0000000000e1", body(event));
        world.store.commit(batch).await.unwrap();
        let photo = futures::stream::once(async { Ok(b"photo".as_slice().into()) }).boxed();
        world.blobs.put("photos/a.jpg", "image/jpeg", photo).await.unwrap();
        world
    }

    async fn archive(&self, what: What<'_>) -> Made {
        let (blobs, clock) = (self.blobs.clone(), self.clock.clone());
        let sources = Sources { archives: self.store.clone(), blobs, clock };
        let file = tempfile::tempfile().unwrap();
        write(&sources, what, file.try_clone().unwrap()).await.unwrap();
        Made::of(file)
    }

    async fn restore(&self, file: File, allowed: Allowed) -> Result<RestoredTree, ArchiveError> {
        let (documents, blobs, clock) = (self.store.clone(), self.blobs.clone(), self.clock.clone());
        restore_tree(file, allowed, &TreePorts { documents, blobs, clock }, "me").await
    }

    async fn counts(&self) -> Vec<u64> {
        let mut counts = Vec::new();
        for collection in collections::ALL {
            counts.push(self.store.count(collection, Filter::All).await.unwrap());
        }
        counts.push(self.blobs.list().count().await as u64);
        counts
    }
}

fn reason<T>(result: Result<T, ArchiveError>) -> String {
    match result {
        Err(error) if error.is_refusal() => error.to_string(),
        Err(error) => panic!("not a refusal: {error}"),
        Ok(_) => panic!("taken"),
    }
}

fn checked(made: &Made) -> Result<(), ArchiveError> {
    Reader::open(made.file(), Allowed::UPLOAD)?.verify()
}

#[tokio::test]
async fn what_must_not_be_in_an_archive_is_named() {
    let world = World::with_a_tree().await;
    let whole = world.archive(What::Tree(TREE)).await;
    checked(&whole).unwrap();
    let refused = |change: &dyn Fn(&mut Made)| {
        let mut made = whole.clone();
        change(&mut made);
        reason(checked(&made))
    };
    let people = whole.documents("people");
    let has = |text: String, words: &str| assert!(text.contains(words), "{words:?} is not in {text:?}");
    has(refused(&|made| made.add_blob("../../etc/passwd", b"x")), "cannot be the key");
    has(refused(&|made| made.add_blob("/etc/passwd", b"x")), "cannot be the key");
    has(refused(&|made| drop(made.entries.insert("../../evil".into(), vec![1]))), "must not be");
    has(refused(&|made| drop(made.entries.insert("blobs/unlisted".into(), vec![1]))), "must not be");
    has(refused(&|made| drop(made.entries.remove("blobs/photos/a.jpg"))), "has no blobs/photos/a.jpg");
    has(
        refused(&|made| drop(made.entries.remove("documents/people.jsonl"))),
        "has no documents/people.jsonl",
    );
    has(refused(&|made| made.set("spells", &people)), "spells");
    has(refused(&|made| made.manifest["version"] = json!(2)), "newer");
    has(refused(&|made| made.manifest["version"] = json!("1")), "no format version");
    has(refused(&|made| made.manifest["format"] = json!("zip")), "not an archive of Dzinza");
    has(refused(&|made| made.manifest["blobs"] = json!([])), "manifest");
    has(refused(&|made| made.manifest["accounts"]["users"] = json!(0)), "accounts");
    has(refused(&|made| made.manifest["documents"]["people"] = json!(3)), "says 3");
    has(refused(&|made| made.set("people", &[people[0].clone(), people[0].clone()])), "comes twice");
    has(refused(&|made| made.set("people", &[people[1].clone(), people[0].clone()])), "out of order");
    for odd in [
        json!([1]),
        json!({ "id": 1, "version": 1, "body": {} }),
        json!({ "id": ONE, "version": -1, "body": {} }),
        json!({ "id": ONE, "version": 1, "body": "text" }),
        json!({ "id": ONE }),
    ] {
        has(refused(&|made| made.set("people", std::slice::from_ref(&odd))), "cannot be read");
    }
    for odd in [
        json!({ "id": "", "version": 1, "body": {} }),
        json!({ "id": ONE, "version": 0, "body": {} }),
        json!({ "id": "x".repeat(201), "version": 1, "body": {} }),
    ] {
        has(refused(&|made| made.set("people", std::slice::from_ref(&odd))), "people");
    }
    let mut nested = whole.clone();
    let deep = format!(
        "{{\"id\":\"{ONE}\",\"version\":1,\"body\":{{\"a\":{}{}}}}}\n",
        "[".repeat(9999),
        "]".repeat(9999)
    );
    nested.entries.insert("documents/people.jsonl".into(), deep.into_bytes());
    has(reason(checked(&nested)), "cannot be read");
    let mut lying = whole.clone();
    lying.lies = true;
    lying.set("people", &people[..1]);
    has(reason(checked(&lying)), "people");
}

#[tokio::test]
async fn a_bomb_is_not_unpacked() {
    let world = World::with_a_tree().await;
    let mut made = world.archive(What::Tree(TREE)).await;
    made.add_blob("z-bomb.txt", &vec![0; 24 << 20]);
    let before = world.counts().await;
    assert!(reason(world.restore(made.file(), Allowed::UPLOAD).await).contains("would unpack to more"));
    // One that claims little is not read beyond its claim.
    let list = String::from_utf8(made.entries["blobs.jsonl"].clone()).unwrap();
    made.entries.insert("blobs.jsonl".into(), list.replace("25165824", "10").into_bytes());
    assert!(reason(world.restore(made.file(), Allowed::UPLOAD).await).contains("z-bomb.txt is not what"));
    assert_eq!(world.counts().await, before);
}

#[tokio::test]
async fn a_restored_tree_takes_nothing_of_others() {
    let world = World::with_a_tree().await;
    let victim = "01990000-0000-7000-8000-0000000000ff";
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, victim, body(json!({ "familyTreeId": "theirs", "firstName": "Secret" })));
    world.store.commit(batch).await.unwrap();
    let mut made = world.archive(What::Tree(TREE)).await;
    let mut ties = made.documents("relationships");
    ties[0]["body"]["person2Id"] = json!(victim);
    ties[0]["body"]["familyTreeId"] = json!("theirs");
    made.set("relationships", &ties);
    let mut events = made.documents("events");
    events[0]["body"]["userId"] = json!("victim");
    // An event that is called as a person is called does not make that person one's own.
    let mut named = events[0].clone();
    named["id"] = json!(victim);
    events.push(named);
    events.sort_by_key(|event| event["id"].to_string());
    made.set("events", &events);
    let mut people = made.documents("people");
    people[0]["body"]["profilePhotoUrl"] = json!("blob:imports/secret.ged");
    made.set("people", &people);
    let mut trees = made.documents("familytrees");
    trees[0]["body"]["ownerId"] = json!("victim");
    trees[0]["body"]["collaborators"] =
        json!([{ "userId": "victim", "acceptedAt": "2026-01-01", "role": "admin" }]);
    trees[0]["body"]["statistics"] = json!("many");
    trees[0]["body"]["pendingImports"] = json!(7);
    made.set("familytrees", &trees);
    let import = json!({ "id": "01990000-0000-7000-8000-0000000000c1", "version": 9, "body": { "familyTreeId": TREE, "status": "queued" } });
    made.set("imports", &[import]);

    let restored = world.restore(made.file(), Allowed::UPLOAD).await.unwrap();
    assert_ne!(restored.id, TREE);
    let own = Query::new(Filter::eq("familyTreeId", restored.id.as_str()));
    let find = async |collection| world.store.find(collection, own.clone()).await.unwrap();
    let (people, ties) = (find(&PEOPLE).await, find(&RELATIONSHIPS).await);
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    assert_eq!((ids.len(), ties.len()), (2, 1));
    assert!(ids.contains(&ties[0].body["person1Id"].as_str().unwrap()));
    let other = ties[0].body["person2Id"].as_str().unwrap();
    assert!(other != victim && world.store.get(&PEOPLE, other).await.unwrap().is_none());
    for person in &people {
        let photo = person.body["profilePhotoUrl"].as_str().unwrap();
        assert!(photo.starts_with(&format!("blob:restored/{}/", restored.id)), "{photo}");
        assert_eq!(person.body["userId"], "me");
    }
    let events = find(&EVENTS).await;
    assert!(
        events.len() == 2 && events.iter().all(|event| event.body["userId"] == "me" && event.id != victim)
    );
    let tree = world.store.get(&FAMILY_TREES, &restored.id).await.unwrap().unwrap().body;
    assert_eq!((&tree["ownerId"], &tree["collaborators"]), (&json!("me"), &json!([])));
    assert_eq!(tree["statistics"], json!({ "totalPersons": 2, "totalRelationships": 1 }));
    assert!(!tree.contains_key("pendingImports"));
    assert_eq!(find(&IMPORTS).await[0].body["status"], "failed");
    let history = Query::new(Filter::eq("data.familyTreeId", restored.id.as_str()));
    let history = world.store.find(&PERSON_HISTORIES, history).await.unwrap();
    assert_eq!((history.len(), &history[0].body["changedBy"]), (1, &json!(TWO)));
    assert_eq!(history[0].id, format!("{}:1", history[0].body["personId"].as_str().unwrap()));
    assert!(ids.contains(&history[0].body["personId"].as_str().unwrap()));
}

#[tokio::test]
async fn a_tree_that_cannot_be_stored_leaves_nothing() {
    let world = World::with_a_tree().await;
    let whole = world.archive(What::Tree(TREE)).await;
    let before = world.counts().await;
    let mut clashing = whole.clone();
    let mut ties = whole.documents("relationships");
    ties.push(ties[0].clone());
    ties[1]["id"] = json!("01990000-0000-7000-8000-0000000000b2");
    clashing.set("relationships", &ties);
    assert!(reason(world.restore(clashing.file(), Allowed::UPLOAD).await).contains("clash"));
    let mut nameless = whole.clone();
    let mut trees = whole.documents("familytrees");
    trees[0]["body"]["name"] = json!(5);
    nameless.set("familytrees", &trees);
    reason(world.restore(nameless.file(), Allowed::UPLOAD).await);
    let mut foreign = whole.clone();
    let note = json!({ "id": ONE, "version": 1, "body": { "userId": "victim", "title": "Click here" } });
    foreign.set("notifications", &[note]);
    assert!(reason(world.restore(foreign.file(), Allowed::UPLOAD).await).contains("notifications"));
    let mut working = whole.clone();
    let upload = json!({ "id": ONE, "version": 1, "body": { "familyTreeId": TREE, "chunks": [{ "key": "imports/secret.ged" }] } });
    working.set("uploads", &[upload]);
    assert!(reason(world.restore(working.file(), Allowed::UPLOAD).await).contains("uploads"));
    let mut numbered = whole.clone();
    numbered.set("people", &[json!({ "id": "7", "version": 1, "body": {} })]);
    assert!(reason(world.restore(numbered.file(), Allowed::UPLOAD).await).contains("\"7\""));
    let mut treeless = whole.clone();
    treeless.set("familytrees", &[]);
    assert!(reason(world.restore(treeless.file(), Allowed::UPLOAD).await).contains("no tree"));
    assert_eq!(world.counts().await, before);
}

#[tokio::test]
async fn what_a_killed_restore_left_is_cleared_and_a_tree_that_is_there_stays() {
    let world = World::with_a_tree().await;
    let before = world.counts().await;
    let left = "01990000-0000-7000-8000-000000000009";
    let mut batch = Batch::new();
    let photo = format!("blob:restored/{left}/a.jpg");
    batch.insert(
        &PEOPLE,
        "left",
        body(json!({ "familyTreeId": left, "profilePhotoUrl": photo, "other": "blob:photos/a.jpg" })),
    );
    world.store.commit(batch).await.unwrap();
    let bytes = futures::stream::once(async { Ok(b"photo".as_slice().into()) }).boxed();
    world.blobs.put(&format!("restored/{left}/a.jpg"), "image/jpeg", bytes).await.unwrap();
    let (documents, blobs): (Arc<dyn dzinza_ports::Documents>, Arc<dyn Blobs>) =
        (world.store.clone(), world.blobs.clone());
    for tree in [left, TREE] {
        clear_tree(&documents, &blobs, tree).await.unwrap();
    }
    assert_eq!(world.counts().await, before);
}

#[tokio::test]
async fn an_installation_is_put_back_with_what_has_to_be_done_again() {
    let world = World::with_a_tree().await;
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, "orphan", body(json!({ "familyTreeId": "gone" })));
    batch.adjust(&PEOPLE, ONE, Vec::new(), body(json!({ "nickName": "Mai" })));
    world.store.commit(batch).await.unwrap();
    let made = world.archive(What::Installation).await;
    let other = World::empty();
    let into = Installation {
        archives: other.store.clone(),
        blobs: other.blobs.clone(),
        queue: other.store.clone(),
    };
    let reader = || Reader::open(made.file(), Allowed::ANYTHING).unwrap();
    let restored = restore_installation(reader(), &into).await.unwrap();
    assert_eq!((restored.clearing, other.counts().await), (1, world.counts().await));
    assert_eq!(other.store.get(&PEOPLE, ONE).await.unwrap().unwrap().version, 2);
    let depth = dzinza_ports::Queue::depth(&*other.store, "jobs").await.unwrap();
    assert_eq!(depth.waiting, 1);
    assert!(reason(restore_installation(reader(), &into).await).contains("not empty"));
    let tree = world.archive(What::Tree(TREE)).await;
    let empty = World::empty();
    let into = Installation {
        archives: empty.store.clone(),
        blobs: empty.blobs.clone(),
        queue: empty.store.clone(),
    };
    let reader = Reader::open(tree.file(), Allowed::ANYTHING).unwrap();
    assert!(reason(restore_installation(reader, &into).await).contains("one tree"));
    assert!(empty.store.is_empty().await.unwrap());
}

#[tokio::test]
async fn accounts_that_could_not_be_read_again_are_refused() {
    let world = World::empty();
    let user = json!({ "id": "u", "email": "a@b.c", "password_hash": "!" });
    let mut made = World::with_a_tree().await.archive(What::Installation).await;
    for odd in [user, json!({ "id": "u", "evil": 1 })] {
        made.entries.insert("accounts/users.jsonl".into(), format!("{odd}\n").into_bytes());
        made.manifest["accounts"]["users"] = json!(1);
        let reader = Reader::open(made.file(), Allowed::ANYTHING).unwrap();
        let into = Installation {
            archives: world.store.clone(),
            blobs: world.blobs.clone(),
            queue: world.store.clone(),
        };
        assert!(reason(restore_installation(reader, &into).await).contains("users"));
    }
}
