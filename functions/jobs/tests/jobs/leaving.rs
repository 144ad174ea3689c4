//! Accounts whose time has come.

use std::time::Duration;

use dzinza_domain::collections::{
    self, DEFAULT_TREES, EVENTS, EXPORTS, FAMILY_TREES, NOTIFICATIONS, PEOPLE, UPLOADS,
};
use dzinza_domain::leaving::{self, FORMER_MEMBER, Wish};
use dzinza_domain::tree;
use dzinza_ports::{
    Audit as _, AuditEntry, Batch, Clock as _, Collection, ERASURE_BEGUN, Given, Mail, Message, NewUser,
    Outbox as _, Role, SiteSettings as _, User, UserChange, Users as _,
};
use dzinza_sealing::LETTERS;
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::world::{FAMILY, World, message, object};

const GRACE_DAYS: u64 = 30;

/// Rudo owns a tree alone, a second one in which Tendai and Farai work, and works in Tendai's.
struct House {
    world: World,
    rudo: User,
}

fn clean_up() -> Message {
    Message { body: json!({ "job": "clean-up" }), ..message("", "", 1) }
}

fn member(user: &str, role: &str, day: u32) -> Value {
    json!({ "userId": user, "role": role, "acceptedAt": format!("2026-01-{day:02}T00:00:00.000000Z") })
}

impl House {
    async fn new() -> Self {
        let world = World::new().await;
        for (id, role) in [("rudo", Role::User), ("tendai", Role::User), ("farai", Role::User)] {
            add_user(&world, id, role).await;
        }
        add_tree(&world, "alone", "rudo", &[]).await;
        add_tree(&world, "shared", "rudo", &[member("farai", "viewer", 2), member("tendai", "editor", 1)])
            .await;
        let invited = json!({ "userId": "rudo", "role": "editor", "addedAt": "2026-01-01T00:00:00Z" });
        add_tree(&world, "tendais", "tendai", &[member("rudo", "editor", 1), member("farai", "viewer", 1)])
            .await;
        add_tree(&world, "invited", "tendai", &[invited]).await;
        let rows: [(&'static Collection, &str, Value); 9] = [
            (&PEOPLE, "p-alone", json!({ "familyTreeId": "alone", "userId": "rudo" })),
            (&PEOPLE, "p-shared", json!({ "familyTreeId": "shared", "userId": "rudo" })),
            (&DEFAULT_TREES, "rudo", json!({ "treeId": "alone" })),
            (&UPLOADS, "user:rudo", json!({})),
            (
                &EVENTS,
                "told",
                json!({ "userId": "rudo", "familyTreeId": "tendais", "privacy": "family", "title": "Roora" }),
            ),
            (&EVENTS, "secret", json!({ "userId": "rudo", "familyTreeId": "tendais", "privacy": "private" })),
            (&EVENTS, "orphan", json!({ "userId": "rudo", "familyTreeId": "alone", "privacy": "public" })),
            (&NOTIFICATIONS, "own", json!({ "userId": "rudo", "message": "x" })),
            (
                &NOTIFICATIONS,
                "of-rudo",
                json!({ "userId": "tendai", "actorId": "rudo", "actorName": "Rudo Moyo", "message": "Rudo Moyo came" }),
            ),
        ];
        for (collection, id, body) in rows {
            let mut batch = Batch::new();
            batch.insert(collection, id, object(&body));
            world.commit(batch).await;
        }
        let mut batch = Batch::new();
        batch.insert(
            &EXPORTS,
            "e",
            object(&json!({ "userId": "rudo", "familyTreeId": "tendais", "blobKey": "exports/e.ged" })),
        );
        world.commit(batch).await;
        for key in ["exports/e.ged", "avatars/rudo"] {
            let bytes = futures::stream::once(async { Ok(bytes::Bytes::from_static(b"x")) }).boxed();
            world.ports.blobs.put(key, "text/plain", bytes).await.unwrap();
        }
        let rudo = ask(&world, "rudo").await;
        let entry = AuditEntry {
            id: "a1".into(),
            user_id: Some("rudo".into()),
            action: "LOGIN_SUCCESS".into(),
            ip_address: Some("192.0.2.7".into()),
            user_agent: Some("Rudo's phone".into()),
            timestamp: world.clock.now(),
            details: json!({ "sessionId": "s" }),
        };
        world.store.append(entry).await.unwrap();
        Self { world, rudo }
    }

    async fn wish(&self, tree: &str, wish: Wish) {
        let found = self.world.get(&FAMILY_TREES, tree).await;
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &found, leaving::with_wish(&found.body, Some(&wish), "t"));
        self.world.commit(batch).await;
    }

    fn wait(&self) {
        self.world.clock.advance(Duration::from_hours(24 * GRACE_DAYS + 1));
    }

    /// Nothing of Rudo is left but ids that lead nowhere in what is kept as it was.
    async fn assert_gone(&self) {
        let world = &self.world;
        assert_eq!(world.store.by_id("rudo").await.unwrap(), None);
        assert_eq!(world.store.of_user("rudo", 10).await.unwrap(), []);
        for collection in collections::ALL {
            for document in world.all(collection).await {
                assert_ne!((collection.name, &*document.id), ("defaulttrees", "rudo"));
                let text = json!(document.body).to_string();
                // Who entered a person stays, as an id that is nobody's any more.
                let kept = collection.name == PEOPLE.name;
                assert!(kept || !text.to_lowercase().contains("rudo"), "{}: {text}", collection.name);
            }
        }
        for key in ["exports/e.ged", "avatars/rudo"] {
            assert!(world.ports.blobs.head(key).await.unwrap().is_none(), "{key}");
        }
        let stories = world.all(&EVENTS).await;
        assert_eq!(stories.len(), 1);
        assert_eq!((&*stories[0].id, &stories[0].body["userId"]), ("told", &json!(FORMER_MEMBER)));
        let told = world.get(&NOTIFICATIONS, "of-rudo").await.body;
        assert_eq!(
            (&told["message"], &told["actorId"]),
            (&json!("A former member came"), &json!(FORMER_MEMBER))
        );
    }

    /// Who owns a tree, if it is there.
    async fn owner(&self, tree: &str) -> Option<String> {
        let found = self.world.store.get_tree(tree).await?;
        Some(found["ownerId"].as_str().unwrap().to_owned())
    }
}

/// Reading a tree that may be gone.
trait GetTree {
    async fn get_tree(&self, id: &str) -> Option<dzinza_ports::Body>;
}

impl GetTree for dzinza_sqlite::SqliteStore {
    async fn get_tree(&self, id: &str) -> Option<dzinza_ports::Body> {
        dzinza_ports::Documents::get(self, &FAMILY_TREES, id).await.unwrap().map(|tree| tree.body)
    }
}

async fn add_user(world: &World, id: &str, role: Role) {
    let new = NewUser {
        id: id.to_owned(),
        email: format!("{id}@example.org"),
        password_hash: "!".to_owned(),
        first_name: Some(id.to_owned()),
        preferred_language: "en".to_owned(),
        timezone: "UTC".to_owned(),
        role,
        created_at: world.clock.now(),
        ..NewUser::default()
    };
    world.store.insert(new).await.unwrap();
}

async fn add_tree(world: &World, id: &str, owner: &str, collaborators: &[Value]) {
    let fields = object(&json!({ "name": id, "collaborators": collaborators }));
    world.commit(tree::create(id, owner, fields, &world.now()).1).await;
}

/// What the request to erase an account does to its row.
async fn ask(world: &World, id: &str) -> User {
    let now = world.clock.now();
    let change = UserChange {
        is_active: Some(false),
        deleted_at: Some(Some(now)),
        erase_after: Some(Some(now + Duration::from_hours(24 * GRACE_DAYS))),
        ..UserChange::default()
    };
    world.store.update(id, change, now).await.unwrap().unwrap()
}

/// What signing in does to it.
fn back(user: &User) -> UserChange {
    UserChange {
        given: Given { erase_after: user.erase_after, ..Given::default() },
        is_active: Some(true),
        erase_after: Some(None),
        ..UserChange::default()
    }
}

#[tokio::test]
async fn an_account_goes_with_what_is_its_own_and_leaves_what_is_others() {
    let house = House::new().await;
    let world = &house.world;
    house.wish("shared", Wish::HandOver("farai".into())).await;
    assert!(world.handle(&clean_up()).await);
    assert_eq!(house.owner("alone").await.as_deref(), Some("rudo"), "not before its time");
    house.wait();
    assert!(world.handle(&clean_up()).await);
    house.assert_gone().await;
    assert_eq!(house.owner("alone").await, None);
    assert_eq!(house.owner("shared").await.as_deref(), Some("farai"));
    let shared = world.get(&FAMILY_TREES, "shared").await.body;
    assert_eq!(shared["index"]["memberIds"], json!(["tendai"]));
    assert_eq!(world.get(&FAMILY_TREES, "tendais").await.body["index"]["memberIds"], json!(["farai"]));
    let told: Vec<_> =
        world.all(&NOTIFICATIONS).await.into_iter().filter(|one| one.body["userId"] == "farai").collect();
    assert_eq!((told.len(), &told[0].body["type"]), (1, &json!("tree_handed_over")));
    // What was in the tree is cleared away by the job for that.
    let jobs = world.waiting().await;
    let deletion = jobs.iter().find(|job| job.body["job"] == "delete-tree").unwrap();
    assert_eq!(deletion.body["treeId"], "alone");
    assert!(world.handle(deletion).await);
    let people: Vec<String> = world.all(&PEOPLE).await.into_iter().map(|person| person.id).collect();
    assert_eq!(people, ["p-shared"]);
    // A last letter, and another run finds nothing to do.
    assert_eq!(world.store.waiting().await.unwrap(), 1);
    assert!(world.handle(&clean_up()).await);
    assert_eq!(world.store.waiting().await.unwrap(), 1);
}

#[tokio::test]
async fn cut_off_anywhere_the_next_run_goes_on() {
    for nth in 1.. {
        let house = House::new().await;
        house.wish("shared", Wish::HandOver("tendai".into())).await;
        house.wait();
        house.world.handle_killed(&clean_up(), nth).await;
        let cut_off = house.world.store.by_id("rudo").await.unwrap();
        if let Some(user) = &cut_off {
            assert_eq!(user.erase_after, Some(ERASURE_BEGUN), "killed at {nth}");
            let came_back = house.world.store.update("rudo", back(&house.rudo), house.world.clock.now());
            assert_eq!(came_back.await.unwrap(), None, "nobody comes back once it has begun");
            assert!(house.world.handle(&clean_up()).await);
        }
        house.assert_gone().await;
        assert_eq!(house.owner("alone").await, None);
        assert_eq!(house.owner("shared").await.as_deref(), Some("tendai"));
        assert_eq!(house.owner("tendais").await.as_deref(), Some("tendai"));
        if cut_off.is_none() {
            assert!(nth > 5, "the kill was never reached");
            return;
        }
    }
}

#[tokio::test]
async fn of_coming_back_and_being_erased_one_wins() {
    let mut outcomes = [0, 0];
    for round in 0..20_u64 {
        let house = House::new().await;
        house.wait();
        let world = &house.world;
        let coming = async {
            tokio::time::sleep(Duration::from_micros(150 * round)).await;
            world.store.update("rudo", back(&house.rudo), world.clock.now()).await.unwrap()
        };
        let message = clean_up();
        let (erased, came) = tokio::join!(world.handle(&message), coming);
        assert!(erased);
        if let Some(user) = came {
            assert!(user.is_active);
            assert_eq!(world.store.by_id("rudo").await.unwrap(), Some(user));
            for tree in ["alone", "shared"] {
                assert_eq!(house.owner(tree).await.as_deref(), Some("rudo"), "round {round}");
            }
            outcomes[0] += 1;
        } else {
            house.assert_gone().await;
            outcomes[1] += 1;
        }
    }
    assert_eq!(outcomes[0] + outcomes[1], 20);
}

#[tokio::test]
async fn the_last_letter_has_the_letterhead_of_the_platform() {
    let house = House::new().await;
    let world = &house.world;
    let settings = json!({ "siteName": "Mhuri Yedu" });
    assert!(world.store.write(settings, None, 0, world.clock.now()).await.unwrap());
    house.wait();
    assert!(world.handle(&clean_up()).await);
    let letters = world.store.lease(10, Duration::from_mins(1), world.clock.now()).await.unwrap();
    assert_eq!(letters.len(), 1);
    let text = world.ports.sealer.open(LETTERS, &letters[0].letter.sealed).unwrap();
    let mail: Mail = serde_json::from_str(&text).unwrap();
    assert_eq!(mail.subject, "Your Mhuri Yedu account is erased");
    for part in ["comes from Mhuri Yedu", "Write to help@example.org", "https://example.org"] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
}

#[tokio::test]
async fn a_tree_others_work_in_never_goes_without_a_word_and_is_never_nobody_s() {
    // Nothing was said: it goes to the one who may change it.
    let house = House::new().await;
    house.wait();
    assert!(house.world.handle(&clean_up()).await);
    assert_eq!(house.owner("shared").await.as_deref(), Some("tendai"));
    // It was said that it shall go.
    let house = House::new().await;
    house.wish("shared", Wish::Delete).await;
    house.wait();
    assert!(house.world.handle(&clean_up()).await);
    assert_eq!(house.owner("shared").await, None);
    // Who was chosen will not have it, and nobody else may change it: it waits, and so does the account.
    let house = House::new().await;
    house.wish("shared", Wish::HandOver("tendai".into())).await;
    let asked = house.world.get(&FAMILY_TREES, "shared").await;
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &asked, leaving::refused(&asked.body, "tendai").unwrap());
    house.world.commit(batch).await;
    house.wait();
    assert!(house.world.handle(&clean_up()).await);
    assert_eq!(house.owner("shared").await.as_deref(), Some("rudo"));
    assert_eq!(house.owner("alone").await.as_deref(), Some("rudo"), "nothing is half done");
    assert!(house.world.store.by_id("rudo").await.unwrap().unwrap().erase_after > Some(ERASURE_BEGUN));
    // Until somebody runs the platform.
    add_user(&house.world, "operator", Role::Admin).await;
    assert!(house.world.handle(&clean_up()).await);
    assert_eq!(house.owner("shared").await.as_deref(), Some("operator"));
    house.assert_gone().await;
}

#[tokio::test]
async fn whom_an_administrator_brought_back_is_not_erased() {
    let house = House::new().await;
    let active = UserChange { is_active: Some(true), ..UserChange::default() };
    house.world.store.update("rudo", active, house.world.clock.now()).await.unwrap().unwrap();
    house.wait();
    assert!(house.world.handle(&clean_up()).await);
    assert!(house.world.store.by_id("rudo").await.unwrap().unwrap().is_active);
    assert_eq!(house.owner("alone").await.as_deref(), Some("rudo"));
}

#[tokio::test]
async fn an_import_that_runs_into_a_tree_that_goes_leaves_nothing() {
    let house = House::new().await;
    let world = &house.world;
    add_user(world, "owner", Role::User).await;
    world.upload("i1", FAMILY).await;
    ask(world, "owner").await;
    house.wait();
    assert!(world.handle(&clean_up()).await);
    for _ in 0..3 {
        for job in world.waiting().await {
            world.handle(&job).await;
        }
    }
    assert!(world.all(&PEOPLE).await.iter().all(|person| person.body["familyTreeId"] != crate::world::TREE));
    assert!(world.ports.blobs.head("imports/i1.ged").await.unwrap().is_none());
}

#[tokio::test]
async fn an_owner_hears_that_the_heir_will_not_have_the_tree() {
    let house = House::new().await;
    let refused =
        Message { body: json!({ "job": "handover-refused", "treeId": "shared" }), ..message("", "", 1) };
    assert!(house.world.handle(&refused).await);
    assert_eq!(house.world.store.waiting().await.unwrap(), 1);
    // Whoever stays is not bothered.
    let back = back(&house.rudo);
    house.world.store.update("rudo", back, house.world.clock.now()).await.unwrap().unwrap();
    assert!(house.world.handle(&refused).await);
    assert_eq!(house.world.store.waiting().await.unwrap(), 1);
}
